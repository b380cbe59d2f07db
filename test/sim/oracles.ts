/**
 * The oracles: what has to hold in every world, each one function. It returns what is wrong, or
 * `undefined`.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import type { Grant } from "../../src/aaa/index.ts";
import {
  AvpType,
  MessageType,
  parseControlMessage,
  parseHeader,
  readAvp,
} from "../../src/codec/index.ts";
import { UNPROVEN_ANSWER_MAX } from "../../src/limits.ts";
import { parseIpv6Prefix } from "../../src/net.ts";
import { bodyOf } from "../peer/wire.ts";
import type { Plane } from "../unit/dataplane/plane.ts";
import type { Correspondence } from "./letters.ts";
import type { SimLns } from "./nodes/lns.ts";
import { type Line, PAYLOAD, type SimPeer } from "./nodes/peer.ts";

export type Verdict = string | undefined;

/** The 60 s that setting up may take, and the retransmissions of the message that ends it. */
const STUCK_AFTER_MS = 100_000;
/** From so long after the healing on nothing changes any more. */
const SETTLED_MS = 150_000;
const STEPS_AT_ONCE_MAX = 10_000;

/** What leaves the LNS is L2TP. */
export function wellFormed(datagram: Uint8Array): Verdict {
  const header = parseHeader(datagram);
  return typeof header === "string" ? `the LNS built a datagram that is ${header}` : undefined;
}

/** No two parts of a world go on answering each other without time passing. */
export function comesToRest(stepsAtOnce: number): Verdict {
  return stepsAtOnce > STEPS_AT_ONCE_MAX ? `${stepsAtOnce} steps at one instant` : undefined;
}

/**
 * RFC 2661 5.8: an Ns stands for one message for ever, no more are out than the peer's window
 * takes, Nr never goes back.
 */
