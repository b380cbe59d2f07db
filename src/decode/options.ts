/**
 * Configuration Options of LCP and of the network control protocols, by name.
 *
 * @module
 */

import { formatIpv4 } from "../net.ts";
import { CHAP } from "../ppp/protocols.ts";
import { hex, hex32, octetsText, shortHex, u16, u32 } from "./octets.ts";
import { protocolName } from "./protocols.ts";
import type { Field, Json } from "./types.ts";

type Words = Pick<Field, "text" | "value">;
type Say = (data: Uint8Array) => Words;
/** A name, and how data of the right length reads. */
export type Options = Readonly<Record<number, readonly [name: string, size: number, say: Say]>>;

/** Of any length. */
const ANY = -1;
const OPTION_HEADER = 2;

const octets: Say = (data) => ({ text: shortHex(data), value: hex(data) });
const none: Say = () => ({ text: "", value: true });
const number16: Say = (data) => ({ text: String(u16(data, 0)), value: u16(data, 0) });
const number32: Say = (data) => ({ text: hex32(u32(data, 0)), value: u32(data, 0) });
const address: Say = (data) => {
  const value = formatIpv4(u32(data, 0));
  return { text: value, value };
};

/** RFC 1994 3, RFC 2433 2, RFC 2759 2. */
const ALGORITHMS: Readonly<Record<number, string>> = {
  5: "MD5",
  128: "MS-CHAP",
  129: "MS-CHAPv2",
};

const authentication: Say = (data) => {
  const protocol = u16(data, 0);
  const algorithm = data[2];
  if (protocol !== CHAP || algorithm === undefined) {
    return { text: protocolName(protocol), value: { protocol } };
  }
  const name = ALGORITHMS[algorithm] ?? `algorithm ${algorithm}`;
  return { text: `CHAP, ${name}`, value: { protocol, algorithm } };
};

const protocolAndData: Say = (data) => {
  const rest = data.length > 2 ? ` ${shortHex(data.subarray(2))}` : "";
  return { text: `${protocolName(u16(data, 0))}${rest}`, value: hex(data) };
};

/** RFC 1570 2.3, RFC 2484, and 6 of Microsoft's: the client is to be told by CBCP. */
const CALLBACKS: readonly string[] = [
  "location is determined by user authentication",
  "dialing string",
  "location identifier",
  "E.164 number",
  "distinguished name",
  "operation 5",
  "location is determined during CBCP negotiation",
];

const callback: Say = (data) => {
  const operation = data[0] ?? 0;
  const rest = data.length > 1 ? ` ${shortHex(data.subarray(1))}` : "";
  return { text: `${CALLBACKS[operation] ?? `operation ${operation}`}${rest}`, value: hex(data) };
};

/** RFC 1990 5.1.3. */
const DISCRIMINATORS: readonly string[] = [
  "null class",
  "locally assigned address",
  "IPv4 address",
  "IEEE 802.1 MAC address",
  "PPP Magic-Number block",
  "public switched network directory number",
];

const discriminator: Say = (data) => {
  const kind = data[0] ?? 0;
  const rest = data.subarray(1);
  const value = kind === 2 && rest.length === 4 ? formatIpv4(u32(rest, 0)) : shortHex(rest);
  return { text: `${DISCRIMINATORS[kind] ?? `class ${kind}`} ${value}`, value: hex(data) };
};

const compression: Say = (data) => {
  const protocol = u16(data, 0);
  if (data.length !== 4) return protocolAndData(data);
  const [, , slots = 0, isSlotCompressed = 0] = data;
  const slot = isSlotCompressed ? "compressed" : "not compressed";
  return {
    text: `${protocolName(protocol)}, highest slot ${slots}, slot identifier ${slot}`,
    value: hex(data),
  };
};

/** The address of an interface in its notation (RFC 5072 4.1). */
const interfaceIdentifier: Say = (data) => {
  const value = [0, 2, 4, 6].map((at) => u16(data, at).toString(16)).join(":");
  return { text: value, value };
};

/** RFC 3078 2.1, RFC 2118. */
const MPPE_BITS: readonly (readonly [bit: number, name: string])[] = [
  [0x0100_0000, "stateless"],
  [0x40, "128-bit encryption"],
  [0x80, "56-bit encryption"],
  [0x20, "40-bit encryption"],
  [0x10, "obsolete encryption"],
  [0x01, "compression"],
];

