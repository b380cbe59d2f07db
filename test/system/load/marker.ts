/** UDP datagrams in IPv4 packets whose payload says whose they are. @module */
import { checksum } from "../../../src/codec/index.ts";
import { ipv4 } from "../../../src/net.ts";

export const MARKER_PORT = 7_007;
const UDP = 17;
const IP_HEADER = 20;
const UDP_HEADER = 8;

/** Without a UDP checksum, as RFC 768 lets a sender do. */
export function markerPacket(source: string, destination: string, text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const packet = new Uint8Array(IP_HEADER + UDP_HEADER + payload.length);
  const view = new DataView(packet.buffer);
  packet.set([0x45, 0, 0, 0, 0, 1, 0, 0, 64, UDP]);
  view.setUint16(2, packet.length);
  view.setUint32(12, ipv4(source));
  view.setUint32(16, ipv4(destination));
  view.setUint16(10, checksum(packet.subarray(0, IP_HEADER)));
  view.setUint16(IP_HEADER, MARKER_PORT);
  view.setUint16(IP_HEADER + 2, MARKER_PORT);
  view.setUint16(IP_HEADER + 4, UDP_HEADER + payload.length);
  packet.set(payload, IP_HEADER + UDP_HEADER);
  return packet;
}

export function payloadOf(packet: Uint8Array): string {
  return new TextDecoder().decode(packet.subarray(IP_HEADER + UDP_HEADER));
}
