/**
 * The sequence numbers of one session's data messages (RFC 2661 5.4): the LNS decides whether they
 * are there, the LAC follows it, and where the LAC has required them they always are. A frame that
 * comes too late is dropped, none is waited for.
 *
 * @module
 */
import type { Role } from "./types.ts";

const MODULUS_MASK = 0xffff;
/** A distance from here on is behind (RFC 2661 5.8). */
const HALF = 0x8000;

export class DataChannel {
  readonly #role: Role;
  readonly #isRequired: boolean;
  #isSequenced: boolean;
  #ns = 0;
  #nr = 0;

  constructor(role: Role, isRequired: boolean) {
    this.#role = role;
    this.#isRequired = isRequired;
    this.#isSequenced = isRequired;
  }

  /** As LNS: sequence numbers from now on, or none. Later ones go on where it left off. */
  setSequencing(isOn: boolean): void {
    this.#isSequenced = isOn || this.#isRequired;
  }

  /** Ns of the next message; `undefined`: it has none. */
  next(): number | undefined {
    if (!this.#isSequenced) return undefined;
    const ns = this.#ns;
    this.#ns = (ns + 1) & MODULUS_MASK;
    return ns;
  }

  /** Whether a message that has come is to be taken. */
  accept(ns: number | undefined): boolean {
    if (this.#role === "lac") this.setSequencing(ns !== undefined);
    if (ns === undefined) return true;
    if (((ns - this.#nr) & MODULUS_MASK) >= HALF) return false;
    this.#nr = (ns + 1) & MODULUS_MASK;
    return true;
  }
}
