/**
 * The LNS of a world with LACs at its side that do what a test tells them, one thing at a time.
 *
 * @module
 */
import { buildHeader, parseHeader } from "../../src/codec/index.ts";
import { Lac } from "../peer/lac.ts";
import { PppPeer } from "../peer/ppp.ts";
import { Faults } from "./faults.ts";
import { USERS, type User, type View } from "./model.ts";
import { SimLns } from "./nodes/lns.ts";
import type { Machine } from "./nodes/machine.ts";
import { Scheduler } from "./scheduler.ts";

/** So many, so that they run out: the first and the last address and the gateway are not given. */
export const POOL = [2, 3, 4, 5, 6].map((last) => `10.64.0.${last}`);
const PREFIX = "10.64.0.0/29";
const DELAY_MS = 5;
const MICROTASKS = 8;
/** A tunnel of another LAC has ids of another thousand. */
const IDS = 1_000;

const ADDRESS = "198.51.100.1";
const ignore = () => undefined;

const PLAN: SimLns["options"]["plan"] = {
  ...{ name: "lns", address: ADDRESS, secret: "", hello: 20_000, workers: 1, aaaDelay: 0 },
  ...{
    authMethods: ["chap", "pap"],
    users: USERS,
    forwards: [],
    targets: [],
    trustsProxies: false,
    room: POOL.length,
  },
  network: {
    ...{ name: "default", gateway: "10.64.0.1", pool: [PREFIX], pool6: ["2001:db8:64::/56"] },
    sequencing: false,
  },
};

export type Way = "to the LNS" | "from the LNS";

export class LnsWithLacs {
  readonly scheduler = new Scheduler();
  readonly lns: SimLns;
  readonly #lacs = new Map<number, Lac>();
  /** By "TUNNEL/SESSION". */
  readonly #links = new Map<string, PppPeer>();
  readonly #users = new Map<string, PppPeer>();
  /** The next datagram this way is lost. */
  readonly #losing = new Set<Way>();
  /** An answer was given and its taker has not run yet. */
  #hasAnswered = false;

  constructor(machine: Machine) {
    this.lns = new SimLns({
      ...{ seed: 1, plan: PLAN, role: "lns", scheduler: this.scheduler, machine },
      faults: new Faults(),
      transmit: (datagram) => this.#send("from the LNS", () => this.#hear(datagram)),
      onAnswer: () => {
        this.#hasAnswered = true;
      },
      ...{ toHost: ignore, onEvent: ignore, onEnd: ignore, onInput: ignore, onGrant: ignore },
    });
    this.lns.boot();
  }

  /** Of the LAC `index`: each of its tunnels has another one. */
  static tunnelId(index: number, attempt: number): number {
    return 1 + index * IDS + attempt;
  }

  lose(way: Way): void {
    this.#losing.add(way);
  }

  open(tunnel: number): void {
    const lac = new Lac(tunnel);
    this.#lacs.set(tunnel, lac);
    lac.start(this.scheduler.now);
  }

  call(tunnel: number, session: number, name: User, isRight: boolean): void {
    const known = USERS.find((user) => user.name === name)?.password ?? "";
    const password = isRight ? known : "wrong";
    this.#users.set(`${tunnel}/${session}`, new PppPeer({ name, password }));
    this.#lacs.get(tunnel)?.call(session, this.scheduler.now);
  }

  hangUp(tunnel: number, session: number): void {
    this.#lacs.get(tunnel)?.hangUp(session, this.scheduler.now);
  }

  stop(tunnel: number): void {
    this.#lacs.get(tunnel)?.stop(this.scheduler.now);
  }

  /** It does not say so, nor anything else. */
  vanish(tunnel: number): void {
    this.#lacs.delete(tunnel);
  }

  operatorHangsUp(tunnel: number, session: number): void {
    for (const each of this.lns.core.sessions()) {
      if (each.peerTunnelId !== tunnel || each.peerSessionId !== session) continue;
      const { tunnelId, sessionId } = each;
      this.lns.core.closeSession(tunnelId, sessionId, { code: 3 }, this.scheduler.now);
      return;
    }
  }

