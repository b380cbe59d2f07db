/**
 * The control thread's ends of the rings: PPP frames that a worker punted, and frames that it is
 * to send. One producer, one consumer, positions count for ever modulo 2^32.
 *
 * @module
 */
import {
  ENTRY_FRAME,
  ENTRY_GENERATION,
  ENTRY_LENGTH,
  ENTRY_NAME,
  ENTRY_SESSION,
  HANDED_DATAGRAM,
  HANDED_ENTRY,
  HANDED_KIND,
  HANDED_LENGTH,
  HANDED_NAME,
  HANDED_NETWORK,
  HANDED_SKIP,
  HANDOVER_CAPACITY,
  HANDOVER_HEAD,
  HANDOVER_LINE,
  HANDOVER_OCTETS,
  HANDOVER_SIZE,
  HANDOVER_TAIL,
  PRODUCER_CONTROL,
  PRODUCER_COUNT,
  RING_COUNT,
  RING_ENTRIES,
  RING_HEAD,
  RING_TAIL,
  SESSION_COUNT,
  SESSION_GENERATION,
  SESSION_RECORDS,
  SESSION_SIZE,
  SESSION_TAKEN,
  SLOT_CAPACITY,
  SLOT_SIZE,
  SOCKADDR_MAX,
  WORKER_HANDOVERS,
  WORKER_INJECT,
} from "../../assembly/layout.ts";

export interface PuntedFrame {
  /** Index and generation of the session record at the time of the punt. */
  readonly session: number;
  readonly generation: number;
  /** A copy: what is checked cannot change afterwards. */
  readonly frame: Uint8Array;
}

/** Heads and tails of the rings from which a worker takes what others have for it. */
function endsOf(memory: WebAssembly.Memory, worker: number): { head: number; tail: number }[] {
  const words = new Uint32Array(memory.buffer);
  const read = (at: number) => Atomics.load(words, at / 4);
  const inject = worker + WORKER_INJECT;
  const handovers = Array.from({ length: PRODUCER_COUNT }, (_, producer) => {
    const ring = worker + WORKER_HANDOVERS + producer * HANDOVER_SIZE;
    return { head: read(ring + HANDOVER_HEAD), tail: read(ring + HANDOVER_TAIL) };
  });
  return [...handovers, { head: read(inject + RING_HEAD), tail: read(inject + RING_TAIL) }];
}

/** Whether nothing waits in what a worker is to send or to take over. */
export function isDrained(memory: WebAssembly.Memory, worker: number): boolean {
  return endsOf(memory, worker).every(({ head, tail }) => head === tail);
}

/** Changes whenever another worker hands something over to this one. */
export function givenTo(memory: WebAssembly.Memory, worker: number): string {
  const ends = endsOf(memory, worker).slice(0, PRODUCER_CONTROL);
  return ends.map(({ head }) => head).join();
}

class Ring {
  protected readonly octets: Uint8Array;
  protected readonly view: DataView;
  protected readonly at: number;
  readonly #head: Uint32Array;
  readonly #tail: Uint32Array;

  constructor(memory: WebAssembly.Memory, at: number) {
    this.octets = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.at = at;
    this.#head = new Uint32Array(memory.buffer, at + RING_HEAD, 1);
    this.#tail = new Uint32Array(memory.buffer, at + RING_TAIL, 1);
  }

