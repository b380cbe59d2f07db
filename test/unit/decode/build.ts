/** Captures as other programs write them: pcap, pcapng, and the headers around a datagram. */

import type { AvpInput } from "../../../src/codec/index.ts";
import {
  AvpType,
  buildControlMessage,
  checksum,
  MessageType,
  makeAvp,
} from "../../../src/codec/index.ts";
import {
  Capture,
  Datagrams,
  type DecodeOptions,
  type Message,
  Messages,
} from "../../../src/decode/index.ts";

export const LAC = [192, 0, 2, 7];
export const LNS = [192, 0, 2, 1];

export interface Packet {
  readonly octets: Uint8Array;
  readonly seconds?: number;
  readonly fraction?: number;
  /** What it had before the capture cut it. */
  readonly length?: number;
}

export function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export function b16(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff];
}

export function b32(value: number): number[] {
  return [...b16(value >>> 16), ...b16(value & 0xffff)];
}

const ordered = (octets: readonly number[], isLittle: boolean) =>
  isLittle ? octets.toReversed() : octets;

export function pcap(
  packets: readonly Packet[],
  { link = 1, isLittle = true, isNano = false } = {},
): Uint8Array {
  const u32 = (value: number) => ordered(b32(value), isLittle);
  const u16 = (value: number) => ordered(b16(value), isLittle);
  const magic = isNano ? 0xa1b23c4d : 0xa1b2c3d4;
  const head = [u32(magic), u16(2), u16(4), u32(0), u32(0), u32(262_144), u32(link)];
  const records = packets.map(({ octets, seconds = 1, fraction = 0, length = octets.length }) =>
    join(u32(seconds), u32(fraction), u32(octets.length), u32(length), octets),
  );
  return join(head.flat(), ...records);
}

export type Block = (isLittle: boolean) => Uint8Array;

/** A block of pcapng, padded, with its length on both sides. */
export function block(type: number, body: (isLittle: boolean) => readonly number[]): Block {
  return (isLittle) => {
    const octets = body(isLittle);
    const padding = new Uint8Array((4 - (octets.length % 4)) % 4);
    const length = ordered(b32(12 + octets.length + padding.length), isLittle);
    return join(ordered(b32(type), isLittle), length, octets, padding, length);
  };
}

export function section(): Block {
  return block(0x0a0d0d0a, (isLittle) => [
    ...ordered(b32(0x1a2b3c4d), isLittle),
    ...ordered(b16(1), isLittle),
    ...ordered(b16(0), isLittle),
    ...new Uint8Array(8).fill(0xff),
  ]);
}

export function description(link: number, options: readonly (readonly number[])[] = []): Block {
  return block(1, (isLittle) => [
    ...ordered(b16(link), isLittle),
    ...[0, 0, 0, 0, 0, 0],
    ...options.flatMap(([code = 0, ...value]) => [
      ...ordered(b16(code), isLittle),
      ...ordered(b16(value.length), isLittle),
      ...value,
      ...new Uint8Array((4 - (value.length % 4)) % 4),
    ]),
  ]);
}

export function enhanced(
  octets: Uint8Array,
  { on = 0, high = 0, low = 0, length = octets.length },
) {
  return block(6, (isLittle) => [
    ...[on, high, low, octets.length, length].flatMap((value) => ordered(b32(value), isLittle)),
    ...octets,
  ]);
}

export function pcapng(blocks: readonly Block[], isLittle = true): Uint8Array {
  return join(...blocks.map((build) => build(isLittle)));
}

export interface Route {
  readonly from?: readonly number[];
  readonly to?: readonly number[];
  readonly ports?: readonly [number, number];
}

export function udp(payload: Uint8Array, [from, to]: readonly [number, number] = [1701, 1701]) {
  return join(b16(from), b16(to), b16(8 + payload.length), [0, 0], payload);
}

/** An IPv4 packet around the payload of a UDP datagram. */
export function ipv4(payload: Uint8Array, { from = LAC, to = LNS, ports }: Route = {}): Uint8Array {
  return ipv4Part(udp(payload, ports), 0, false, { from, to });
}

export function ipv4Part(
  part: Uint8Array,
  at: number,
  hasMore: boolean,
  { from = LAC, to = LNS }: Route = {},
): Uint8Array {
  const flags = (hasMore ? 0x2000 : 0) | (at / 8);
  const head = [
    0x45,
    0,
    ...b16(20 + part.length),
    0,
    9,
    ...b16(flags),
    64,
    17,
    0,
    0,
    ...from,
    ...to,
  ];
  head.splice(10, 2, ...b16(checksum(Uint8Array.from(head))));
  return join(head, part);
}

export function ipv6(payload: Uint8Array, extensions: readonly number[] = [], next = 17) {
  const body = join(extensions, udp(payload));
  const address = (last: number) => [0x20, 1, 0xd, 0xb8, ...new Uint8Array(11), last];
  return join([0x60, 0, 0, 0, ...b16(body.length), next, 64], address(7), address(1), body);
}

export function ethernet(packet: Uint8Array, tags: readonly number[] = []): Uint8Array {
  const type = (packet[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800;
  return join(new Uint8Array(12).fill(2), tags, b16(type), packet);
}

export interface Numbers {
  readonly tunnelId?: number;
  readonly sessionId?: number;
  readonly ns?: number;
  readonly nr?: number;
}

export function control(
  type: keyof typeof MessageType,
  avps: readonly AvpInput[] = [],
  { tunnelId = 0, sessionId = 0, ns = 0, nr = 0 }: Numbers = {},
): Uint8Array {
  const all = [makeAvp(AvpType.MessageType, MessageType[type]), ...avps];
  return buildControlMessage({ tunnelId, sessionId, ns, nr, avps: all });
}

export const HELLO = control("HELLO", [], { tunnelId: 7, ns: 3, nr: 4 });

/** All messages of a file. */
export function decode(file: Uint8Array, options: DecodeOptions = {}): Message[] {
  const capture = new Capture();
  const datagrams = new Datagrams();
  const messages = new Messages(options);
  return [...capture.push(file), ...capture.end()]
    .flatMap((frame) => datagrams.of(frame))
    .map((datagram) => messages.read(datagram));
}

/** Messages of datagrams between the two ends, the LAC's if `true`. */
export function talk(
  turns: readonly (readonly [isLac: boolean, datagram: Uint8Array])[],
  options: DecodeOptions = {},
): Message[] {
  const packets = turns.map(([isLac, payload]) => {
    const octets = ethernet(ipv4(payload, isLac ? {} : { from: LNS, to: LAC }));
    return { octets };
  });
  return decode(pcap(packets), options);
}
