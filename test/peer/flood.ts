/** An `Endpoint` under a flood of SCCRQs, with genuine clients among it, in steps of a millisecond. */
import { AvpType, buildControlMessage } from "../../src/codec/index.ts";
import type { Endpoint, Path } from "../../src/l2tp/index.ts";
import { seededRandom } from "./control.ts";
import { find, parsed, sccrq, typed, u16, uint } from "./lac.ts";

/** When xl2tpd sends its SCCRQ again, ms after the first. */
const RETRANSMISSIONS = [1_000, 3_000, 7_000, 15_000];
/** Where the Assigned Tunnel ID of `sccrq` stands. */
const ID_AT = 12 + 8 + 8 + 10 + 17 + 6;

export interface Client {
  readonly path: Path;
  readonly begun: number;
  /** From its SCCRQ to our SCCRP and from there to its SCCCN. */
  readonly roundTrip: number;
  establishedAt: number;
}

export interface Flood {
  /** SCCRQs a second, and the address of each. */
  readonly rate: number;
  readonly address: (roll: (below: number) => number) => string;
}

export class FloodedLns {
  readonly lns: Endpoint;
  readonly clients = new Map<string, Client>();
  /** What went to addresses that never answer: datagrams in each second, and the longest. */
  readonly answered: number[] = [];
  readonly names = new Set<string>();
  largest = 0;
  now = 0;
  readonly #roll: (below: number) => number;
  readonly #datagram = start(1);
  readonly #later = new Map<number, (() => void)[]>();

  constructor(lns: Endpoint, seed: number) {
    this.lns = lns;
    const random = seededRandom(seed);
    this.#roll = (below) => {
      const octets = random(4);
      return new DataView(octets.buffer).getUint32(0) % below;
    };
  }

  roll(below: number): number {
    return this.#roll(below);
  }

  /** A client that begins now. */
  join(peer: string, roundTrip: number): Client {
    const path = { peer, peerPort: 1_701, local: "198.51.100.1" };
    const client: Client = { path, begun: this.now, roundTrip, establishedAt: Infinity };
    this.clients.set(peer, client);
    const datagram = start(7);
    const send = () => {
      if (client.establishedAt === Infinity) this.#input(datagram, path);
    };
    for (const after of [0, ...RETRANSMISSIONS]) this.at(this.now + after + 1, send);
    return client;
  }

  /** An SCCRQ that nobody stands behind. */
  start(tunnelId: number, from: Omit<Path, "local">): void {
    this.#input(start(tunnelId), { ...from, local: "198.51.100.1" });
  }

  at(time: number, action: () => void): void {
    const actions = this.#later.get(time);
    if (actions === undefined) this.#later.set(time, [action]);
    else actions.push(action);
  }

  /** One millisecond more. */
  step(flood?: Flood): void {
    this.now += 1;
    this.lns.handleTimeout(this.now);
    this.#drain();
    const actions = this.#later.get(this.now) ?? [];
    this.#later.delete(this.now);
    const count = (flood?.rate ?? 0) / 1_000;
    // What the clients do comes at any place among the flood of this millisecond.
    const places = actions.map(() => this.#roll(count + 1));
    for (let i = 0; i <= count; i++) {
      actions.forEach((action, each) => {
        if (places[each] === i) action();
      });
      if (i === count) break;
      this.#datagram.set(u16(1 + this.#roll(0xffff)), ID_AT);
      const peer = flood?.address(this.#roll) ?? "";
      this.#input(this.#datagram, { peer, peerPort: 1_701, local: "198.51.100.1" });
    }
  }

  #input(datagram: Uint8Array, path: Path): void {
    this.lns.handleInput({ datagram, path }, this.now);
    this.#drain();
  }

  #drain(): void {
    for (let out = this.lns.pollTransmit(); out !== undefined; out = this.lns.pollTransmit()) {
      const client = this.clients.get(out.path.peer);
      if (client === undefined) this.#lost(out.datagram);
      else this.#answer(client, out.datagram);
    }
    for (let event = this.lns.pollEvent(); event !== undefined; event = this.lns.pollEvent()) {
      const client = "tunnel" in event ? this.clients.get(event.tunnel.path.peer) : undefined;
      if (client !== undefined && event.type === "tunnel-up") client.establishedAt = this.now;
    }
  }

  #lost(datagram: Uint8Array): void {
    const second = Math.floor(this.now / 1_000);
    this.answered[second] = (this.answered[second] ?? 0) + 1;
    this.largest = Math.max(this.largest, datagram.length);
    this.names.add(String(parsed(datagram).name));
  }

  #answer(client: Client, datagram: Uint8Array): void {
    const { message, name } = parsed(datagram);
    if (name !== "SCCRP") return;
    const tunnelId = uint(find(message, AvpType.AssignedTunnelId));
    const connected = { tunnelId, sessionId: 0, ns: 1, nr: 1, avps: typed("SCCCN") };
    const reply = buildControlMessage(connected);
    this.at(this.now + client.roundTrip, () => this.#input(reply, client.path));
  }
}

function start(tunnelId: number): Uint8Array {
  const avps = sccrq(tunnelId);
  return buildControlMessage({ tunnelId: 0, sessionId: 0, ns: 0, nr: 0, avps });
}
