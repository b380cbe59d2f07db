/**
 * What the Network Control Protocols here have in common: only codes 1 to 7 are used (RFC 1332
 * section 2, RFC 5072 section 3).
 *
 * @module
 */
import { ControlProtocol } from "./control-protocol.ts";
import type { Option } from "./options.ts";
import type { Outbox } from "./outbox.ts";

export abstract class Ncp extends ControlProtocol {
  readonly #peerMru: number;

  constructor(outbox: Outbox, mru: number, peerMru: number) {
    super(outbox, mru);
    this.#peerMru = peerMru;
  }

  protected override get peerMru(): number {
    return this.#peerMru;
  }

  protected override extension(): boolean {
    return false;
  }

  protected override codeRejected(): void {}

  protected override collision(): Option | undefined {
    return undefined;
  }
}
