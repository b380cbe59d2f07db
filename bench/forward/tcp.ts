/**
 * One end of TCP connections in bulk, a process of its own: the host's end serves, the client's end
 * opens flows that go one way. Octets are counted where they arrive, and not copied there.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import { checked, EAGAIN } from "../../src/linux/errno.ts";
import { openLibc } from "../../src/linux/ffi.ts";
import type { Libc } from "../../src/linux/libc.ts";
import { encodeSockaddr } from "../../src/linux/sockaddr.ts";
import { HOST_ADDRESS } from "./lab.ts";
import { answerLines, pause } from "./lines.ts";
import type { TcpQuestion } from "./settings.ts";

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_STREAM_NONBLOCK = 1 | 0o4000;
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const MSG_TRUNC = 0x20;
/** What a flow does is chosen by the port that it is opened to. */
const SINK_PORT = 5_001;
const SOURCE_PORT = 5_002;
const BACKLOG = 128;
const CHUNK = 262_144;
const TURN_MS = 5;
const POLLFD_SIZE = 8;
const POLLIN = 1;
const POLLOUT = 4;

interface Flow {
  readonly fd: number;
  readonly isSource: boolean;
}

/** Runs until standard input ends. */
export async function tcp(): Promise<void> {
  const end = new End(openLibc());
  console.log("ready");
  await answerLines<TcpQuestion>(async (question) => {
    if (question.do === "serve") end.serve();
    else if (question.do === "run") end.open(question.flows, question.isUp);
    else if (question.do === "stop") end.close();
    return { octets: end.received };
  });
}

class End {
  received = 0;
  readonly #libc: Libc;
  readonly #octets = new Uint8Array(CHUNK);
  readonly #discard: Discard;
  #listeners: Flow[] = [];
  #flows: Flow[] = [];
  /** A struct pollfd for each listener and flow, in their order. */
  #polls = new DataView(new ArrayBuffer(0));
  #pollsAt = 0n;
  #isRunning = false;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#discard = new Discard(libc, CHUNK);
  }

  serve(): void {
    this.#listeners = [SINK_PORT, SOURCE_PORT].map((port) => {
      const fd = checked(this.#libc, "socket", this.#libc.socket(AF_INET, SOCK_STREAM_NONBLOCK, 0));
      checked(this.#libc, "bind", this.#libc.bind(fd, encodeSockaddr("0.0.0.0", port)));
      checked(this.#libc, "listen", this.#libc.listen(fd, BACKLOG));
      return { fd, isSource: port === SOURCE_PORT };
    });
    this.#layPolls();
    void this.#run();
  }

  open(flows: number, isUp: boolean): void {
    const name = encodeSockaddr(HOST_ADDRESS, isUp ? SINK_PORT : SOURCE_PORT);
    for (let flow = 0; flow < flows; flow++) {
      const fd = checked(this.#libc, "socket", this.#libc.socket(AF_INET, SOCK_STREAM, 0));
      checked(this.#libc, "connect", this.#libc.connect(fd, name));
      this.#add(fd, isUp);
    }
    void this.#run();
  }

  /** Ends the flows at once: with RST, so that none lingers in the next measurement. */
  close(): void {
    const linger = new Uint8Array(new Int32Array([1, 0]).buffer);
    for (const { fd } of this.#flows) {
      this.#libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, linger);
      this.#libc.close(fd);
    }
    this.#flows = [];
    this.#layPolls();
  }

  #add(fd: number, isSource: boolean): void {
    checked(this.#libc, "fcntl", this.#libc.fcntl(fd, F_SETFL, O_NONBLOCK));
    this.#flows.push({ fd, isSource });
    this.#layPolls();
  }

  #layPolls(): void {
    const all = [...this.#listeners, ...this.#flows];
    this.#polls = new DataView(new ArrayBuffer(all.length * POLLFD_SIZE));
    this.#pollsAt = this.#libc.address(new Uint8Array(this.#polls.buffer));
    for (const [index, { fd, isSource }] of all.entries()) {
      const isListener = index < this.#listeners.length;
      this.#polls.setInt32(index * POLLFD_SIZE, fd, true);
      const events = isSource && !isListener ? POLLOUT : POLLIN;
      this.#polls.setInt16(index * POLLFD_SIZE + 4, events, true);
    }
  }

  /** As long as there is anything to wait for. */
  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#polls.byteLength > 0) {
      const until = performance.now() + TURN_MS;
      while (performance.now() < until) this.#turn();
      await pause();
    }
    this.#isRunning = false;
  }

  /** Waits until a flow can go on, at most a turn, and moves what it can. */
  #turn(): void {
    const polls = this.#polls;
    const count = polls.byteLength / POLLFD_SIZE;
    if (this.#libc.poll(this.#pollsAt, BigInt(count), TURN_MS) <= 0) return;
    const flows = this.#flows; // those that were polled: more may come, and some may go
    for (let index = 0; index < count; index++) {
      if (polls.getInt16(index * POLLFD_SIZE + 6, true) === 0) continue;
      const listener = this.#listeners[index];
      const flow = flows[index - this.#listeners.length];
      if (listener !== undefined) this.#accept(listener);
      else if (flow !== undefined && !this.#move(flow)) this.#drop(flow);
    }
  }

  #accept({ fd, isSource }: Flow): void {
    const connection = this.#libc.accept(fd);
    if (connection >= 0) this.#add(connection, isSource);
  }

  /** False when the flow has come to its end. */
  #move({ fd, isSource }: Flow): boolean {
    const moved = isSource ? this.#libc.send(fd, this.#octets) : this.#discard.take(fd);
    if (moved < 0) return this.#libc.errno() === EAGAIN;
    if (!isSource) this.received += moved;
    return moved > 0;
  }

  #drop(flow: Flow): void {
    this.#libc.close(flow.fd);
    this.#flows = this.#flows.filter((other) => other !== flow);
    this.#layPolls();
  }
}

/** Takes what has arrived on a TCP socket without a copy of it (tcp(7), MSG_TRUNC). */
class Discard {
  readonly #libc: Libc;
  readonly #octets: Uint8Array;
  readonly #message = new DataView(new ArrayBuffer(layout.MMSGHDR_SIZE + layout.IOVEC_SIZE));
  readonly #address: bigint;

  constructor(libc: Libc, size: number) {
    this.#libc = libc;
    this.#octets = new Uint8Array(size);
    this.#address = libc.address(new Uint8Array(this.#message.buffer));
    const vector = layout.MMSGHDR_SIZE;
    const word = (at: number, value: bigint) => this.#message.setBigUint64(at, value, true);
    word(layout.MMSGHDR_VECTOR, this.#address + BigInt(vector));
    word(layout.MMSGHDR_VECTOR_COUNT, 1n);
    word(vector + layout.IOVEC_BASE, libc.address(this.#octets));
    word(vector + layout.IOVEC_LENGTH, BigInt(size));
  }

  /** How many octets; 0 at the end of the connection, less when there are none yet. */
  take(fd: number): number {
    if (this.#libc.recvmmsg(fd, this.#address, 1, MSG_TRUNC) < 0) return -1;
    return this.#message.getUint32(layout.MMSGHDR_LENGTH, true);
  }
}
