/**
 * The oracles: what has to hold in every world, each one function. It returns what is wrong, or
 * `undefined`. Two wait for what they are about: that each session is accounted for once, with the
 * octets that went through its links, and that no established session is lost when a node restarts
 * from a checkpoint.
 *
 * @module
 */
import type { Grant } from "../../src/aaa/index.ts";
import {
  AvpType,
  type ControlMessage,
  MessageType,
  parseHeader,
  readAvp,
} from "../../src/codec/index.ts";
import type { SessionRow } from "../../src/daemon/api-messages.ts";
import type { Entry } from "../../src/history/entry.ts";
import {
  SESSION_SETUP_MS,
  TUNNEL_SETUP_MS,
  UNPROVEN_ANSWER_MAX,
  UNPROVEN_ANSWERS_BURST,
  UNPROVEN_ANSWERS_PER_SECOND,
  UNPROVEN_ANSWERS_PER_SOURCE_MAX,
} from "../../src/limits.ts";
import { bodyOf } from "../peer/wire.ts";
import type { Answers } from "./answers.ts";
import { type Correspondence, isStrange } from "./letters.ts";
import type { LacLine, SimLac } from "./nodes/lac.ts";
import { SimLns } from "./nodes/lns.ts";
import type { Line, SimPeer } from "./nodes/peer.ts";
import { RETRANSMIT_COUNT, type Station } from "./nodes/station.ts";
import { destinationOf, numberOf, PING_MS, sourceOf } from "./packets.ts";

export type Verdict = string | undefined;

const ANSWERED_MS = 3 * PING_MS;
const STEPS_AT_ONCE_MAX = 10_000;
/** An SCCRP, and its retransmissions. */
const ANSWERS_TO_A_REQUEST_MAX = 1 + RETRANSMIT_COUNT;

/** The same seed is the same world, octet for octet. */
export function sameTrace(first: string, second: string): Verdict {
  return first === second ? undefined : "it went another way the second time";
}

/** What leaves a node of ours is L2TP. */
export function wellFormed(datagram: Uint8Array): Verdict {
  const header = parseHeader(datagram);
  return typeof header === "string" ? `it built a datagram that is ${header}` : undefined;
}

/** Nor is it a control message that our own codec refuses. */
export function builtRight(status: string): Verdict {
  return `it built a message that is ${status}`;
}

/** No two parts of a world go on answering each other without time passing. */
export function comesToRest(stepsAtOnce: number): Verdict {
  return stepsAtOnce > STEPS_AT_ONCE_MAX ? `${stepsAtOnce} steps at one instant` : undefined;
}

/**
 * RFC 2661 5.8: an Ns stands for one message for ever, no more are out than the peer's window
 * takes, Nr never goes back.
 */
export function reliableDelivery(record: Correspondence, message: ControlMessage): Verdict {
  const { ns, nr } = message;
  if (message.avps.length > 0) {
    const body = bodyOf(message);
    const before = record.bodies.get(ns);
    const type = readAvp(message.avps, AvpType.MessageType);
    // What comes late is a new request, or belongs to nobody: it gets a tunnel, or is refused.
    const isNobodys = ns === 0 || record.isDead || !record.bodies.has(0);
    const isRefusal = type === MessageType.StopCCN && isNobodys;
    const isStart = type === MessageType.SCCRP || isRefusal;
    if (isStart && before !== undefined && before !== body) record.isDoubled = true;
    if (record.isDoubled) return undefined;
    if (before !== undefined && before !== body) return `Ns ${ns} has two messages`;
    record.bodies.set(ns, body);
    const out = (ns - record.heard + 1) & 0xffff;
    if (out > Math.max(1, record.window) && out < 0x8000) return `${out} messages are out`;
  }
  if (record.isDoubled) return undefined;
  if (((nr - record.nr) & 0xffff) >= 0x8000) return `Nr went from ${record.nr} back to ${nr}`;
  record.nr = nr;
  return undefined;
}

/** RFC 2661 5.8: what comes in turn or once more is acknowledged, and soon. */
export function acknowledgesInTime({ owedAt }: Correspondence, now: number): Verdict {
  return now > owedAt ? `an acknowledgement is due since ${owedAt}` : undefined;
}

