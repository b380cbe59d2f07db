/**
 * The loop of a worker: it moves batches between the data sockets, the TUN devices and the rings.
 *
 *   1. Sleep in epoll_wait until a descriptor is ready, at most POLL_MS.
 *   2. Sockets of the slots that are ours, links before data: recvmmsg → decapsulate → a writev for each packet or
 *      super-packet; sendmmsg of what is switched and of Echo-Replies; wake the control thread when
 *      frames were punted.
 *   3. Each TUN device: readv from the queues of these slots into buffers → encapsulate → sendmmsg,
 *      and a writev for each error about a packet that is too large. A
 *      message of many frames that the kernel cannot take as a whole goes once more, frame by frame.
 *   4. Hand-over rings: what other threads got that is ours goes the same ways.
 *   5. Inject ring: sendmmsg of what the control thread wants sent.
 *   6. Frames that were held for their turn and waited in vain go the way of 2.
 *
 * Each source gets one batch a turn, so none starves another. When single packets come fast, but one
 * turn after the other finds only some of them, the worker lets them gather for a moment: a full
 * batch costs little more than a few packets, as a network card's interrupt moderation knows.
 *
 * Slots change their owner only while all workers pause: a paused worker reads nothing new, and what
 * waits in sockets and queues is found there by the next owner, in order.
 *
 * A worker blocked in a system call cannot be ended from outside: it leaves when it is told to, or
 * when the control thread shows no heartbeat.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import {
  GATHER_FROM,
  GATHER_OCTETS,
  GATHER_TO,
  GATHER_US,
  HANDED_RUNS_PER_TURN,
  HEARTBEAT_STALE_MS,
  HELD_MS,
  POLL_MS,
  READ_OCTETS,
  RECEIVE_LARGE,
  SEGMENT_LIMIT_MS,
  WHEEL_MS,
} from "../limits.ts";
import { EBADFD } from "../linux/errno.ts";
import { NOTHING_YET, type PacketCalls, tolerate } from "./calls.ts";
import type { Forwarding } from "./memory.ts";
import { Output } from "./output.ts";
import { type Polled, Polls } from "./polls.ts";
import { Pulse } from "./pulse.ts";

export interface LoopOptions {
  readonly memory: WebAssembly.Memory;
  /** Address of the memory in the process. */
  readonly base: bigint;
  /** Address of the worker's region in the memory. */
  readonly worker: number;
  /** Sockets of what configures links, and of all other data messages, by slot. */
  readonly link: readonly number[];
  readonly data: readonly number[];
  /** Queues of the TUN devices, by index of the virtual network and slot. */
  readonly tuns: readonly (readonly number[])[];
  /** eventfds that wake the workers, by index, and the one that wakes the control thread. */
  readonly wakes: readonly number[];
  readonly wakeControl: number;
  /** Milliseconds on a monotonic scale. */
  readonly clock: () => number;
  /** Longest sleep; 0 for a worker that never sleeps. */
  readonly sleepMs?: number;
}

/** Why the loop has ended without an error. */
export type Leave = "told" | typeof NO_HEARTBEAT;
export const NO_HEARTBEAT = "no-heartbeat";

const TUNNEL_IDS = 65_536;

export class Loop {
  readonly #calls: PacketCalls;
  readonly #forwarding: Forwarding;
  readonly #options: LoopOptions;
  readonly #polls: Polls;
  readonly #output: Output;
  readonly #words: Int32Array;
  readonly #readLengths: Uint32Array;
  readonly #limits: Uint16Array;
  readonly #time: Float64Array;
  /** The eventfd of this worker. */
  readonly #wake: number;
  readonly #control: Pulse;
  // Places of fields, in words of the memory.
  readonly #upRest: number;
  readonly #downRest: number;
  readonly #punted: number;
  readonly #toWake: number;
  readonly #waiting: number;
  readonly #releaseRest: number;
  readonly #held: number;
  readonly #firstLength: number;
  // Addresses of the process, computed once: arithmetic on BigInt per packet would allocate.
  readonly #wakeValue: bigint;
  readonly #received: bigint;
  readonly #readVectors: readonly bigint[];
  #command = -1;
  /** The queue of each network that is read first in this turn. */
  #firstQueue = 0;
  /** How many messages to receive: fewer when they are large, so that a cache holds them. */
  #receiveCount: number = layout.BUFFER_COUNT;
  /** Packets came fast and singly in this turn. */
  #isGathering = false;
  #gatherUs: number = GATHER_US.alone;
  #limitsClearedAt = 0;

