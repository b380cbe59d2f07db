/**
 * One direction of a path through the network: what is sent is lost, repeated, delayed and so
 * reordered, as the quality of the moment says.
 *
 * @module
 */
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export interface Quality {
  /** Probabilities for each datagram. */
  readonly loss: number;
  readonly duplication: number;
  /** Of a datagram that takes up to `late` ms more, so that others overtake it. */
  readonly reordering: number;
  /** Least delay, ms. */
  readonly delay: number;
  readonly late: number;
}

/** A network as it should be. */
export const GOOD: Quality = { loss: 0, duplication: 0, reordering: 0, delay: 5, late: 0 };

export interface LinkCounts {
  sent: number;
  lost: number;
  repeated: number;
  late: number;
}

export class Link {
  quality: Quality;
  /** Nothing gets through until then. */
  outageUntil = 0;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #counts: LinkCounts;
  readonly #deliver: (datagram: Uint8Array) => void;

  constructor(
    scheduler: Scheduler,
    random: Random,
    counts: LinkCounts,
    quality: Quality,
    deliver: (datagram: Uint8Array) => void,
  ) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#counts = counts;
    this.quality = quality;
    this.#deliver = deliver;
  }

  send(datagram: Uint8Array): void {
    const { loss, duplication } = this.quality;
    this.#counts.sent++;
    if (this.#scheduler.now < this.outageUntil || this.#random.chance(loss)) {
      this.#counts.lost++;
      return;
    }
    this.#launch(datagram);
    if (this.#random.chance(duplication)) {
      this.#counts.repeated++;
      this.#launch(datagram);
    }
  }

  /** A copy, as the sender may use its buffer again. */
  #launch(datagram: Uint8Array): void {
    const { delay, reordering, late } = this.quality;
    const copy = datagram.slice();
    const isLate = this.#random.chance(reordering);
    if (isLate) this.#counts.late++;
    const extra = isLate ? this.#random.between(1, Math.max(1, late)) : 0;
    this.#scheduler.after(delay + extra, () => this.#deliver(copy));
  }
}
