/**
 * The loop of a worker: it moves batches between the data socket, the TUN devices and the rings.
 *
 *   1. Sleep in poll until a descriptor is ready, at most POLL_MS.
 *   2. Data socket: recvmmsg → decapsulate → a writev for each packet or super-packet; wake the
 *      control thread when frames were punted.
 *   3. Each TUN device: readv into buffers → encapsulate → sendmmsg. A message of many frames that
 *      the kernel cannot take as a whole goes once more, frame by frame.
 *   4. Inject ring: sendmmsg of what the control thread wants sent.
 *
 * Each source gets one batch a turn, so none starves another. When single packets come fast, but one
 * turn after the other finds only some of them, the worker lets them gather for a moment: a full
 * batch costs little more than a few packets, as a network card's interrupt moderation knows.
 *
 * A worker blocked in a system call cannot be ended from outside: it leaves when the stop word is
 * set, or when the control thread
 * shows no heartbeat.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import {
  GATHER_FROM,
  GATHER_OCTETS,
  GATHER_TO,
  GATHER_US,
  HEARTBEAT_STALE_MS,
  POLL_MS,
  READ_OCTETS,
  RECEIVE_LARGE,
  SEGMENT_LIMIT_MS,
} from "../limits.ts";
import {
  EAGAIN,
  EBADF,
  EBADFD,
  EFAULT,
  EINTR,
  EINVAL,
  EIO,
  EMSGSIZE,
  ENOBUFS,
  ENOTSOCK,
} from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import type { Forwarding } from "./memory.ts";

/** The system calls of the loop. */
export type PacketCalls = Pick<
  Libc,
  | "errno"
  | "poll"
  | "recvmmsg"
  | "sendmmsg"
  | "readv"
  | "writev"
  | "usleep"
  | "eventfdWrite"
  | "eventfdRead"
>;

export interface LoopOptions {
  readonly memory: WebAssembly.Memory;
  /** Address of the memory in the process. */
  readonly base: bigint;
  /** Address of the worker's region in the memory. */
  readonly worker: number;
  readonly dataSocket: number;
  /** TUN descriptors, by index of the virtual network. */
  readonly tuns: readonly number[];
  /** eventfd that wakes this worker, and the one that wakes the control thread. */
  readonly wake: number;
  readonly wakeControl: number;
  /** Milliseconds on a monotonic scale. */
  readonly clock: () => number;
}

const POLLIN = 1;
const INTERRUPTED: readonly number[] = [EINTR];
const NOTHING_YET: readonly number[] = [EAGAIN, EINTR];
/** Only a mistake of ours is answered so; a full buffer or a vanished route is the network's. */
const OUR_BUGS: readonly number[] = [EBADF, EFAULT, ENOTSOCK];
/** A frame and its headers exceed the path MTU, or the path encrypts (ip_udp_send_skb). */
const UNSEGMENTABLE: readonly number[] = [EINVAL, EMSGSIZE, EIO];
const FIRST_TUN = 2;
const TUNNEL_IDS = 65_536;
const U32_MAX = 0xffff_ffff;

export class Loop {
  readonly #calls: PacketCalls;
  readonly #forwarding: Forwarding;
  readonly #options: LoopOptions;
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #counters: Uint32Array;
  readonly #readLengths: Uint32Array;
  readonly #limits: Uint16Array;
  readonly #time: Float64Array;
  // Places of fields, in words of the memory.
  readonly #writes: number;
  readonly #messages: number;
  readonly #upRest: number;
  readonly #downRest: number;
  readonly #punted: number;
  readonly #firstLength: number;
  // Addresses of the process, computed once: arithmetic on BigInt per packet would allocate.
  readonly #polls: bigint;
  readonly #pollCount: bigint;
  readonly #wakeValue: bigint;
  readonly #received: bigint;
  readonly #sends: readonly bigint[];
  readonly #injected: readonly bigint[];
  readonly #plain: readonly bigint[];
  readonly #writeVectors: readonly bigint[];
  readonly #readVectors: readonly bigint[];
  /** How many messages to receive: fewer when they are large, so that a cache holds them. */
  #receiveCount: number = layout.BUFFER_COUNT;
  /** Packets came fast and singly in this turn. */
  #isGathering = false;
  #heartbeat = -1;
  #limitsClearedAt = 0;
  /** Time without a heartbeat, ms, and when it was last added to. */
  #silence = 0;
  #lookedAt = 0;

