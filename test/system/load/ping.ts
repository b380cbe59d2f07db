/** An ICMP Echo-Request and its reply. @module */
import { ipv4 } from "../../../src/net.ts";

const HEADER = 20;
const ICMP = 1;
const ECHO_REQUEST = 8;
const ECHO_REPLY = 0;
const LENGTH = 64;

export function ping(from: string, to: string): Uint8Array {
  const packet = new Uint8Array(LENGTH);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, LENGTH);
  view.setUint8(8, 64);
  view.setUint8(9, ICMP);
  view.setUint32(12, ipv4(from));
  view.setUint32(16, ipv4(to));
  view.setUint16(10, checksum(view, 0, HEADER));
  view.setUint8(HEADER, ECHO_REQUEST);
  view.setUint16(HEADER + 2, checksum(view, HEADER, LENGTH));
  return packet;
}

export function isEchoReply(packet: Uint8Array): boolean {
  return packet[9] === ICMP && packet[HEADER] === ECHO_REPLY;
}

/** Of an even number of octets. */
function checksum(view: DataView, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