/**
 * Who has not shown that it is there gets an SCCRP or a refusal, and a small one; nothing else, not
 * even a ZLB for the StopCCN of a peer that gives up before it has our SCCRP.
 */
export function noAmplification(
  record: Correspondence,
  message: ControlMessage,
  length: number,
): Verdict {
  if (!isStrange(record)) return undefined;
  if (message.avps.length === 0) return "a ZLB to a peer that has acknowledged nothing";
  const type = readAvp(message.avps, AvpType.MessageType);
  if (type !== MessageType.SCCRP && type !== MessageType.StopCCN) {
    return `message ${type} to a peer that has acknowledged nothing`;
  }
  return length > UNPROVEN_ANSWER_MAX ? `${length} octets to a stranger` : undefined;
}

/** And what goes to such, for a request, to an address and in all, stays within the limits. */
export function answersWithinBounds(answers: Answers, source: string, tunnelId: number): Verdict {
  const factor = answers.factor(source, tunnelId);
  if (factor > ANSWERS_TO_A_REQUEST_MAX) return `${factor} answers to a request of ${source}`;
  const [toOne, inAll] = [answers.to(source), answers.inAll];
  if (toOne > UNPROVEN_ANSWERS_PER_SOURCE_MAX) return `${toOne} answers to ${source}`;
  if (inAll <= UNPROVEN_ANSWERS_BURST + UNPROVEN_ANSWERS_PER_SECOND) return undefined;
  return `${inAll} answers to strangers within a second`;
}

/**
 * RFC 2661 5.8: what a peer has sent is taken once, and in its order. Its WENs say how many they
 * are: each that the node makes known is the next one.
 */
export function deliveredInOrder(before: number, report: number): Verdict {
  if (report === before + 1) return undefined;
  return `report ${report} of a call after its report ${before}`;
}

/** No address is granted to two at a time. */
export function addressHeldOnce(grant: Grant, out: ReadonlySet<Grant>): Verdict {
  const { address } = grant.profile;
  for (const other of out) {
    if (other !== grant && other.profile.address === address) return `${address} was granted twice`;
  }
  return undefined;
}

/** What leaves at the TUN device is from an authenticated session, and by its own address. */
export function ownSourceOnly(
  owners: ReadonlyMap<string, SessionRow>,
  packet: Uint8Array,
  users: readonly string[],
): Verdict {
  const source = sourceOf(packet);
  const row = owners.get(source);
  if (row === undefined) return `a packet from ${source}, which nobody has`;
  const user = users[numberOf(packet) ?? -1];
  if (user === undefined || user === row.user) return undefined;
  return `a packet of ${user} from ${source}, which is ${row.user}'s`;
}

/** What reaches a subscriber was sent to its address. */
export function ownDestinationOnly(own: readonly string[], packet: Uint8Array): Verdict {
  const destination = destinationOf(packet);
  return own.includes(destination) ? undefined : `a packet to ${destination} reached ${own.join()}`;
}

/** What has ended lasted as long as it did, whatever the clock on the wall has done meanwhile. */
export function historyInOrder({ at, since, code }: Entry, lasted: number): Verdict {
  if (Math.abs(at - since - lasted) < 1) return undefined;
  return `${code} after ${at - since} ms, which were ${lasted}`;
}

/** Nor is anything forgotten or told twice by that; repetitions are counted in one entry. */
export function historyComplete({ history, entries }: Station): Verdict {
  const told = history.entries().reduce((sum, { count }) => sum + count, 0);
  return told === entries ? undefined : `${told} of ${entries} ends are in the history`;
}

/**
 * What waits has a timer, and that lies ahead: for each tunnel or session that is not up, before
 * the end of the time that it has to be so. None is on its way for longer.
 */
export function liveTimers(station: Station, now: number): Verdict {
  const { core, side } = station;
  if (station.timeout <= now) return `a timer of ${station.timeout} is still due at ${now}`;
  const next = core.pollTimeout();
  for (const { tunnelId, state, since } of core.tunnels()) {
    const until = state === "established" ? Infinity : since + TUNNEL_SETUP_MS;
    if (next === Infinity || next > until) return `tunnel ${tunnelId} in ${state} without a timer`;
  }
  for (const { sessionId, state, since } of core.sessions()) {
    if (state === "established" || next <= since + SESSION_SETUP_MS) continue;
    return `session ${sessionId} in ${state} since ${since} without a timer`;
  }
  if (side.pollTimeout() < Infinity) return undefined;
  for (const what of side.waiting(now)) return `${what} without a timer`;
  return undefined;
}

