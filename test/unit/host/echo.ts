/** Echo messages in IPv4 packets, written from RFC 791, 792 and 1071 apart from src. */

/** The sum that a right message with its checksum has as 0xffff. */
export function sum(octets: Uint8Array): number {
  let total = 0;
  for (let at = 0; at < octets.length; at += 2) {
    total += ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
  }
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

export function echoRequest(source: string, destination: string, data: Uint8Array): Uint8Array {
  const packet = Buffer.alloc(28 + data.length);
  packet.writeUInt16BE(0x4500, 0);
  packet.writeUInt16BE(packet.length, 2);
  packet.writeUInt16BE(0x1234, 4);
  packet.writeUInt16BE(0x4011, 8);
  packet[9] = 1;
  packet.set(source.split(".").map(Number), 12);
  packet.set(destination.split(".").map(Number), 16);
  packet.writeUInt16BE(0xffff - sum(packet.subarray(0, 20)), 10);
  packet.set([8, 0, 0, 0, 0xbe, 0xef, 0, 3], 20);
  packet.set(data, 28);
  packet.writeUInt16BE(0xffff - sum(packet.subarray(20)), 22);
  return new Uint8Array(packet);
}
