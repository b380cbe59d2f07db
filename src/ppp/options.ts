/**
 * Packets and Configuration Options as octets (RFC 1661 sections 5 and 6).
 *
 * @module
 */

export const Code = {
  ConfigureRequest: 1,
  ConfigureAck: 2,
  ConfigureNak: 3,
  ConfigureReject: 4,
  TerminateRequest: 5,
  TerminateAck: 6,
  CodeReject: 7,
  ProtocolReject: 8,
  EchoRequest: 9,
  EchoReply: 10,
  DiscardRequest: 11,
  Identification: 12,
  TimeRemaining: 13,
} as const;

/** One Configuration Option; `data` is what follows its Type and Length. */
export interface Option {
  readonly type: number;
  readonly data: Uint8Array;
}

/** Code, Identifier and Data of a packet whose Length was checked. Padding is cut off. */
export interface Packet {
  readonly code: number;
  readonly identifier: number;
  readonly data: Uint8Array;
}

export const PACKET_HEADER = 4;
const OPTION_HEADER = 2;
const OPTION_DATA_MAX = 253;

/** The packet, or `undefined` when its Length field is wrong or over `lengthMax`. */
export function parsePacket(octets: Uint8Array, lengthMax: number): Packet | undefined {
  if (octets.length < PACKET_HEADER) return undefined;
  const length = readU16(octets, 2);
  if (length < PACKET_HEADER || length > octets.length || length > lengthMax) return undefined;
  const [code = 0, identifier = 0] = octets;
  return { code, identifier, data: octets.subarray(PACKET_HEADER, length) };
}

export function buildPacket(code: number, identifier: number, data: Uint8Array): Uint8Array {
  const packet = new Uint8Array(PACKET_HEADER + data.length);
  packet[0] = code;
  packet[1] = identifier;
  packet[2] = packet.length >> 8;
  packet[3] = packet.length;
  packet.set(data, PACKET_HEADER);
  return packet;
}

/** All options of a list, or `undefined` when one runs past the end: all is discarded then. */
export function parseOptions(list: Uint8Array): Option[] | undefined {
  const options: Option[] = [];
  let at = 0;
  while (at < list.length) {
    const remaining = list.length - at;
    if (remaining < OPTION_HEADER) return undefined;
    const type = list[at] ?? 0;
    const length = list[at + 1] ?? 0;
    if (length < OPTION_HEADER || length > remaining) return undefined;
    options.push({ type, data: list.subarray(at + OPTION_HEADER, at + length) });
    at += length;
  }
  return options;
}

export function buildOptions(options: readonly Option[]): Uint8Array {
  let length = 0;
  for (const option of options) {
    if (option.data.length > OPTION_DATA_MAX) throw new RangeError("Configuration Option too long");
    length += OPTION_HEADER + option.data.length;
  }
  const list = new Uint8Array(length);
  let at = 0;
  for (const { type, data } of options) {
    list[at] = type;
    list[at + 1] = OPTION_HEADER + data.length;
    list.set(data, at + OPTION_HEADER);
    at += OPTION_HEADER + data.length;
  }
  return list;
}

export function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, at) => octet === b[at]);
}

export function readU16(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}

export function readU32(octets: Uint8Array, at: number): number {
  return readU16(octets, at) * 0x1_0000 + readU16(octets, at + 2);
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value);
}

export function u32(value: number): Uint8Array {
  return Uint8Array.of(value >> 24, value >> 16, value >> 8, value);
}
