/**
 * Whether the peer of a tunnel is where its datagrams say that it is: it has acknowledged our
 * SCCRP, in a message to the Tunnel ID that only the SCCRP told. Before that nothing goes to it but
 * SCCRP, and that within the bounds of `Admission`.
 *
 * The id is a random one of 65,535, no more. Who forges an address and keeps as many half-open
 * tunnels of it as a source may have (512) hits one of them with each 128th blind SCCCN, and has an
 * established tunnel in another's name. Only a tunnel secret closes that.
 *
 * @module
 */
import { type Admission, sourceOf } from "./admission.ts";
import type { Departure } from "./channel.ts";

export class Proof {
  /** Who the peer counts as. */
  readonly source: string;
  readonly #admission: Admission;
  #isGiven = false;

  constructor(admission: Admission, peer: string) {
    this.#admission = admission;
    this.source = sourceOf(peer);
  }

  get isGiven(): boolean {
    return this.#isGiven;
  }

  give(): void {
    this.#isGiven = true;
  }

  /** Of what is sent of our own accord; the first SCCRP was allowed before the tunnel was made. */
  maySend({ again }: Departure, now: number): boolean {
    return this.#isGiven || !again || this.#admission.allowsAgain(this.source, now);
  }

  /** In answer to a repeated SCCRQ. */
  mayRepeat(now: number): boolean {
    return this.#admission.allows(this.source, now);
  }

  sent(now: number): void {
    if (!this.#isGiven) this.#admission.spend(this.source, now);
  }
}
