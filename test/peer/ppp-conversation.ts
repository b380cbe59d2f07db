/**
 * A link and a client over a path that can lose and repeat frames, in virtual time.
 *
 * @module
 */
import {
  type AuthReply,
  type AuthRequest,
  Link,
  type LinkEvent,
  type LinkOptions,
  type NetworkProfile,
} from "../../src/ppp/index.ts";
import { type PeerWishes, PppPeer } from "./ppp.ts";

export const PROFILE: NetworkProfile = {
  gateway: "10.64.0.1",
  address: "10.64.0.7",
  dns: ["192.0.2.53", "192.0.2.54"],
  nbns: ["192.0.2.137"],
};
const DELAY_MS = 10;
const STEPS_MAX = 20_000;

/** Octets that look random and are the same in every run. */
export function seededRandom(seed: number): (length: number) => Uint8Array {
  let state = seed >>> 0 || 1;
  return (length) =>
    Uint8Array.from({ length }, () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state & 0xff;
    });
}

export function linkOptions(changes: Partial<LinkOptions> = {}): LinkOptions {
  return {
    mru: 1500,
    authMethods: ["chap", "pap"],
    hostName: "simplon",
    random: seededRandom(1),
    ...changes,
  };
}

/** How often a frame arrives: 0 loses it, 2 repeats it. */
export type Path = () => number;

export interface ConversationOptions {
  link?: Partial<LinkOptions>;
  peer?: PeerWishes;
  answer?: (request: AuthRequest) => AuthReply | undefined;
  path?: Path;
}

interface Flight {
  readonly at: number;
  readonly frame: Uint8Array;
  readonly to: "link" | "peer";
}

export class Conversation {
  readonly link: Link;
  readonly peer: PppPeer;
  readonly events: LinkEvent[] = [];
  readonly sent: Uint8Array[] = [];
  now = 0;
  #flights: Flight[] = [];
  readonly #answer: (request: AuthRequest) => AuthReply | undefined;
  readonly #path: Path;

  constructor(options: ConversationOptions = {}) {
    this.link = new Link(linkOptions(options.link));
    this.peer = new PppPeer(options.peer);
    this.#answer = options.answer ?? (() => ({ ok: true, profile: PROFILE }));
    this.#path = options.path ?? (() => 1);
  }

  open(): this {
    this.link.open(this.now);
    this.peer.open(this.now);
    return this;
  }

  /** Lets time pass. */
  run(milliseconds: number): this {
    const end = this.now + milliseconds;
    for (let step = 0; step < STEPS_MAX; step++) {
      this.drain();
      const arrival = Math.min(...this.#flights.map(({ at }) => at));
      const next = Math.min(arrival, this.link.pollTimeout(), this.peer.pollTimeout());
      if (next > end) {
        this.now = end;
        return this;
      }
      this.now = Math.max(this.now, next);
      this.#deliver();
      this.link.handleTimeout(this.now);
      this.peer.handleTimeout(this.now);
    }
    throw new Error("the conversation does not come to rest");
  }

  drain(): void {
    for (let event = this.link.pollEvent(); event; event = this.link.pollEvent()) {
      this.events.push(event);
      const reply = event.type === "authenticate" ? this.#answer(event.request) : undefined;
      if (reply !== undefined) this.link.authenticated(reply, this.now);
    }
    for (let frame = this.link.pollTransmit(); frame; frame = this.link.pollTransmit()) {
      this.sent.push(frame);
      this.#launch(frame, "peer");
    }
    for (let frame = this.peer.pollTransmit(); frame; frame = this.peer.pollTransmit()) {
      this.#launch(frame, "link");
    }
  }

  get kinds(): string[] {
    return this.events.map((event) =>
      event.type === "down" ? `down ${event.reason}` : event.type,
    );
  }

  #launch(frame: Uint8Array, to: Flight["to"]): void {
    for (let copies = this.#path(); copies > 0; copies--) {
      this.#flights.push({ at: this.now + DELAY_MS, frame, to });
    }
  }

  #deliver(): void {
    const due = this.#flights.filter(({ at }) => at <= this.now);
    this.#flights = this.#flights.filter(({ at }) => at > this.now);
    for (const { frame, to } of due) this[to].handleInput(frame, this.now);
  }
}