  constructor(calls: PacketCalls, forwarding: Forwarding, options: LoopOptions) {
    const { memory, base, worker } = options;
    this.#calls = calls;
    this.#forwarding = forwarding;
    this.#options = options;
    this.#words = new Int32Array(memory.buffer);
    const lengthsAt = worker + layout.WORKER_READ_LENGTHS;
    this.#readLengths = new Uint32Array(memory.buffer, lengthsAt, layout.BUFFER_COUNT);
    this.#limits = new Uint16Array(memory.buffer, worker + layout.WORKER_LIMITS, TUNNEL_IDS);
    this.#time = new Float64Array(memory.buffer, worker + layout.WORKER_NOW, 1);
    this.#wake = options.wakes[this.#word(layout.WORKER_INDEX)] ?? -1;
    this.#control = new Pulse(this.#words, layout.CONTROL_HEARTBEAT, options.clock());
    this.#upRest = (worker + layout.WORKER_UP_REST) / 4;
    this.#downRest = (worker + layout.WORKER_DOWN_REST) / 4;
    this.#punted = (worker + layout.WORKER_PUNTED) / 4;
    this.#toWake = (worker + layout.WORKER_TO_WAKE) / 4;
    this.#waiting = (worker + layout.WORKER_WAITING) / 4;
    this.#releaseRest = (worker + layout.WORKER_RELEASE_REST) / 4;
    this.#held = (worker + layout.WORKER_HELD) / 4;
    this.#firstLength = (worker + layout.WORKER_RECEIVE + layout.MMSGHDR_LENGTH) / 4;

    const address = (at: number) => base + BigInt(worker + at);
    this.#wakeValue = address(layout.WORKER_WAKE_VALUE);
    this.#received = address(layout.WORKER_RECEIVE + layout.RECEIVE_HEADERS);
    this.#readVectors = Array.from({ length: layout.BUFFER_COUNT }, (_, index) =>
      address(layout.WORKER_READ_VECTORS + index * layout.IOVEC_SIZE),
    );
    this.#words[(worker + layout.WORKER_NETWORKS) / 4] = options.tuns.length;
    this.#polls = new Polls(calls, memory, base, worker, this.#wake, options);
    this.#output = new Output(calls, forwarding, memory, base, worker, this.#polls);
    this.#beat(); // first: who sees that it runs sees that it has begun
    this.#obey();
  }

  /** Runs until it is told to leave or the control thread is gone. */
  run(): Leave {
    const { sleepMs = POLL_MS, clock } = this.#options;
    for (;;) {
      if (this.#obey() === layout.COMMAND_LEAVE) return "told";
      if (Atomics.load(this.#words, layout.CONTROL_STOP / 4) !== 0) return "told";
      if (!this.#control.isFelt(clock(), HEARTBEAT_STALE_MS)) return NO_HEARTBEAT;
      this.#beat();
      this.turn(sleepMs);
    }
  }

  /** Nothing is waited for any more. */
  close(): void {
    this.#polls.close();
  }

  /** One turn; sleeps at most `timeoutMs`. */
  turn(timeoutMs: number): void {
    if (this.#isGathering) this.#calls.usleep(this.#gatherUs);
    this.#isGathering = false;
    const isReady = this.#polls.wait(this.#sleepMs(timeoutMs));
    const now = this.#options.clock();
    this.#time[0] = now * 1000;
    this.#clearLimits(now);
    if (this.#words[this.#waiting] !== 0) this.#release();
    if (isReady) this.#work();
    // While we pause nothing waits, as at the end of it its session may be another worker's.
    if (this.#command !== layout.COMMAND_RUN) this.#flush();
    // After what has come: it may be what they waited for.
    else if (this.#words[this.#held] !== 0) this.#releaseHeld(0);
  }

  /** What waits for its time must not be overslept. */
  #sleepMs(timeoutMs: number): number {
    if (this.#words[this.#waiting] !== 0) return Math.min(timeoutMs, WHEEL_MS);
    return this.#words[this.#held] !== 0 ? Math.min(timeoutMs, HELD_MS) : timeoutMs;
  }

  #work(): void {
    const polls = this.#polls;
    const isWoken = polls.isWoken;
    if (isWoken) this.#calls.eventfdRead(this.#wake, this.#wakeValue);
    for (let index = 0; index < polls.sockets.length; index++) {
      const socket = polls.sockets[index];
      if (socket !== undefined && polls.isReady(socket)) this.#receive(socket.fd);
    }
    for (let network = 0; network < polls.queues.length; network++) this.#readTun(network);
    this.#firstQueue++;
    if (!isWoken) return;
    this.#takeHanded();
    this.#inject();
  }

  #receive(socket: number): void {
    const received = this.#calls.recvmmsg(socket, this.#received, this.#receiveCount, 0);
    if (received < 0) {
      tolerate(this.#calls, "recvmmsg", NOTHING_YET);
      return;
    }
    const octets = this.#words[this.#firstLength] ?? 0;
    if (received < this.#receiveCount) this.#gather(received, received * octets);
    this.#receiveCount = octets > GATHER_OCTETS ? RECEIVE_LARGE : layout.BUFFER_COUNT;
    this.#decapsulate(received);
  }

  #decapsulate(received: number): void {
    const { worker } = this.#options;
    do {
      this.#deliver(this.#forwarding.decapsulate(worker, received));
    } while (this.#words[this.#upRest] !== 0);
    this.#forwarding.resetReceived(worker, received);
    this.#wakeOthers();
  }

  /** What came of frames of peers: `writes` of them are for devices, others for further peers. */
  #deliver(writes: number): void {
    this.#output.write(writes);
    this.#output.send(this.#word(layout.WORKER_DOWN_MESSAGES));
    this.#output.sendEchoes(this.#word(layout.WORKER_ECHOES));
    if (this.#words[this.#punted] !== 0) this.#calls.eventfdWrite(this.#options.wakeControl, 1n);
  }

  /** Delivers what has waited in vain for what comes before it; or all that waits. */
  #releaseHeld(isAll: number): void {
    const { worker } = this.#options;
    do {
      this.#deliver(this.#forwarding.releaseHeld(worker, isAll));
    } while (this.#words[this.#upRest] !== 0);
  }

  /** One batch from all queues of a network that are ours; each turn begins with another one. */
  #readTun(network: number): void {
    const queues = this.#polls.queues[network] ?? [];
    let packets = 0;
    let octets = 0;
    for (let index = 0; index < queues.length; index++) {
      const queue = queues[(this.#firstQueue + index) % queues.length] as Polled;
      if (!this.#polls.isReady(queue)) continue;
      while (packets < layout.BUFFER_COUNT && octets < READ_OCTETS) {
        const length = this.#calls.readv(queue.fd, this.#readVectors[packets] ?? 0n, 1);
        if (length < 0) {
          if (this.#calls.errno() === EBADFD) throw new Error("a TUN device was removed");
          tolerate(this.#calls, "readv", NOTHING_YET);
          break;
        }
        this.#readLengths[packets++] = length;
        octets += length;
      }
    }
    if (packets === 0) return;
    this.#gather(packets, octets);
    this.#encapsulate(network, packets);
  }

  #encapsulate(network: number, packets: number): void {
    const { worker } = this.#options;
    do {
      this.#output.send(this.#forwarding.encapsulate(worker, network, packets));
      this.#output.writeErrors(network, this.#word(layout.WORKER_ERRORS_WAITING));
    } while (this.#words[this.#downRest] !== 0);
    this.#wakeOthers();
  }

  /** Works on what other threads have handed over; what is left is for the next turn. */
  #takeHanded(): void {
    const { worker } = this.#options;
    for (let run = 0; run < HANDED_RUNS_PER_TURN; run++) {
      const taken = this.#forwarding.takeHanded(worker);
      if (taken === 0) return;
      if (this.#word(layout.WORKER_TAKEN_KIND) === layout.HANDED_DATAGRAM) this.#decapsulate(taken);
      else this.#encapsulate(this.#word(layout.WORKER_TAKEN_NETWORK), taken);
    }
    this.#calls.eventfdWrite(this.#wake, 1n);
  }

  /** Wakes the workers that something was handed over to. */
  #wakeOthers(): void {
    const workers = this.#words[this.#toWake] ?? 0;
    if (workers === 0) return;
    this.#words[this.#toWake] = 0;
    this.#options.wakes.forEach((wake, index) => {
      if ((workers & (1 << index)) !== 0) this.#calls.eventfdWrite(wake, 1n);
    });
  }

  /** Sends the frames whose time has come. */
  #release(): void {
    const { worker } = this.#options;
    do {
      this.#output.send(this.#forwarding.release(worker));
    } while (this.#words[this.#releaseRest] !== 0);
  }

  /** Hands on all frames that wait: whoever owns their sessions next begins without any. */
  #flush(): void {
    const { worker } = this.#options;
    this.#releaseHeld(1);
    do {
      this.#output.send(this.#forwarding.flush(worker));
    } while (this.#words[this.#releaseRest] !== 0);
  }

  #inject(): void {
    const { worker } = this.#options;
    this.#output.sendInjected(this.#forwarding.inject(worker));
    const waiting = this.#forwarding.releaseInjected(worker);
    if (waiting > 0) this.#calls.eventfdWrite(this.#wake, 1n); // more than one batch
  }

  /** Whether it pays to wait for more: neither at a trickle, nor for what is gathered already. */
  #gather(count: number, octets: number): void {
    const isPart = count >= GATHER_FROM && count <= GATHER_TO;
    if (isPart && octets <= count * GATHER_OCTETS) this.#isGathering = true;
  }

  #clearLimits(now: number): void {
    if (now - this.#limitsClearedAt <= SEGMENT_LIMIT_MS) return;
    this.#limits.fill(0);
    this.#limitsClearedAt = now;
  }

  #beat(): void {
    Atomics.add(this.#words, (this.#options.worker + layout.WORKER_BEAT) / 4, 1);
  }

  /** Does what the control thread wants; its command. */
  #obey(): number {
    const { worker } = this.#options;
    const command = Atomics.load(this.#words, (worker + layout.WORKER_COMMAND) / 4);
    if (command === this.#command) return command;
    this.#command = command;
    const isRunning = command === layout.COMMAND_RUN;
    if (!isRunning) this.#flush();
    const slots = this.#ownSlots();
    this.#polls.adopt(isRunning ? slots : []);
    this.#gatherUs = slots.length < layout.SLOT_COUNT ? GATHER_US.beside : GATHER_US.alone;
    const state = isRunning ? layout.STATE_RUNNING : layout.STATE_PAUSED;
    Atomics.store(this.#words, (worker + layout.WORKER_STATE) / 4, state);
    return command;
  }

  #ownSlots(): number[] {
    const own = this.#word(layout.WORKER_INDEX);
    const slots = Array.from({ length: layout.SLOT_COUNT }, (_, slot) => slot);
    return slots.filter((slot) => this.#words[layout.CONTROL_OWNERS / 4 + slot] === own);
  }

  #word(field: number): number {
    return this.#words[(this.#options.worker + field) / 4] ?? 0;
  }
}
