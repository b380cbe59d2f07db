/**
 * Every cell of every automaton, run by the machine that has it: led into each state, given each
 * event there as its peer, its owner or time gives it, and seen to take the cell of its table. A
 * cell that cannot be run has a reason, and the reason is tried. The table of all is printed.
 */
import { after } from "node:test";
import { printed } from "../cells/coverage.ts";
import "../cells/control-connection.ts";
import "../cells/calls.ts";
import "../cells/negotiation.ts";
import "../cells/auth-peers.ts";

after(() => console.log(`\n${printed()}\n`));
