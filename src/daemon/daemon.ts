/**
 * What an LNS and a LAC have in common as running programs: it wires the control connections to
 * sockets, rings and the clock. What becomes of their sessions is a `Side`'s to say.
 *
 * One turn of the control thread: sleep until the control socket, a worker or the control
 * thread's own work needs it; take datagrams, punted frames and what is due; then pass on all that
 * the cores want sent and known.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import type { Config } from "../config/config.ts";
import { sumCounters } from "../dataplane/counters.ts";
import { createMemory, instantiate, offloadBits } from "../dataplane/memory.ts";
import { writeNetworks } from "../dataplane/networks.ts";
import { SessionTable } from "../dataplane/session-table.ts";
import { logFields, Recorder } from "../history/recorder.ts";
import { Endpoint, type EndpointEvent } from "../l2tp/index.ts";
import { EVENTS_PER_FLUSH, POLL_FAILURES_MAX, SHUTDOWN_WAIT_MS, TURN_MS } from "../limits.ts";
import { openEventfds } from "../linux/descriptor.ts";
import { wantHugePages } from "../linux/huge-pages.ts";
import type { Libc } from "../linux/libc.ts";
import { familyOf, isWildcard } from "../linux/sockaddr.ts";
import { Steering } from "../linux/steering.ts";
import { formatEndpoint } from "../net.ts";
import { mergeCounters } from "../observe/counters.ts";
import type { Logger } from "../observe/log.ts";
import { type ApiServer, serveApi } from "./api.ts";
import type { WorkerChange } from "./api-messages.ts";
import { ControlInput } from "./control-input.ts";
import { ControlSocket } from "./control-socket.ts";
import { closeDevices, type Devices, offloadFields, runningOf } from "./devices.ts";
import { HeapTrimmer, openHeap } from "./heap.ts";
import { History } from "./history.ts";
import { Losses } from "./losses.ts";
import { Notifier } from "./notify.ts";
import type { Inheritance } from "./privileges.ts";
import { pooledRandom } from "./random.ts";
import type { Side, SideMaker } from "./side.ts";
import { loadOf, totals, tunnelFields, tunnelRows } from "./tunnel-rows.ts";
import { type Tuning, Workers } from "./workers.ts";

export interface Running {
  /** Says goodbye to every peer, waits for their acknowledgement, and takes everything down. */
  stop(): Promise<void>;
  /** Takes everything down at once after an error that is a bug. */
  fail(error: unknown): Promise<void>;
  /** The exit code, once nothing is left. */
  readonly done: Promise<number>;
}

/** Starts one side of L2TP on devices that are open, as `startLns` does. */
export type Start = (libc: Libc, inheritance: Inheritance, log: Logger) => Promise<Running>;

const POLLIN = 1;
const STOP_CHECK_MS = 20;
/** A full inject ring has room again as soon as the worker has had its turn. */
const RING_RETRY_MS = 1;

/**
 * Starts a daemon on devices that are open.
 *
 * @throws {StartError} when the host lacks something; nothing is left half-started.
 */
export async function startDaemon(
  libc: Libc,
  inheritance: Inheritance,
  log: Logger,
  maker: SideMaker,
  tuning: Tuning = {},
): Promise<Running> {
  let daemon: Daemon | undefined;
  try {
    daemon = new Daemon(libc, inheritance, log, maker, tuning);
    await daemon.start();
    return daemon;
  } catch (error) {
    if (daemon === undefined) await closeDevices(libc, inheritance.devices);
    else await daemon.abort(error);
    throw error;
  }
}

