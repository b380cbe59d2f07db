/**
 * What another thread may change is loaded once in a function: what was checked is what is used. Of
 * words that threads share it is looked for the same load twice.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import ts from "typescript";

const FOLDER = new URL("../../../assembly/forward/", import.meta.url);
/** Entries of rings, their ends, and what the control thread changes while a session is open. */
const RING = /^(ENTRY|HANDED|HANDOVER|RING)_/;
const RECORD =
  /^SESSION_(MTU|NETWORK|ADDRESS|SUBNET|FLAGS|PARTNER|MAGIC|NAME_LENGTH|CONTROL_LENGTH|PREFIX_LENGTH|(SHAPE|POLICE)_RATE)$/;
const LOAD = /^(read|get)/;

/** "function: load", each that is in a function more than once. */
function repeated(text: string): string[] {
  const file = ts.createSourceFile("a.ts", text, ts.ScriptTarget.Latest, true);
  const functions = file.statements.filter(ts.isFunctionDeclaration);
  return functions.flatMap((declaration) => {
    const seen = new Set<string>();
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      if (isSharedLoad(node)) {
        const load = node.getText(file);
        if (seen.has(load)) found.push(`${declaration.name?.text}: ${load}`);
        seen.add(load);
      }
      ts.forEachChild(node, visit);
    };
    visit(declaration);
    return found;
  });
}

function isSharedLoad(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) || !LOAD.test(node.expression.getText())) return false;
  const [address] = node.arguments;
  if (address === undefined || !ts.isBinaryExpression(address)) return false;
  const field = address.right.getText();
  return RING.test(field) || RECORD.test(field);
}

test("the same load twice is seen", () => {
  const text =
    "function f(a) { if (read32(a + ENTRY_LENGTH) > 9) return 0; return read32(a + ENTRY_LENGTH); }";
  assert.deepEqual(repeated(text), ["f: read32(a + ENTRY_LENGTH)"]);
});

test("no function loads a word that is shared twice", () => {
  const files = readdirSync(FOLDER).map((name) => [
    name,
    readFileSync(new URL(name, FOLDER), "utf8"),
  ]);
  const found = files.flatMap(([name, text]) =>
    repeated(text ?? "").map((load) => `${name} ${load}`),
  );
  assert.deepEqual(found, []);
});
