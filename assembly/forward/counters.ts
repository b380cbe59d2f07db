// Counters belong to one worker, which is their only writer; others read them at any time.

import { read32, read64, readShared32, write32, write64 } from "../bytes";
import {
  CONTROL_SECOND,
  COUNT_DOWN_OCTETS,
  COUNT_DOWN_PACKETS,
  COUNT_DOWN_TOO_BIG,
  COUNT_UP_OCTETS,
  COUNT_UP_PACKETS,
  COUNT_UP_SWITCHED,
  COUNT_UP_SWITCHED_OCTETS,
  SESSION_DROPS,
  SESSION_HEARD,
  SESSION_REASON_COUNT,
  SESSION_REASONS,
  SESSION_RX_OCTETS,
  SESSION_RX_PACKETS,
  SESSION_SENT,
  SESSION_TX_OCTETS,
  SESSION_TX_PACKETS,
  WORKER_COUNTERS,
} from "../layout";

export function count(worker: usize, counter: u32): void {
  add(worker + WORKER_COUNTERS + counter * 8, 1);
}

/** Counts a drop for the worker and for the session that it befell. */
export function countDrop(worker: usize, counter: u32, drops: usize): void {
  countDrops(worker, counter, drops - SESSION_DROPS, 1);
}

/** Counts `packets` drops for the worker and, when it is known, for their session. */
export function countDrops(worker: usize, counter: u32, session: usize, packets: u32): void {
  add(worker + WORKER_COUNTERS + counter * 8, packets);
  if (session === 0) return;
  add(session + SESSION_DROPS, packets);
  if (counter >= SESSION_REASON_COUNT) return;
  const reason = session + SESSION_REASONS + counter * 4;
  write32(reason, read32(reason) + packets);
}

export function countTooBig(worker: usize, session: usize, packets: u32): void {
  countDrops(worker, COUNT_DOWN_TOO_BIG, session, packets);
}

/** Counts a packet of `octets` that came from the peer. */
export function countDelivered(worker: usize, session: usize, octets: u32): void {
  add(session + SESSION_RX_PACKETS, 1);
  add(session + SESSION_RX_OCTETS, octets);
  write32(session + SESSION_HEARD, readShared32(CONTROL_SECOND));
  count(worker, COUNT_UP_PACKETS);
  add(worker + WORKER_COUNTERS + COUNT_UP_OCTETS * 8, octets);
}

/** Counts `packets` packets of `octets` each that go to the peer. */
export function countSent(worker: usize, session: usize, packets: u32, octets: u32): void {
  add(session + SESSION_TX_PACKETS, packets);
  add(session + SESSION_TX_OCTETS, packets * octets);
  write32(session + SESSION_SENT, readShared32(CONTROL_SECOND));
  add(worker + WORKER_COUNTERS + COUNT_DOWN_PACKETS * 8, packets);
  add(worker + WORKER_COUNTERS + COUNT_DOWN_OCTETS * 8, packets * octets);
}

/** Counts `packets` frames of `octets` in all that came from one peer and go on to another. */
export function countSwitched(
  worker: usize,
  from: usize,
  to: usize,
  packets: u32,
  octets: u32,
): void {
  const second = readShared32(CONTROL_SECOND);
  add(from + SESSION_RX_PACKETS, packets);
  add(from + SESSION_RX_OCTETS, octets);
  write32(from + SESSION_HEARD, second);
  add(to + SESSION_TX_PACKETS, packets);
  add(to + SESSION_TX_OCTETS, octets);
  write32(to + SESSION_SENT, second);
  add(worker + WORKER_COUNTERS + COUNT_UP_SWITCHED * 8, packets);
  add(worker + WORKER_COUNTERS + COUNT_UP_SWITCHED_OCTETS * 8, octets);
}

export function add(at: usize, amount: u64): void {
  write64(at, read64(at) + amount);
}
