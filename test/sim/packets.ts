/**
 * What the subscribers of a world send to the network behind, and how that answers.
 *
 * @module
 */
import { parseIpv6Prefix } from "../../src/net.ts";
import { address, icmpPacket } from "../peer/slaac.ts";
import { packet } from "../unit/dataplane/frames.ts";
import type { LinePlan } from "./plan.ts";
import type { Random } from "./random.ts";

/** So often everyone who is up pings. */
export const PING_MS = 8_000;
const HOST = "203.0.113.7";
const HOST6 = address("20010db8ffff0000 0000000000000001");
const ECHO_REQUEST = 128;
const ECHO_REPLY = 129;
/** IPv6 and the header of an echo. */
const ECHO_SIZE = 48;
const VERSION_4 = 0x45;
/** So often one goes along whose source is not the sender's: a neighbour's, or nobody's yet. */
const FORGED = 0.25;
/** One ping in so many is large. */
const LARGE_EVERY = 12;
const LARGE = 1_200;
/** The last of each ping: its serial, the number of its line, and that with all bits turned. */
const SIGNATURE = 8;
const NUMBER = 4;

/** Who pings, and the serials of pings that are not answered yet. */
export interface Pinger {
  readonly plan: LinePlan;
  readonly asked: Set<number>;
}

/** By IPv4 from `own`, if there is that, and now and then from elsewhere. */
export function pings(pinger: Pinger, own: string, random: Random): Uint8Array[] {
  const isForging = own === "" || random.chance(FORGED);
  const stranger = `10.${random.pick([64, 65])}.0.${random.between(2, 30)}`;
  const sources = [...(own === "" ? [] : [own]), ...(isForging ? [stranger] : [])];
  return sources.map((source) => {
    const isLarge = random.between(1, LARGE_EVERY) === 1;
    const octets = packet(source, HOST, SIGNATURE + (isLarge ? random.between(1, LARGE) : 0));
    octets.set(signature(pinger, random), octets.length - SIGNATURE);
    return octets;
  });
}

/** The same by IPv6; `own` is absent until a router has told the prefix. */
export function pings6(pinger: Pinger, own: Uint8Array | undefined, random: Random): Uint8Array[] {
  const isForging = own === undefined || random.chance(FORGED);
  const half = random.pick(["64", "65"]);
  const last = random.between(0, 255).toString(16).padStart(2, "0");
  const prefix = address(`20010db800${half}00${last}`);
  const stranger = Uint8Array.of(...prefix, ...(own ?? FIRST).subarray(8));
  const sources = [...(own === undefined ? [] : [own]), ...(isForging ? [stranger] : [])];
  return sources.map((source) => {
    const body = signature(pinger, random);
    return icmpPacket({ source, destination: HOST6, type: ECHO_REQUEST, body });
  });
}

const FIRST = new Uint8Array(16).fill(1);

function signature({ plan: { number }, asked }: Pinger, random: Random): Uint8Array {
  const serial = random.octets(NUMBER);
  asked.add(serialOf(serial));
  return Uint8Array.of(...serial, 0, number, 0xff, ~number & 0xff);
}

function serialOf(octets: Uint8Array): number {
  return octets.reduce((serial, octet) => serial * 256 + octet, 0);
}

/** Whether a packet is the first answer to a ping of that one. */
export function isAnswer({ asked }: Pinger, packet: Uint8Array): boolean {
  const isPossible = isIpv4(packet) || isEchoReply6(packet);
  return isPossible && asked.delete(serialOf(packet.subarray(-SIGNATURE, -NUMBER)));
}

/** A large packet of the network behind. */
export function toClient(destination: string): Uint8Array {
  return packet(HOST, destination, LARGE);
}

/** The line that a packet came from, or that it answers; unless that was changed on the way. */
export function numberOf(packet: Uint8Array): number | undefined {
  const [a = 0, number = 0, b = 0, inverse = 0] = packet.subarray(-NUMBER);
  return a === 0 && b === 0xff && inverse === (~number & 0xff) ? number : undefined;
}

/** The network behind answers every packet: an Echo-Reply by IPv6, by IPv4 the same back. */
export function answerTo(packet: Uint8Array): Uint8Array {
  const answer = packet.slice();
  const isIpv4 = packet[0] === VERSION_4;
  const [source, destination, length] = isIpv4 ? [12, 16, 4] : [8, 24, 16];
  answer.set(packet.subarray(source, source + length), destination);
  answer.set(packet.subarray(destination, destination + length), source);
  if (!isIpv4 && packet.length >= ECHO_SIZE) answerEcho(answer);
  return answer;
}

/** ICMPv6 Echo Request to Echo Reply: the type goes up by one, so the checksum goes down by 256. */
function answerEcho(packet: Uint8Array): void {
  packet[40] = (packet[40] ?? 0) + 1;
  const view = new DataView(packet.buffer, packet.byteOffset);
  const sum = view.getUint16(42) - 0x100;
  view.setUint16(42, sum < 0 ? sum + 0xffff : sum);
}

export function isEchoReply6(packet: Uint8Array): boolean {
  return packet[40] === ECHO_REPLY;
}

export function isIpv4(packet: Uint8Array): boolean {
  return packet[0] === VERSION_4;
}

/** An IPv4 address as text; of an IPv6 address the /64, which is what a session has. */
export function sourceOf(packet: Uint8Array): string {
  return isIpv4(packet) ? packet.subarray(12, 16).join(".") : half(packet.subarray(8, 24));
}

/** The same of where it goes. */
export function destinationOf(packet: Uint8Array): string {
  return isIpv4(packet) ? packet.subarray(16, 20).join(".") : half(packet.subarray(24, 40));
}

/** The /64 of a prefix as `sourceOf` has it. */
export function prefixOf(prefix6: string): string {
  return half(parseIpv6Prefix(prefix6)?.first ?? new Uint8Array());
}

/** The upper half of an IPv6 address as digits; "" of none. */
export function half(octets: Uint8Array): string {
  return Buffer.from(octets.subarray(0, 8)).toString("hex");
}
