/** One flow of TCP or UDP with habits of its own, and the faults that happen to it. */
import {
  IP4_HEADER,
  IP6_HEADER,
  type IpFields,
  ipPacket,
  pseudoHeader,
  sum,
  TCP,
  type TcpFields,
  tcpSegment,
  UDP,
  udpDatagram,
} from "./packets.ts";
import type { Random } from "./random.ts";

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const PSH = 0x08;
const ACK = 0x10;
const URG = 0x20;
const ECE = 0x40;
const CWR = 0x80;
/** Mostly a whole segment of Ethernet or what is left of it inside a tunnel. */
const SIZES = [1360, 1348, 1300, 1200, 1024, 536, 100, 17, 2, 1];
const NONE = new Uint8Array();

export interface Ends {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

/** What a device that segments is told about a packet: `struct virtio_net_hdr`. */
export interface Segmentation {
  readonly flags: number;
  readonly type: number;
  readonly headers: number;
  readonly size: number;
  readonly start: number;
  readonly offset: number;
}

/** A packet, or many of them in one that has yet to be cut. */
export interface Super {
  readonly packet: Uint8Array;
  readonly segmentation: Segmentation;
}

export class Flow {
  readonly #random: Random;
  readonly #isTcp: boolean;
  readonly #isInet6: boolean;
  readonly #size: number;
  readonly #ports: number;
  readonly #idStep: number;
  readonly #hasTimestamps: boolean;
  readonly #withoutChecksum: boolean;
  #ip: IpFields;
  #sequence: number;
  #acknowledgement: number;
  #window: number;
  #clock = 1;

