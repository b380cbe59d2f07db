/**
 * A host at the client's end of a PPP link: it solicits routers, makes itself an address from the
 * /64 that it is told (RFC 4862), and speaks ICMPv6. Written from the RFCs, apart from src/ipv6.
 *
 * @module
 */
export const ALL_NODES = address("ff02000000000000 0000000000000001");
export const ALL_ROUTERS = address("ff02000000000000 0000000000000002");
export const UNSPECIFIED = new Uint8Array(16);

const RS_INTERVAL_MS = 4_000;
const RS_COUNT = 3;

export interface Icmp {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly hopLimit: number;
  readonly type: number;
  readonly code: number;
  readonly body: Uint8Array;
}

/** What a Router Advertisement says; options by type, without their type and length. */
export interface Advertisement {
  readonly hopLimit: number;
  readonly flags: number;
  readonly lifetime: number;
  readonly timers: readonly [reachable: number, retrans: number];
  readonly options: ReadonlyMap<number, Uint8Array>;
}

/** Hexadecimal digits as octets; blanks count for nothing. */
export function address(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits.replaceAll(/\s/g, ""), "hex"));
}

export function linkLocal(interfaceId: Uint8Array): Uint8Array {
  return Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...interfaceId);
}

export function solicitedNode(target: Uint8Array): Uint8Array {
  return Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ...target.subarray(13));
}

/** RFC 4443 2.3, the long way: the pseudo-header is written out. */
function checksum(source: Uint8Array, destination: Uint8Array, message: Uint8Array): number {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(message.length);
  header[7] = 58;
  const all = Buffer.concat([source, destination, header, message, Buffer.alloc(1)]);
  let sum = 0;
  for (let at = 0; at + 1 < all.length; at += 2) {
    sum += all.readUInt16BE(at);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return 0xffff - sum;
}

export function icmpPacket(fields: Partial<Icmp> & Pick<Icmp, "source" | "destination">): Buffer {
  const { source, destination, hopLimit = 255, type = 128, code = 0, body = [] } = fields;
  const message = Buffer.from([type, code, 0, 0, ...body]);
  message.writeUInt16BE(checksum(source, destination, message), 2);
  const header = Buffer.from([0x60, 0, 0, 0, 0, 0, 58, hopLimit]);
  header.writeUInt16BE(message.length, 4);
  return Buffer.concat([header, source, destination, message]);
}

/** @throws {Error} for anything that is not whole */
export function readIcmp(octets: Uint8Array): Icmp {
  const packet = Buffer.from(octets);
  const message = packet.subarray(40);
  const [source, destination] = [packet.subarray(8, 24), packet.subarray(24, 40)];
  if (packet.readUInt32BE(0) !== 0x6000_0000) throw new Error("version, class or flow");
  if (packet.readUInt16BE(4) !== message.length || packet[6] !== 58) throw new Error("header");
  if (checksum(source, destination, message) !== 0) throw new Error("checksum");
  const [type = 0, code = 0] = message;
  const hopLimit = packet[7] ?? 0;
  return { source, destination, hopLimit, type, code, body: message.subarray(4) };
}

export function readAdvertisement(body: Uint8Array): Advertisement {
  const octets = Buffer.from(body);
  const options = new Map<number, Uint8Array>();
  for (let at = 12; at < octets.length; at += octets.readUInt8(at + 1) * 8) {
    options.set(octets.readUInt8(at), octets.subarray(at + 2, at + octets.readUInt8(at + 1) * 8));
  }
  return {
    hopLimit: octets.readUInt8(0),
    flags: octets.readUInt8(1),
    lifetime: octets.readUInt16BE(2),
    timers: [octets.readUInt32BE(4), octets.readUInt32BE(8)],
    options,
  };
}

export class SlaacHost {
  readonly interfaceId: Uint8Array;
  readonly linkLocal: Uint8Array;
  /** Its global address, from the first Router Advertisement on. */
  global: Uint8Array | undefined;
  /** Link-local address of the router. */
  router: Uint8Array | undefined;
  mtu = 0;
  readonly heard: Icmp[] = [];
  readonly #out: Uint8Array[] = [];
  #solicited = 0;
  #deadline = Infinity;

  constructor(interfaceId: Uint8Array) {
    this.interfaceId = interfaceId;
    this.linkLocal = linkLocal(interfaceId);
  }

  start(now: number): void {
    this.#deadline = now;
    this.handleTimeout(now);
  }

  handleInput(packet: Uint8Array): void {
    const icmp = readIcmp(packet);
    this.heard.push(icmp);
    if (icmp.type !== 134 || icmp.hopLimit !== 255) return;
    this.router = icmp.source;
    this.#deadline = Infinity;
    const { options } = readAdvertisement(icmp.body);
    this.mtu = Buffer.from(options.get(5) ?? [0, 0, 0, 0, 0, 0]).readUInt32BE(2);
    const prefix = options.get(3);
    if (prefix?.[0] === 64 && ((prefix[1] ?? 0) & 0x40) !== 0) {
      this.global = Uint8Array.of(...prefix.subarray(14, 22), ...this.interfaceId);
    }
  }

  handleTimeout(now: number): void {
    if (now < this.#deadline) return;
    this.#solicited += 1;
    this.#deadline = this.#solicited < RS_COUNT ? now + RS_INTERVAL_MS : Infinity;
    const body = [0, 0, 0, 0];
    this.send({ destination: ALL_ROUTERS, type: 133, body: Uint8Array.from(body) });
  }

  send(fields: Partial<Icmp> & Pick<Icmp, "destination">): void {
    this.#out.push(icmpPacket({ source: this.linkLocal, ...fields }));
  }

  pollTransmit(): Uint8Array | undefined {
    return this.#out.shift();
  }

  pollTimeout(): number {
    return this.#deadline;
  }
}
