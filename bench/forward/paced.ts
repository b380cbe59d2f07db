/**
 * Packets at a rate, each with the time at which it was sent.
 *
 * @module
 */
import type { Libc } from "../../src/linux/libc.ts";
import { encodeSockaddr } from "../../src/linux/sockaddr.ts";
import { ipv4 } from "../../src/net.ts";
import { sharedClock } from "./clock.ts";
import { pause } from "./lines.ts";
import type { Session } from "./loads.ts";
import { dataMessage, STAMPED, stamp, udpPacket, udpPayload } from "./packets.ts";
import { Ring } from "./ring.ts";

const PACKETS = 640;
/** Packets that go together: a sender that wakes for each packet could not keep the rate. */
const BURST = 8;
const DATA_HEADERS = 12; // L2TP with Length, PPP
const PAUSE_MS = 20;

/** A ring whose packets get the time by `stamp` before they go. */
export interface StampedRing {
  readonly ring: Ring;
  /** Writes the time into packet `index`. */
  readonly stamp: (index: number, time: number) => void;
  readonly clock: () => number;
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
    const packet = udpPacket({
      source: ipv4(session.address),
      destination,
      sourcePort: STAMPED,
      destinationPort: STAMPED,
      identification: Math.floor(index / sessions.length),
      size,
    });
    return { octets: dataMessage(session.tunnelId, session.sessionId, packet), name };
  });
  const ring = new Ring(libc, pieces, undefined, BURST);
  const clock = sharedClock(libc);
  return {
    ring,
    clock,
    stamp: (index, time) => stamp(ring.data, (ring.places[index] ?? 0) + DATA_HEADERS, time),
  };
}

export function downwardStamped(
  libc: Libc,
  size: number,
  addresses: readonly string[],
): StampedRing {
  const octets = udpPayload(size);
  const pieces = Array.from({ length: PACKETS }, (_, index) => ({
    octets,
    name: encodeSockaddr(addresses[index % addresses.length] ?? "", STAMPED),
  }));
  const ring = new Ring(libc, pieces, undefined, BURST);
  const clock = sharedClock(libc);
  return {
    ring,
    clock,
    stamp: (index, time) => ring.data.setUint32(ring.places[index] ?? 0, time),
  };
}

/** Sends `rate` packets a second for `seconds`; how many the kernel took. */
export async function pace(
  { ring, stamp: write, clock }: StampedRing,
  fd: number,
  seconds: number,
  rate: number,
): Promise<number> {
  const begin = performance.now();
  let due = begin;
  let paused = begin;
  let sent = 0;
  for (let now = begin; now < begin + seconds * 1000; now = performance.now()) {
    if (now < due) {
      if (now - paused < PAUSE_MS) continue;
      await pause();
      paused = performance.now();
      continue;
    }
    const first = ring.next;
    const time = clock();
    for (let index = first; index < first + BURST; index++) write(index, time);
    sent += ring.send(fd);
    due += (BURST / rate) * 1000;
  }
  return sent;
}