  constructor(random: Random, { source, destination }: Ends, mtu: number) {
    this.#random = random;
    this.#isTcp = random.chance(0.6);
    this.#isInet6 = source.length === 16;
    this.#hasTimestamps = this.#isTcp && random.chance(0.5);
    const headers = (this.#isInet6 ? IP6_HEADER : IP4_HEADER) + (this.#isTcp ? 20 : 8);
    // Never more than the route takes: a router judges a super-packet as a whole, by its longest
    // segment, and would drop a shorter last one with the others, which goes through on its own.
    const room = mtu - headers - (this.#hasTimestamps ? 12 : 0);
    const wanted = random.chance(0.4) ? room : random.pick(SIZES);
    this.#size = Math.min(room, wanted);
    this.#ports = random.integer(0, 0xffff_ffff);
    this.#idStep = random.pick([0, 1, 1, 1, 1, 1, 2]);
    this.#withoutChecksum = random.chance(0.1);
    this.#sequence = random.integer(0, 0xffff_ffff);
    this.#acknowledgement = random.integer(0, 0xffff_ffff);
    this.#window = random.integer(1, 0xffff);
    this.#ip = {
      source,
      destination,
      tos: random.pick([0, 0, 0, 0x02, 0x01, 0x03, 0xb8]),
      ttl: random.pick([64, 64, 128, 255, 7]),
      id: random.integer(0, 0xffff),
      fragment: random.pick([0x4000, 0x4000, 0]),
      flowLabel: random.pick([0, random.integer(0, 0xfffff)]),
      options: NONE,
      protocol: this.#isTcp ? TCP : UDP,
    };
  }

  /** So many packets, most of them such as follow one another without a gap. */
  run(count: number): Uint8Array[] {
    return Array.from({ length: count }, (_, index) =>
      this.#faulty(this.#next(index === count - 1)),
    );
  }

  /** Segments in one packet, as a host's TCP or a UDP socket with UDP_SEGMENT makes it. */
  super(segments: number): Super {
    const random = this.#random;
    const headers = this.#isTcp ? 20 + this.#options().length : 8;
    const before = this.#isInet6 ? IP6_HEADER : IP4_HEADER;
    const most = Math.floor((65535 - before - headers) / this.#size);
    const count = Math.min(segments, most);
    const last = count > 1 && random.chance(0.5) ? random.integer(1, this.#size) : this.#size;
    const payload = random.octets((count - 1) * this.#size + last);
    const ip = this.#stamp(count);
    const isEcn = this.#isTcp && random.chance(0.05);
    const odd = (isEcn ? CWR : 0) | (this.#isTcp && random.chance(0.05) ? FIN : 0);
    if (random.chance(0.2)) this.#zeroSegment(ip, payload, random.integer(1, count));
    const inner = this.#inner(ip, payload, this.#flags(random.chance(0.3), odd));
    const offset = this.#isTcp ? 16 : 6;
    new DataView(inner.buffer).setUint16(offset, pseudoHeader(ip, inner.length));
    const type = this.#isTcp ? (this.#isInet6 ? 4 : 1) : 5;
    const isOne = payload.length <= this.#size;
    return {
      packet: ipPacket(ip, inner),
      segmentation: {
        flags: 1,
        type: isOne ? 0 : type | (isEcn ? 0x80 : 0),
        headers: before + headers,
        size: isOne ? 0 : this.#size,
        start: before,
        offset,
      },
    };
  }

  #next(isLast: boolean): Uint8Array<ArrayBuffer> {
    const random = this.#random;
    const isShort = isLast ? random.chance(0.4) : random.chance(0.02);
    const isEmpty = random.chance(this.#isTcp ? 0.02 : 0.01);
    const length = isEmpty ? 0 : isShort ? random.integer(1, this.#size) : this.#size;
    const payload = random.octets(length);
    const odd = random.chance(0.02) ? random.pick([CWR, ECE, SYN, RST, URG, FIN, CWR | ECE]) : 0;
    const ip = this.#stamp(1);
    const inner = this.#inner(ip, payload, this.#flags(isLast && random.chance(0.6), odd));
    if (random.chance(0.02)) this.#makeZero(ip, inner);
    if (!this.#isTcp && this.#withoutChecksum && !this.#isInet6) inner.set([0, 0], 6);
    return ipPacket(ip, inner);
  }

  #flags(isPushed: boolean, odd: number): number {
    return ACK | (isPushed ? PSH : 0) | odd;
  }

  #inner(ip: IpFields, payload: Uint8Array, flags: number): Uint8Array<ArrayBuffer> {
    if (!this.#isTcp) return udpDatagram(ip, this.#ports, payload);
    const segment = tcpSegment(ip, this.#tcp(flags, payload.length), payload);
    this.#sequence = (this.#sequence + payload.length) >>> 0;
    this.#drift();
    return segment;
  }

  #tcp(flags: number, octets: number): TcpFields {
    return {
      ports: this.#ports,
      sequence: this.#sequence,
      acknowledgement: this.#acknowledgement,
      flags,
      window: this.#window,
      urgent: (flags & URG) === 0 ? 0 : octets,
      options: this.#options(),
    };
  }

  /** Changes a payload that is yet to be cut, so that the sum of one of its segments is 0. */
  #zeroSegment(ip: IpFields, payload: Uint8Array<ArrayBuffer>, index: number): void {
    const from = index * this.#size;
    const part = payload.subarray(from, from + this.#size);
    // The last has other flags.
    if (part.length < this.#size || from + part.length === payload.length || part.length < 2)
      return;
    part.set([0, 0]);
    const tcp = this.#tcp(ACK, 0);
    const segment = this.#isTcp
      ? tcpSegment(ip, { ...tcp, sequence: (tcp.sequence + from) >>> 0 }, part)
      : udpDatagram(ip, this.#ports, part);
    const at = this.#isTcp ? 16 : 6;
    part.set(segment.subarray(at, at + 2));
  }

  /** What changes from time to time within a connection. */
  #drift(): void {
    const random = this.#random;
    if (random.chance(0.03)) this.#clock += 1;
    if (random.chance(0.02)) this.#window = random.integer(1, 0xffff);
    if (random.chance(0.02)) this.#acknowledgement = (this.#acknowledgement + 1448) >>> 0;
    if (random.chance(0.01)) this.#sequence = (this.#sequence + this.#size) >>> 0;
    if (random.chance(0.01)) this.#sequence = (this.#sequence - 2 * this.#size) >>> 0;
  }

  #options(): Uint8Array {
    if (!this.#hasTimestamps) return NONE;
    const options = new Uint8Array(12);
    options.set([1, 1, 8, 10]);
    new DataView(options.buffer).setUint32(4, this.#clock);
    return options;
  }

  /** The IP fields of the next packet, which stands for `count`. */
  #stamp(count: number): IpFields {
    const random = this.#random;
    const ip = this.#ip;
    const step = random.chance(0.01) ? 7 : this.#idStep;
    this.#ip = { ...ip, id: (ip.id + step * count) & 0xffff };
    if (random.chance(0.01)) this.#ip = { ...this.#ip, tos: ip.tos ^ 0x03 };
    if (random.chance(0.005)) this.#ip = { ...this.#ip, ttl: 33 };
    if (random.chance(0.005)) this.#ip = { ...this.#ip, flowLabel: ip.flowLabel ^ 1 };
    return ip;
  }

  /** Changes the payload so that the sum is 0, which has two ways to be written. */
  #makeZero(ip: IpFields, inner: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(inner.buffer);
    const header = this.#isTcp ? view.getUint8(12) >> 2 : 8;
    if (inner.length < header + 2) return;
    const at = this.#isTcp ? 16 : 6;
    view.setUint16(at, 0);
    view.setUint16(header, 0);
    view.setUint16(header, 0xffff - sum(inner, pseudoHeader(ip, inner.length)));
    view.setUint16(at, this.#isTcp && this.#random.chance(0.5) ? 0 : 0xffff);
  }

  #faulty(packet: Uint8Array<ArrayBuffer>): Uint8Array {
    const random = this.#random;
    if (!random.chance(0.04)) return packet;
    const view = new DataView(packet.buffer);
    const header = this.#isInet6 ? IP6_HEADER : IP4_HEADER;
    switch (random.integer(0, 4)) {
      case 0: // an octet of the payload, or of the header of TCP or UDP, is wrong
        packet.set([random.integer(0, 255)], random.integer(header, packet.length - 1));
        break;
      case 1: // the checksum of TCP or UDP is wrong
        view.setUint16(header + (this.#isTcp ? 16 : 6), random.integer(1, 0xfffe));
        break;
      case 2: // the checksum of IPv4 is wrong, the Hop Limit another
        if (this.#isInet6) view.setUint8(7, 99);
        else view.setUint16(10, view.getUint16(10) ^ 0x0101);
        break;
      case 3: // IPv4 identification such that the header's checksum is 0, in either notation
        if (!this.#isInet6) this.#zeroHeader(packet, view);
        break;
      default: // octets behind the packet, which PPP allows
        return Uint8Array.from([...packet, 0, 0, 0]);
    }
    return packet;
  }

  #zeroHeader(packet: Uint8Array<ArrayBuffer>, view: DataView): void {
    view.setUint16(10, 0);
    view.setUint16(4, 0);
    view.setUint16(4, 0xffff - sum(packet.subarray(0, IP4_HEADER)));
    view.setUint16(10, this.#random.pick([0, 0xffff]));
  }
}
