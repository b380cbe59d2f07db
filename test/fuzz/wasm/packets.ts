/**
 * IP packets from the octets of an input, with sums and lengths that are right: those chance does not
 * find, and without them nothing gets far.
 *
 * @module
 */
import type { Octets } from "../octets.ts";

const TCP = 6;
const UDP = 17;
const PROTOCOLS = [TCP, UDP, 1, 58];
const CHECKSUM_AT: Readonly<Record<number, number>> = { [TCP]: 16, [UDP]: 6, 1: 2, 58: 2 };

export interface Ends {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

/** A packet, and those of its flow that come after it. */
export class Shape {
  readonly isIpv6: boolean;
  readonly protocol: number;
  readonly #ends: Ends;
  readonly #front: number;
  readonly #fragment: number;
  readonly #options: Uint8Array;
  readonly #flags: number;
  readonly #isWrong: boolean;
  readonly #payload: Uint8Array;

  /** `more` octets of zeros follow the payload that the program has. */
  constructor(program: Octets, ends: Ends, more = 0) {
    const kind = program.next();
    this.isIpv6 = ends.source.length === 16;
    this.protocol = PROTOCOLS[kind & 3] ?? 0;
    this.#ends = ends;
    this.#front = program.next();
    this.#fragment = (kind & 4) === 0 ? 0 : program.u16();
    this.#options = (kind & 8) === 0 ? new Uint8Array(0) : program.take(4 * (program.next() & 3));
    this.#flags = (kind & 16) === 0 ? 0x10 : program.next();
    this.#isWrong = (kind & 32) !== 0;
    const payload = program.take(program.next());
    this.#payload = new Uint8Array(payload.length + more);
    this.#payload.set(payload);
  }

  get ipHeader(): number {
    return this.isIpv6 ? 40 : 20;
  }

  /** Octets of IP and transport header. */
  get headers(): number {
    if (this.protocol === TCP) return this.ipHeader + 20 + this.#optionsLength;
    return this.ipHeader + 8;
  }

  get checksumOffset(): number {
    return CHECKSUM_AT[this.protocol] ?? 0;
  }

  get payloadLength(): number {
    return this.#payload.length;
  }

  /** The packet number `count` of the flow. */
  packet(count: number): Uint8Array {
    const start = this.ipHeader;
    const octets = new Uint8Array(this.headers + this.#payload.length);
    const view = new DataView(octets.buffer);
    const length = octets.length - start;
    octets.set(this.#payload, this.headers);
    this.#writeTransport(view, start, length, count);
    if (this.isIpv6) this.#write6(octets, view, length);
    else this.#write4(octets, view, count);
    const addresses = this.isIpv6 ? octets.subarray(8, 40) : octets.subarray(12, 20);
    const pseudo = sumOf(addresses, 0) + this.protocol + length;
    const sum = sumOf(octets.subarray(start), pseudo);
    const checksum = (~sum & 0xffff) ^ (this.#isWrong ? 1 : 0);
    view.setUint16(start + this.checksumOffset, checksum);
    return octets;
  }

  get #optionsLength(): number {
    return this.#options.length & ~3;
  }

  #writeTransport(view: DataView, at: number, length: number, count: number): void {
    view.setUint16(at, this.protocol === TCP || this.protocol === UDP ? 1_000 : 0x0800);
    if (this.protocol === UDP) {
      view.setUint16(at + 2, 53);
      view.setUint16(at + 4, length);
    } else if (this.protocol === TCP) {
      view.setUint16(at + 2, 80);
      view.setUint32(at + 4, 7 + count * this.#payload.length);
      view.setUint8(at + 12, (20 + this.#optionsLength) << 2);
      view.setUint8(at + 13, this.#flags);
      for (const [i, octet] of this.#options.subarray(0, this.#optionsLength).entries()) {
        view.setUint8(at + 20 + i, octet);
      }
    }
  }

  #write4(octets: Uint8Array, view: DataView, count: number): void {
    octets[0] = 0x45;
    octets[1] = this.#front;
    view.setUint16(2, octets.length);
    view.setUint16(4, 100 + count);
    view.setUint16(6, this.#fragment);
    octets[8] = 64;
    octets[9] = this.protocol;
    octets.set(this.#ends.source, 12);
    octets.set(this.#ends.destination, 16);
    view.setUint16(10, ~sumOf(octets.subarray(0, 20), 0) & 0xffff);
  }

  #write6(octets: Uint8Array, view: DataView, length: number): void {
    view.setUint32(0, 0x6000_0000 | (this.#front << 20));
    view.setUint16(4, length);
    octets[6] = this.protocol;
    octets[7] = 64;
    octets.set(this.#ends.source, 8);
    octets.set(this.#ends.destination, 24);
  }
}

/** Of 16-bit words, in one's complement (RFC 1071). */
function sumOf(octets: Uint8Array, start: number): number {
  let sum = start;
  for (let at = 0; at < octets.length; at += 2) {
    sum += ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
