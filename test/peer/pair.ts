/** Two endpoints, each at an address of its own, over a network that loses and delays. */
import type { Endpoint, EndpointEvent, EndpointOptions, Path } from "../../src/l2tp/index.ts";
import { newLns, seededRandom } from "./control.ts";
import { parsed } from "./lac.ts";

export interface Address {
  readonly address: string;
  readonly port: number;
}

/** What the network does to one datagram: a delay (ms) for each copy that arrives. */
export type PairFate = (index: number, message: string) => readonly number[];

export class Side {
  readonly endpoint: Endpoint;
  /** Where it can be reached. */
  readonly at: Address;
  /** Where it sends from. */
  from: Address;
  readonly events: EndpointEvent[] = [];

  constructor(address: string, options: Partial<EndpointOptions>) {
    this.endpoint = newLns(options);
    this.at = { address, port: 1701 };
    this.from = this.at;
  }

  /** The path to another one, before it has answered. */
  pathTo({ at }: Side): Path {
    return { peer: at.address, peerPort: at.port, local: "" };
  }

  takeEvents(): string[] {
    return this.events.splice(0).map(({ type }) => type);
  }

  /** The first event of that type. */
  event<T extends EndpointEvent["type"]>(type: T): Extract<EndpointEvent, { type: T }> {
    const found = this.events.find((event) => event.type === type);
    if (found === undefined) throw new Error(`no ${type}`);
    return found as Extract<EndpointEvent, { type: T }>;
  }
}

interface Flight {
  readonly at: number;
  readonly deliver: () => void;
}

export class Pair {
  readonly lac: Side;
  readonly lns: Side;
  now = 0;
  /** Every message that was sent, as "lac SCCRQ". */
  readonly trace: string[] = [];
  fate: PairFate = () => [10];
  /** Sees every datagram as it is sent. */
  tap: (from: Side, datagram: Uint8Array) => void = () => {};
  readonly #flights: Flight[] = [];

  constructor(options: Partial<EndpointOptions> = {}) {
    const random = seededRandom(7);
    this.lac = new Side("192.0.2.7", { ...options, role: "lac", hostName: "lac", random });
    this.lns = new Side("198.51.100.1", { ...options, role: "lns", hostName: "lns" });
  }

  get sides(): readonly Side[] {
    return [this.lac, this.lns];
  }

  /** Schedules what a test does. */
  at(time: number, deliver: () => void): void {
    this.#flights.push({ at: time, deliver });
  }

  pass(ms: number): this {
    return this.run(this.now + ms);
  }

  run(until: number): this {
    this.#drain();
    for (;;) {
      this.#flights.sort((a, b) => a.at - b.at);
      const timers = this.sides.map(({ endpoint }) => endpoint.pollTimeout());
      const next = Math.min(this.#flights[0]?.at ?? Infinity, ...timers);
      if (next > until) break;
      this.now = Math.max(this.now, next);
      if ((this.#flights[0]?.at ?? Infinity) <= this.now) this.#flights.shift()?.deliver();
      for (const { endpoint } of this.sides) endpoint.handleTimeout(this.now);
      this.#drain();
    }
    this.now = until;
    return this;
  }

  #drain(): void {
    for (const side of this.sides) {
      const { endpoint } = side;
      for (let out = endpoint.pollTransmit(); out !== undefined; out = endpoint.pollTransmit()) {
        this.#post(side, out.datagram, out.path);
      }
      for (let event = endpoint.pollEvent(); event !== undefined; event = endpoint.pollEvent()) {
        side.events.push(event);
      }
    }
  }

  #post(from: Side, datagram: Uint8Array, { peer, peerPort }: Path): void {
    this.tap(from, datagram);
    const message = `${from === this.lac ? "lac" : "lns"} ${parsed(datagram).name}`;
    const index = this.trace.push(message) - 1;
    const { address, port } = from.from;
    const to = this.sides.find((side) =>
      [side.at, side.from].some((each) => each.address === peer && each.port === peerPort),
    );
    if (to === undefined) return;
    const path = { peer: address, peerPort: port, local: peer };
    for (const delay of this.fate(index, message)) {
      this.at(this.now + delay, () => to.endpoint.handleInput({ datagram, path }, this.now));
    }
  }
}
