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

/** Packets of a ring, so that a flow's Identification continues for long. */
const SINGLES = 6_400;
const SEGMENTED_MESSAGES = 64;
const PAYLOAD_MAX = 65_000;
const SEGMENTS_MAX = 64;
const FIRST_PORT = 1_024;
const PORTS = 60_000;

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
  const sent = new Map<number, number>();
  const message = (index: number, only?: number) => {
    const { session: place, port } = flowOf(load, only ?? index, sessions.length);
    const session = sessions[place] as Session;
    const flow = place * PORTS + port;
    const identification = sent.get(flow) ?? 0;
    sent.set(flow, identification + 1);
    const source = ipv4(session.address);
    const ports = { sourcePort: FIRST_PORT + port, destinationPort: DISCARD };
    const packet = udpPacket({ source, destination, ...ports, identification, size: load.size });
    return dataMessage(session.tunnelId, session.sessionId, packet);
  };
  if (load.isSegmented) {
    const length = message(0).length;
    sent.clear();
    const many = Math.min(SEGMENTS_MAX, Math.floor(PAYLOAD_MAX / length));
    const pieces = Array.from({ length: SEGMENTED_MESSAGES }, (_, index) => {
      const parts = Array.from({ length: many }, (_, part) => message(part, index));
      return { octets: joined(parts), name, segment: length };
    });
    return new Ring(libc, pieces);
  }
  const count = load.count ?? SINGLES;
  const pieces = Array.from({ length: count }, (_, index) => ({ octets: message(index), name }));
  return new Ring(libc, pieces, load.count === undefined ? undefined : shuffled(count));
}

/** UDP to the clients' addresses; the kernel makes the packets. */
export function downward(libc: Libc, load: Load, addresses: readonly string[]): Ring {
  const payload = udpPayload(load.size);
  if (load.isSegmented) {
    const many = Math.min(SEGMENTS_MAX, Math.floor(PAYLOAD_MAX / payload.length));
    const octets = joined(Array.from({ length: many }, () => payload));
    const pieces = Array.from({ length: SEGMENTED_MESSAGES }, (_, index): Piece => {
      const address = addresses[index % addresses.length] ?? "";
      return { octets, name: encodeSockaddr(address, DISCARD), segment: payload.length };
    });
    return new Ring(libc, pieces);
  }
  const count = load.count ?? SINGLES;
  const pieces = Array.from({ length: count }, (_, index): Piece => {
    const { session, port } = flowOf(load, index, addresses.length);
    const address = addresses[session] ?? "";
    const isOne = load.flows === "session";
    return { octets: payload, name: encodeSockaddr(address, isOne ? DISCARD : FIRST_PORT + port) };
  });
  return new Ring(libc, pieces, load.count === undefined ? undefined : shuffled(count));
}

/** Session and port of packet `index`. */
function flowOf({ flows }: Load, index: number, sessions: number) {
  const session = flows === "many" ? 0 : index % sessions;
  return { session, port: flows === "session" ? 0 : index % PORTS };
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
