/**
 * Our two ends of a link, the one that dials in and the one that lets in, over a path that can lose
 * and repeat frames, in virtual time.
 *
 * @module
 */
import { Passwords } from "../../src/aaa/passwords.ts";
import {
  type AuthReply,
  type AuthRequest,
  Link,
  type LinkEvent,
  type LinkOptions,
  PeerLink,
  type PeerLinkSettings,
  type ProxyState,
} from "../../src/ppp/index.ts";
import { peerSettings } from "./ppp-bench.ts";
import { linkOptions, type Path, PROFILE } from "./ppp-conversation.ts";

const DELAY_MS = 10;
const STEPS_MAX = 20_000;
const PASSWORDS = new Passwords([{ name: "demo", password: "demo", network: "default" }]);
export const PROFILE6 = { ...PROFILE, prefix6: "2001:db8:64:7::/64", gateway6: "2001:db8:64::1" };

export interface DialOptions {
  server?: Partial<LinkOptions>;
  /** Whom the server hands the client on to, in place of an answer to its first request. */
  next?: Partial<LinkOptions>;
  client?: Partial<PeerLinkSettings>;
  answer?: (request: AuthRequest) => AuthReply;
  path?: Path;
  /** What becomes of the proxy on its way. */
  alter?: (proxy: ProxyState) => ProxyState;
}

/** The local users' answer, with IPv4 and IPv6. */
export function judge(request: AuthRequest): AuthReply {
  const { user, proof } = PASSWORDS.verify(request);
  if (user === undefined) return { ok: false, message: "Authentication failed" };
  return { ok: true, profile: PROFILE6, proof };
}

export class Dial {
  server: Link;
  /** What the server knew when it handed the client on. */
  proxy: ProxyState | undefined;
  readonly client: PeerLink;
  readonly serverEvents: LinkEvent[] = [];
  readonly events: LinkEvent[] = [];
  now = 0;
  #flights: { at: number; frame: Uint8Array; to: "server" | "client" }[] = [];
  readonly #answer: (request: AuthRequest) => AuthReply;
  readonly #path: Path;
  #next: Partial<LinkOptions> | undefined;
  readonly #alter: (proxy: ProxyState) => ProxyState;

  constructor(options: DialOptions = {}) {
    this.server = new Link(linkOptions(options.server));
    this.client = new PeerLink(peerSettings(options.client));
    this.#answer = options.answer ?? judge;
    this.#path = options.path ?? (() => 1);
    this.#next = options.next;
    this.#alter = options.alter ?? ((proxy) => proxy);
  }

  open(): this {
    this.server.open(this.now);
    this.client.open(this.now);
    return this;
  }

  run(milliseconds: number): this {
    const end = this.now + milliseconds;
    for (let step = 0; step < STEPS_MAX; step++) {
      this.#drain();
      const arrival = Math.min(...this.#flights.map(({ at }) => at));
      const due = Math.min(arrival, this.server.pollTimeout(), this.client.pollTimeout());
      if (due > end) {
        this.now = end;
        return this;
      }
      this.now = Math.max(this.now, due);
      this.#deliver();
      this.server.handleTimeout(this.now);
      this.client.handleTimeout(this.now);
    }
    throw new Error("the two do not come to rest");
  }

  get kinds(): string[] {
    return kindsOf(this.events);
  }

  get serverKinds(): string[] {
    return kindsOf(this.serverEvents);
  }

  /** The last event of that type at the client. */
  last<Type extends LinkEvent["type"]>(type: Type): (LinkEvent & { type: Type }) | undefined {
    const isWanted = (event: LinkEvent): event is LinkEvent & { type: Type } => event.type === type;
    return this.events.filter(isWanted).at(-1);
  }

  #drain(): void {
    const { client } = this;
    for (let event = this.server.pollEvent(); event; event = this.server.pollEvent()) {
      this.serverEvents.push(event);
      if (event.type !== "authenticate") continue;
      if (this.#next !== undefined) this.#handOn(this.#next);
      else this.server.authenticated(this.#answer(event.request), this.now);
    }
    const { server } = this;
    for (let event = client.pollEvent(); event; event = client.pollEvent()) this.events.push(event);
    for (let out = server.pollTransmit(); out; out = server.pollTransmit()) {
      this.#launch(out, "client");
    }
    for (let out = client.pollTransmit(); out; out = client.pollTransmit()) {
      this.#launch(out, "server");
    }
  }

  #handOn(options: Partial<LinkOptions>): void {
    const proxy = this.server.handOn();
    if (proxy === undefined) return; // the client has begun anew since, and says anew who it is
    this.proxy = this.#alter(proxy);
    this.#next = undefined;
    this.server = new Link(linkOptions(options));
    this.server.open(this.now, this.proxy);
  }

  #launch(frame: Uint8Array, to: "server" | "client"): void {
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

function kindsOf(events: readonly LinkEvent[]): string[] {
  return events.map((event) => (event.type === "down" ? `down ${event.reason}` : event.type));
}