class Daemon implements Running {
  readonly done: Promise<number>;
  readonly #libc: Libc;
  readonly #devices: Devices;
  readonly #config: Config;
  /** Of the file, with the keys that are ours. */
  readonly #table: string;
  readonly #log: Logger;
  readonly #history: History;
  readonly #recorder: Recorder;
  readonly #memory = createMemory();
  readonly #words = new Int32Array(this.#memory.buffer);
  readonly #base: bigint;
  readonly #eventfds: readonly number[];
  /** That of the control thread. */
  readonly #wake: number;
  readonly #workers: Workers;
  readonly #socket: ControlSocket;
  /** Gets requests for tunnels. */
  readonly #starts: ControlSocket;
  readonly #losses: Losses;
  /** Of each network's device; none where the kernel chooses queues. */
  readonly #steering: readonly Steering[];
  readonly #pollCount: bigint;
  readonly #lns: Endpoint;
  readonly #side: Side;
  readonly #input: ControlInput;
  readonly #notifier: Notifier;
  #api: ApiServer | undefined;
  #heap: HeapTrimmer | undefined;
  /** Settles when the control thread takes no more turns. */
  #turns = Promise.resolve();
  /** Frames wait for room in the inject ring. */
  #isBlocked = false;
  #isEnding = false;
  #isRunning = true;
  #finish: (code: number) => void = () => undefined;

