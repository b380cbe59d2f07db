/** A dialler over an endpoint whose LNSs do what a test says, in virtual time. */
import { Dialler, type Placer, type Target } from "../../../src/dial/index.ts";
import type {
  Cause,
  EndpointEvent,
  Result,
  SessionInfo,
  TunnelInfo,
} from "../../../src/l2tp/index.ts";

export interface Call {
  readonly calledNumber: string;
}

/** What an LNS does: opens its tunnels and takes calls, refuses either, or is not there. */
export type Manner =
  | "takes"
  | "refuses-tunnel"
  | "refuses-call"
  | "has-no-room"
  | "ignores-call"
  | "silent";

export const CALL: Call = { calledNumber: "1" };
const STEP_MS = 10;

export function target(address: string, options: Partial<Target> = {}): Target {
  const usual = { name: "office", port: 1_701, secret: "", priority: 1, weight: 1 };
  return { ...usual, address, hideAvps: false, ...options };
}

export class World implements Placer<Call, never> {
  readonly manners: Record<string, Manner>;
  readonly dialler: Dialler<Call, never>;
  /** What was sent, a word each. */
  readonly sent: string[] = [];
  /** What the owner of the calls was told. */
  readonly told: string[] = [];
  now = 0;
  readonly #tunnels = new Map<
    number,
    { address: string; sessions: Set<number>; isOpen: boolean }
  >();
  readonly #due: { at: number; event: () => EndpointEvent | undefined }[] = [];
  #ids = 0;

  constructor(targets: readonly Target[], manners: Record<string, Manner>, chance = 0) {
    this.manners = manners;
    const random = (length: number) => new Uint8Array(length).fill(chance);
    this.dialler = new Dialler({ targets, endpoint: this, role: "lac", local: "", random });
  }

  dial(name = "office", from?: string): number {
    const request = { call: CALL, ...(from !== undefined && { from }) };
    return this.dialler.dial(name, request, this.now);
  }

  /** Lets time pass; what the dialler tells in it is kept in `told`. */
  run(ms: number): string[] {
    const before = this.told.length;
    for (const end = this.now + ms; this.now < end; this.now += STEP_MS) {
      while ((this.#due[0]?.at ?? Infinity) <= this.now) {
        const event = this.#due.shift()?.event();
        if (event !== undefined) this.dialler.handleEvent(event, this.now);
      }
      this.dialler.handleTimeout(this.now);
      this.#listen();
    }
    return this.told.slice(before);
  }

  /** The LNS of `address` ends its tunnel. */
  loseTunnel(address: string, cause: Cause = { by: "timeout", result: { code: 1 } }): void {
    for (const [id, tunnel] of this.#tunnels) {
      if (tunnel.address === address) this.#endTunnel(id, cause);
    }
  }

  /** It ends all calls in it. */
  endCalls(address: string): void {
    for (const [id, tunnel] of this.#tunnels) {
      if (tunnel.address !== address) continue;
      for (const session of tunnel.sessions) this.#endSession(id, session, PEER);
    }
  }

  connect({ path }: { path: { peer: string } }): number {
    this.#ids++;
    const id = this.#ids;
    const address = path.peer;
    this.sent.push(`SCCRQ ${address}`);
    this.#tunnels.set(id, { address, sessions: new Set(), isOpen: false });
    const manner = this.manners[address] ?? "takes";
    if (manner === "refuses-tunnel") this.#later(() => this.#endTunnel(id, PEER));
    else if (manner !== "silent") this.#later(() => this.#openTunnel(id));
    return id;
  }

  placeCall(tunnelId: number): number | undefined {
    this.#ids++;
    const sessionId = this.#ids;
    const tunnel = this.#tunnels.get(tunnelId);
    if (tunnel === undefined) return undefined;
    tunnel.sessions.add(sessionId);
    if (tunnel.isOpen) this.#answer(tunnelId, sessionId);
    return sessionId;
  }

  closeSession(tunnelId: number, sessionId: number, result: Result): void {
    const tunnel = this.#tunnels.get(tunnelId);
    if (tunnel?.sessions.has(sessionId) !== true) return;
    this.sent.push(`CDN ${tunnel.address}`);
    this.#endSession(tunnelId, sessionId, { by: "local", result });
  }

  closeTunnel(tunnelId: number, result: Result): void {
    const tunnel = this.#tunnels.get(tunnelId);
    if (tunnel === undefined) return;
    this.sent.push(`StopCCN ${tunnel.address}`);
    this.#endTunnel(tunnelId, { by: "local", result });
  }

  #openTunnel(id: number): EndpointEvent | undefined {
    const tunnel = this.#tunnels.get(id);
    if (tunnel === undefined) return undefined;
    tunnel.isOpen = true;
    for (const session of tunnel.sessions) this.#answer(id, session);
    return { type: "tunnel-up", tunnel: { tunnelId: id } as TunnelInfo };
  }

  #answer(tunnelId: number, sessionId: number): void {
    const address = this.#tunnels.get(tunnelId)?.address ?? "";
    this.sent.push(`ICRQ ${address}`);
    const manner = this.manners[address] ?? "takes";
    const session = { tunnelId, sessionId } as SessionInfo;
    const isThere = () => this.#tunnels.get(tunnelId)?.sessions.has(sessionId) === true;
    if (manner === "has-no-room") this.#later(() => this.#endSession(tunnelId, sessionId, FULL));
    if (manner === "refuses-call") this.#later(() => this.#endSession(tunnelId, sessionId, PEER));
    if (manner !== "takes") return;
    this.#later(() => (isThere() ? { type: "session-open", session } : undefined));
    this.#later(() => (isThere() ? { type: "session-up", session } : undefined));
  }

  #endTunnel(id: number, cause: Cause): undefined {
    const tunnel = this.#tunnels.get(id);
    for (const session of tunnel?.sessions ?? []) this.#endSession(id, session, cause);
    this.#tunnels.delete(id);
    this.#later(() => ({ type: "tunnel-down", tunnel: { tunnelId: id } as TunnelInfo, ...cause }));
  }

  #endSession(tunnelId: number, sessionId: number, cause: Cause): undefined {
    this.#tunnels.get(tunnelId)?.sessions.delete(sessionId);
    const session = { tunnelId, sessionId } as SessionInfo;
    this.#later(() => ({ type: "session-down", session, ...cause }));
  }

  #later(event: () => EndpointEvent | undefined): void {
    this.#due.push({ at: this.now + STEP_MS, event });
  }

  #listen(): void {
    for (let event = this.dialler.pollEvent(); event; event = this.dialler.pollEvent()) {
      const where = "target" in event ? ` ${event.target.address}` : "";
      const why = event.type === "missed" ? ` ${event.why}` : "";
      this.told.push(`${event.dial} ${event.type}${where}${why}`);
    }
  }
}

const FULL: Cause = { by: "peer", result: { code: 4 } };
const PEER: Cause = { by: "peer", result: { code: 3 } };
