/**
 * What the program's LNS and LAC have in common in a world: an endpoint, workers over its memory,
 * and the turns of the control thread, in the daemon's order. Only sockets, TUN devices, clock and
 * randomness are the world's, and when a thread stands still.
 *
 * @module
 */
import * as layout from "../../../assembly/layout.ts";
import type { PuntedFrame } from "../../../src/dataplane/rings.ts";
import type { InjectOf, SessionTable } from "../../../src/dataplane/session-table.ts";
import type { Entry } from "../../../src/history/entry.ts";
import { Recorder, type RecorderOptions } from "../../../src/history/recorder.ts";
import { Ring } from "../../../src/history/ring.ts";
import { Endpoint, type EndpointEvent, type Path, type Role } from "../../../src/l2tp/index.ts";
import { HELD_MS } from "../../../src/limits.ts";
import { decodeSockaddr, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { createLog, type Logger } from "../../../src/observe/log.ts";
import type { Faults } from "../faults.ts";
import { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { dataSocket, Queues, tunQueue, WAKE_CONTROL, wakeOf } from "./kernel.ts";
import type { Machine } from "./machine.ts";

export interface StationPlan {
  readonly name: string;
  readonly address: string;
  readonly secret: string;
  readonly hello: number;
  readonly workers: number;
}

export interface StationOptions {
  readonly seed: number;
  readonly plan: StationPlan;
  readonly role: Role;
  readonly scheduler: Scheduler;
  readonly machine: Machine;
  readonly faults: Faults;
  /** `isLost`: the kernel has not taken it. */
  readonly transmit: (datagram: Uint8Array, address: string, port: number, isLost: boolean) => void;
  /** A packet that it writes to the TUN device of a network. */
  readonly toHost: (network: number, packet: Uint8Array) => void;
  readonly onEvent: (event: EndpointEvent) => void;
  /** A tunnel or session has ended that began then. */
  readonly onEnd: (entry: Entry, since: number) => void;
  /** A datagram begins to be worked on. */
  readonly onInput: (datagram: Uint8Array, path: Path) => void;
}

export type Thread = "control" | "workers" | "second";

/** What becomes of its sessions. */
export interface SimSide {
  handleEvent(event: EndpointEvent, now: number): void;
  handleFrame(punted: PuntedFrame, now: number): void;
  handleTimeout(now: number): void;
  resume(): boolean;
  pollTimeout(): number;
  lastHeard(tunnelId: number): number;
  /** What is there, and so has to have a timer. */
  waiting(now: number): Iterable<string>;
  stop(now: number): void;
}

/** What a side stands on. */
export interface SimGround {
  readonly table: SessionTable;
  readonly injectOf: InjectOf;
  readonly endpoint: Endpoint;
  readonly random: (length: number) => Uint8Array;
  readonly clock: () => number;
  readonly onProgress: () => void;
  readonly recorder: Recorder;
  readonly log: Logger;
}

const CONTROL = 0x80; // T, in the first octet of the header
const LENGTH = 0x40; // L
const QUEUE_MAX = 300;
export const RETRANSMIT_COUNT = 5;
/** Of the datagrams. */
const MERGED = 0.03;
const LOG = createLog({ level: "fatal", human: false, sink: { write: () => undefined } });

/** It also tells when that which has ended began, by the clock of the world. */
class SimRecorder extends Recorder {
  readonly #onEnd: StationOptions["onEnd"];

  constructor(options: RecorderOptions, onEnd: StationOptions["onEnd"]) {
    super(options);
    this.#onEnd = onEnd;
  }

  override sessionDown(...[event, story, traffic, now]: Parameters<Recorder["sessionDown"]>) {
    const entry = super.sessionDown(event, story, traffic, now);
    this.#onEnd(entry, event.session.since);
    return entry;
  }

  override tunnelDown(...[event, now]: Parameters<Recorder["tunnelDown"]>) {
    const entry = super.tunnelDown(event, now);
    this.#onEnd(entry, event.tunnel.since);
    return entry;
  }
}

export abstract class Station<
  Side extends SimSide = SimSide,
  Options extends StationOptions = StationOptions,
> {
  readonly options: Options;
  readonly machine: Machine;
  core!: Endpoint;
  side!: Side;
  queues!: Queues;
  recorder!: Recorder;
  /** What it remembers of what has ended, and how many entries it was given. */
  history!: Ring;
  entries = 0;
  isDown = true;
  /** Its control thread, all its workers, or the second one alone stand still until then. */
  readonly pausedUntil: Record<Thread, number> = { control: 0, workers: 0, second: 0 };
  congestedUntil = 0;
  /** What a clock on the wall shows beside the time of the world. */
  wallOffset = 1_700_000_000_000;
  /** It was started so many times. */
  starts = 0;
  /** What it has refused since it was started, by reason. */
  readonly refused = new Map<string, number>();
  /** Another one whenever the control thread may have changed something. */
  version = 0;
  readonly #scheduler: Scheduler;
  /** Socket addresses, each made once. */
  readonly #names = new Map<string, Uint8Array>();
  #control: { datagram: Uint8Array; path: Path }[] = [];
  #isBlocked = false;
  /** Frames that are held for their turn are looked at again then. */
  #workersAt = Infinity;

  constructor(options: Options) {
    this.options = options;
    this.machine = options.machine;
    this.#scheduler = options.scheduler;
  }

  protected abstract makeSide(ground: SimGround): Side;

  boot(): void {
    const { seed, plan, role, scheduler, machine, faults, transmit, toHost } = this.options;
    const { name, secret, hello: helloInterval, workers } = plan;
    this.isDown = false;
    this.starts++;
    this.version++;
    this.refused.clear();
    const random = new Random(seed, `${name} ${this.starts}`);
    const octets = (length: number) => random.octets(length);
    this.queues = new Queues({
      random: new Random(seed, `kernel of ${name} ${this.starts}`),
      faults,
      isCongested: () => scheduler.now < this.congestedUntil,
      onSent: (datagram, address, port) => transmit(datagram, address, port, false),
      onWritten: toHost,
    });
    machine.boot(workers, this.queues, () => scheduler.now);
    this.core = new Endpoint({
      ...{ role, hostName: name, secret, helloInterval },
      ...{ retransmitCap: 8_000, retransmitCount: RETRANSMIT_COUNT },
      ...{ maxTunnels: 100, maxSessions: 200, followPort: true, random: octets },
      lastHeard: (tunnelId) => this.side.lastHeard(tunnelId),
      messageMax: layout.SLOT_CAPACITY,
    });
    this.#newHistory();
    this.side = this.makeSide({
      ...{ table: machine.table, injectOf: machine.injectOf, endpoint: this.core },
      ...{ random: octets, clock: () => scheduler.now, log: LOG, recorder: this.recorder },
      onProgress: () => {
        this.version++;
        this.flush();
      },
    });
  }

  /** As the daemon's, without its file; the clock on the wall is all that it goes by. */
  #newHistory(): void {
    const { scheduler, onEnd } = this.options;
    const clock = () => scheduler.now + this.wallOffset;
    this.history = new Ring("sim");
    this.entries = 0;
    const add = (entry: Entry) => {
      this.entries++;
      this.history.settle(clock());
      this.history.add(entry);
    };
    this.recorder = new SimRecorder({ add, clock }, onEnd);
  }

  /** Forgets everything at once and says nothing. */
  crash(): void {
    this.isDown = true;
    this.#control = [];
    this.#isBlocked = false;
    this.#workersAt = Infinity;
    Object.assign(this.pausedUntil, { control: 0, workers: 0, second: 0 });
    this.machine.crash();
  }

  /** It was started, and has not crashed. */
  get isRunning(): boolean {
    return this.starts > 0 && !this.isDown;
  }

  get isPaused(): boolean {
    return this.#scheduler.now < this.pausedUntil.control;
  }

  /** When it has something to do next. */
  get timeout(): number {
    if (this.isDown) return Infinity;
    const workers = Math.max(this.#workersAt, this.pausedUntil.workers);
    if (this.isPaused) return workers;
    const { now } = this.#scheduler;
    const isStuck = this.#isBlocked && now >= this.pausedUntil.workers;
    const own = Math.min(this.core.pollTimeout(), this.side.pollTimeout());
    return Math.min(own, workers, isStuck ? now + 1 : Infinity);
  }

  /** A thread, or all workers, do nothing for a while. */
  pause(which: Thread, ms: number): void {
    const until = this.#scheduler.now + ms;
    this.pausedUntil[which] = Math.max(this.pausedUntil[which], until);
    this.#scheduler.at(until, () => {
      if (this.isDown) return;
      if (which !== "control") this.#workersAt = this.#scheduler.now;
      this.turn();
    });
  }

  /** A datagram for port 1701: control messages to their socket, others to that of their slot. */
  receive(datagram: Uint8Array, path: Path): void {
    if (this.isDown) return;
    const [first = CONTROL] = datagram;
    const isData = datagram.length > 1 && (first & CONTROL) === 0;
    const { random } = this.queues.options;
    // The kernel merges datagrams of one peer: some come with others that are somebody else's.
    const isMerged = datagram.length > 8 && random.chance(MERGED);
    if (isData || isMerged) {
      const at = (first & LENGTH) === 0 ? 2 : 4;
      const own = (datagram[at + 1] ?? 0) % layout.SLOT_COUNT;
      const slot = isMerged ? random.between(0, layout.SLOT_COUNT - 1) : own;
      const name = this.#nameOf(path);
      if (isData) this.options.onInput(datagram, path);
      this.queues.put(dataSocket(slot), { octets: datagram, name });
    } else if (this.#control.length < QUEUE_MAX) this.#control.push({ datagram, path });
    else this.options.faults.add("no room in a socket or device");
    this.turn();
  }

  /** A packet for the TUN device of a network; any queue, as the kernel may choose. */
  fromHost(network: number, packet: Uint8Array, slot: number): void {
    if (this.isDown) return;
    this.queues.put(tunQueue(network, slot), { octets: packet });
    this.turn();
  }

  /** A turn of all threads that do not stand still. */
  turn(): void {
    const { now } = this.#scheduler;
    this.#stepWorkers();
    if (this.isPaused) return;
    for (let one = this.#control.shift(); one !== undefined; one = this.#control.shift()) {
      this.#input(one.datagram, one.path);
    }
    this.#takeHanded();
    this.flush();
    this.#takeFrames(now);
    if (this.core.pollTimeout() <= now) this.core.handleTimeout(now);
    if (this.side.pollTimeout() <= now) this.version++;
    this.side.handleTimeout(now);
    const wasBlocked = this.#isBlocked;
    this.#isBlocked = !this.side.resume();
    if (this.#isBlocked && !wasBlocked) this.options.faults.add("the inject ring is full");
    this.flush();
  }

  /** Passes on what the cores want known and sent. */
  flush(): void {
    const { core, side, recorder } = this;
    const { now } = this.#scheduler;
    const { onEvent, transmit, faults } = this.options;
    for (let event = core.pollEvent(); event !== undefined; event = core.pollEvent()) {
      this.version++;
      onEvent(event);
      if (event.type === "refused") {
        recorder.refused(event);
        this.refused.set(event.reason, (this.refused.get(event.reason) ?? 0) + 1);
      }
      if (event.type === "tunnel-up") recorder.tunnelUp(event);
      else if (event.type === "tunnel-down") recorder.tunnelDown(event, now);
      side.handleEvent(event, now);
    }
    const isCongested = now < this.congestedUntil;
    for (let out = core.pollTransmit(); out !== undefined; out = core.pollTransmit()) {
      // What the kernel does not take of these is lost (RFC 2661 5.8 sends it again).
      const isLost = isCongested && this.queues.options.random.chance(0.5);
      if (isLost) faults.add("the kernel did not take a control message");
      transmit(out.datagram, out.path.peer, out.path.peerPort, isLost);
    }
    this.#stepWorkers();
  }

  stop(): void {
    this.recorder.stopping();
    this.side.stop(this.#scheduler.now);
    this.core.shutdown(this.#scheduler.now);
    this.flush();
  }

  #nameOf({ peer, peerPort }: Path): Uint8Array {
    const key = `${peer} ${peerPort}`;
    let name = this.#names.get(key);
    if (name === undefined) {
      name = encodeSockaddr(peer, peerPort);
      this.#names.set(key, name);
    }
    return name;
  }

  #input(datagram: Uint8Array, path: Path): void {
    this.version++;
    this.options.onInput(datagram, path);
    this.core.handleInput({ datagram, path }, this.#scheduler.now);
  }

  /** Control messages that workers have met among data. */
  #takeHanded(): void {
    const { address: local } = this.options.plan;
    for (const { plane } of this.machine.workers) {
      for (let one = plane.handed.take(); one !== undefined; one = plane.handed.take()) {
        const from = decodeSockaddr(one.name, 0);
        if (from === undefined) throw new Error("a datagram of no address");
        this.#input(one.datagram, { peer: from.address, peerPort: from.port, local });
      }
    }
  }

  #takeFrames(now: number): void {
    for (const { plane } of this.machine.workers) {
      for (let punted = plane.punt.take(); punted; punted = plane.punt.take()) {
        this.version++;
        this.side.handleFrame(punted, now);
      }
    }
    this.queues.woken.delete(WAKE_CONTROL);
  }

  /** Until none has anything to do. */
  #stepWorkers(): void {
    const { now } = this.#scheduler;
    if (now < this.pausedUntil.workers) return;
    const { workers } = this.machine;
    let isHolding = false;
    for (let isBusy = true; isBusy; ) {
      isBusy = false;
      workers.forEach(({ plane, kernel, loop }, index) => {
        if (index === 1 && now < this.pausedUntil.second) return;
        if (plane.inject.head !== plane.inject.tail) this.queues.woken.add(wakeOf(index));
        const isDue = this.#workersAt <= now;
        if (!kernel.isReady && !isDue) return;
        loop.turn(0);
        isBusy = true;
        const word = (field: number) => plane.view.getUint32(plane.worker + field, true);
        isHolding ||= word(layout.WORKER_HELD) + word(layout.WORKER_WAITING) > 0;
      });
      if (this.#workersAt <= now) this.#workersAt = Infinity;
    }
    if (isHolding) this.#workersAt = Math.min(this.#workersAt, now + HELD_MS);
  }
}
