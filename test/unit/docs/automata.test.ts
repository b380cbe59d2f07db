/** The drawn automata are those of the program. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { DIRECTORY, pages } from "../../../scripts/automata.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

test("docs/automata is what npm run docs writes", async () => {
  const drawn = await pages(root);
  assert.deepEqual(readdirSync(join(root, DIRECTORY)).sort(), [...drawn.keys()].sort());
  for (const [name, text] of drawn) {
    assert.equal(readFileSync(join(root, DIRECTORY, name), "utf8"), text, name);
  }
});

test("each page says what its automaton is, and has a picture and all cells", async () => {
  const drawn = new Map(await pages(root));
  drawn.delete("README.md");
  assert.ok(drawn.size > 0);
  for (const [name, text] of drawn) {
    assert.match(text, /^# .+\n\n.*RFC \d{4}/, name);
    assert.match(text, /```mermaid\nstateDiagram-v2\n( {2}.*\n)+```/, name);
    assert.doesNotMatch(text, /```mermaid[^`]*;/, name);
  }
  const ppp = drawn.get("ppp.md") ?? "";
  assert.match(ppp, /\| RTR \|.* tld, zrc, sta, \*\*Stopping\*\* \|/);
  assert.match(ppp, /Req_Sent --> Ack_Sent: RCR\+<br\/>\/ sca\n/);
});
