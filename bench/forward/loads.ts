/**
 * The messages of a load: upward as data messages, downward as UDP of the host.
 *
 * @module
 */
import type { Libc } from "../../src/linux/libc.ts";
import { encodeSockaddr } from "../../src/linux/sockaddr.ts";
import { ipv4 } from "../../src/net.ts";
import { DISCARD, dataMessage, udpPacket, udpPayload } from "./packets.ts";
import { type Piece, Ring } from "./ring.ts";
import type { Load } from "./settings.ts";

/** Messages of a ring at least: so many that a flow's Identification continues for long. */
const SINGLES = 6_000;
const SEGMENTED_MESSAGES = 60;
const PAYLOAD_MAX = 65_000;
const SEGMENTS_MAX = 64;
const FIRST_PORT = 1_024;
/** Of a session. */
export const FLOWS_MAX = 60_000;

export interface Session {
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly address: string;
}

/** Data messages of the clients, to `host`. */
export function upward(
  libc: Libc,
  load: Load,
  sessions: readonly Session[],
  name: Uint8Array,
  host: string,
): Ring {
  const destination = ipv4(host);
  const sent = new Uint32Array(load.flows);
  const message = (flow: number) => {
    const session = sessions[flow % sessions.length] as Session;
    const identification = sent[flow] ?? 0;
    sent[flow] = identification + 1;
    const ports = { sourcePort: portOf(flow, sessions.length), destinationPort: DISCARD };
    const source = ipv4(session.address);
    const packet = udpPacket({ source, destination, ...ports, identification, size: load.size });
    return dataMessage(session.tunnelId, session.sessionId, packet);
  };
  const each = dataMessage(0, 0, new Uint8Array(load.size)).length;
  return ringOf(libc, load, each, (flow, count) => {
    return { octets: joined(Array.from({ length: count }, () => message(flow))), name };
  });
}

/** UDP to the clients' addresses; the kernel makes the packets. */
export function downward(libc: Libc, load: Load, addresses: readonly string[]): Ring {
  const payload = udpPayload(load.size);
  return ringOf(libc, load, payload.length, (flow, count) => ({
    octets: joined(Array.from({ length: count }, () => payload)),
    name: encodeSockaddr(addresses[flow % addresses.length] ?? "", portOf(flow, addresses.length)),
  }));
}

/** `piece` makes a message of `count` packets of a flow, each of `length` octets in it. */
function ringOf(
  libc: Libc,
  { flows, isSegmented, isShuffled }: Load,
  length: number,
  piece: (flow: number, count: number) => Piece,
): Ring {
  const least = isSegmented ? SEGMENTED_MESSAGES : SINGLES;
  const messages = Math.ceil(least / flows) * flows; // each flow has as many
  const count = isSegmented ? Math.min(SEGMENTS_MAX, Math.floor(PAYLOAD_MAX / length)) : 1;
  const pieces = Array.from({ length: messages }, (_, index) => {
    const made = piece(index % flows, count);
    return isSegmented ? { ...made, segment: length } : made;
  });
  return new Ring(libc, pieces, isShuffled ? shuffled(messages) : undefined);
}

function portOf(flow: number, sessions: number): number {
  return FIRST_PORT + Math.floor(flow / sessions);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The same order in each run: Fisher and Yates, with a generator of its own. */
function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  let state = 2_661;
  for (let last = count - 1; last > 0; last--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = Math.floor((state / 0x1_0000_0000) * (last + 1));
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  return order;
}
