/**
 * A message that is larger than its owner can send has its optional values left out: what a client or
 * a LAC has made large ends no tunnel with the calls of others.
 *
 * @module
 */
import { type AvpInput, AvpType } from "../codec/index.ts";
import { PROXY } from "./messages.ts";

/** Octets (RFC 2661 3.1, 4.1). */
const MESSAGE_HEADER = 12;
const AVP_HEADER = 6;

/**
 * What is left out, one group after the other, until the rest fits. Without the last CONFREQs an LNS
 * negotiates LCP anew, and then asks the peer anew: the login goes with them.
 */
const GROUPS: readonly ReadonlySet<number>[] = [
  new Set([AvpType.LcpWantOptions, AvpType.LcpAllowOptions]),
  new Set([AvpType.InitialReceivedLcpConfreq]),
  new Set([AvpType.LnsLastSentLcpConfreq, AvpType.LnsLastReceivedLcpConfreq]),
  new Set(PROXY),
];

export function fitting(avps: readonly AvpInput[], most: number): readonly AvpInput[] {
  let left = avps;
  for (const group of GROUPS) {
    if (sizeOf(left) <= most) break;
    left = left.filter(({ type }) => !group.has(type));
  }
  return left;
}

/** Octets of a control message. */
export function sizeOf(avps: readonly AvpInput[]): number {
  return avps.reduce((size, { value }) => size + AVP_HEADER + value.length, MESSAGE_HEADER);
}
