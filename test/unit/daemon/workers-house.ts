// Worker threads over real sockets: eight data sockets on loopback, devices that are socket pairs, and
// clients that send numbered packets, one session to a slot.
import * as layout from "../../../assembly/layout.ts";
import { Workers, type WorkersOptions } from "../../../src/daemon/workers.ts";
import { createMemory, instantiate } from "../../../src/dataplane/memory.ts";
import { SessionTable } from "../../../src/dataplane/session-table.ts";
import { openEventfds, openPair } from "../../../src/linux/descriptor.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { encodePktinfo, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { ipv4 } from "../../../src/net.ts";
import { createLog } from "../../../src/observe/log.ts";
import { dataMessage, HOST, packet, pppFrame } from "../dataplane/frames.ts";

const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
/** What a packet weighs, and where it has its number. */
const PAYLOAD = 40;
const NUMBER_AT = 30;
const QUEUE_MAX = 8;
/** L2TP with Length, PPP. */
const DATA_HEADERS = 12;

export const libc = openLibc();
const slots = Array.from({ length: layout.SLOT_COUNT }, (_, slot) => slot);
const clientOf = (slot: number) => `10.64.0.${2 + slot}`;

export class WorkersHouse {
  readonly memory = createMemory();
  readonly failures: Error[] = [];
  readonly logged: string[] = [];
  readonly workers: Workers;
  /** Numbers that came out, by slot, in their order. */
  readonly arrived: number[][] = slots.map(() => []);
  readonly sent: number[] = slots.map(() => 0);
  readonly #words = new Int32Array(this.memory.buffer);
  readonly #servers: readonly number[];
  readonly #clients: readonly number[];
  readonly #pairs: readonly (readonly [number, number])[];
  readonly #eventfds = openEventfds(libc, 1 + layout.WORKERS_MAX);
  readonly #heart: ReturnType<typeof setInterval>;

  constructor(port: number, options: Partial<WorkersOptions> = {}) {
    this.#servers = slots.map((slot) => udp(port + slot));
    this.#clients = slots.map((slot) => udp(port + 100 + slot, port + slot));
    this.#pairs = slots.map(() => openPair(libc));
    const base = libc.address(new Uint8Array(this.memory.buffer));
    const forwarding = instantiate(this.memory);
    const [wakeControl = -1, ...wakes] = this.#eventfds;
    this.workers = new Workers({
      ...{ libc, memory: this.memory, base, forwarding, offloads: 0, steer: "tunnel" },
      ...{
        link: [],
        data: this.#servers,
        tuns: [this.#pairs.map(([tun]) => tun)],
        wakes,
        wakeControl,
      },
      clock: () => performance.now(),
      log: createLog({
        level: "warn",
        human: false,
        sink: { write: (line) => this.logged.push(line) },
      }),
      onFailure: (error) => this.failures.push(error),
      entry: new URL("./faulty-worker.ts", import.meta.url),
      ...options,
    });
    const table = new SessionTable(this.memory, forwarding, (tunnelId, sessionId) =>
      this.workers.injectOf(tunnelId, sessionId),
    );
    for (const slot of slots) {
      const handle = table.publish({
        ...{ tunnelId: 8 + slot, sessionId: 1, peerTunnelId: 1, peerSessionId: 1 },
        name: encodeSockaddr("127.0.0.1", port + 100 + slot),
        control: encodePktinfo("127.0.0.1"),
      });
      if (handle === undefined) throw new Error("the table is full");
      const forwarded = { network: 0, address: ipv4(clientOf(slot)), mtu: 1400 };
      table.forward(handle, { ...forwarded, acfc: false, pfc: false });
    }
    this.#heart = setInterval(() => this.beat(), 100);
  }

  /** What the control thread does all the time. */
  beat(): void {
    Atomics.add(this.#words, layout.CONTROL_HEARTBEAT / 4, 1);
    this.workers.check(performance.now());
  }

  stopHeart(): void {
    clearInterval(this.#heart);
  }

  plant(worker: number, fault: number, at: number): void {
    const region = layout.WORKERS + worker * layout.WORKER_SIZE;
    Atomics.store(this.#words, at / 4, region + fault);
    this.workers.wake(worker);
  }

  /**
   * Packets to all slots, of each one at a time as an answer would follow, until `until` says so and
   * all have come out, or none has for `patienceMs`.
   */
  async traffic(until: () => boolean, patienceMs = 1_000): Promise<void> {
    let lastAt = performance.now();
    for (;;) {
      const isOver = until();
      const outstanding = slots.filter((slot) => this.#outstanding(slot) > 0).length;
      if (isOver && outstanding === 0) return;
      if (!isOver && outstanding < QUEUE_MAX) for (const slot of slots) this.#send(slot);
      if (this.#receive() > 0) lastAt = performance.now();
      else if (performance.now() - lastAt > patienceMs) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** A numbered packet for the client of slot `to` that the device gives at the queue of slot `at`. */
  sendDown(at: number, to: number, number: number): boolean {
    const inner = packet(HOST, clientOf(to), PAYLOAD);
    new DataView(inner.buffer).setUint32(NUMBER_AT, number);
    return libc.send(this.#pairs[at]?.[1] ?? -1, Uint8Array.from(inner)) > 0;
  }

  /** Numbers of what has come to the client of a slot since it was asked. */
  receivedBy(slot: number): number[] {
    const numbers: number[] = [];
    const octets = new Uint8Array(2_048);
    const view = new DataView(octets.buffer);
    while (libc.recv(this.#clients[slot] ?? -1, octets) > 0) {
      numbers.push(view.getUint32(DATA_HEADERS + NUMBER_AT));
    }
    return numbers;
  }

  /** Lost ones are not waited for any more. */
  forgive(): void {
    for (const slot of slots) this.sent[slot] = this.arrived[slot]?.at(-1) ?? 0;
  }

  async end(): Promise<void> {
    await this.workers.stop();
    this.stopHeart();
    const pairs = this.#pairs.flat();
    for (const fd of [...this.#servers, ...this.#clients, ...pairs, ...this.#eventfds])
      libc.close(fd);
  }

  #outstanding(slot: number): number {
    return (this.sent[slot] ?? 0) - (this.arrived[slot]?.at(-1) ?? 0);
  }

  #send(slot: number): void {
    if (this.#outstanding(slot) > 0) return;
    const number = (this.sent[slot] ?? 0) + 1;
    const inner = packet(clientOf(slot), HOST, PAYLOAD);
    new DataView(inner.buffer).setUint32(NUMBER_AT, number);
    const message = Uint8Array.from(dataMessage(8 + slot, 1, pppFrame(inner)));
    if (libc.send(this.#clients[slot] ?? -1, message) > 0) this.sent[slot] = number;
  }

  #receive(): number {
    let received = 0;
    const octets = new Uint8Array(2_048);
    for (const [, host] of this.#pairs) {
      while (libc.recv(host, octets) > 0) {
        const slot = (octets[15] ?? 0) - 2;
        this.arrived[slot]?.push(new DataView(octets.buffer).getUint32(NUMBER_AT));
        received++;
      }
    }
    return received;
  }
}

function udp(port: number, peer?: number): number {
  const fd = libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0);
  if (libc.bind(fd, encodeSockaddr("127.0.0.1", port)) < 0) throw new Error(`port ${port} is used`);
  if (peer !== undefined) libc.connect(fd, encodeSockaddr("127.0.0.1", peer));
  return fd;
}
