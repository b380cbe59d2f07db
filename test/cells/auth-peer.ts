/**
 * PAP and CHAP on the side that is authenticated, led into each state and given each event there.
 *
 * @module
 */
import { parsePpp } from "../../src/codec/index.ts";
import * as chap from "../../src/ppp/auth/chap-peer-automaton.ts";
import { MsChapV2Peer } from "../../src/ppp/auth/mschapv2-peer.ts";
import { PapPeer } from "../../src/ppp/auth/pap-peer.ts";
import * as pap from "../../src/ppp/auth/pap-peer-automaton.ts";
import type { AuthPeer } from "../../src/ppp/auth/peer.ts";
import { buildPacket } from "../../src/ppp/options.ts";
import { Outbox } from "../../src/ppp/outbox.ts";
import type { Credentials } from "../../src/ppp/types.ts";
import type { Table } from "../../src/sansio/automaton.ts";

export interface AuthKind {
  readonly name: string;
  readonly table: Table<string, string, string>;
  readonly routes: Readonly<Record<string, readonly string[]>>;
  make(outbox: Outbox): AuthPeer;
  /** Code and Data of the packet that is an event. */
  readonly packets: Readonly<Record<string, readonly [code: number, data: Uint8Array]>>;
}

const RIGHT = Uint8Array.of(0x53);
const NOTHING = new Uint8Array();
const CREDENTIALS: Credentials = {
  name: "demo",
  pap: () => Uint8Array.of(1),
  chap: () => new Uint8Array(16),
  mschapv2: () => ({ response: new Uint8Array(24), accepts: (success) => success === "S" }),
};

export const AUTH_KINDS: readonly AuthKind[] = [
  {
    name: "PAP as peer",
    table: pap.automaton,
    routes: { "Req-Sent": [], Passed: ["RAA"], Failed: ["RAN"] },
    make: (outbox) => new PapPeer(outbox, CREDENTIALS),
    packets: { RAA: [2, NOTHING], RAN: [3, NOTHING] },
  },
  {
    name: "CHAP as peer",
    table: chap.automaton,
    routes: {
      Listening: [],
      "Response-Sent": ["RCH"],
      Passed: ["RCH", "RS+"],
      Renewing: ["RCH", "RS+", "RCH"],
      Failed: ["RCH", "RFL"],
    },
    make: (outbox) => new MsChapV2Peer(outbox, CREDENTIALS, (length) => new Uint8Array(length)),
    packets: {
      RCH: [1, Uint8Array.of(16, ...new Uint8Array(16))],
      "RS+": [3, RIGHT],
      "RS-": [3, NOTHING],
      RFL: [4, NOTHING],
    },
  },
];

export class AuthWalk {
  readonly #kind: AuthKind;
  readonly #outbox = new Outbox();
  readonly #machine: AuthPeer;
  #now = 0;
  #identifier = 1;

  constructor(kind: AuthKind) {
    this.#kind = kind;
    this.#machine = kind.make(this.#outbox);
    this.#machine.start(0);
    this.#sent();
  }

  /** What its owner sees of the state. */
  get outcome(): unknown[] {
    return [this.#machine.isPassed, this.#machine.failure];
  }

  /** Packets that the event has sent, and how often it was counted as stale. */
  give(event: string): { sent: number; stale: number } {
    const before = this.#stale;
    const [code, data] = this.#kind.packets[event] ?? [];
    if (code !== undefined && data !== undefined) {
      this.#machine.input(buildPacket(code, this.#identifier, data), this.#now);
    } else {
      do this.#expire();
      while (event === "TO-" && this.#machine.deadline !== Infinity);
    }
    return { sent: this.#sent(), stale: this.#stale - before };
  }

  get #stale(): number {
    return this.#outbox.counters["stale-reply"] ?? 0;
  }

  #expire(): void {
    this.#sent();
    this.#now = this.#machine.deadline === Infinity ? this.#now + 1 : this.#machine.deadline;
    this.#machine.timeout(this.#now);
  }

  #sent(): number {
    let count = 0;
    for (let out = this.#outbox.takeFrame(); out !== undefined; out = this.#outbox.takeFrame()) {
      const ppp = parsePpp(out);
      if (typeof ppp === "string") throw new Error(ppp);
      this.#identifier = ppp.information[1] ?? 0;
      count += 1;
    }
    return count;
  }
}
