/**
 * Latencies: packets at a rate, and when those of one session arrived.
 *
 * One thread sends and receives, so that neither keeps the other from its core, and the kernel says
 * when a packet arrived: what waits in a socket until it is looked at does not count. All packets of
 * the first session have a time stamp; those of the others are like them but for the port they go to.
 *
 * @module
 */
import type { Libc } from "../../src/linux/libc.ts";
import { encodeSockaddr } from "../../src/linux/sockaddr.ts";
import { ipv4 } from "../../src/net.ts";
import { kernelClock } from "./clock.ts";
import type { Latencies, Percentiles } from "./latencies.ts";
import type { Session } from "./loads.ts";
import { DISCARD, dataMessage, STAMPED, stamp, udpPacket, udpPayload } from "./packets.ts";
import { Ring } from "./ring.ts";

const PACKETS = 640;
/** Packets that go together: a sender that wakes for each packet could not keep the rate. */
const BURST = 8;
const DATA_HEADERS = 12; // L2TP with Length, PPP
/** Between two looks at what has arrived: a socket's buffer holds far more. */
const LOOK_MS = 1;
/** Bursts that are made up for after a pause; what is more would be another load. */
const LATE_BURSTS = 4;
const DRAIN_MS = 100;

/** A ring whose packets get the time by `stamp` before they go. */
export interface StampedRing {
  readonly ring: Ring;
  /** Part of the packets that have a time. */
  readonly part: number;
  /** Writes the time into packet `index`, if it is one that has it. */
  readonly stamp: (index: number, time: number) => void;
}

export function upwardStamped(
  libc: Libc,
  size: number,
  sessions: readonly Session[],
  name: Uint8Array,
  host: string,
): StampedRing {
  const destination = ipv4(host);
  const pieces = Array.from({ length: PACKETS }, (_, index) => {
    const session = sessions[index % sessions.length] as Session;
    const port = index % sessions.length === 0 ? STAMPED : DISCARD;
    const packet = udpPacket({
      ...{ source: ipv4(session.address), destination, size },
      ...{ sourcePort: STAMPED, destinationPort: port },
      identification: Math.floor(index / sessions.length),
    });
    return { octets: dataMessage(session.tunnelId, session.sessionId, packet), name };
  });
  const ring = new Ring(libc, pieces, undefined, BURST);
  return {
    ring,
    part: 1 / sessions.length,
    stamp(index, time) {
      if (index % sessions.length !== 0) return;
      stamp(ring.data, (ring.places[index] ?? 0) + DATA_HEADERS, time);
    },
  };
}

export function downwardStamped(
  libc: Libc,
  size: number,
  addresses: readonly string[],
): StampedRing {
  const octets = udpPayload(size);
  const pieces = Array.from({ length: PACKETS }, (_, index) => {
    const address = addresses[index % addresses.length] ?? "";
    return { octets, name: encodeSockaddr(address, index % addresses.length ? DISCARD : STAMPED) };
  });
  const ring = new Ring(libc, pieces, undefined, BURST);
  return {
    ring,
    part: 1 / addresses.length,
    stamp(index, time) {
      if (index % addresses.length === 0) ring.data.setUint32(ring.places[index] ?? 0, time);
    },
  };
}

export interface Paced extends Percentiles {
  /** Packets a second that were sent. */
  readonly rate: number;
  /** Part of the stamped packets that did not arrive, 0 to 1. */
  readonly lost: number;
}

/** Sends `rate` packets a second for `seconds`. */
export function pace(
  libc: Libc,
  { ring, part, stamp: write }: StampedRing,
  fd: number,
  latencies: Latencies,
  { seconds, rate }: { readonly seconds: number; readonly rate: number },
): Paced {
  const clock = kernelClock(libc);
  const interval = (BURST / rate) * 1_000;
  const begin = performance.now();
  const end = begin + seconds * 1_000;
  let due = begin;
  let look = begin;
  let sent = 0;
  for (let now = begin; now < end; now = performance.now()) {
    if (now >= look) {
      latencies.take();
      look = now + LOOK_MS;
      continue;
    }
    if (now < due) continue;
    const first = ring.next;
    const time = clock();
    for (let index = first; index < first + BURST; index++) write(index, time);
    sent += ring.send(fd);
    due = Math.max(due, now - LATE_BURSTS * interval) + interval;
  }
  while (performance.now() < end + DRAIN_MS) latencies.take();
  const percentiles = latencies.percentiles();
  const lost = Math.max(0, 1 - percentiles.received / (sent * part));
  return { ...percentiles, rate: sent / seconds, lost };
}
