/**
 * Packets by the thousand from one seed: most are nearly right, since a fault that is found in the
 * first octet proves little about the rest.
 *
 * @module
 */
import { buildAvp, checksum, HAS } from "./codec.ts";

/** xorshift32: what is wanted is speed and repetition, not quality. */
export class PacketRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
    for (let i = 0; i < 8; i++) this.u32();
  }

  u32(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** From 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * count);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick(...choices: readonly number[]): number {
    return choices[this.below(choices.length)] ?? 0;
  }

  fill(octets: Uint8Array): Uint8Array {
    for (let i = 0; i < octets.length; i++) octets[i] = this.u32();
    return octets;
  }
}

/** An L2TP datagram with any set of bits, a Length and Offset Size at or around their bounds. */
export function datagram(random: PacketRandom, isControl = random.chance(30)): Uint8Array {
  const bits = headerBits(random, isControl);
  const has = (bit: number) => (bits & bit) !== 0;
  const fields = 6 + (has(HAS.L) ? 2 : 0) + (has(HAS.S) ? 4 : 0) + (has(HAS.O) ? 2 : 0);
  const length = fields + random.below(40);
  const octets = random.fill(new Uint8Array(length));
  const view = new DataView(octets.buffer);
  view.setUint16(0, bits);
  let end = length;
  if (has(HAS.L)) {
    const wrong = random.pick(0, fields - 1, fields, fields + 1, length + 1, random.u32());
    end = random.chance(75) ? length : random.chance(50) ? wrong : random.below(length + 3);
    view.setUint16(2, end);
  }
  if (has(HAS.O)) {
    const room = Math.max(0, end - fields);
    const edge = random.pick(0, room - 1, room, room + 1, 0xffff, random.u32());
    view.setUint16(fields - 2, random.chance(50) ? random.below(room + 1) : edge);
  }
  return damaged(random, octets, 16);
}

function headerBits(random: PacketRandom, isControl: boolean): number {
  const version = random.chance(96) ? 2 : random.below(16);
  const reserved = random.chance(20) ? random.u32() & 0x34f0 : 0;
  if (isControl && random.chance(85)) return HAS.T | HAS.L | HAS.S | reserved | version;
  const any = random.u32() & (HAS.L | HAS.S | HAS.O | HAS.P);
  return (isControl ? HAS.T : 0) | any | reserved | version;
}

/** Cuts some, changes an octet of the first `front` in some, replaces a few as a whole. */
function damaged(random: PacketRandom, octets: Uint8Array, front: number): Uint8Array {
  if (random.chance(80)) return octets;
  if (random.chance(50)) return octets.subarray(0, random.below(octets.length + 1));
  if (random.chance(10)) return random.fill(octets);
  const at = random.below(Math.min(front, octets.length));
  if (octets.length > 0) octets[at] = random.u32();
  return octets;
}

/** The AVPs of a control message, some of them with a wrong Length. */
export function avps(random: PacketRandom): Uint8Array {
  const count = random.chance(98) ? random.below(10) : random.below(110);
  const parts: number[] = [];
  for (let i = 0; i < count; i++) {
    const size = random.chance(97) ? random.below(24) : random.below(1018);
    const value = random.fill(new Uint8Array(size));
    const flags = random.u32() & 0xc000;
    const avp = buildAvp(flags, random.pick(0, 0, 9, 0xffff), random.below(64), value);
    if (avp === undefined) throw new Error("the AVP is too long");
    if (random.chance(8)) avp[0] = (avp[0] ?? 0) | (random.u32() & 0x3c);
    if (random.chance(2)) avp[1] = random.chance(50) ? random.below(7) : random.u32();
    parts.push(...avp);
  }
  return damaged(random, Uint8Array.from(parts), parts.length);
}

/** A control message around `body`; its header is right. */
export function controlMessage(random: PacketRandom, body: Uint8Array): Uint8Array {
  const octets = random.fill(new Uint8Array(12 + body.length));
  const view = new DataView(octets.buffer);
  view.setUint16(0, HAS.T | HAS.L | HAS.S | 2);
  view.setUint16(2, octets.length);
  octets.set(body, 12);
  return octets;
}

const PROTOCOLS = [0x0021, 0x0057, 0xc021, 0xc023, 0xc223, 0x8021, 0x80fd, 0x00ff, 0x00fd];

export function protocol(random: PacketRandom): number {
  return random.chance(70) ? random.pick(...PROTOCOLS) : random.u32() & 0xffff;
}

/** A PPP frame with each field compressed or not, often so short that fields are missing. */
export function frame(random: PacketRandom): Uint8Array {
  const octets = random.chance(60) ? [0xff, 0x03] : [];
  const number = protocol(random);
  if (number > 0xff || random.chance(50)) octets.push(number >> 8);
  octets.push(number & 0xff);
  for (let i = random.below(6); i > 0; i--) octets.push(random.u32() & 0xff);
  return damaged(random, Uint8Array.from(octets), 4);
}

/** An IPv4 packet with zero to forty octets of options. */
export function ipv4(random: PacketRandom): Uint8Array {
  const words = random.chance(70) ? 5 : 5 + random.below(11);
  const header = words * 4;
  const length = header + random.below(30);
  const octets = random.fill(new Uint8Array(length));
  const view = new DataView(octets.buffer);
  const wrong = random.pick(header - 1, header, length + 1, random.u32());
  octets[0] = 0x40 | (random.chance(95) ? words : random.below(16));
  view.setUint16(2, random.chance(80) ? length : random.chance(50) ? wrong : length - 1);
  view.setUint16(10, 0);
  view.setUint16(10, checksum(octets.subarray(0, header)));
  return damaged(random, octets, header);
}

export function ipv6(random: PacketRandom): Uint8Array {
  const payload = random.below(30);
  const octets = random.fill(new Uint8Array(40 + payload));
  octets[0] = 0x60 | random.below(16);
  const wrong = random.pick(payload + 1, random.u32(), 0);
  new DataView(octets.buffer).setUint16(4, random.chance(75) ? payload : wrong);
  return damaged(random, octets, 8);
}
