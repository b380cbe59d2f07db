/**
 * What is to be told of one session when it ends.
 *
 * @module
 */
import { HISTORY_ADDRESSES_MAX } from "../limits.ts";
import type { DownReason } from "../ppp/index.ts";
import { linkCode, refusalCode } from "./classify.ts";
import type { Code } from "./codes.ts";
import { type Entry, PHASES, type Phase } from "./entry.ts";

const NONE: readonly string[] = Object.freeze([]);

/** What a session has lived through so far; kept beside it. */
export class Story {
  /** Name that the peer gave last, and whether it proved it. */
  user = "";
  isProved = false;
  network = "";
  addresses: readonly string[] = NONE;
  wasHeard = false;
  isAsked = false;
  refusal: Code | undefined;
  /** What the peer or AAA said. */
  words = "";
  /** Known before L2TP says that the session is down. */
  code: Code | undefined;
  by: Entry["by"] | undefined;
  /** It has its entry. */
  isRecorded = false;
  #phase: Phase = "call";

  get phase(): Phase {
    return this.#phase;
  }

  /** A phase is reached once and not left again. */
  reach(phase: Phase): void {
    if (PHASES.indexOf(phase) > PHASES.indexOf(this.#phase)) this.#phase = phase;
  }

  get wasUp(): boolean {
    return this.addresses.length > 0 || this.#phase === "forwarded";
  }

  /** The call has gone on to another LNS, which authenticates the user. */
  goOn(): void {
    this.isAsked = false;
    this.reach("forwarded");
  }

  /** The call is over there, or no LNS has taken it; `words` are what was said of it. */
  goneBack({ wasUp, words }: { readonly wasUp: boolean; readonly words: string }): void {
    this.turnAway(wasUp ? "next-lns-hung-up" : "next-lns-failed");
    this.words = words;
  }

  /** AAA is asked about `user`. */
  ask(user: string): void {
    this.user = user;
    this.isAsked = true;
  }

  /** AAA refused; returns the code. Whatever ends the session now, this is why. */
  refuse(
    reason: "credentials" | "pool-exhausted",
    detail: "unknown-user" | "wrong-password" | undefined,
  ): Code {
    const code = refusalCode(reason, detail);
    this.refusal = code;
    this.turnAway(code);
    return code;
  }

  grant(user: string, network: string): void {
    this.user = user;
    this.isProved = true;
    this.isAsked = false;
    this.network = network;
    this.reach("network");
  }

  /** Called again for each new negotiation, which a peer may begin as often as it likes. */
  up(address: string): void {
    if (this.addresses.length >= HISTORY_ADDRESSES_MAX) return;
    // A list that grows in place would keep room for many more, in each of many sessions.
    if (!this.addresses.includes(address)) this.addresses = this.addresses.concat(address);
  }

  /** The link ends or has ended by itself; returns the code. The first reason counts. */
  end(reason: DownReason): Code {
    if (this.code === undefined) {
      this.code = linkCode(reason, this);
      this.by = BY[reason];
    }
    return this.code;
  }

  /** The session is turned away for a reason of our own. */
  turnAway(code: Code): void {
    this.code = code;
    this.by = "local";
  }
}

const BY: Readonly<Record<DownReason, Entry["by"]>> = {
  authentication: "local",
  "server-authentication": "local",
  "pool-exhausted": "local",
  "no-authentication-method": "peer",
  peer: "peer",
  local: "local",
  "echo-timeout": "timeout",
  "idle-timeout": "local",
  negotiation: "local",
  loop: "local",
};
