/** Generated mixes of packets, for sessions with these addresses: the same seed, the same mix. */
import { type Ends, Flow, type Super } from "./flow.ts";
import {
  ICMP,
  ICMP6,
  type IpFields,
  ipPacket,
  sum,
  TCP,
  tcpSegment,
  UDP,
  udpDatagram,
} from "./packets.ts";
import { Random } from "./random.ts";

export interface SessionEnds {
  readonly address: Uint8Array;
  /** Upper half of its IPv6 addresses. */
  readonly prefix6: Uint8Array;
}

export interface Item {
  /** Index of the session that it belongs to. */
  readonly session: number;
  readonly packet: Uint8Array;
  /** Downwards: what the device is told. */
  readonly segmentation?: Super["segmentation"];
}

export interface Size {
  readonly flows: number;
  readonly packets: number;
  readonly mtu: number;
}

const NONE = new Uint8Array();
const NO_NEXT = 59;
const HOP_BY_HOP = 0;
const DESTINATION = 60;
const FRAGMENT = 44;

export function upMix(seed: number, sessions: readonly SessionEnds[], size: Size): Item[] {
  return mix(seed, sessions, size, "up");
}

export function downMix(seed: number, sessions: readonly SessionEnds[], size: Size): Item[] {
  return mix(seed, sessions, size, "down");
}

function mix(
  seed: number,
  sessions: readonly SessionEnds[],
  { flows: count, packets, mtu }: Size,
  way: "up" | "down",
): Item[] {
  const random = new Random(seed);
  const flows = Array.from({ length: count }, (_, index) => {
    const session = index % sessions.length;
    const ends = endsOf(random, sessions[session], index, way);
    return { session, ends, flow: new Flow(random, ends, mtu) };
  });
  const items: Item[] = [];
  while (items.length < packets) {
    // One flow after the other, or several that take turns.
    const together = Array.from({ length: random.pick([1, 1, 2, 3, 20]) }, () =>
      random.pick(flows),
    );
    const length = random.pick([1, 1, 2, 3, 10, 40, 100]);
    for (let round = 0; round < (together.length === 1 ? 1 : 4); round++) {
      for (const { session, ends, flow } of together) {
        if (way === "down" && random.chance(0.3)) {
          items.push({ session, ...flow.super(random.integer(1, 70)) });
          continue;
        }
        for (const packet of flow.run(Math.ceil(length / together.length))) {
          items.push({ session, packet });
        }
        if (random.chance(0.1)) {
          for (const packet of oddPackets(random, ends, mtu)) items.push({ session, packet });
        }
      }
    }
  }
  return items;
}

function endsOf(
  random: Random,
  session: SessionEnds | undefined,
  index: number,
  way: "up" | "down",
): Ends {
  if (session === undefined) throw new RangeError("no such session");
  const isInet6 = random.chance(0.4);
  const client = isInet6 ? Uint8Array.of(...session.prefix6, ...random.octets(8)) : session.address;
  const host = isInet6
    ? Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0xf, 0, 0, ...random.octets(8))
    : Uint8Array.of(198, 18, index >> 8, index & 0xff);
  return way === "up"
    ? { source: client, destination: host }
    : { source: host, destination: client };
}

function plainIp(random: Random, ends: Ends, protocol: number): IpFields {
  return {
    ...ends,
    tos: 0,
    ttl: 64,
    id: random.integer(0, 0xffff),
    fragment: 0,
    flowLabel: 0,
    options: NONE,
    protocol,
  };
}

/** What never joins: fragments, options, extension headers, other protocols, what is cut short. */
function oddPackets(random: Random, ends: Ends, mtu: number): Uint8Array[] {
  const isInet6 = ends.source.length === 16;
  const protocol = random.pick([TCP, UDP]);
  const ip = plainIp(random, ends, protocol);
  const payload = random.octets(random.integer(8, mtu - 100));
  const inner = transport(random, ip, payload);
  switch (random.integer(0, 4)) {
    case 0:
      return fragments(random, ip, inner);
    case 1:
      return [ipPacket({ ...ip, options: isInet6 ? extension(protocol) : options(random) }, inner)];
    case 2:
      return [icmp(random, ends, payload)];
    case 3:
      return [ipPacket({ ...ip, protocol: random.pick([47, 50, 132, NO_NEXT]) }, payload)];
    default:
      return [wrongLength(ip, inner, random)];
  }
}

function transport(random: Random, ip: IpFields, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const ports = random.integer(0, 0xffff_ffff);
  if (ip.protocol === UDP) return udpDatagram(ip, ports, payload);
  const tcp = { ports, sequence: 1, acknowledgement: 2, flags: 0x10, window: 3, urgent: 0 };
  return tcpSegment(ip, { ...tcp, options: NONE }, payload);
}

function fragments(random: Random, ip: IpFields, inner: Uint8Array): Uint8Array[] {
  const cut = Math.max(8, Math.floor((inner.length * random.next()) / 8) * 8);
  return [[0, inner.subarray(0, cut)] as const, [cut, inner.subarray(cut)] as const].map(
    ([at, part]) => {
      const more = at === 0 ? 1 : 0;
      if (ip.source.length === 4)
        return ipPacket({ ...ip, fragment: (at >> 3) | (more << 13) }, part);
      const header = [FRAGMENT, ip.protocol, 0, (at | more) >> 8, (at | more) & 0xff, 0, 0, 0, 7];
      return ipPacket({ ...ip, options: Uint8Array.from(header) }, part);
    },
  );
}

/** Options of IPv4 that no router changes: no operation, an experiment, the end. */
function options(random: Random): Uint8Array {
  return Uint8Array.from(
    random.pick([
      [1, 1, 1, 0],
      [94, 4, 7, 7],
      [1, 94, 6, 1, 2, 3, 4, 0],
    ]),
  );
}

/** A header in front of the transport's, with padding of its own (RFC 8200 4.2). */
function extension(protocol: number): Uint8Array {
  return Uint8Array.of(
    protocol % 2 === 0 ? HOP_BY_HOP : DESTINATION,
    protocol,
    0,
    1,
    4,
    0,
    0,
    0,
    0,
  );
}

function icmp(random: Random, ends: Ends, data: Uint8Array): Uint8Array {
  const isInet6 = ends.source.length === 16;
  const ip = plainIp(random, ends, isInet6 ? ICMP6 : ICMP);
  const message = Uint8Array.of(isInet6 ? 129 : 0, 0, 0, 0, 0, 1, 0, 2, ...data);
  const start = isInet6 ? sum(ends.destination, sum(ends.source, ICMP6 + message.length)) : 0;
  new DataView(message.buffer).setUint16(2, 0xffff - sum(message, start));
  return ipPacket(ip, message);
}

/** Lengths that do not agree: of UDP and of IP, or a header that is longer than the packet. */
function wrongLength(ip: IpFields, inner: Uint8Array<ArrayBuffer>, random: Random): Uint8Array {
  const view = new DataView(inner.buffer);
  if (ip.protocol === UDP) view.setUint16(4, inner.length + random.pick([-1, 1, 100]));
  else view.setUint8(12, random.pick([0x40, 0xf0]));
  return ipPacket(ip, inner);
}