/** A message taken twice or out of turn would be one that its state does not foresee. */
export function noSurprises({ core, refused }: Station): Verdict {
  // Answers to what it has forgotten it refuses: those it does not foresee either.
  for (const name of ["out-of-sequence", "nr-never-sent"] as const) {
    const count = core.counters[name] - (refused.get(name) ?? 0);
    if (count !== 0) return `${name} is ${count}`;
  }
  return undefined;
}

/** Once all is quiet both ends know of the same tunnels and sessions. */
export function agreement(here: readonly string[], there: readonly string[]): Verdict {
  const [ours, theirs] = [here.toSorted().join(), there.toSorted().join()];
  return ours === theirs ? undefined : `${ours} here, ${theirs} there`;
}

/** After the healing everyone who wants in and may come in is in, and nobody else. */
export function goalsReached(
  line: Line,
  wants: boolean,
  rows: readonly SessionRow[],
  now: number,
): Verdict {
  const { user, isWelcome } = line.plan;
  const address = line.ppp?.address ?? "";
  if (!wants || !line.wants || !isWelcome) {
    return address === "" ? undefined : `${user} has ${address} and should have none`;
  }
  return isServed(user, address, rows) ?? isAnswered(line, now);
}

/**
 * The same of a client of a LAC, which always wants in. One end may have given IPV6CP up when the
 * line was bad, and the other one may not know (RFC 1661 4.6): IPv4 then goes on alone.
 */
export function clientServed(
  line: LacLine,
  lac: SimLac,
  rows: readonly SessionRow[],
  now: number,
): Verdict {
  const { user } = line.plan;
  const client = lac.clients.all[line.index];
  const row = rows.find((each) => each.user === user && each.address === client?.address);
  const isServed6 = row !== undefined && row.prefix6 !== "" && client?.host !== undefined;
  return isServed(user, client?.address ?? "", rows) ?? isAnswered(line, now, isServed6);
}

function isServed(user: string, address: string, rows: readonly SessionRow[]): Verdict {
  const row = rows.find((each) => each.user === user && each.address === address);
  if (address !== "" && row?.phase === "network") return undefined;
  return `${user} wants in: ${address || "no address"}, ${row?.phase ?? "no session"}`;
}

function isAnswered(line: Line | LacLine, now: number, isServed6 = true): Verdict {
  const { plan, heardAt, heard6At } = line;
  if (now - heardAt > ANSWERED_MS) return `${plan.user} gets no answer from the network`;
  const isSilent6 = plan.hasIpv6 && isServed6 && now - heard6At > ANSWERED_MS;
  return isSilent6 ? `${plan.user} gets no answer by IPv6` : undefined;
}

/** Without faults what stands goes on standing. */
export function staysAsItIs(changedAt: number, settledAt: number): Verdict {
  if (changedAt <= settledAt) return undefined;
  return `a tunnel or session came or went at ${changedAt}`;
}

/** In the end nothing is left of anything. */
export function nothingLeft(station: Station): Verdict {
  const { core, side, machine, queues } = station;
  return named({
    tunnels: [...core.tunnels()].length,
    sessions: [...core.sessions()].length,
    "tunnels not drained": core.isDrained() ? 0 : 1,
    "sessions of the side": [...side.waiting(0)].length,
    grants: station instanceof SimLns ? station.aaa.out.size : 0,
    timers: station.timeout === Infinity ? 0 : 1,
    "session records": machine.recordsInUse,
    "entries in the rings": machine.inRings,
    "queues with something in them": queues.isEmpty ? 0 : 1,
  });
}

/** Nor at the other end. */
export function nothingLeftAtPeer({ timeout, lac }: SimPeer): Verdict {
  return named({ timers: timeout === Infinity ? 0 : 1, tunnels: lac === undefined ? 0 : 1 });
}

function named(left: Readonly<Record<string, number>>): Verdict {
  const names = Object.entries(left).filter(([, count]) => count !== 0);
  return names.length === 0 ? undefined : names.map(([name, n]) => `${n} ${name}`).join(", ");
}