  constructor(
    libc: Libc,
    { devices, config, manager }: Inheritance,
    log: Logger,
    maker: SideMaker,
    tuning: Tuning,
  ) {
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#libc = libc;
    this.#devices = devices;
    this.#config = config;
    this.#log = log;
    const warn: Logger["warn"] = log.warn.bind(log);
    this.#table = `[${maker.role}]`;
    const kept = { path: config.lns.history, key: `${this.#table} history` };
    this.#history = new History({ ...kept, clock: Date.now, warn });
    this.#recorder = new Recorder({ add: (entry) => this.#history.add(entry), clock: Date.now });
    this.#base = libc.address(new Uint8Array(this.#memory.buffer));
    wantHugePages(libc, this.#base, this.#memory.buffer.byteLength);
    this.#eventfds = openEventfds(libc, 1 + layout.WORKERS_MAX);
    const [wake = -1, ...wakes] = this.#eventfds;
    this.#wake = wake;
    const forwarding = instantiate(this.#memory);
    writeNetworks(this.#memory, config.networks);
    const clock = () => performance.now();
    this.#workers = new Workers({
      ...{ libc, memory: this.#memory, base: this.#base, forwarding, clock, log, ...tuning },
      offloads: offloadBits(devices.offloads),
      steer: config.lns.steer,
      link: devices.sockets.link,
      data: devices.sockets.data,
      tuns: devices.tuns,
      wakes,
      wakeControl: wake,
      onFailure: (error) => void this.fail(error),
    });
    const injectOf = this.#workers.injectOf.bind(this.#workers);
    const { control, sccrq } = devices.sockets;
    const family = familyOf(config.lns.address);
    const io = { libc, forwarding, memory: this.#memory, base: this.#base, family };
    this.#socket = new ControlSocket({ ...io, fd: control, receive: layout.CONTROL_RECEIVE });
    this.#starts = new ControlSocket({ ...io, fd: sccrq, receive: layout.CONTROL_STARTS });
    this.#steering = devices.steering.maps.map((maps) => new Steering(libc, maps));
    const named = devices.hosts.length > 0 ? [] : config.networks.map(({ tun }) => tun);
    this.#losses = new Losses(libc, devices.sockets, named);
    const random = pooledRandom();
    const { lns } = config;
    const lastHeard = (tunnelId: number) => this.#side.lastHeard(tunnelId);
    const slots = { owners: this.#workers.owners.bySlot, crowded: this.#losses.crowded };
    const messageMax = layout.SLOT_CAPACITY;
    this.#lns = new Endpoint({ ...lns, role: maker.role, random, lastHeard, slots, messageMax });
    this.#side = maker.make({
      ...{ libc, devices, config, injectOf, family, random, clock, log },
      table: new SessionTable(this.#memory, forwarding, injectOf, this.#steering),
      endpoint: this.#lns,
      onProgress: () => this.#flush(performance.now()),
      recorder: this.#recorder,
    });
    this.#pollCount = this.#writePolls([this.#wake, control, sccrq, ...this.#side.descriptors]);
    this.#notifier = new Notifier({ libc, log, load: () => loadOf(this.#lns.tunnels()), manager });
    const { rings } = this.#workers;
    this.#input = new ControlInput({
      control: this.#socket,
      starts: this.#starts,
      handed: rings.map(({ handed }) => handed),
      punts: rings.map(({ punt }) => punt),
      family,
      ...(!isWildcard(lns.address) && { local: lns.address }),
      lns: this.#lns,
      frames: this.#side,
      workers: this.#workers,
      clock,
    });
  }

  async start(): Promise<void> {
    const { lns, networks } = this.#config;
    const place = { path: lns.socket, key: `${this.#table} socket` };
    this.#api = await serveApi(place, {
      tunnels: () => tunnelRows(this.#lns.tunnels(), performance.now()),
      sessions: () => this.#side.rows(performance.now()),
      busiest: (by, count) => ({
        ...loadOf(this.#lns.tunnels()),
        ...totals(sumCounters(this.#memory)),
        ...this.#side.busiest(by, count, performance.now()),
      }),
      clients: this.#side.clients && (() => this.#side.clients?.(performance.now()) ?? []),
      call: this.#side.call,
      workers: () => this.#workers.rows(),
      changeWorkers: (change) => this.#changeWorkers(change),
      counters: () => this.#counters(),
      offloads: () => runningOf(this.#devices),
      history: () => this.#history.entries(),
    });
    // Where the control socket is ours, so is the history.
    await this.#history.open();
    this.#workers.start(lns.workers);
    for (const line of this.#side.advice()) this.#log.warn(line);
    this.#log.info(offloadFields(runningOf(this.#devices)), "offloads");
    const names = networks.map(({ name, tun, pool }) => ({ name, tun, pool }));
    this.#log.info({ listen: formatEndpoint(lns.address, lns.port), networks: names }, "serving");
    const heap = openHeap();
    if (heap !== undefined) this.#heap = new HeapTrimmer(heap, performance.now());
    this.#notifier.ready(performance.now());
    this.#turns = this.#run().catch((error) => void this.fail(error));
  }

  async #changeWorkers(change: WorkerChange): Promise<void> {
    await this.#workers.change(change);
    this.#log.info({ ...change, workers: this.#workers.rows() }, "workers changed");
  }

  /** Takes down what a failed `start` has made. */
  async abort(error: unknown): Promise<void> {
    this.#isEnding = true;
    this.#isRunning = false;
    await this.#release(error);
  }

  async stop(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#notifier.stopping();
    this.#log.info("stopping");
    this.#recorder.stopping();
    this.#side.stop(performance.now());
    const deadline = performance.now() + SHUTDOWN_WAIT_MS;
    this.#lns.shutdown(performance.now());
    this.#flush(performance.now(), Infinity);
    this.#libc.eventfdWrite(this.#wake, 1n);
    while (!this.#lns.isDrained() && performance.now() < deadline) await sleep(STOP_CHECK_MS);
    await this.#takeDown(0);
  }

  async fail(error: unknown): Promise<void> {
    if (!this.#isRunning) return;
    this.#isEnding = true;
    this.#notifier.stopping();
    this.#log.fatal({ err: error }, "stopping after an error");
    await this.#takeDown(1, error);
  }

  /** The turns of the control thread, until it is taken down. */
  async #run(): Promise<void> {
    const polls = this.#base + BigInt(layout.CONTROL_POLLS);
    let failures = 0;
    while (this.#isRunning) {
      Atomics.add(this.#words, layout.CONTROL_HEARTBEAT / 4, 1);
      this.#turn(performance.now());
      const due = Math.min(this.#lns.pollTimeout(), this.#side.pollTimeout());
      const longest = this.#isBlocked ? RING_RETRY_MS : TURN_MS;
      const wait = Math.max(0, Math.min(longest, Math.ceil(due - performance.now())));
      const ready = await this.#libc.pollAsync(polls, this.#pollCount, wait);
      failures = ready < 0 ? failures + 1 : 0;
      // A signal may end a wait or two; what fails each time would keep this loop busy for good.
      if (failures > POLL_FAILURES_MAX) throw new Error("poll fails time and again");
    }
  }

  #turn(now: number): void {
    this.#libc.eventfdRead(this.#wake, this.#base + BigInt(layout.CONTROL_WAKE_VALUE));
    let isAllTaken = this.#input.takeControl(now);
    // A frame may follow closely on the ICCN that it needs: let the core's news reach the links.
    this.#flush(now);
    isAllTaken = this.#input.takeFrames(now) && isAllTaken;
    if (this.#lns.pollTimeout() <= now) this.#lns.handleTimeout(now, EVENTS_PER_FLUSH);
    this.#side.handleTimeout(now);
    this.#isBlocked = !this.#side.resume();
    isAllTaken = this.#input.takeStarts(now) && isAllTaken;
    this.#flush(now);
    if (!isAllTaken) this.#libc.eventfdWrite(this.#wake, 1n);
    this.#heap?.handleTimeout(now);
    this.#losses.check(now);
    this.#notifier.turn(now, this.#workers.check(now));
  }

  /**
   * Passes on what the cores want known and sent. The end of a tunnel with 60,000 sessions takes
   * seconds: what is too much for one turn is for the next, and a HELLO comes in between.
   */
  #flush(now: number, most = EVENTS_PER_FLUSH): void {
    for (let left = most; ; left--) {
      if (left === 0) {
        this.#libc.eventfdWrite(this.#wake, 1n);
        break;
      }
      const event = this.#lns.pollEvent();
      if (event === undefined) break;
      Atomics.add(this.#words, layout.CONTROL_HEARTBEAT / 4, 1); // who works is alive
      this.#record(event, now);
      this.#side.handleEvent(event, now);
    }
    for (let out = this.#lns.pollTransmit(); out !== undefined; out = this.#lns.pollTransmit()) {
      this.#socket.send(out);
    }
    this.#workers.wakeInjected();
  }

  /** Log and history of tunnels; sessions are told of by the subscribers, who know more. */
  #record(event: EndpointEvent, now: number): void {
    if (event.type === "refused") {
      const { peer, hostName, code } = this.#recorder.refused(event);
      const fields = { what: event.what, peer, hostName, code, result: event.result };
      this.#log.debug(fields, "refused");
    } else if (event.type === "tunnel-up") {
      this.#recorder.tunnelUp(event);
      this.#log.info(tunnelFields(event.tunnel), "tunnel up");
    } else if (event.type === "tunnel-moved") {
      const from = formatEndpoint(event.from.peer, event.from.peerPort);
      this.#log.info({ ...tunnelFields(event.tunnel), from }, "tunnel moved to another port");
    } else if (event.type === "tunnel-down") {
      const end = logFields(this.#recorder.tunnelDown(event, now));
      // One that never was established costs a stranger one datagram: no line of its own for it.
      const level = event.tunnel.state === "established" ? "info" : "debug";
      const fields = { ...tunnelFields(event.tunnel), ...end, result: event.result };
      this.#log[level](fields, "tunnel down");
    }
  }

  async #takeDown(code: number, error?: unknown): Promise<void> {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    await this.#release(error);
    this.#log.info("stopped");
    this.#finish(code);
  }

  async #release(error: unknown): Promise<void> {
    await this.#workers.stop();
    this.#libc.eventfdWrite(this.#wake, 1n);
    await this.#turns;
    if (!(await closeDevices(this.#libc, this.#devices))) {
      this.#log.warn(this.#side.leftBehind);
    }
    for (const fd of this.#eventfds) this.#libc.close(fd);
    await this.#api?.close();
    await this.#history.close(error);
  }

  #counters(): Record<string, number> {
    const lost = this.#losses.counts;
    const { control, ...groups } = this.#side.counters();
    return {
      ...sumCounters(this.#memory),
      ...mergeCounters({
        up: { "socket-full": lost.data },
        down: { "device-full": lost.packets },
        l2tp: this.#lns.counters,
        ...groups,
        control: [
          this.#socket.counters,
          this.#starts.counters,
          { "socket-full": lost.control },
          ...control,
          this.#input.counters,
        ],
        steering: this.#steering.map(({ refused }) => ({ refused })),
        history: this.#history.counters,
        api: { refused: this.#api?.refused ?? 0 },
      }),
    };
  }

  #writePolls(fds: readonly number[]): bigint {
    const view = new DataView(this.#memory.buffer);
    fds.forEach((fd, index) => {
      const at = layout.CONTROL_POLLS + index * layout.POLLFD_SIZE;
      view.setInt32(at + layout.POLLFD_FD, fd, true);
      view.setInt16(at + layout.POLLFD_EVENTS, POLLIN, true);
    });
    return BigInt(fds.length);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
