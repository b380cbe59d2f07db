// The TOS or Traffic Class of the packets that carry a tunnel, as their network wants it: DSCP (RFC
// 2983 5: the pipe model with a value, the uniform one with a copy), and ECN as RFC 6040 has it for
// both ends, in normal mode: copied on the way out, combined on the way in, so that congestion within
// the tunnel is seen at its end.

import {
  copyVector,
  getU8,
  getU16,
  putU8,
  read16,
  read32,
  read64,
  write32,
  write64,
} from "../bytes";
import { updateChecksum } from "../ip/checksum";
import {
  AF_INET,
  DSCP_COPY,
  NETWORK_DSCP,
  NETWORK_ECN,
  NETWORK_FLAGS,
  SESSION_CONTROL,
  SESSION_CONTROL_LENGTH,
  SESSION_CONTROL_MAX,
  SESSION_DSCP,
  SESSION_NAME,
  SESSION_NETWORK,
} from "../layout";
import { hasFlag, networkAt } from "./networks";

const VERSION_6: u32 = 6;
const ECN: u32 = 0x03;
const NOT_ECT: u32 = 0;
const ECT_1: u32 = 1;
const ECT_0: u32 = 2;
const CE: u32 = 3;
const DSCP_SHIFT: u32 = 2;

const CMSG_LEVEL: u32 = 8;
const CMSG_TYPE: u32 = 12;
const CMSG_DATA: u32 = 16;
const CMSG_LENGTH: u64 = 20; // header and an int
const CMSG_TOS_SPACE: u32 = 24;
const CMSG_ALIGNMENT: u32 = 8;
const VECTOR: u32 = 16;
const SOL_IP: u32 = 0;
const SOL_IPV6: u32 = 41;
const IP_TOS: u32 = 1;
const IPV6_TCLASS: u32 = 67;
/** The third word of ::ffff:0:0/96, as it is loaded. */
const MAPPED: u32 = 0xffff_0000;

/** The octet with the DSCP that a session has of its own (RFC 3308), 0 without. */
export function markOf(session: usize): u32 {
  const own = read32(session + SESSION_DSCP);
  return own === 0 ? 0 : ((own - 1) << DSCP_SHIFT) & 0xff;
}

/** The octet for the packet that carries the one at `at`; 0, and no work, unless it is asked for. */
export function outerTos(session: usize, at: usize): u32 {
  const network = networkAt(read32(session + SESSION_NETWORK));
  const own = read32(session + SESSION_DSCP);
  const dscp = own === 0 ? read32(network + NETWORK_DSCP) : own - 1;
  const hasEcn = (read32(network + NETWORK_FLAGS) & NETWORK_ECN) !== 0;
  if (dscp === 0 && !hasEcn) return 0;
  const inner = getU8(at) >> 4 === VERSION_6 ? (getU16(at) >> 4) & 0xff : getU8(at + 1);
  const upper = dscp === DSCP_COPY ? inner & ~ECN : (dscp << DSCP_SHIFT) & 0xff;
  return hasEcn ? upper | (inner & ECN) : upper;
}

/** Writes the control messages of a session, and one that asks for `tos` unless it is 0; octets. */
export function writeControl(to: usize, session: usize, tos: u32): u32 {
  const length = min(read32(session + SESSION_CONTROL_LENGTH), SESSION_CONTROL_MAX);
  for (let i: u32 = 0; i < length; i += VECTOR) copyVector(to + i, session + SESSION_CONTROL + i);
  if (tos === 0) return length;
  const aligned = alignedControl(length);
  writeTos(to + aligned, session, tos);
  return aligned + CMSG_TOS_SPACE;
}

export function alignedControl(length: u32): u32 {
  return (length + CMSG_ALIGNMENT - 1) & ~(CMSG_ALIGNMENT - 1);
}

/**
 * Writes the control message that asks for it; `session` says of which family the outer packet is. A
 * socket of both families that sends to an IPv4 address takes it in the words of IPv4.
 */
function writeTos(control: usize, session: usize, tos: u32): void {
  const name = session + SESSION_NAME;
  const isMapped = read64(name + 8) === 0 && read32(name + 16) === MAPPED;
  const isIpv4 = read16(name) === AF_INET || isMapped;
  write64(control, CMSG_LENGTH);
  write32(control + CMSG_LEVEL, isIpv4 ? SOL_IP : SOL_IPV6);
  write32(control + CMSG_TYPE, isIpv4 ? IP_TOS : IPV6_TCLASS);
  write32(control + CMSG_DATA, tos);
}

/**
 * Combines ECN of the outer header with that of the packet at `at` (RFC 6040 4.2, figure 4). False
 * when it has to be dropped: congestion was met by a packet that cannot tell.
 */
export function combineEcn(session: usize, at: usize, outer: u32): bool {
  if (!hasFlag(read32(session + SESSION_NETWORK), NETWORK_ECN)) return true;
  const isIpv6 = getU8(at) >> 4 === VERSION_6;
  const inner = isIpv6 ? (getU8(at + 1) >> 4) & ECN : getU8(at + 1) & ECN;
  if (inner === NOT_ECT) return outer !== CE;
  const isRaised = outer === CE || (outer === ECT_1 && inner === ECT_0);
  if (!isRaised || inner === CE) return true;
  if (isIpv6) {
    putU8(at + 1, (getU8(at + 1) & ~(ECN << 4)) | (outer << 4));
  } else {
    const before = read16(at);
    putU8(at + 1, (getU8(at + 1) & ~ECN) | outer);
    updateChecksum(at + 10, before, read16(at));
  }
  return true;
}
