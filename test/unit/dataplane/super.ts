// Super-packets as a TUN device gives them: headers and payload of many packets, the sum of the
// pseudo header where the checksum is to be.
import {
  buildVirtio,
  FLAG,
  NEEDS_CHECKSUM,
  parseVirtio,
  TCP,
  TYPE,
  UDP,
  type Virtio,
  writeHeaderChecksum,
  writePartial,
} from "../../reference/offload.ts";
import { CLIENT, CLIENT6, HOST, HOST6, packet, packet6 } from "./frames.ts";

export const IPV4 = 20;
export const IPV6 = 40;
const TIMESTAMPS = [1, 1, 8, 10, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];

/** What one read of a TUN device brings of many packets. */
export interface Super {
  readonly virtio: Virtio;
  readonly packet: Uint8Array;
}

export function superTcp(
  payload: number,
  size: number,
  more: Partial<{ flags: number; v6: boolean }> = {},
) {
  const { flags = FLAG.ack, v6 = false } = more;
  const header = 20 + TIMESTAMPS.length;
  const octets = v6
    ? packet6(HOST6, CLIENT6, header + payload, TCP)
    : packet(HOST, CLIENT, header + payload);
  const start = v6 ? IPV6 : IPV4;
  octets[start + 12] = (header / 4) << 4;
  octets[start + 13] = flags;
  octets.set(TIMESTAMPS, start + 20);
  if (!v6) {
    octets[9] = TCP;
    writeHeaderChecksum(octets);
  }
  writePartial(octets, start, TCP);
  const type = v6 ? TYPE.tcp6 : TYPE.tcp4;
  return superOf(octets, type, start, size);
}

export function superUdp(payload: number, size: number, v6 = false): Super {
  const octets = v6 ? packet6(HOST6, CLIENT6, 8 + payload) : packet(HOST, CLIENT, 8 + payload);
  const start = v6 ? IPV6 : IPV4;
  new DataView(octets.buffer).setUint16(start + 4, 8 + payload);
  writePartial(octets, start, UDP);
  return superOf(octets, TYPE.udp, start, size);
}

export function superOf(
  octets: Uint8Array,
  type: number,
  checksumStart: number,
  size: number,
): Super {
  const checksumOffset = type === TYPE.udp ? 6 : 16;
  const fields = { flags: NEEDS_CHECKSUM, type, size, checksumStart, checksumOffset };
  return { packet: octets, virtio: parseVirtio(buildVirtio(fields)) };
}

/** An IPv6 packet with an extension header behind its header. */
export function insert(octets: Uint8Array, extension: Uint8Array, nextHeader: number): Uint8Array {
  const all = Uint8Array.of(...octets.slice(0, IPV6), ...extension, ...octets.slice(IPV6));
  all[6] = nextHeader;
  new DataView(all.buffer).setUint16(4, all.length - IPV6);
  return all;
}
