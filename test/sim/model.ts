/**
 * What an LNS has to show to its operator, in the plainest words: who has which tunnels, calls and
 * addresses. It knows of no message, timer or packet.
 *
 * @module
 */
export const USERS = [
  { name: "ann", password: "ann's word", network: "default" },
  { name: "bob", password: "bob's word", network: "default" },
] as const;

/** A subscriber who is let in. */
interface Session {
  readonly user: string;
  readonly address: string;
}

/** What both the model and the LNS show, in order. */
export interface View {
  /** Tunnel IDs of the LACs. */
  readonly tunnels: readonly number[];
  /** "TUNNEL/SESSION USER ADDRESS", the ids as the LAC gives them. */
  readonly sessions: readonly string[];
  /** Those that are given out. */
  readonly addresses: readonly string[];
}

export type User = (typeof USERS)[number]["name"] | "nobody";

export class Model {
  /** By the LAC's Tunnel ID: its sessions by their ids. */
  readonly tunnels = new Map<number, Map<number, Session>>();
  /** So often somebody who may come in has found no address free. */
  exhausted = 0;
  /** The one that was never out, or is back the longest, goes first. */
  readonly #free: string[];

  constructor(pool: readonly string[]) {
    this.#free = [...pool];
  }

  /** A LAC opens a tunnel. */
  open(tunnel: number): void {
    this.tunnels.set(tunnel, new Map());
  }

  /** A call comes up for whoever has shown the right password, while there is an address. */
  call(tunnel: number, session: number, user: User, isRight: boolean): void {
    if (!isRight || user === "nobody") return;
    const address = this.#free.shift();
    if (address === undefined) this.exhausted++;
    else this.tunnels.get(tunnel)?.set(session, { user, address });
  }

  /** Whoever ends a call, its address is free again. */
  hangUp(tunnel: number, session: number): void {
    const sessions = this.tunnels.get(tunnel);
    const ended = sessions?.get(session);
    if (ended === undefined) return;
    sessions?.delete(session);
    this.#free.push(ended.address);
  }

  /** Whoever ends a tunnel, and be it by silence: its calls end with it, the oldest first. */
  close(tunnel: number): void {
    for (const session of this.sessionsOf(tunnel)) this.hangUp(tunnel, session);
    this.tunnels.delete(tunnel);
  }

  sessionsOf(tunnel: number): number[] {
    return [...(this.tunnels.get(tunnel)?.keys() ?? [])];
  }

  view(): View {
    const sessions = [...this.tunnels].flatMap(([tunnel, calls]) =>
      [...calls].map(([id, { user, address }]) => ({ name: `${tunnel}/${id}`, user, address })),
    );
    return {
      tunnels: [...this.tunnels.keys()].sort((a, b) => a - b),
      sessions: sessions.map(({ name, user, address }) => `${name} ${user} ${address}`).sort(),
      addresses: sessions.map(({ address }) => address).sort(),
    };
  }
}
