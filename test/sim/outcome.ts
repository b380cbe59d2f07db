/**
 * What comes of a world, what may be put into it, and how a check that fails is told.
 *
 * @module
 */
import type { Verdict } from "./oracles.ts";
import type { World } from "./world.ts";

export class Violation extends Error {
  readonly oracle: string;

  constructor(oracle: string, what: string) {
    super(`${oracle}: ${what}`);
    this.oracle = oracle;
  }
}

export type Oracle<Args extends unknown[]> = (...args: Args) => Verdict;

/** What an oracle has found. */
export function found<Args extends unknown[]>(
  oracle: Oracle<Args>,
  ...args: Args
): Violation | undefined {
  const verdict = oracle(...args);
  return verdict === undefined ? undefined : new Violation(oracle.name, verdict);
}

/** @throws {Violation} when the oracle finds something */
export function judge<Args extends unknown[]>(oracle: Oracle<Args>, ...args: Args): void {
  const violation = found(oracle, ...args);
  if (violation !== undefined) throw violation;
}

export interface Outcome {
  readonly hash: string;
  /** Virtual time that it took, ms. */
  readonly virtual: number;
  readonly datagrams: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly tunnels: number;
  readonly sessions: number;
  /** Of them those that went on to another LNS. */
  readonly forwarded: number;
  /** Each counts once, however many copies of the answer came. */
  readonly pings: number;
  /** Sessions that a subscriber ended as the network behind did not answer. */
  readonly givenUp: number;
  /** How the lines stood before the end. */
  readonly up: number;
  readonly closed: number;
}

/** What a test may put in to see that an oracle sees it. */
export interface Fault {
  /** Before the first step. */
  onStart?(world: World): void;
  /** Just before the goals are judged. */
  onQuiet?(world: World): void;
  /** Instead of each datagram of a node of ours. */
  transmit?(world: World, datagram: Uint8Array): readonly Uint8Array[];
}