const mppe: Say = (data) => {
  const value = u32(data, 0);
  const names = MPPE_BITS.filter(([bit]) => (value & bit) !== 0).map(([, name]) => name);
  return { text: names.join(", ") || "nothing", value };
};

/** RFC 1661 6, RFC 1662 7.1, RFC 1570 2, RFC 1990 5, and ppp-numbers. */
export const LCP_OPTIONS: Options = {
  1: ["Maximum-Receive-Unit", 2, number16],
  2: ["Async-Control-Character-Map", 4, number32],
  3: ["Authentication-Protocol", ANY, authentication],
  4: ["Quality-Protocol", ANY, protocolAndData],
  5: ["Magic-Number", 4, number32],
  7: ["Protocol-Field-Compression", 0, none],
  8: ["Address-and-Control-Field-Compression", 0, none],
  9: ["FCS-Alternatives", 1, octets],
  10: ["Self-Describing-Pad", 1, octets],
  11: ["Numbered-Mode", ANY, octets],
  13: ["Callback", ANY, callback],
  15: ["Compound-Frames", 0, none],
  17: ["Multilink-MRRU", 2, number16],
  18: ["Multilink-Short-Sequence-Number-Header-Format", 0, none],
  19: ["Multilink-Endpoint-Discriminator", ANY, discriminator],
  23: ["Link-Discriminator", 2, number16],
};

/** RFC 1332 3, RFC 1877 1, RFC 2290. */
export const IPCP_OPTIONS: Options = {
  1: ["IP-Addresses", 8, octets],
  2: ["IP-Compression-Protocol", ANY, compression],
  3: ["IP-Address", 4, address],
  4: ["Mobile-IPv4", 4, address],
  129: ["Primary-DNS-Server-Address", 4, address],
  130: ["Primary-NBNS-Server-Address", 4, address],
  131: ["Secondary-DNS-Server-Address", 4, address],
  132: ["Secondary-NBNS-Server-Address", 4, address],
};

/** RFC 5072 4, RFC 5172. */
export const IPV6CP_OPTIONS: Options = {
  1: ["Interface-Identifier", 8, interfaceIdentifier],
  2: ["IPv6-Compression-Protocol", ANY, protocolAndData],
};

/** RFC 1962 4, RFC 3078 2. */
export const CCP_OPTIONS: Options = {
  0: ["OUI", ANY, octets],
  1: ["Predictor-1", ANY, octets],
  2: ["Predictor-2", ANY, octets],
  17: ["Stac-LZS", ANY, octets],
  18: ["MPPE/MPPC", 4, mppe],
  21: ["BSD-Compress", ANY, octets],
  24: ["Magnalink", ANY, octets],
  26: ["Deflate", ANY, octets],
};

/** The options of a list up to the one that is wrong, and what is wrong with it. */
export function readOptions(
  names: Options,
  list: Uint8Array,
): { readonly fields: readonly Field[]; readonly fault: string | undefined } {
  const fields: Field[] = [];
  let at = 0;
  while (at < list.length) {
    const remaining = list.length - at;
    const type = list[at] ?? 0;
    const length = list[at + 1] ?? 0;
    const name = names[type]?.[0] ?? `option ${type}`;
    if (remaining < OPTION_HEADER) return { fields, fault: `${name} ends within its header` };
    if (length < OPTION_HEADER || length > remaining) {
      return {
        fields,
        fault: `${name} has Length ${length}, and ${octetsText(remaining)} are left`,
      };
    }
    fields.push(readOption(names, type, list.subarray(at + OPTION_HEADER, at + length)));
    at += length;
  }
  return { fields, fault: undefined };
}

function readOption(names: Options, type: number, data: Uint8Array): Field {
  const known = names[type];
  if (known === undefined) return { name: `option ${type}`, type, ...octets(data) };
  const [name, size, say] = known;
  if (size === ANY ? data.length > 0 : data.length === size) return { name, type, ...say(data) };
  const value: Json = hex(data);
  return { name, type, text: `no such value: ${shortHex(data)}`, value };
}
