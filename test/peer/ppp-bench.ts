/**
 * One end of a link on the bench: one packet in, what comes out of it, packet by packet.
 *
 * @module
 */

import { credentials } from "../../src/aaa/index.ts";
import { buildPpp } from "../../src/codec/index.ts";
import {
  type AuthReply,
  Link,
  type LinkEvent,
  type LinkOptions,
  PeerLink,
  type PeerLinkSettings,
} from "../../src/ppp/index.ts";
import {
  CHAP,
  encodeOptions,
  frame,
  type Heard,
  IPCP,
  IPV6CP,
  LCP,
  type OptionList,
  PAP,
  read,
  text,
} from "./ppp.ts";
import { linkOptions, PROFILE, seededRandom } from "./ppp-conversation.ts";

export const MAGIC = [5, 0xaa, 0xbb, 0xcc, 0xdd] as const;

class EndBench<End extends Link | PeerLink> {
  readonly link: End;
  readonly events: LinkEvent[] = [];
  now = 0;
  /** The last Configure-Request that came out, by protocol. */
  readonly requests = new Map<number, Heard>();

  constructor(link: End) {
    this.link = link;
  }

  open(): Heard[] {
    this.link.open(this.now);
    return this.drain();
  }

  /** Hands over one packet and returns the answers. */
  say(protocol: number, code: number, identifier: number, data: Iterable<number> = []): Heard[] {
    return this.sayFrame(frame(protocol, code, identifier, data));
  }

  /** Hands over one packet octet by octet, its Length field included. */
  sayRaw(protocol: number, octets: Iterable<number>): Heard[] {
    return this.sayFrame(buildPpp(protocol, Uint8Array.from(octets)));
  }

  sayFrame(octets: Uint8Array): Heard[] {
    this.link.handleInput(octets, this.now);
    return this.drain();
  }

  ask(protocol: number, identifier: number, options: OptionList): Heard[] {
    return this.say(protocol, 1, identifier, encodeOptions(options));
  }

  /** Acknowledges the last Configure-Request. */
  ack(protocol: number): Heard[] {
    const request = this.requests.get(protocol);
    if (request === undefined) throw new Error("nothing to acknowledge");
    return this.say(protocol, 2, request.identifier, request.data);
  }

  /** Answers the last Configure-Request with a Nak or a Reject. */
  refuse(protocol: number, code: 3 | 4, options: OptionList): Heard[] {
    const request = this.requests.get(protocol);
    if (request === undefined) throw new Error("nothing to refuse");
    return this.say(protocol, code, request.identifier, encodeOptions(options));
  }

  /** Lets time pass and returns what was sent meanwhile. */
  advance(milliseconds: number): Heard[] {
    const end = this.now + milliseconds;
    const sent: Heard[] = [];
    for (let due = this.link.pollTimeout(); due <= end; due = this.link.pollTimeout()) {
      if (due < this.now) throw new Error("a timeout lies in the past");
      this.now = due;
      this.link.handleTimeout(due);
      sent.push(...this.drain());
    }
    this.now = end;
    return sent;
  }

  drain(): Heard[] {
    for (let event = this.link.pollEvent(); event; event = this.link.pollEvent()) {
      this.events.push(event);
    }
    const sent: Heard[] = [];
    for (let out = this.link.pollTransmit(); out; out = this.link.pollTransmit()) {
      const heard = read(out, this.now);
      if (heard.code === 1 && heard.protocol !== CHAP) this.requests.set(heard.protocol, heard);
      sent.push(heard);
    }
    return sent;
  }

  get kinds(): string[] {
    return this.events.map((event) =>
      event.type === "down" ? `down ${event.reason}` : event.type,
    );
  }
}

export class Bench extends EndBench<Link> {
  constructor(options: Partial<LinkOptions> = {}) {
    super(new Link(linkOptions(options)));
  }

  /** To Authenticate phase; returns what LCP's opening brought. */
  establish(options: OptionList = [MAGIC]): Heard[] {
    this.open();
    this.ask(LCP, 1, options);
    return this.ack(LCP);
  }

  /** A PAP request with these credentials. */
  pap(identifier: number, name = "demo", password = "demo"): Heard[] {
    return this.say(PAP, 1, identifier, papRequest(name, password));
  }

  answer(reply: AuthReply = { ok: true, profile: PROFILE }): Heard[] {
    this.link.authenticated(reply, this.now);
    return this.drain();
  }

  /** To Network phase, with the method that is offered first. */
  toNetwork(options?: OptionList): Heard[] {
    const [first] = this.establish(options);
    if (first?.protocol === CHAP) {
      this.say(CHAP, 2, first.identifier, [16, ...new Uint8Array(16), ...text("demo")]);
    } else this.pap(1);
    return this.answer();
  }

  /** To Network phase with IPCP Opened. */
  toOpened(): Heard[] {
    this.toNetwork();
    this.ask(IPCP, 1, [[3, 10, 64, 0, 7]]);
    return this.ack(IPCP);
  }
}

export function peerSettings(changes: Partial<PeerLinkSettings> = {}): PeerLinkSettings {
  return {
    mru: 1500,
    credentials: credentials("demo", "demo"),
    methods: ["mschapv2", "chap", "pap"],
    ipv4: true,
    ipv6: false,
    dns: true,
    random: seededRandom(2),
    ...changes,
  };
}

/** The end that dials in; the test is the server. */
export class PeerBench extends EndBench<PeerLink> {
  constructor(settings: Partial<PeerLinkSettings> = {}) {
    super(new PeerLink(peerSettings(settings)));
  }

  /** LCP with `options` of the server; returns what its opening brought. */
  establish(options: OptionList = [MAGIC]): Heard[] {
    this.open();
    this.ack(LCP);
    return this.ask(LCP, 1, options).slice(1);
  }

  /** To Network phase without authentication; returns the Configure-Requests. */
  toNetwork(): Heard[] {
    return this.establish();
  }

  /** To IPCP Opened with the address 10.64.0.7. */
  toOpened(): Heard[] {
    this.toNetwork();
    this.refuse(IPCP, 3, [[3, 10, 64, 0, 7]]);
    this.ack(IPCP);
    return this.ask(IPCP, 1, [[3, 10, 64, 0, 1]]);
  }
}

export function papRequest(name: string, password: string): number[] {
  return [name.length, ...text(name), password.length, ...text(password)];
}

/** "LCP 1" and so on: protocol and code of each packet. */
export function brief(packets: readonly Heard[]): string[] {
  const names = new Map([
    [LCP, "LCP"],
    [PAP, "PAP"],
    [CHAP, "CHAP"],
    [IPCP, "IPCP"],
    [IPV6CP, "IPV6CP"],
  ]);
  return packets.map(({ protocol, code }) => `${names.get(protocol)} ${code}`);
}
