// Packets of a client and a host, and the PPP frames and data messages around them.
import { ipv4, ipv6 } from "../../../src/net.ts";

/** An IPv4 packet with a right header checksum and `payload` octets of counted payload. */
export function packet(source: string, destination: string, payload = 40): Uint8Array {
  const octets = new Uint8Array(20 + payload).map((_, index) => index & 0xff);
  const view = new DataView(octets.buffer);
  view.setUint32(0, 0x4500_0000 + octets.length);
  view.setUint32(4, 0);
  view.setUint32(8, 0x4011_0000);
  view.setUint32(12, ipv4(source));
  view.setUint32(16, ipv4(destination));
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(10, ~sum & 0xffff);
  return octets;
}

/** An IPv6 packet with `payload` octets of counted payload, UDP unless it is said. */
export function packet6(
  source: string,
  destination: string,
  payload = 40,
  nextHeader = 17,
): Uint8Array {
  const octets = new Uint8Array(40 + payload).map((_, index) => index & 0xff);
  const view = new DataView(octets.buffer);
  view.setUint32(0, 0x6000_0000);
  view.setUint16(4, payload);
  view.setUint8(6, nextHeader);
  view.setUint8(7, 64);
  octets.set(ipv6(source), 8);
  octets.set(ipv6(destination), 24);
  return octets;
}

/** The upper half of an IPv6 address as a number: the /64 that it is in. */
export function prefix6(address: string): bigint {
  return new DataView(ipv6(address).buffer).getBigUint64(0);
}

/** A data message with Length field around a PPP frame. */
export function dataMessage(tunnelId: number, sessionId: number, frame: Uint8Array): Uint8Array {
  const octets = new Uint8Array(8 + frame.length);
  const view = new DataView(octets.buffer);
  view.setUint16(0, 0x4002);
  view.setUint16(2, octets.length);
  view.setUint16(4, tunnelId);
  view.setUint16(6, sessionId);
  octets.set(frame, 8);
  return octets;
}

export function pppFrame(information: Uint8Array, header = [0xff, 0x03, 0x00, 0x21]): Uint8Array {
  return Uint8Array.of(...header, ...information);
}

/** Octets before an IPv6 packet in a PPP frame. */
export const PPP_IPV6 = [0xff, 0x03, 0x00, 0x57];

/** A client of tests, and a host that it talks to. */
export const CLIENT = "10.64.0.2";
export const HOST = "203.0.113.7";
export const CLIENT6 = "2001:db8:64:2::5";
export const HOST6 = "2001:db8:8::1";

/** A data message of session 8 in tunnel 7. */
export function message(inner: Uint8Array): Uint8Array {
  return dataMessage(7, 8, pppFrame(inner));
}

export function message6(inner: Uint8Array): Uint8Array {
  return dataMessage(7, 8, pppFrame(inner, PPP_IPV6));
}

export function good(): Uint8Array {
  return message(packet(CLIENT, HOST));
}
