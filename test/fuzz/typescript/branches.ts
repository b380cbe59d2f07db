/**
 * The branches of a source file, by its syntax: so there are as many of them in each run, whatever
 * it reaches, and V8 need only be asked whether each was run.
 *
 * A branch is the first token that is run only when it is taken: either arm of a condition, what
 * stands right of `&&`, `||` and `??`, a loop's body, a clause of a switch or catch, what comes behind
 * a statement that may have left, and the body of a function that has any of these. (One that has none
 * is not counted by V8 any more when it has been compiled for speed.)
 *
 * @module
 */
import ts from "typescript";

export interface Branch {
  /** Offset in the text. */
  readonly at: number;
  readonly line: number;
}

/** In the order of the text, each once. */
export function branchesOf(text: string): Branch[] {
  const file = ts.createSourceFile("", text, ts.ScriptTarget.Latest, true);
  const offsets = new Set(branchesIn(file).map((node) => node.getStart(file)));
  return [...offsets]
    .sort((a, b) => a - b)
    .map((at) => ({ at, line: file.getLineAndCharacterOfPosition(at).line + 1 }));
}

function branchesIn(node: ts.Node): ts.Node[] {
  const found = [...armsOf(node)];
  const functions: ts.Node[] = [];
  ts.forEachChild(node, (child) => {
    if (isType(child)) return;
    (ts.isFunctionLike(child) ? functions : found).push(...branchesIn(child));
  });
  const body = ts.isFunctionLike(node) && "body" in node ? node.body : undefined;
  if (body !== undefined && found.length > 0) found.push(entry(body));
  return [...found, ...functions];
}

/** What is erased has no branch. */
function isType(node: ts.Node): boolean {
  return ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
}

function armsOf(node: ts.Node): readonly ts.Node[] {
  if (ts.isIfStatement(node)) {
    return [node.thenStatement, ...(node.elseStatement ? [node.elseStatement] : [])].map(entry);
  }
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse];
  if (ts.isBinaryExpression(node)) return isLogical(node.operatorToken.kind) ? [node.right] : [];
  if (ts.isIterationStatement(node, false)) return [entry(node.statement)];
  if (ts.isCaseOrDefaultClause(node)) return [...node.statements.slice(0, 1), ...behind(node)];
  if (ts.isCatchClause(node)) return [entry(node.block)];
  return ts.isBlock(node) ? behind(node) : [];
}

/** The first statement of a block that has one. */
function entry(node: ts.Node): ts.Node {
  return (ts.isBlock(node) && node.statements[0]) || node;
}

function isLogical(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.QuestionQuestionToken
  );
}

/** Statements behind one that may have left. */
function behind({ statements }: { statements: ts.NodeArray<ts.Statement> }): ts.Statement[] {
  return statements.filter((statement, at) => {
    const before = statements[at - 1];
    return before !== undefined && mayLeave(before) && !ts.isFunctionDeclaration(statement);
  });
}

function mayLeave(node: ts.Node): boolean {
  if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
  const isJump =
    ts.isReturnStatement(node) || ts.isThrowStatement(node) || ts.isBreakOrContinueStatement(node);
  return isJump || ts.forEachChild(node, (child) => mayLeave(child) || undefined) === true;
}
