/**
 * Both ends of a PPP link as IPv6 nodes: the router at ours, the host at ours that dials in.
 *
 * @module
 */
import { Host, Router } from "../../../src/ipv6/index.ts";
import { HOST_DNS_MAX, HOST_PREFIXES_MAX } from "../../../src/limits.ts";
import { seededRandom } from "../../peer/ppp-conversation.ts";
import {
  ALL_NODES,
  ALL_ROUTERS,
  address,
  icmpPacket,
  linkLocal,
  solicitedNode,
  UNSPECIFIED,
} from "../../peer/slaac.ts";
import { must, Octets } from "../octets.ts";

const OWN_ID = address("0011223344556677");
const OWN = linkLocal(OWN_ID);
const OTHER = linkLocal(address("88990000aabbccdd"));
const PREFIX = address("20010db800640007 0000000000000000");
const GATEWAY = address("20010db800640000 0000000000000001");
const GLOBAL = address("20010db800640007 0011223344556677");
const PLACES = [
  OTHER,
  OWN,
  GATEWAY,
  GLOBAL,
  ALL_NODES,
  ALL_ROUTERS,
  UNSPECIFIED,
  solicitedNode(OWN),
] as const;
const TYPES = [128, 133, 134, 135, 129, 136, 143] as const;
const LIFETIMES = [0, 1, 1_800, 7_200, 7_201, 0xffffffff] as const;
const WAITS = [0, 100, 5_000, 700_000, 7_300_000] as const;
const MTU = 1_300;
const COUNTED_MAX = 1;

type Node = Router | Host;

export function ipv6(input: Uint8Array): void {
  const choices = new Octets(input);
  const counters: Record<string, number> = {};
  const options = { interfaceId: OWN_ID, mtu: MTU, random: seededRandom(1), counters };
  const isHost = choices.seldom(2);
  const node: Node = isHost
    ? new Host(options, 0)
    : new Router({ ...options, prefix: PREFIX, gateway: GATEWAY }, 0);
  const end = new NodeEnd(node);
  const count = () => Object.values(counters).reduce((sum, each) => sum + each, 0);
  while (choices.left > 0) {
    const before = count();
    const sent = end.hear(packet(choices));
    must(sent + count() - before <= COUNTED_MAX + (isHost ? HOST_PREFIXES_MAX : 0), "told twice");
    end.pass(choices.of(WAITS));
  }
}

function packet(choices: Octets): Uint8Array {
  if (choices.seldom(12)) return choices.take(choices.below(80));
  const type = choices.of(TYPES);
  const octets = icmpPacket({
    source: choices.of(PLACES),
    destination: choices.of(PLACES),
    type,
    code: choices.seldom(12) ? 1 : 0,
    hopLimit: choices.seldom(12) ? 64 : 255,
    body: body(choices, type),
  });
  if (choices.seldom(12)) octets[choices.next() % octets.length] = choices.next();
  return choices.seldom(16) ? octets.subarray(0, choices.next() % octets.length) : octets;
}

function body(choices: Octets, type: number): Uint8Array {
  if (type === 128) return new Uint8Array(choices.u16() % 1_400);
  if (type === 134) {
    const time = choices.of([0, 1, 1_800, 65_535]);
    return join(
      [64, choices.next(), time >> 8, time & 255, ...new Uint8Array(8)],
      options(choices),
    );
  }
  const target = type === 133 ? [] : choices.of(PLACES);
  return join([0, 0, 0, 0], target, options(choices));
}

function options(choices: Octets): Uint8Array {
  const list: number[] = [];
  for (let left = choices.below(7); left > 0; left--) list.push(...option(choices));
  return Uint8Array.from(list);
}

function option(choices: Octets): number[] {
  const last = choices.below(8);
  switch (choices.below(5)) {
    case 0:
    case 1: {
      const times = [...u32(choices.of(LIFETIMES)), ...u32(choices.of(LIFETIMES))];
      const head = [3, 4, choices.of([64, 64, 48]), choices.of([0x40, 0xc0, 0]), ...times];
      return [...head, 0, 0, 0, 0, ...PREFIX.subarray(0, 7), last, ...new Uint8Array(8)];
    }
    case 2:
      return [25, 3, 0, 0, ...u32(choices.of(LIFETIMES)), ...PREFIX.subarray(0, 15), last];
    case 3:
      return [5, 1, 0, 0, ...u32(choices.of([0, 1_279, 1_280, 1_299, 1_301]))];
    default:
      return [...choices.take(choices.below(20))];
  }
}

class NodeEnd {
  readonly #node: Node;
  readonly #addresses = new Set<string>();
  #now = 0;

  constructor(node: Node) {
    this.#node = node;
  }

  /** How many packets it has drawn. */
  hear(octets: Uint8Array): number {
    this.#node.handleInput(octets, this.#now);
    return this.#drain();
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds;
    this.#node.handleTimeout(this.#now);
    this.#drain();
    must(this.#node.pollTimeout() > this.#now, "a timer lies in the past");
    must(this.#node.pollTimeout() < Infinity, "no timer");
  }

  #drain(): number {
    for (let event = this.#node.pollEvent(); event; event = this.#node.pollEvent()) {
      if (event.type === "address") this.#addresses.add(event.address);
      if (event.type === "gone") must(this.#addresses.delete(event.address), "gone twice");
      if (event.type === "dns") must(event.servers.length <= HOST_DNS_MAX, "too many servers");
    }
    must(this.#addresses.size <= HOST_PREFIXES_MAX, "too many addresses");
    let sent = 0;
    for (let out = this.#node.pollTransmit(); out; out = this.#node.pollTransmit()) {
      must(out.length <= MTU, "longer than the MTU");
      sent += 1;
    }
    return sent;
  }
}

function join(...parts: Iterable<number>[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function u32(value: number): number[] {
  return [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];
}
