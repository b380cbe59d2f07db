/**
 * Control messages that are not quite as they should be: an AVP too many, too few, twice, hidden,
 * changed; Ns, Nr and ids of others; octets changed in the end.
 *
 * @module
 */
import { type AvpInput, AvpType, buildControlMessage } from "../../../src/codec/index.ts";
import { hide } from "../../peer/hide.ts";
import { type Name, u16, u32, utf8 } from "../../peer/lac.ts";
import type { Octets } from "../octets.ts";
import type { Peer } from "./peer.ts";

const TYPES = Object.values(AvpType) as [number, ...number[]];
const VALUES: readonly [Uint8Array, ...Uint8Array[]] = [
  u16(1),
  u16(0),
  u16(0x0100),
  u16(46),
  u32(3),
  u32(64_000),
  utf8("123"),
  utf8("lac.example"),
  new Uint8Array(16),
  new Uint8Array(8).fill(0xff),
  new Uint8Array(10),
  new Uint8Array(26),
  Uint8Array.of(0, 2, 0, 6, 0x78),
  Uint8Array.of(5, 6, 1, 2, 3, 4),
  Uint8Array.of(3, 4, 0xc0, 0x23),
  new Uint8Array(0),
];
const STEPS = [0, 0, 0, 1, 0xffff, 2, 0x7fff, 0x8000] as const;
const VECTOR = utf8("sixteen octets!!");

export function message(
  choices: Octets,
  peer: Peer,
  name: Name,
  usual: readonly AvpInput[],
  secret: string,
): Uint8Array {
  const avps = [...usual];
  for (let left = choices.below(4); left > 0; left--) change(choices, avps, secret);
  const isFirst = name === "SCCRQ" || choices.seldom(16);
  const session = choices.seldom(8) ? choices.of([0, 1, peer.sessionId + 1]) : peer.sessionId;
  const ns = (peer.ns + choices.of(STEPS)) & 0xffff;
  const nr = (peer.nr + choices.of(STEPS)) & 0xffff;
  if (ns === peer.ns) peer.ns = (ns + 1) & 0xffff;
  const tunnelId = isFirst ? 0 : peer.tunnelId;
  const sessionId = name.endsWith("RQ") ? 0 : session;
  const datagram = buildControlMessage({ tunnelId, sessionId, ns, nr, avps });
  return choices.seldom(4) ? damaged(choices, datagram) : datagram;
}

function change(choices: Octets, avps: AvpInput[], secret: string): void {
  const at = 1 + choices.below(Math.max(1, avps.length - 1));
  switch (choices.below(6)) {
    case 0:
      avps.splice(at, 1);
      break;
    case 1: {
      const there = avps[at];
      if (there !== undefined) avps[at] = { ...there, value: anyValue(choices) };
      break;
    }
    case 2: {
      const there = avps[at];
      if (there !== undefined && secret !== "") hideIn(avps, at, there, secret);
      break;
    }
    case 3: {
      const [vendor, type] = [choices.of([0, 9]), choices.next()];
      avps.push({ vendor, type, mandatory: choices.seldom(2), value: anyValue(choices) });
      break;
    }
    default:
      avps.push({ type: choices.of(TYPES), value: anyValue(choices), hidden: choices.seldom(8) });
  }
}

function anyValue(choices: Octets): Uint8Array {
  return choices.seldom(3) ? choices.take(choices.below(20)) : choices.of(VALUES);
}

function hideIn(avps: AvpInput[], at: number, there: AvpInput, secret: string): void {
  avps[at] = { ...there, hidden: true, value: hide(there.type, there.value, secret, VECTOR, 4) };
  avps.splice(1, 0, { type: AvpType.RandomVector, value: VECTOR });
}

function damaged(choices: Octets, datagram: Uint8Array): Uint8Array {
  const at = choices.u16() % datagram.length;
  datagram[at] = choices.next();
  return choices.seldom(4) ? datagram.subarray(0, choices.u16() % datagram.length) : datagram;
}