  operatorCloses(tunnel: number): void {
    for (const { tunnelId, peerTunnelId } of [...this.lns.core.tunnels()]) {
      if (peerTunnelId !== tunnel) continue;
      this.lns.core.closeTunnel(tunnelId, { code: 1 }, this.scheduler.now);
    }
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    const { scheduler, lns } = this;
    const end = scheduler.now + ms;
    this.#settle();
    for (;;) {
      const next = Math.min(scheduler.next(), lns.timeout, ...this.#timeouts());
      if (next > end) break;
      scheduler.now = Math.max(scheduler.now, next);
      const action = scheduler.due();
      if (action !== undefined) action();
      else this.#handleTimeouts();
      if (this.#hasAnswered) {
        for (let i = 0; i < MICROTASKS; i++) await undefined;
        this.#hasAnswered = false;
      }
      this.#settle();
    }
    scheduler.now = end;
  }

  /** As the operator sees it; what is on its way to be up or down is not what the model has. */
  view(): View {
    const { core, subscribers, aaa } = this.lns;
    const tunnels = [...core.tunnels()].map(({ peerTunnelId }) => peerTunnelId);
    const rows = [...subscribers.rows(this.scheduler.now)].map((row) => {
      const phase = row.phase === "network" ? "" : ` ${row.phase}`;
      return `${row.peerTunnelId}/${row.peerSessionId} ${row.user} ${row.address}${phase}`;
    });
    const sessions = [...core.sessions()].length;
    if (sessions !== rows.length) rows.push(`${sessions} sessions in all`);
    return {
      tunnels: tunnels.sort((a, b) => a - b),
      sessions: rows.sort(),
      addresses: [...aaa.out].map(({ profile }) => profile.address).sort(),
    };
  }

  #timeouts(): number[] {
    const links = [...this.#links.values()].map((link) => link.pollTimeout());
    return [...[...this.#lacs.values()].map((lac) => lac.timeout), ...links];
  }

  #handleTimeouts(): void {
    const { now } = this.scheduler;
    if (this.lns.timeout <= now) this.lns.turn();
    for (const lac of this.#lacs.values()) lac.tick(now);
    for (const link of this.#links.values()) link.handleTimeout(now);
  }

  /** Calls that are up get a link, others lose it; all that is to be sent is. */
  #settle(): void {
    this.lns.flush();
    for (const [tunnel, lac] of this.#lacs) {
      for (const { id, state, peerId } of lac.calls.values()) {
        const key = `${tunnel}/${id}`;
        const link = this.#users.get(key);
        if (state === "established" && link !== undefined && !this.#links.has(key)) {
          this.#links.set(key, link);
          link.open(this.scheduler.now);
        }
        if (state === "closed") this.#links.delete(key);
        for (let frame = link?.pollTransmit(); frame; frame = link?.pollTransmit()) {
          const tunnelId = lac.peerTunnelId;
          const header = { control: false, priority: false, tunnelId, sessionId: peerId };
          this.#toLns(tunnel, buildHeader(header, frame));
        }
      }
      for (const datagram of lac.outbox.splice(0)) this.#toLns(tunnel, datagram);
    }
    for (const key of this.#links.keys()) {
      if (!this.#lacs.has(Number.parseInt(key, 10))) this.#links.delete(key);
    }
  }

  #toLns(tunnel: number, datagram: Uint8Array): void {
    const peer = `192.0.2.${10 + Math.floor(tunnel / IDS)}`;
    const path = { peer, peerPort: 1_701, local: ADDRESS };
    this.#send("to the LNS", () => this.lns.receive(datagram, path));
  }

  #send(way: Way, arrive: () => void): void {
    if (this.#losing.delete(way)) return;
    this.scheduler.after(DELAY_MS, arrive);
  }

  #hear(datagram: Uint8Array): void {
    const header = parseHeader(datagram);
    if (typeof header === "string") throw new Error(`the LNS built a datagram that is ${header}`);
    const { control, tunnelId, sessionId, payload } = header;
    const { now } = this.scheduler;
    if (control) this.#lacs.get(tunnelId)?.handle(datagram, now);
    else this.#links.get(`${tunnelId}/${sessionId}`)?.handleInput(payload, now);
  }
}