  get head(): number {
    return Atomics.load(this.#head, 0);
  }

  get tail(): number {
    return Atomics.load(this.#tail, 0);
  }

  protected get waiting(): number {
    return (this.head - this.tail) >>> 0;
  }

  /** Whether there is nothing to take: more than the ring holds, whatever the memory says, is nothing. */
  protected get isEmpty(): boolean {
    const { waiting } = this;
    return waiting === 0 || waiting > RING_COUNT;
  }

  protected entryAt(position: number): number {
    return this.at + RING_ENTRIES + (position % RING_COUNT) * SLOT_SIZE;
  }

  protected publish(): void {
    Atomics.add(this.#head, 0, 1);
  }

  protected release(): void {
    Atomics.add(this.#tail, 0, 1);
  }
}

/** Consumer of the frames that a worker punts; each makes room for another one of its session. */
export class PuntRing extends Ring {
  readonly #words: Uint32Array;

  constructor(memory: WebAssembly.Memory, at: number) {
    super(memory, at);
    this.#words = new Uint32Array(memory.buffer);
  }

  take(): PuntedFrame | undefined {
    if (this.isEmpty) return undefined;
    const entry = this.entryAt(this.tail);
    const length = Math.min(this.view.getUint32(entry + ENTRY_LENGTH, true), SLOT_CAPACITY);
    const punted = {
      session: this.view.getUint32(entry + ENTRY_SESSION, true),
      generation: this.view.getUint32(entry + ENTRY_GENERATION, true),
      frame: this.octets.slice(entry + ENTRY_FRAME, entry + ENTRY_FRAME + length),
    };
    this.release();
    this.#taken(punted);
    return punted;
  }

  /** A record that another session has by now counts its own frames alone. */
  #taken({ session, generation }: PuntedFrame): void {
    const record = (SESSION_RECORDS + session * SESSION_SIZE) / 4;
    const isSame = this.#words[record + SESSION_GENERATION / 4] === generation;
    if (session <= SESSION_COUNT && isSame) Atomics.add(this.#words, record + SESSION_TAKEN / 4, 1);
  }
}

export interface HandedDatagram {
  readonly datagram: Uint8Array;
  /** Socket address of who sent it, in a buffer of its own. */
  readonly name: DataView;
}

/** Consumer of the control messages that a worker got among data. */
export class HandedRing extends Ring {
  take(): HandedDatagram | undefined {
    if (this.isEmpty) return undefined;
    const entry = this.entryAt(this.tail);
    const length = Math.min(this.view.getUint32(entry + ENTRY_LENGTH, true), SLOT_CAPACITY);
    const name = this.octets.slice(entry + ENTRY_NAME, entry + ENTRY_NAME + SOCKADDR_MAX);
    const at = entry + ENTRY_FRAME;
    const handed = {
      datagram: this.octets.slice(at, at + length),
      name: new DataView(name.buffer),
    };
    this.release();
    return handed;
  }
}

/** Producer of frames for a worker to send. */
export class InjectRing extends Ring {
  get isFull(): boolean {
    return this.waiting >= RING_COUNT;
  }

  /** False when the ring is full or the frame larger than a slot; nothing is sent then. */
  put(session: number, generation: number, frame: Uint8Array): boolean {
    if (this.isFull || frame.length > SLOT_CAPACITY) return false;
    const entry = this.entryAt(this.head);
    this.view.setUint32(entry + ENTRY_SESSION, session, true);
    this.view.setUint32(entry + ENTRY_GENERATION, generation, true);
    this.view.setUint32(entry + ENTRY_LENGTH, frame.length, true);
    this.octets.set(frame, entry + ENTRY_FRAME);
    this.publish();
    return true;
  }

  /** True when the worker is done with every entry before `position`. */
  hasPassed(position: number): boolean {
    return ((this.tail - position) | 0) >= 0;
  }
}

/** Producer of datagrams that the control thread has got and that are a worker's. */
export class HandoverRing {
  readonly #octets: Uint8Array;
  readonly #view: DataView;
  readonly #words: Uint32Array;
  readonly #at: number;

  constructor(memory: WebAssembly.Memory, worker: number) {
    this.#octets = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#at = worker + WORKER_HANDOVERS + PRODUCER_CONTROL * HANDOVER_SIZE;
  }

  /** `name` is the socket address of who sent it. False when there is no room. */
  put(datagram: Uint8Array, name: Uint8Array): boolean {
    const size = HANDED_ENTRY + Math.ceil(datagram.length / HANDOVER_LINE) * HANDOVER_LINE;
    let head = Atomics.load(this.#words, (this.#at + HANDOVER_HEAD) / 4);
    const used = (head - Atomics.load(this.#words, (this.#at + HANDOVER_TAIL) / 4)) >>> 0;
    const left = HANDOVER_CAPACITY - (head % HANDOVER_CAPACITY);
    const isWrapped = left < size;
    if (used + (isWrapped ? left : 0) + size > HANDOVER_CAPACITY) return false;
    if (isWrapped) {
      this.#view.setUint32(this.#entryAt(head) + HANDED_KIND, HANDED_SKIP, true);
      head = (head + left) >>> 0;
    }
    const entry = this.#entryAt(head);
    this.#view.setUint32(entry + HANDED_LENGTH, datagram.length, true);
    this.#view.setUint32(entry + HANDED_KIND, HANDED_DATAGRAM, true);
    this.#view.setUint32(entry + HANDED_NETWORK, 0, true);
    this.#octets.set(name.subarray(0, SOCKADDR_MAX), entry + HANDED_NAME);
    this.#octets.set(datagram, entry + HANDED_ENTRY);
    Atomics.store(this.#words, (this.#at + HANDOVER_HEAD) / 4, (head + size) >>> 0);
    return true;
  }

  #entryAt(position: number): number {
    return this.#at + HANDOVER_OCTETS + (position % HANDOVER_CAPACITY);
  }
}
