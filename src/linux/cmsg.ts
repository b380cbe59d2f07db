/**
 * The control messages that recvmmsg writes beside a datagram (cmsg(3)).
 *
 * @module
 */

/** Length, level and type; what the message tells stands behind. */
export const CMSG_HEADER_SIZE = 16;
const CMSG_LEVEL = 8;
const CMSG_TYPE = 12;
const CMSG_ALIGN = 8;
const IPPROTO_UDP = 17;
const UDP_GRO = 104;

/**
 * Where the first control message of that kind lies among the `length` octets at `at`; `undefined`
 * when there is none, or one that is shorter than `size` octets behind its header.
 */
export function findControlMessage(
  view: DataView,
  at: number,
  length: number,
  { level, type, size }: { readonly level: number; readonly type: number; readonly size: number },
): number | undefined {
  const end = at + length;
  for (let next = at; end - next >= CMSG_HEADER_SIZE; ) {
    const octets = Number(view.getBigUint64(next, true));
    if (octets < CMSG_HEADER_SIZE || octets > end - next) return undefined;
    const isWanted =
      view.getInt32(next + CMSG_LEVEL, true) === level &&
      view.getInt32(next + CMSG_TYPE, true) === type;
    if (isWanted) return octets >= CMSG_HEADER_SIZE + size ? next : undefined;
    next += Math.ceil(octets / CMSG_ALIGN) * CMSG_ALIGN;
  }
  return undefined;
}

/** Octets of each datagram but the last in what UDP_GRO joined; `undefined` for a single one. */
export function decodeSegment(view: DataView, at: number, length: number): number | undefined {
  const kind = { level: IPPROTO_UDP, type: UDP_GRO, size: 4 };
  const found = findControlMessage(view, at, length, kind);
  const segment = found === undefined ? 0 : view.getInt32(found + CMSG_HEADER_SIZE, true);
  return segment > 0 ? segment : undefined;
}
