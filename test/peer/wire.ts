/** An `Endpoint` and its LACs over a network that may lose, repeat and delay, in virtual time. */

import type { ControlMessage } from "../../src/codec/index.ts";
import type { Endpoint, EndpointEvent, Path } from "../../src/l2tp/index.ts";
import { type Lac, parsed } from "./lac.ts";

/** What the network does to one datagram: a delay (ms) for each copy that arrives. */
export type Fate = (datagram: Uint8Array, index: number, toLns: boolean) => readonly number[];

interface Flight {
  readonly at: number;
  readonly order: number;
  readonly deliver: () => void;
}

export class Wire {
  readonly lns: Endpoint;
  readonly events: EndpointEvent[] = [];
  /** Every message that was sent, as "> SCCRQ" (to the LNS) or "< SCCRP". */
  readonly trace: string[] = [];
  /** Messages of the LNS by Lac and Ns, as first sent. */
  readonly fromLns = new Map<Lac, Map<number, string>>();
  /** Lacs whose SCCRQ made a second tunnel: `fromLns` has that one's messages. */
  readonly restarted = new Set<Lac>();
  now = 0;
  readonly #lacs: readonly Lac[];
  readonly #fate: Fate;
  #flights: Flight[] = [];
  #count = 0;

  constructor(lns: Endpoint, lacs: readonly Lac[], fate: Fate) {
    this.lns = lns;
    this.#lacs = lacs;
    this.#fate = fate;
    for (const lac of lacs) this.fromLns.set(lac, new Map());
  }

  pathOf(lac: Lac): Path {
    return { peer: `192.0.2.${lac.tunnelId % 250}`, peerPort: 1_701, local: "198.51.100.1" };
  }

  /** Schedules what a test does. */
  at(time: number, action: () => void): void {
    this.#flights.push({ at: time, order: this.#count++, deliver: action });
  }

  /** Runs up to `until`. */
  run(until: number): void {
    this.#drain();
    for (;;) {
      this.#flights.sort((a, b) => a.at - b.at || a.order - b.order);
      const flight = this.#flights[0];
      const timers = [this.lns.pollTimeout(), ...this.#lacs.map(({ timeout }) => timeout)];
      const next = Math.min(flight?.at ?? Infinity, ...timers);
      if (next > until) break;
      this.now = Math.max(this.now, next);
      if (flight !== undefined && flight.at <= this.now) {
        this.#flights.shift();
        flight.deliver();
      }
      this.lns.handleTimeout(this.now);
      for (const lac of this.#lacs) lac.tick(this.now);
      this.#drain();
    }
    this.now = until;
  }

  #drain(): void {
    for (const lac of this.#lacs) {
      for (const datagram of lac.outbox.splice(0)) {
        const path = this.pathOf(lac);
        this.#post(datagram, true, (copy) =>
          this.lns.handleInput({ datagram: copy, path }, this.now),
        );
      }
    }
    for (let out = this.lns.pollTransmit(); out !== undefined; out = this.lns.pollTransmit()) {
      const { datagram, path } = out;
      const lac = this.#lacs.find((each) => this.pathOf(each).peer === path.peer);
      if (lac === undefined) throw new Error("a datagram to nobody");
      this.#record(lac, datagram);
      this.#post(datagram, false, (copy) => lac.handle(copy, this.now));
    }
    for (let event = this.lns.pollEvent(); event !== undefined; event = this.lns.pollEvent()) {
      this.events.push(event);
    }
  }

  /** The same Ns never stands for two messages. */
  #record(lac: Lac, datagram: Uint8Array): void {
    const { name, message } = parsed(datagram);
    if (name === "ZLB" || message.tunnelId !== lac.tunnelId) return;
    const body = bodyOf(message);
    const key = message.ns;
    const before = this.fromLns.get(lac)?.get(key);
    // A late copy of an SCCRQ may ask for a second tunnel once the first is closed.
    if (name === "SCCRP" && before !== undefined && before !== body) {
      this.restarted.add(lac);
      this.fromLns.get(lac)?.clear();
    } else if (before !== undefined && before !== body) {
      throw new Error(`Ns ${key} has two messages`);
    }
    this.fromLns.get(lac)?.set(key, body);
  }

  #post(datagram: Uint8Array, toLns: boolean, deliver: (copy: Uint8Array) => void): void {
    const index = this.trace.length;
    this.trace.push(`${toLns ? ">" : "<"} ${parsed(datagram).name}`);
    for (const delay of this.#fate(datagram, index, toLns)) {
      this.at(this.now + delay, () => deliver(datagram.slice()));
    }
  }
}

/** All of a message but what may differ when it is sent again. */
export function bodyOf({ sessionId, avps }: ControlMessage): string {
  const values = avps.map(({ type, value }) => `${type} ${Buffer.from(value).toString("hex")}`);
  return [sessionId, ...values].join(" ");
}