  constructor(calls: PacketCalls, forwarding: Forwarding, options: LoopOptions) {
    const { memory, base, worker } = options;
    this.#calls = calls;
    this.#forwarding = forwarding;
    this.#options = options;
    this.#words = new Int32Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    const { WORKER_COUNTERS, COUNTER_COUNT, BUFFER_COUNT } = layout;
    this.#counters = new Uint32Array(memory.buffer, worker + WORKER_COUNTERS, 2 * COUNTER_COUNT);
    const lengthsAt = worker + layout.WORKER_READ_LENGTHS;
    this.#readLengths = new Uint32Array(memory.buffer, lengthsAt, BUFFER_COUNT);
    this.#limits = new Uint16Array(memory.buffer, worker + layout.WORKER_LIMITS, TUNNEL_IDS);
    this.#time = new Float64Array(memory.buffer, worker + layout.WORKER_NOW, 1);
    this.#writes = (worker + layout.WORKER_WRITES) / 4;
    this.#messages = (worker + layout.WORKER_SEND + layout.SEND_MESSAGES) / 4;
    this.#upRest = (worker + layout.WORKER_UP_REST) / 4;
    this.#downRest = (worker + layout.WORKER_DOWN_REST) / 4;
    this.#punted = (worker + layout.WORKER_PUNTED) / 4;
    this.#firstLength = (worker + layout.WORKER_RECEIVE + layout.MMSGHDR_LENGTH) / 4;

    const address = (at: number) => base + BigInt(at);
    const addresses = (at: number, size: number, length: number) =>
      Array.from({ length }, (_, index) => address(worker + at + index * size));
    this.#polls = address(worker + layout.WORKER_POLLS);
    this.#pollCount = BigInt(FIRST_TUN + options.tuns.length);
    this.#wakeValue = address(worker + layout.WORKER_WAKE_VALUE);
    this.#received = address(worker + layout.WORKER_RECEIVE + layout.RECEIVE_HEADERS);
    const { MMSGHDR_SIZE, IOVEC_SIZE, WRITE_SIZE, WORKER_SEND, SEND_HEADERS } = layout;
    this.#sends = addresses(WORKER_SEND + SEND_HEADERS, MMSGHDR_SIZE, layout.MESSAGE_COUNT);
    this.#plain = addresses(layout.WORKER_PLAIN, MMSGHDR_SIZE, layout.SEGMENTS_MAX);
    this.#injected = addresses(layout.WORKER_INJECT_SEND, MMSGHDR_SIZE, layout.BATCH_COUNT);
    const vectors = layout.WORKER_WRITES + layout.WRITE_VECTORS;
    this.#writeVectors = addresses(vectors, WRITE_SIZE, layout.WRITE_COUNT);
    this.#readVectors = addresses(layout.WORKER_READ_VECTORS, IOVEC_SIZE, BUFFER_COUNT);
    this.#view.setUint32(worker + layout.WORKER_NETWORKS, options.tuns.length, true);
    this.#writePolls();
  }

