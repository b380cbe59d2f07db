/**
 * The packets of a measurement: IPv4 with UDP inside, header checksum right, payload zero.
 *
 * @module
 */
import { checksum } from "../../src/codec/index.ts";
import { ipv4 } from "../../src/net.ts";

const IP_HEADER_SIZE = 20;
const UDP_HEADER_SIZE = 8;
/** The discard port. */
export const PORT = 9;

/** An IPv4 packet of `size` octets in all. */
export function udpPacket(source: string, destination: string, size: number): Uint8Array {
  const packet = new Uint8Array(size);
  const view = new DataView(packet.buffer);
  view.setUint32(0, 0x4500_0000 + size);
  view.setUint32(8, 0x4011_0000); // TTL 64, UDP
  view.setUint32(12, ipv4(source));
  view.setUint32(16, ipv4(destination));
  view.setUint16(10, checksum(packet.subarray(0, IP_HEADER_SIZE)));
  view.setUint16(IP_HEADER_SIZE, PORT);
  view.setUint16(IP_HEADER_SIZE + 2, PORT);
  view.setUint16(IP_HEADER_SIZE + 4, size - IP_HEADER_SIZE);
  return packet;
}

/** UDP payload that makes a packet of `size` octets. */
export function udpPayload(size: number): Uint8Array {
  return new Uint8Array(size - IP_HEADER_SIZE - UDP_HEADER_SIZE);
}
