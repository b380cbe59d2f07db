/**
 * Every cell of every automaton, run by the machine that has it: led into each state, given each
 * event there as its peer, its owner or time gives it, and seen to take the cell of its table. A
 * cell that cannot be run has a reason, and the reason is tried. The table of all is printed.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { allAutomata } from "../../scripts/automata.ts";
import { coverages, printed } from "../cells/coverage.ts";
import "../cells/control-connection.ts";
import "../cells/calls.ts";
import "../cells/negotiation.ts";
import "../cells/auth-peers.ts";

test("every automaton is among them", async () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const walked: ReadonlySet<unknown> = new Set(coverages.map(({ table }) => table));
  for (const { source, table } of await allAutomata(root)) assert.ok(walked.has(table), source);
});

after(() => console.log(`\n${printed()}\n`));