  /** Runs until the stop word is set or the control thread is gone. */
  run(): void {
    this.#lookedAt = this.#options.clock();
    while (this.#mayGoOn()) this.turn(POLL_MS);
  }

  /** One turn; sleeps at most `timeoutMs`. */
  turn(timeoutMs: number): void {
    if (this.#isGathering) this.#calls.usleep(GATHER_US);
    this.#isGathering = false;
    const ready = this.#calls.poll(this.#polls, this.#pollCount, timeoutMs);
    if (ready < 0) this.#tolerate("poll", INTERRUPTED);
    if (ready <= 0) return;
    this.#time[0] = this.#options.clock() * 1000;
    if (this.#isReady(0)) this.#calls.eventfdRead(this.#options.wake, this.#wakeValue);
    if (this.#isReady(1)) this.#receive();
    for (let network = 0; network < this.#options.tuns.length; network++) {
      if (this.#isReady(FIRST_TUN + network)) this.#readTun(network);
    }
    this.#inject();
  }

  #receive(): void {
    const { dataSocket, worker, wakeControl } = this.#options;
    const received = this.#calls.recvmmsg(dataSocket, this.#received, this.#receiveCount, 0);
    if (received < 0) {
      this.#tolerate("recvmmsg", NOTHING_YET);
      return;
    }
    const octets = this.#words[this.#firstLength] ?? 0;
    if (received < this.#receiveCount) this.#gather(received, received * octets);
    this.#receiveCount = octets > GATHER_OCTETS ? RECEIVE_LARGE : layout.BUFFER_COUNT;
    do {
      const writes = this.#forwarding.decapsulate(worker, received);
      for (let index = 0; index < writes; index++) this.#write(index);
      if (this.#words[this.#punted] !== 0) this.#calls.eventfdWrite(wakeControl, 1n);
    } while (this.#words[this.#upRest] !== 0);
    this.#forwarding.resetReceived(worker, received);
  }

  #write(index: number): void {
    const at = this.#writes + (index * layout.WRITE_SIZE) / 4;
    const tun = this.#options.tuns[this.#words[at + layout.WRITE_NETWORK / 4] ?? 0] ?? -1;
    const count = this.#words[at + layout.WRITE_VECTOR_COUNT / 4] ?? 0;
    if (this.#calls.writev(tun, this.#writeVectors[index] ?? 0n, count) >= 0) return;
    this.#tolerateSend("writev");
    this.#count(layout.COUNT_UP_TUN_WRITE, this.#words[at + layout.WRITE_SEGMENTS / 4] ?? 1);
  }

  #readTun(network: number): void {
    const { tuns, worker } = this.#options;
    const tun = tuns[network] ?? -1;
    let packets = 0;
    let octets = 0;
    while (packets < layout.BUFFER_COUNT && octets < READ_OCTETS) {
      const length = this.#calls.readv(tun, this.#readVectors[packets] ?? 0n, 1);
      if (length < 0) {
        if (this.#calls.errno() === EBADFD) throw new Error("a TUN device was removed");
        this.#tolerate("readv", NOTHING_YET);
        break;
      }
      this.#readLengths[packets++] = length;
      octets += length;
    }
    this.#gather(packets, octets);
    do {
      this.#sendMessages(this.#forwarding.encapsulate(worker, network, packets));
    } while (this.#words[this.#downRest] !== 0);
  }

  /** Whether it pays to wait for more: neither at a trickle, nor for what is gathered already. */
  #gather(count: number, octets: number): void {
    const isPart = count >= GATHER_FROM && count <= GATHER_TO;
    if (isPart && octets <= count * GATHER_OCTETS) this.#isGathering = true;
  }

  /** Sends the messages that `encapsulate` made. */
  #sendMessages(count: number): void {
    let next = 0;
    while (next < count) {
      const first = this.#sends[next] ?? 0n;
      const sent = this.#calls.sendmmsg(this.#options.dataSocket, first, count - next, 0);
      next += sent > 0 ? sent : this.#passOver(next, count);
    }
  }

  /** The kernel refuses message `next`: how many messages are dealt with by that. */
  #passOver(next: number, count: number): number {
    const errno = this.#calls.errno();
    if (UNSEGMENTABLE.includes(errno) && this.#segments(next) > 1) {
      const { worker } = this.#options;
      this.#send(this.#plain, this.#forwarding.plain(worker, next, errno === EIO ? 1 : 0));
      return 1;
    }
    // A full buffer takes none of the others either.
    const lost = this.#tolerateSend("sendmmsg") ? count - next : 1;
    for (let index = next; index < next + lost; index++) {
      this.#count(layout.COUNT_DOWN_SEND, this.#segments(index));
    }
    return lost;
  }

  #segments(message: number): number {
    const at = this.#messages + (message * layout.MESSAGE_SIZE + layout.MESSAGE_SEGMENTS) / 4;
    return this.#words[at] ?? 1;
  }

  #inject(): void {
    const messages = this.#forwarding.inject(this.#options.worker);
    this.#send(this.#injected, messages);
    const waiting = this.#forwarding.releaseInjected(this.#options.worker);
    if (waiting > 0) this.#calls.eventfdWrite(this.#options.wake, 1n); // more than one batch
  }

  /** Sends `count` single frames; one that the kernel refuses is counted and passed over. */
  #send(messages: readonly bigint[], count: number): void {
    let next = 0;
    while (next < count) {
      const first = messages[next] ?? 0n;
      const sent = this.#calls.sendmmsg(this.#options.dataSocket, first, count - next, 0);
      if (sent > 0) {
        next += sent;
        continue;
      }
      const lost = this.#tolerateSend("sendmmsg") ? count - next : 1;
      this.#count(layout.COUNT_DOWN_SEND, lost);
      next += lost;
    }
  }

  /** True when a buffer is full; throws when the error can only be our own mistake. */
  #tolerateSend(call: string): boolean {
    const errno = this.#calls.errno();
    if (OUR_BUGS.includes(errno)) throw new Error(`${call} failed with error ${errno}`);
    return errno === EAGAIN || errno === ENOBUFS;
  }

  #tolerate(call: string, expected: readonly number[]): void {
    const errno = this.#calls.errno();
    if (!expected.includes(errno)) throw new Error(`${call} failed with error ${errno}`);
  }

