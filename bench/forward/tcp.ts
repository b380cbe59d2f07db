/**
 * One end of TCP connections in bulk, a process of its own: the host's end serves, the client's end
 * opens flows that go one way. Octets are counted where they arrive.
 *
 * @module
 */
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
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
/** What a flow does is chosen by the port that it is opened to. */
const SINK_PORT = 5_001;
const SOURCE_PORT = 5_002;
const BACKLOG = 128;
const CHUNK = 262_144;
const TURN_MS = 10;
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
  #listeners: Flow[] = [];
  #flows: Flow[] = [];
  #isRunning = false;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  serve(): void {
    this.#listeners = [SINK_PORT, SOURCE_PORT].map((port) => {
      const fd = checked(this.#libc, "socket", this.#libc.socket(AF_INET, SOCK_STREAM_NONBLOCK, 0));
      checked(this.#libc, "bind", this.#libc.bind(fd, encodeSockaddr("0.0.0.0", port)));
      checked(this.#libc, "listen", this.#libc.listen(fd, BACKLOG));
      return { fd, isSource: port === SOURCE_PORT };
    });
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

  close(): void {
    this.#isRunning = false;
    for (const { fd } of this.#flows) this.#libc.close(fd);
    this.#flows = [];
  }

  #add(fd: number, isSource: boolean): void {
    checked(this.#libc, "fcntl", this.#libc.fcntl(fd, F_SETFL, O_NONBLOCK));
    this.#flows.push({ fd, isSource });
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#isRunning) {
      const until = performance.now() + TURN_MS;
      while (this.#isRunning && performance.now() < until) this.#turn();
      await pause();
    }
  }

  /** Waits until a flow can go on, at most a turn, and moves what it can. */
  #turn(): void {
    const all = [...this.#listeners, ...this.#flows];
    const polls = new Uint8Array(all.length * POLLFD_SIZE);
    const view = new DataView(polls.buffer);
    all.forEach(({ fd, isSource }, index) => {
      const isListener = index < this.#listeners.length;
      view.setInt32(index * POLLFD_SIZE, fd, true);
      view.setInt16(index * POLLFD_SIZE + 4, isSource && !isListener ? POLLOUT : POLLIN, true);
    });
    this.#libc.poll(this.#libc.address(polls), BigInt(all.length), TURN_MS);
    all.forEach((flow, index) => {
      if (view.getInt16(index * POLLFD_SIZE + 6, true) === 0) return;
      if (index < this.#listeners.length) this.#accept(flow);
      else if (!this.#move(flow)) this.#drop(flow);
    });
  }

  #accept({ fd, isSource }: Flow): void {
    const connection = this.#libc.accept(fd);
    if (connection >= 0) this.#add(connection, isSource);
  }

  /** False when the flow has come to its end. */
  #move({ fd, isSource }: Flow): boolean {
    const moved = isSource ? this.#libc.send(fd, this.#octets) : this.#libc.recv(fd, this.#octets);
    if (moved < 0) return this.#libc.errno() === EAGAIN;
    if (!isSource) this.received += moved;
    return moved > 0;
  }

  #drop(flow: Flow): void {
    this.#libc.close(flow.fd);
    this.#flows = this.#flows.filter((other) => other !== flow);
  }
}
