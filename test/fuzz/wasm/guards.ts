/**
 * Guards: octets of the memory that are nobody's, before, between and behind its regions. Who writes past
 * the end of one is seen by what they hold. Most are gaps of the layout itself: what a buffer has behind
 * its capacity, the words between head and tail of a ring, slots and records that mean "none".
 *
 * No gap is behind the messages to send, the arena of their headers, the batch of frames to send and the
 * frames that are held: World and Output check how many there are.
 *
 * @module
 */
import * as layout from "../../../assembly/layout.ts";
import { workerAt } from "../../../src/dataplane/memory.ts";

const CANARY = 0xa5;
const GUARD = 512;
const LINE = 64;
/** Of many entries that all have a gap, so many are looked at, and of each so much at most. */
const SOME = 32;
const GAP = 16;
/** The last word of an mmsghdr is padding. */
const PADDING = 60;
/** So far the limits are those of Tunnel IDs that may be in use: two octets each. */
const LIMITS_UNUSED = 64;

export interface Area {
  readonly at: number;
  readonly end: number;
}

/** Remembers what areas hold. */
export class Guards {
  readonly #words: Uint32Array;
  readonly #places: Uint32Array;
  readonly #values: Uint32Array;

  /** Gaps are filled, `unused` stays what it is. */
  constructor(memory: WebAssembly.Memory, gaps: readonly Area[], unused: readonly Area[] = []) {
    const octets = new Uint8Array(memory.buffer);
    for (const { at, end } of gaps) octets.fill(CANARY, at, end);
    this.#words = new Uint32Array(memory.buffer);
    this.#places = Uint32Array.from(
      [...gaps, ...unused].flatMap(({ at, end }) =>
        Array.from({ length: (end - at) / 4 }, (_, word) => at / 4 + word),
      ),
    );
    this.#values = this.#places.map((place) => this.#words[place] ?? 0);
  }

  /** @throws Error when one was written to */
  check(): void {
    const [words, places, values] = [this.#words, this.#places, this.#values];
    for (let i = 0; i < places.length; i++) {
      const place = places[i] ?? 0;
      if (words[place] !== values[i]) throw new Error(`written at ${place * 4}, which is nobody's`);
    }
  }
}

const size = (at: number, octets: number): Area => ({ at, end: at + octets });

/** The gap of each of so many entries, each `step` octets behind the one before. */
function each(count: number, first: number, step: number, octets: number): Area[] {
  return Array.from({ length: count }, (_, i) => size(first + i * step, octets));
}

export function gapsOfMemory(): Area[] {
  return [
    size(layout.CONTROL_IO - GUARD, GUARD),
    size(workerAt(0) - GUARD, GUARD),
    ...gapsOfWorker(workerAt(0)),
    ...gapsOfWorker(workerAt(1)),
    size(layout.SESSIONS - GUARD, GUARD),
  ];
}

/**
 * Null, and of each table the record that means none and the last one; that of no session counts frames
 * of rings that are no session's.
 */
export function unusedOfMemory(): Area[] {
  const tables = [
    [layout.ROUTE_RECORDS, layout.ROUTE_SIZE, layout.ROUTE_COUNT],
    [layout.SUBNET_RECORDS, layout.SUBNET_SIZE, layout.SUBNET_COUNT],
    [layout.PREFIX_RECORDS, layout.PREFIX_SIZE, layout.PREFIX_COUNT],
    [layout.SHAPERS, layout.SHAPER_SIZE, layout.SESSION_COUNT],
  ] as const;
  return [
    size(0, GUARD),
    ...tables.flatMap(([records, octets, last]) => each(2, records, last * octets, octets)),
    size(layout.SESSIONS_END - layout.SESSION_SIZE, layout.SESSION_SIZE),
  ];
}

function gapsOfWorker(worker: number): Area[] {
  const behind = layout.BUFFER_SIZE - layout.BUFFER_CAPACITY;
  const received = worker + layout.WORKER_RECEIVE + layout.RECEIVE_BUFFERS;
  const read = worker + layout.WORKER_READ;
  const buffers = (first: number, gap: number) =>
    each(SOME, first + layout.BUFFER_SIZE - gap, layout.BUFFER_SIZE, GAP);
  const vectors = layout.WRITE_VECTORS + layout.WRITE_VECTORS_MAX * layout.IOVEC_SIZE;
  const messages = worker + layout.WORKER_SEND + layout.SEND_MESSAGES;
  const spare = layout.MESSAGE_CONTROL_LENGTH + 8;
  const headers = [
    ...[layout.WORKER_SEND, layout.WORKER_PLAIN],
    ...[layout.WORKER_INJECT_SEND, layout.WORKER_ECHO_SEND],
  ];
  return [
    size(worker + layout.WORKER_EVENTS, LINE),
    size(worker + layout.WORKER_CUT - LINE, LINE),
    size(worker + layout.WORKER_RECEIVE - LINE, LINE),
    ...buffers(received, behind),
    ...each(SOME, worker + layout.WORKER_WRITES + vectors, layout.WRITE_SIZE, GAP),
    size(worker + layout.WORKER_FLOWS - layout.WRITE_SIZE + vectors, GAP),
    ...each(SOME, worker + layout.WORKER_FLOWS + 12, layout.FLOW_SIZE, 4),
    size(read, 32),
    ...buffers(read, behind - layout.BUFFER_HEADROOM),
    ...headers.flatMap((batch) => each(SOME, worker + batch + PADDING, layout.MMSGHDR_SIZE, 4)),
    ...each(SOME, messages + spare, layout.MESSAGE_SIZE, GAP),
    ...each(SOME, worker + layout.WORKER_OPEN + 12, layout.OPEN_SIZE, 4),
    size(worker + layout.WORKER_LIMITS + LIMITS_UNUSED, LINE),
    size(worker + layout.WORKER_PLAIN - LINE, LINE),
    ...[layout.WORKER_PUNT, layout.WORKER_INJECT, layout.WORKER_HANDED].flatMap((ring) =>
      gapsOfRing(worker + ring),
    ),
    ...Array.from({ length: layout.PRODUCER_COUNT }, (_, producer) =>
      gapsOfRing(worker + layout.WORKER_HANDOVERS + producer * layout.HANDOVER_SIZE),
    ).flat(),
    ...each(layout.ERROR_COUNT, worker + layout.WORKER_ERRORS + 16, layout.ERROR_SIZE, GAP),
    size(worker + layout.WORKER_POOL, LINE),
    ...each(SOME, worker + layout.WORKER_POOL + layout.SLOT_SIZE + 8, layout.SLOT_SIZE, GAP),
    size(worker + layout.WORKER_HOLD, GUARD),
    ...each(SOME, worker + layout.WORKER_HOLD + layout.SLOT_SIZE + 40, layout.SLOT_SIZE, 8),
    size(worker + layout.WORKER_PLAIN_END, GUARD),
    size(worker + layout.WORKER_SIZE - LINE, LINE),
  ];
}

/** Behind its head, and behind its tail. */
function gapsOfRing(ring: number): Area[] {
  return [size(ring + LINE - GAP, GAP), size(ring + layout.RING_ENTRIES - GAP, GAP)];
}