  #mayGoOn(): boolean {
    if (Atomics.load(this.#words, layout.CONTROL_STOP / 4) !== 0) return false;
    const heartbeat = Atomics.load(this.#words, layout.CONTROL_HEARTBEAT / 4);
    const now = this.#options.clock();
    // No turn lasts much longer than a poll unless the whole process was stopped, and then the
    // control thread could show no heartbeat either: that time does not count.
    this.#silence += Math.min(now - this.#lookedAt, 2 * POLL_MS);
    this.#lookedAt = now;
    if (now - this.#limitsClearedAt > SEGMENT_LIMIT_MS) {
      this.#limits.fill(0);
      this.#limitsClearedAt = now;
    }
    if (heartbeat !== this.#heartbeat) {
      this.#heartbeat = heartbeat;
      this.#silence = 0;
    }
    return this.#silence < HEARTBEAT_STALE_MS;
  }

  #isReady(index: number): boolean {
    const at = this.#options.worker + layout.WORKER_POLLS + index * layout.POLLFD_SIZE;
    return this.#view.getInt16(at + layout.POLLFD_REVENTS, true) !== 0;
  }

  #writePolls(): void {
    const { wake, dataSocket, tuns, worker } = this.#options;
    [wake, dataSocket, ...tuns].forEach((fd, index) => {
      const at = worker + layout.WORKER_POLLS + index * layout.POLLFD_SIZE;
      this.#view.setInt32(at + layout.POLLFD_FD, fd, true);
      this.#view.setInt16(at + layout.POLLFD_EVENTS, POLLIN, true);
    });
  }

  /** A counter has 64 bits; in halves, as a BigInt for each loss would be an allocation. */
  #count(counter: number, amount: number): void {
    const low = this.#counters[2 * counter] ?? 0;
    const sum = low + amount;
    this.#counters[2 * counter] = sum;
    if (sum > U32_MAX) this.#counters[2 * counter + 1] = (this.#counters[2 * counter + 1] ?? 0) + 1;
  }
}
