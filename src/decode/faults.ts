/**
 * What is wrong with a message and where, for each word of the codec.
 *
 * @module
 */
import type { Fault } from "../codec/index.ts";
import { AVPS_MAX } from "../limits.ts";
import { avpName } from "./avps.ts";
import { octetsText, u16 } from "./octets.ts";
import type { HeaderFields } from "./types.ts";
import { walkAvps } from "./walk.ts";

/** Octets of a control message in front of its AVPs. */
export const CONTROL_HEADER = 12;
const AVP_HEADER = 6;

const VERSIONS: Readonly<Record<number, string>> = {
  1: "L2F (RFC 2341)",
  3: "L2TPv3 (RFC 3931)",
};

export function faultText(fault: Fault, payload: Uint8Array, header: HeaderFields): string {
  const { length } = payload;
  switch (fault) {
    case "short":
      return `it ends within its header, after ${octetsText(length)}`;
    case "version":
      return `Ver is ${header.version}: ${VERSIONS[header.version] ?? "not L2TPv2"}`;
    case "length":
      return (header.length ?? 0) > length
        ? `Length is ${header.length}, and ${octetsText(length)} are there`
        : `Length is ${header.length}, less than its header`;
    case "offset":
      return `Offset Size ${header.offsetSize} reaches past the end, at ${octetsText(length)}`;
    case "control-bits":
      return `a control message has L and S and neither O nor P, and this has ${header.bits}`;
    case "avp-length":
      return avpFault(payload.subarray(0, header.length));
    case "too-many":
      return `it has more than ${AVPS_MAX} AVPs`;
    default:
      return fault;
  }
}

/** Which AVP it is, and where it begins. */
function avpFault(message: Uint8Array): string {
  const { avps, at } = walkAvps(message.subarray(CONTROL_HEADER));
  const rest = message.subarray(CONTROL_HEADER + at);
  const place = `AVP ${avps.length + 1} at octet ${CONTROL_HEADER + at}`;
  const left = `${octetsText(rest.length)} are left`;
  if (rest.length < AVP_HEADER) return `${place} ends within its header: ${left}`;
  const name = avpName({ vendor: u16(rest, 2), type: u16(rest, 4) });
  const length = u16(rest, 0) & 0x3ff;
  const why = length < AVP_HEADER ? "less than its header" : `and ${left}`;
  return `${place} (${name}) has Length ${length}, ${why}`;
}
