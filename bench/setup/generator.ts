/**
 * The load of a measurement of set-up, a process of its own: access concentrators and their clients,
 * told on standard input how many.
 *
 * It sleeps until something arrives, so that its CPU time tells whether it could do more.
 *
 * @module
 */
import { checked } from "../../src/linux/errno.ts";
import { openLibc } from "../../src/linux/ffi.ts";
import type { Libc } from "../../src/linux/libc.ts";
import { encodePktinfo, encodeSockaddr } from "../../src/linux/sockaddr.ts";
import { formatIpv4, ipv4Prefix } from "../../src/net.ts";
import { Caller } from "../forward/caller.ts";
import { Inbox } from "../forward/inbox.ts";
import { LNS_ADDRESS } from "../forward/lab.ts";
import { answerLines, pause, sleep } from "../forward/lines.ts";
import { Outbox } from "../forward/outbox.ts";
import { openReceiver } from "../forward/sockets.ts";
import { type Dialled, type GeneratorQuestion, SOURCES } from "./settings.ts";

const PORT = 1701;
const CALLER = { name: "bench", password: "bench", accepts: ["chap"] } as const;
/** Where a message without and with a Length field has its Tunnel ID. */
const TUNNEL_ID = { without: 2, with: 4 } as const;
const LENGTH_BIT = 0x4000;
const KEEP_ALIVE_MS = 20;
const POLLIN = 1;
const POLL_MS = 1;
/** Turns without a look at what else this process has to do. */
const TURNS = 256;
/** A session that does not come up by then never does. */
const STALL_MS = 20_000;
/** For the acknowledgements of what has ended. */
const LEAVE_MS = 300;

/** Runs until standard input ends. */
export async function generator(): Promise<void> {
  const running = new Generator(openLibc());
  console.log("ready");
  const alive = setInterval(() => running.turn(performance.now()), KEEP_ALIVE_MS);
  await answerLines((question: GeneratorQuestion) => running.answer(question));
  clearInterval(alive);
}

type Dial = Extract<GeneratorQuestion, { do: "dial" }>;

class Generator {
  readonly #libc: Libc;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #poll = new DataView(new ArrayBuffer(8));
  readonly #pollAt: bigint;
  /** By Tunnel ID at this end, since the last time that all have left. */
  readonly #callers = new Map<number, Caller>();
  /** Those with calls under way. */
  readonly #busy = new Set<Caller>();
  /** The latest: calls go there. */
  #there: Caller[] = [];
  /** Ids that are in use: both begin with 1. */
  #tunnels = 0;
  #calls = 0;
  #pending = 0;
  #opened = 0;
  #lookAt = 0;

  constructor(libc: Libc) {
    this.#libc = libc;
    const fd = openReceiver(libc, PORT);
    this.#inbox = new Inbox(libc, fd);
    this.#outbox = new Outbox(libc, fd, encodeSockaddr(LNS_ADDRESS, PORT));
    this.#poll.setInt32(0, fd, true);
    this.#poll.setInt16(4, POLLIN, true);
    this.#pollAt = libc.address(new Uint8Array(this.#poll.buffer));
  }

  async answer(question: GeneratorQuestion): Promise<unknown> {
    if (question.do === "dial") return this.#dial(question);
    const now = performance.now();
    for (const caller of this.#callers.values()) caller.hangUp(now);
    this.#outbox.flush();
    await sleep(LEAVE_MS);
    this.turn(performance.now());
    this.#callers.clear();
    this.#calls = 0;
    return {};
  }

  /** All that has arrived, and what is due. False when nothing has arrived. */
  turn(now: number): boolean {
    const hasArrived = this.#inbox.take((view, at, length) => {
      const place = (view.getUint16(at) & LENGTH_BIT) === 0 ? TUNNEL_ID.without : TUNNEL_ID.with;
      const datagram = new Uint8Array(view.buffer, at, length).slice();
      this.#callers.get(view.getUint16(at + place))?.handle(datagram, now);
    });
    if (now >= this.#lookAt) {
      this.#lookAt = now + KEEP_ALIVE_MS;
      for (const caller of this.#busy) caller.handleTimeout(now);
      if (this.#busy.size === 0)
        for (const caller of this.#callers.values()) caller.handleTimeout(now);
    }
    this.#outbox.flush();
    return hasArrived;
  }

  async #dial({ tunnels, calls, atOnce }: Dial): Promise<Dialled> {
    if (tunnels > 0) this.#there = [];
    const begin = performance.now();
    const before = process.cpuUsage();
    const target = this.#opened + calls;
    let last = begin;
    let next = 0;
    for (let turns = 0; this.#opened < target; turns++) {
      const now = performance.now();
      while (next < calls && this.#pending < atOnce) this.#call(next++, tunnels, now);
      const opened = this.#opened;
      if (!this.turn(now)) checked(this.#libc, "poll", this.#libc.poll(this.#pollAt, 1n, POLL_MS));
      if (this.#opened > opened) last = now;
      if (now - last > STALL_MS) throw new Error("sessions do not come up");
      if (turns % TURNS === 0) await pause();
    }
    const seconds = (performance.now() - begin) / 1_000;
    const { user, system } = process.cpuUsage(before);
    return { seconds, cpu: (user + system) / 1e6 };
  }

  /** A call in the next tunnel, in turn; `tunnels` are made first. */
  #call(index: number, tunnels: number, now: number): void {
    const there = this.#there;
    const caller = there.length < tunnels ? this.#connect(now) : there[index % there.length];
    if (caller === undefined) throw new Error("there is no tunnel");
    this.#busy.add(caller);
    this.#pending++;
    caller.call(++this.#calls, now);
  }

  #connect(now: number): Caller {
    const tunnelId = ++this.#tunnels;
    const control = encodePktinfo(formatIpv4(ipv4Prefix(SOURCES).first + tunnelId));
    const caller: Caller = new Caller({
      tunnelId,
      wishes: CALLER,
      send: (datagram) => this.#outbox.put(datagram, control),
      opened: () => {
        this.#opened++;
        this.#pending--;
        if (caller.pending === 0) this.#busy.delete(caller);
      },
    });
    this.#callers.set(tunnelId, caller);
    this.#there.push(caller);
    caller.start(now);
    return caller;
  }
}
