/**
 * One direction of a path through the network: stages one behind the other, each of which loses,
 * changes, repeats or delays what passes.
 *
 * @module
 */
import type { Faults } from "./faults.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** A datagram on its way. */
export interface Packet {
  /** Its own copy, as the sender may use its buffer again. */
  readonly octets: Uint8Array;
  /** When it leaves the stage. */
  readonly at: number;
  /** Not what was sent any more. */
  readonly isDamaged: boolean;
}

/** What becomes of a packet: nothing, one, or more. */
export type Stage = (packet: Packet) => readonly Packet[];

export interface Quality {
  /** Probabilities for each datagram. */
  readonly loss: number;
  readonly duplication: number;
  /** Of a datagram that takes up to `late` ms more, so that others overtake it. */
  readonly reordering: number;
  /** Least delay, ms. */
  readonly delay: number;
  readonly late: number;
  /** Gilbert's two states: to come from the good into the bad one, where all is lost, and back. */
  readonly burst?: { readonly begins: number; readonly ends: number };
  /** One bit is another. The checksum of UDP would see it: this is who has switched that off. */
  readonly flip?: number;
  readonly truncation?: number;
  /** Octets of the largest datagram that passes. */
  readonly mtu?: number;
  /** Octets a second, and how many of them wait at most. */
  readonly rate?: { readonly octets: number; readonly queue: number };
}

/** A network as it should be. */
export const GOOD: Quality = { loss: 0, duplication: 0, reordering: 0, delay: 5, late: 0 };

interface Chance {
  readonly random: Random;
  readonly faults: Faults;
}

/** In the order of a path: the sender's interface, the way, the queue of its narrowest part. */
export function stagesOf(quality: Quality, random: Random, faults: Faults): Stage[] {
  const chance = { random, faults };
  const { mtu, burst, flip = 0, truncation = 0, rate } = quality;
  return [
    ...(mtu === undefined ? [] : [largest(mtu, faults)]),
    lossy(quality.loss, chance),
    ...(burst === undefined ? [] : [gilbert(burst, chance)]),
    ...(flip === 0 ? [] : [flipping(flip, chance)]),
    ...(truncation === 0 ? [] : [truncating(truncation, chance)]),
    repeating(quality.duplication, chance),
    ...(rate === undefined ? [] : [dropTail(rate, faults)]),
    delaying(quality, chance),
  ];
}

export function largest(mtu: number, faults: Faults): Stage {
  return (packet) => {
    if (packet.octets.length <= mtu) return [packet];
    faults.add("larger than the MTU");
    return [];
  };
}

export function lossy(probability: number, { random, faults }: Chance): Stage {
  return (packet) => {
    if (!random.chance(probability)) return [packet];
    faults.add("lost");
    return [];
  };
}

export function gilbert({ begins, ends }: { begins: number; ends: number }, c: Chance): Stage {
  let isBad = false;
  return (packet) => {
    isBad = c.random.chance(isBad ? 1 - ends : begins);
    if (!isBad) return [packet];
    c.faults.add("lost in a burst");
    return [];
  };
}

export function flipping(probability: number, { random, faults }: Chance): Stage {
  return (packet) => {
    if (!random.chance(probability)) return [packet];
    faults.add("one bit flipped");
    const octets = packet.octets.slice();
    const bit = random.between(0, 8 * octets.length - 1);
    octets[bit >> 3] = (octets[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return [{ ...packet, octets, isDamaged: true }];
  };
}

export function truncating(probability: number, { random, faults }: Chance): Stage {
  return (packet) => {
    if (!random.chance(probability)) return [packet];
    faults.add("truncated");
    const octets = packet.octets.slice(0, random.between(0, packet.octets.length - 1));
    return [{ ...packet, octets, isDamaged: true }];
  };
}

export function repeating(probability: number, { random, faults }: Chance): Stage {
  return (packet) => {
    if (!random.chance(probability)) return [packet];
    faults.add("repeated");
    return [packet, packet];
  };
}

/** One after the other at the rate; what finds the queue full is lost. */
export function dropTail(
  { octets, queue }: { octets: number; queue: number },
  faults: Faults,
): Stage {
  let freeAt = 0;
  return (packet) => {
    const waiting = (Math.max(0, freeAt - packet.at) * octets) / 1_000;
    if (waiting + packet.octets.length > queue) {
      faults.add("no room in the queue");
      return [];
    }
    freeAt = Math.max(freeAt, packet.at) + Math.ceil((packet.octets.length * 1_000) / octets);
    return [{ ...packet, at: freeAt }];
  };
}

export function delaying({ delay, reordering, late }: Quality, { random, faults }: Chance): Stage {
  return (packet) => {
    const isLate = random.chance(reordering);
    if (isLate) faults.add("late");
    const extra = isLate ? random.between(1, Math.max(1, late)) : 0;
    return [{ ...packet, at: packet.at + delay + extra }];
  };
}

export class Link {
  /** Nothing gets through until then. */
  outageUntil = 0;
  /** Datagrams that were given to it. */
  sent = 0;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #deliver: (datagram: Uint8Array, isDamaged: boolean) => void;
  #stages: readonly Stage[] = [];

  constructor(
    scheduler: Scheduler,
    random: Random,
    faults: Faults,
    quality: Quality,
    deliver: (datagram: Uint8Array, isDamaged: boolean) => void,
  ) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#faults = faults;
    this.#deliver = deliver;
    this.quality = quality;
  }

  set quality(quality: Quality) {
    this.#stages = stagesOf(quality, this.#random, this.#faults);
  }

  /** The network is as it should be from now on. */
  heal(): void {
    this.quality = GOOD;
    this.outageUntil = 0;
  }

  send(datagram: Uint8Array): void {
    const { now } = this.#scheduler;
    this.sent++;
    if (now < this.outageUntil) {
      this.#faults.add("sent into a partition");
      return;
    }
    let packets: readonly Packet[] = [{ octets: datagram.slice(), at: now, isDamaged: false }];
    for (const stage of this.#stages) packets = packets.flatMap(stage);
    for (const { octets, at, isDamaged } of packets) {
      this.#scheduler.at(at, () => this.#deliver(octets, isDamaged));
    }
  }
}
