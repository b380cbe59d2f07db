// PPP frames of the control thread: each is sent from its ring entry, with the L2TP header alone.

import { read32, read64, write32 } from "../bytes";
import {
  BATCH_COUNT,
  COUNT_DOWN_INJECT_STALE,
  COUNT_DOWN_INJECTED,
  ENTRY_FRAME,
  ENTRY_LENGTH,
  SESSION_NAME,
  SESSION_NAME_LENGTH,
  SLOT_CAPACITY,
  SOCKADDR_MAX,
  WORKER_BASE,
  WORKER_INJECT,
  WORKER_INJECT_SEND,
  WORKER_INJECTED,
} from "../layout";
import { count } from "./counters";
import { markOf, writeControl } from "./ecn";
import { writeHeader } from "./prefix";
import { entryAt, entrySession, pending, release, tail } from "./ring";
import { sessionState } from "./sessions";
import { isSwitched, partnerOf } from "./switch";
import { controlAt, setMessage } from "./vectors";

/**
 * Fills message `message` of a batch with the PPP frame of `octets` at `at`, in front of which the
 * L2TP header is written. The session's next number is its own: messages leave in this order.
 */
export function addressFrame(
  worker: usize,
  batch: usize,
  message: u32,
  session: usize,
  at: usize,
  octets: u32,
): void {
  const header = writeHeader(session, at, octets);
  const base = read64(worker + WORKER_BASE);
  const nameLength = min(read32(session + SESSION_NAME_LENGTH), SOCKADDR_MAX);
  const control = controlAt(batch, message);
  const controlLength = writeControl(control, session, markOf(session));
  const name = session + SESSION_NAME;
  const frame = at - header;
  setMessage(
    batch,
    message,
    base,
    frame,
    header + octets,
    name,
    nameLength,
    control,
    controlLength,
  );
}

/** Makes messages of the frames that wait in the inject ring; returns how many are to be sent. */
export function inject(worker: usize): u32 {
  const ring = worker + WORKER_INJECT;
  const waiting = min(pending(ring), <u32>BATCH_COUNT);
  write32(worker + WORKER_INJECTED, waiting);
  let messages: u32 = 0;
  for (let i: u32 = 0; i < waiting; i++) {
    const entry = entryAt(ring, tail(ring) + i);
    const session = entrySession(entry);
    const length = read32(entry + ENTRY_LENGTH);
    const isStale = session === 0 || length > SLOT_CAPACITY || sessionState(session) === 0;
    // What is sent in a session that is switched is the work of another.
    if (isStale || (isSwitched(session) && partnerOf(session) !== 0)) {
      count(worker, COUNT_DOWN_INJECT_STALE);
      continue;
    }
    const batch = worker + WORKER_INJECT_SEND;
    addressFrame(worker, batch, messages++, session, entry + ENTRY_FRAME, length);
    count(worker, COUNT_DOWN_INJECTED);
  }
  return messages;
}

/**
 * Gives the entries that the last `inject` saw back to the control thread, once they are sent;
 * returns how many others wait.
 */
export function releaseInjected(worker: usize): u32 {
  const ring = worker + WORKER_INJECT;
  release(ring, read32(worker + WORKER_INJECTED));
  write32(worker + WORKER_INJECTED, 0);
  return pending(ring);
}
