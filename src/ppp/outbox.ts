/**
 * What the parts of a link leave for its owner: frames, events, counts. Lists exist only while they
 * hold something, since tens of thousands of links are idle at a time.
 *
 * @module
 */
import { buildPpp } from "../codec/index.ts";
import type { CounterName, LinkEvent } from "./types.ts";

const NOTHING_COUNTED: Readonly<Record<string, number>> = Object.freeze({});

export class Outbox {
  #frames: Uint8Array[] | undefined;
  #events: LinkEvent[] | undefined;
  #counters: Record<string, number> | undefined;

  constructor(counters?: Record<string, number>) {
    this.#counters = counters;
  }

  /**
   * Frames that leave here are always sent as if neither ACFC nor PFC were negotiated: LCP has to
   * be (RFC 1661 6.5, 6.6), and for the few others recognisable beats short.
   */
  send(protocol: number, packet: Uint8Array): void {
    this.#frames ??= [];
    this.#frames.push(buildPpp(protocol, packet));
  }

  emit(event: LinkEvent): void {
    this.#events ??= [];
    this.#events.push(event);
  }

  count(name: CounterName): void {
    this.#counters ??= {};
    this.#counters[name] = (this.#counters[name] ?? 0) + 1;
  }

  takeFrame(): Uint8Array | undefined {
    const frame = this.#frames?.shift();
    if (this.#frames?.length === 0) this.#frames = undefined;
    return frame;
  }

  takeEvent(): LinkEvent | undefined {
    const event = this.#events?.shift();
    if (this.#events?.length === 0) this.#events = undefined;
    return event;
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#counters ?? NOTHING_COUNTED;
  }
}
