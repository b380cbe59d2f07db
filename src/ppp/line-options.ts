/**
 * What a LAC, which knows the line, would like LCP to agree on (RFC 3437 2.1, 2.2). Of what it lists only
 * that counts which is about the line; MRU, authentication and Magic-Number are the ends' own.
 *
 * @module
 */
import { areUnique, isWhole, LcpOption } from "./lcp-options.ts";
import { type Option, parseOptions } from "./options.ts";

const OF_LINE: ReadonlySet<number> = new Set([LcpOption.Accm, LcpOption.Pfc, LcpOption.Acfc]);
const NONE: readonly Option[] = Object.freeze([]);

export class LineOptions {
  /** What we ask for because the LAC wants it. */
  readonly wanted: readonly Option[];
  /** What the peer may ask for; `undefined`: all that we take. */
  readonly #allowed: ReadonlySet<number> | undefined;

  /** LCP Want Options and LCP Allow Options as they came; lists that are malformed say nothing. */
  constructor(want?: Uint8Array, allow?: Uint8Array) {
    const wanted = want && parseOptions(want.slice());
    const isSound = wanted !== undefined && areUnique(wanted);
    this.wanted = isSound ? wanted.filter((each) => OF_LINE.has(each.type) && isWhole(each)) : NONE;
    const allowed = allow && parseOptions(allow);
    this.#allowed = allowed && new Set(allowed.map(({ type }) => type));
  }

  allows(type: number): boolean {
    return this.#allowed === undefined || this.#allowed.has(type) || !OF_LINE.has(type);
  }
}
