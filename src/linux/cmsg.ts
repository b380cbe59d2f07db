/**
 * The control messages that recvmmsg writes and sendmmsg reads beside a datagram (cmsg(3)).
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
const IPPROTO_IP = 0;
const IP_TOS = 1;
const IPPROTO_IPV6 = 41;
const IPV6_TCLASS = 67;
/** An int, padded. */
const NUMBER_SIZE = 4;
const NUMBER_SPACE = 24;
/** Of TOS and Traffic Class the DSCP has the 6 high bits, ECN the others. */
const DSCP_SHIFT = 2;

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

/** One that asks for this DSCP; `isIpv4` is the packet's family, not that of the socket. */
export function encodeDscp(dscp: number, isIpv4: boolean): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(NUMBER_SPACE);
  const view = new DataView(octets.buffer);
  view.setBigUint64(0, BigInt(CMSG_HEADER_SIZE + NUMBER_SIZE), true);
  view.setInt32(CMSG_LEVEL, isIpv4 ? IPPROTO_IP : IPPROTO_IPV6, true);
  view.setInt32(CMSG_TYPE, isIpv4 ? IP_TOS : IPV6_TCLASS, true);
  view.setInt32(CMSG_HEADER_SIZE, dscp << DSCP_SHIFT, true);
  return octets;
}
