/** What of two runs' packets may differ, made the same. */
import { parseHeader, parsePpp } from "../../../../src/codec/index.ts";
import type { Flows } from "./compare.ts";
import { IP6_HEADER, TCP } from "./packets.ts";

const TCP_CHECKSUM = 16;
const IPV6 = 0x0057;

/**
 * Data messages with one notation of a TCP checksum that is 0. For a device with USO but without TSO
 * the kernel cuts TCP itself and leaves checksums to the program, which cannot know whether it would
 * have written 0 (tcp_gso_segment) or 0xffff (skb_checksum_help).
 */
export function sameZero(flows: Flows): Flows {
  return new Map([...flows].map(([name, messages]) => [name, messages.map(withZero)]));
}

function withZero(message: Uint8Array): Uint8Array {
  const header = parseHeader(message);
  const frame = typeof header === "string" ? header : parsePpp(header.payload);
  if (typeof frame === "string") throw new Error(`the LNS sent what is ${frame}`);
  const ip = frame.information;
  const isInet6 = frame.protocol === IPV6;
  if (ip[isInet6 ? 6 : 9] !== TCP) return message;
  const start = isInet6 ? IP6_HEADER : ((ip[0] ?? 0) & 15) * 4;
  const at = message.length - ip.length + start + TCP_CHECKSUM;
  if (message[at] !== 0xff || message[at + 1] !== 0xff) return message;
  return message.slice().fill(0, at, at + 2);
}
