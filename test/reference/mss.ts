/**
 * What is done to the segment size that a SYN names, as plainly as it can be said: the options are a
 * list, and the checksum is worked out as if the old value were taken from the sum.
 *
 * @module
 */
const TCP = 6;
const SYN = 0x02;
const MSS = 2;

interface Option {
  readonly kind: number;
  readonly at: number;
  readonly length: number;
}

/** The packet as it goes on; a copy. `isPartial`: its checksum is yet to be computed. */
export function clamped(packet: Uint8Array, mtu: number, isPartial = false): Uint8Array {
  const copy = packet.slice();
  const isV6 = (packet[0] ?? 0) >> 4 === 6;
  const limit = mtu - (isV6 ? 60 : 40);
  const start = isV6 ? 40 : ((packet[0] ?? 0) & 15) * 4;
  const view = new DataView(copy.buffer);
  const length = isV6 ? 40 + view.getUint16(4) : view.getUint16(2);
  if (packet[isV6 ? 6 : 9] !== TCP || length < start + 20 || limit <= 0) return copy;
  if (!isV6 && (view.getUint16(6) & 0x3fff) !== 0) return copy;
  const header = ((packet[start + 12] ?? 0) >> 4) * 4;
  if (((packet[start + 13] ?? 0) & SYN) === 0 || start + header > length) return copy;
  const option = options(packet, start + 20, start + header).find(({ kind }) => kind === MSS);
  if (option?.length !== 4) return copy;
  const value = option.at + 2;
  const old = view.getUint16(value);
  if (old <= limit) return copy;
  view.setUint16(value, limit);
  if (isPartial) return copy;
  // The octets weigh 256 and 1, at an odd place the other way round.
  const isOdd = (value - start) % 2 === 1;
  const weight = (word: number) => (isOdd ? (word % 256) * 256 + (word >> 8) : word);
  const sum = 0xffff - view.getUint16(start + 16) + 0xffff - weight(old) + weight(limit);
  view.setUint16(start + 16, 0xffff - (sum % 0xffff === 0 ? 0xffff : sum % 0xffff));
  return copy;
}

/** All options before the first that does not add up. */
function options(octets: Uint8Array, from: number, to: number): Option[] {
  const found: Option[] = [];
  for (let at = from; at < to; ) {
    const kind = octets[at] ?? 0;
    if (kind === 0) break;
    const length = kind === 1 ? 1 : (octets[at + 1] ?? 0);
    if (kind !== 1 && (at + 1 >= to || length < 2 || at + length > to)) break;
    found.push({ kind, at, length });
    at += length;
  }
  return found;
}