export function reliableDelivery(record: Correspondence, datagram: Uint8Array): Verdict {
  const message = parseControlMessage(datagram);
  if (typeof message === "string") return `the LNS built a message that is ${message}`;
  const { ns, nr } = message;
  if (message.avps.length > 0) {
    const body = bodyOf(message);
    const before = record.bodies.get(ns);
    const isStart = readAvp(message.avps, AvpType.MessageType) === MessageType.SCCRP;
    if (isStart && before !== undefined && before !== body) record.isDoubled = true;
    if (record.isDoubled) return undefined;
    if (before !== undefined && before !== body) return `Ns ${ns} has two messages`;
    record.bodies.set(ns, body);
    const out = (ns - record.heard + 1) & 0xffff;
    if (out > record.window && out < 0x8000) return `${out} messages are out`;
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
export function noAmplification(record: Correspondence, datagram: Uint8Array): Verdict {
  if (record.heard > 0) return undefined;
  const message = parseControlMessage(datagram);
  if (typeof message === "string") return undefined;
  if (message.avps.length === 0) return "a ZLB to a peer that has acknowledged nothing";
  const type = readAvp(message.avps, AvpType.MessageType);
  if (type !== MessageType.SCCRP && type !== MessageType.StopCCN) {
    return `message ${type} to a peer that has acknowledged nothing`;
  }
  const { length } = datagram;
  return length > UNPROVEN_ANSWER_MAX ? `${length} octets to a stranger` : undefined;
}

/** No address is granted to two at a time. */
export function addressHeldOnce(grant: Grant, out: ReadonlySet<Grant>): Verdict {
  const { address } = grant.profile;
  for (const other of out) {
    if (other.profile.address === address) return `${address} was granted twice`;
  }
  return undefined;
}

/** What leaves at the TUN device is from an authenticated session, and by its own address. */
export function ownSourceOnly(lns: SimLns, packet: Uint8Array): Verdict {
  const payload = new DataView(packet.buffer, packet.byteOffset + packet.length - PAYLOAD);
  const [tunnelId, sessionId] = [payload.getUint16(0), payload.getUint16(2)];
  const isIpv4 = packet[0] === 0x45;
  const source = isIpv4 ? packet.subarray(12, 16).join(".") : upperHalf(packet.subarray(8, 24));
  for (const row of lns.subscribers.rows(0)) {
    if (row.peerTunnelId !== tunnelId || row.peerSessionId !== sessionId) continue;
    if (row.phase !== "network") return `a packet of a session in phase ${row.phase}`;
    const own = isIpv4 ? row.address : prefixOf(row.prefix6);
    return own === source ? undefined : `a packet of ${own} from ${source}`;
  }
  return `a packet from ${source}, of no session`;
}

/** What reaches a subscriber was sent to its address. */
export function ownDestinationOnly({ ppp }: Line, packet: Uint8Array): Verdict {
  const isIpv4 = packet[0] === 0x45;
  const own = isIpv4 ? ppp?.address : hex(ppp?.host?.global ?? new Uint8Array());
  const destination = isIpv4 ? packet.subarray(16, 20).join(".") : hex(packet.subarray(24, 40));
  if (own === "" || destination === own) return undefined;
  return `a packet to ${destination} reached ${own}`;
}

/** What waits has a timer, and that lies ahead. */
export function liveTimers(lns: SimLns, now: number): Verdict {
  const { core, subscribers } = lns;
  const due = lns.timeout;
  if (due <= now) return `a timer of ${due} is still due at ${now}`;
  const [tunnel] = core.tunnels();
  if (tunnel !== undefined && core.pollTimeout() === Infinity) {
    return `tunnel ${tunnel.tunnelId} in ${tunnel.state} without a timer`;
  }
  for (const { sessionId, phase } of subscribers.rows(now)) {
    if (phase !== "dead" && subscribers.pollTimeout() === Infinity) {
      return `session ${sessionId} in phase ${phase} without a timer`;
    }
  }
  return undefined;
}

/** Nothing is on its way to `established` for longer than it may take. */
export function nothingStuck({ core }: SimLns, now: number): Verdict {
  for (const { tunnelId, state, since } of core.tunnels()) {
    if (state !== "established" && now - since > STUCK_AFTER_MS) {
      return `tunnel ${tunnelId} in ${state} since ${since}`;
    }
  }
  for (const { sessionId, state, since } of core.sessions()) {
    if (state !== "established" && now - since > STUCK_AFTER_MS) {
      return `session ${sessionId} in ${state} since ${since}`;
    }
  }
  return undefined;
}

/** A message taken twice or out of turn would be one that its state does not foresee. */
export function noSurprises({ core }: SimLns): Verdict {
  for (const name of ["out-of-sequence", "nr-never-sent"] as const) {
    if (core.counters[name] !== 0) return `${name} is ${core.counters[name]}`;
  }
  return undefined;
}

/** Once all is quiet both ends know of the same tunnels and sessions. */
export function agreement(lns: SimLns, peer: SimPeer, address: string): Verdict {
  const { lac } = peer;
  const tunnels = [...lns.core.tunnels()].filter(({ path }) => path.peer === address);
  const ours = tunnels.map(({ state, peerTunnelId }) => `${state} ${peerTunnelId}`);
  const theirs = lac?.state === "established" ? [`established ${lac.tunnelId}`] : [];
  if (ours.join() !== theirs.join()) return `tunnels: ${ours.join()} here, ${theirs.join()} there`;
  const sessions = [...lns.core.sessions()]
    .filter(({ path }) => path.peer === address)
    .map(({ state, peerSessionId, sessionId }) => `${state} ${peerSessionId} ${sessionId}`);
  const calls = [...(lac?.calls.values() ?? [])]
    .filter(({ state }) => state !== "closed")
    .map(({ state, id, peerId }) => `${state} ${id} ${peerId}`);
  const [here, there] = [sessions.sort().join(), calls.sort().join()];
  return here === there ? undefined : `sessions: ${here} here, ${there} there`;
}

/** After the healing everyone who wants in and may come in is in, and nobody else. */
export function goalsReached(lns: SimLns, peer: SimPeer, now: number): Verdict {
  const rows = [...lns.subscribers.rows(now)];
  for (const line of peer.lines) {
    const { isWelcome } = line.plan;
    const user = `${line.plan.user} (${peer.lac?.tunnelId}/${line.call?.id})`;
    const address = line.ppp?.address ?? "";
    const isWanted = peer.wants && line.wants && isWelcome;
    if (!isWanted) {
      if (address !== "") return `${user} has ${address} and should have none`;
      continue;
    }
    const row = rows.find(
      (each) => each.peerTunnelId === peer.lac?.tunnelId && each.peerSessionId === line.call?.id,
    );
    if (address === "" || row?.phase !== "network" || row.address !== address) {
      return `${user} wants in: ${address || "no address"}, ${row?.phase ?? "no session"}`;
    }
    if (line.answers === 0) return `${user} at ${address} gets no answer from the network`;
    if (line.plan.hasIpv6 && line.answers6 === 0) return `${user} gets no answer by IPv6`;
  }
  return undefined;
}

/** Without faults what stands goes on standing. */
export function staysAsItIs(changedAt: number, healedAt: number): Verdict {
  if (changedAt <= healedAt + SETTLED_MS) return undefined;
  return `a tunnel or session came or went at ${changedAt}`;
}

/** In the end nothing is left of anything. */
export function nothingLeft(lns: SimLns, peers: readonly SimPeer[], plane: Plane): Verdict {
  const { core, subscribers, aaa } = lns;
  const left = {
    tunnels: [...core.tunnels()].length,
    sessions: [...core.sessions()].length,
    "tunnels not drained": core.isDrained() ? 0 : 1,
    subscribers: [...subscribers.rows(0)].length,
    grants: aaa.out.size,
    "timers of the LNS": lns.timeout === Infinity ? 0 : 1,
    "timers of peers": peers.filter(({ timeout }) => timeout !== Infinity).length,
    "tunnels of peers": peers.filter(({ lac }) => lac !== undefined).length,
    "session records": recordsInUse(plane),
    "frames in the rings":
      plane.punt.head - plane.punt.tail + plane.inject.head - plane.inject.tail,
  };
  const names = Object.entries(left).filter(([, count]) => count !== 0);
  return names.length === 0 ? undefined : names.map(([name, n]) => `${n} ${name}`).join(", ");
}

/** Records are taken in the order of their index until enough have rested. */
const RECORDS_LOOKED_AT = 4_096;

function recordsInUse({ view }: Plane): number {
  let count = 0;
  for (let index = 1; index <= RECORDS_LOOKED_AT; index++) {
    const state = layout.SESSION_RECORDS + index * layout.SESSION_SIZE + layout.SESSION_STATE;
    if (view.getUint32(state, true) !== layout.SESSION_STATE_FREE) count++;
  }
  return count;
}

function prefixOf(prefix6: string): string {
  return upperHalf(parseIpv6Prefix(prefix6)?.first ?? new Uint8Array());
}

function upperHalf(address: Uint8Array): string {
  return hex(address.subarray(0, 8));
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString("hex");
}
