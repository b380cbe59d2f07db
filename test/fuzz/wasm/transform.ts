// Tells the AssemblyScript compiler to mark every branch that is taken: a call of reach(BRANCH) begins
// each arm of an if, a conditional expression and a switch, the body of each loop, and what stands
// behind && and ||. The first call for a branch sets its octet at `reached`, an address that is
// imported, and counts. Where each branch is, a line each, is a custom section of the module.
import {
  BinaryExpression,
  type BlockStatement,
  type CallExpression,
  type CommaExpression,
  DoStatement,
  type Expression,
  ForStatement,
  FunctionDeclaration,
  IfStatement,
  Node,
  operatorTokenToString,
  type Parser,
  type Range,
  type Statement,
  SwitchCase,
  TernaryExpression,
  WhileStatement,
} from "assemblyscript";

const SECTION = "branches";

const REACH = `
@external("env", "reached")
declare const reached: usize;

@global
function reach(branch: usize): void {
  if (load<u8>(reached + 4 + branch) !== 0) return;
  store<u8>(reached + 4 + branch, 1);
  store<u32>(reached, load<u32>(reached) + 1);
}
`;

/** The compiler's 64-bit numbers, which it makes by a global function of its own. */
const { i64_new } = globalThis as unknown as { i64_new(low: number, high: number): never };

export default class MarkBranches {
  readonly #places: string[] = [];

  afterParse(parser: Parser): void {
    for (const source of parser.sources) {
      if (!source.isLibrary) this.#visit(source, false);
    }
    parser.parseFile(REACH, "test/fuzz/wasm/reach.ts", false);
  }

  afterCompile(module: { addCustomSection(name: string, octets: Uint8Array): void }): void {
    module.addCustomSection(SECTION, new TextEncoder().encode(this.#places.join("\n")));
  }

  /** Inner nodes first: what is put in is not visited. */
  #visit(node: Node, isCode: boolean): void {
    const isInside = isCode || node instanceof FunctionDeclaration;
    for (const child of children(node)) this.#visit(child, isInside);
    if (isInside) this.#mark(node);
  }

  #mark(node: Node): void {
    if (node instanceof IfStatement) {
      node.ifTrue = this.#arm(node.ifTrue);
      node.ifFalse = this.#arm(node.ifFalse ?? emptyBlock(node.range));
    } else if (node instanceof TernaryExpression) {
      node.ifThen = this.#operand(node.ifThen);
      node.ifElse = this.#operand(node.ifElse);
    } else if (node instanceof BinaryExpression) {
      const operator = operatorTokenToString(node.operator);
      if (operator === "&&" || operator === "||") node.right = this.#operand(node.right);
    } else if (isLoop(node)) {
      node.body = this.#arm(node.body);
    } else if (node instanceof SwitchCase) {
      node.statements.unshift(this.#statement(node.range));
    }
  }

  #arm(statement: Statement): BlockStatement {
    const { range } = statement;
    return Node.createBlockStatement([this.#statement(range), statement], range);
  }

  #operand(expression: Expression): CommaExpression {
    const { range } = expression;
    return Node.createCommaExpression([this.#call(range), expression], range);
  }

  #statement(range: Range): Statement {
    return Node.createExpressionStatement(this.#call(range));
  }

  #call(range: Range): CallExpression {
    const { source, start } = range;
    const branch = this.#places.push(`${source.normalizedPath}:${source.lineAt(start)}`) - 1;
    const callee = Node.createIdentifierExpression("reach", range);
    const literal = Node.createIntegerLiteralExpression(i64_new(branch, 0), range);
    return Node.createCallExpression(callee, null, [literal], range);
  }
}

function isLoop(node: Node): node is WhileStatement | DoStatement | ForStatement {
  return (
    node instanceof WhileStatement || node instanceof DoStatement || node instanceof ForStatement
  );
}

function emptyBlock(range: Range): BlockStatement {
  return Node.createBlockStatement([], range);
}

function children(node: Node): Node[] {
  return Object.values(node)
    .flat()
    .filter((value) => value instanceof Node);
}
