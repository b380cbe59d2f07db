/**
 * One end of a PPP link under an input: packets of one protocol above all, well-formed and not,
 * answers to what it has asked, other protocols, AAA's answers, time.
 *
 * @module
 */
import { buildPpp, parsePpp } from "../../../src/codec/index.ts";
import type { AuthReply, Link, LinkEvent, PeerLink, ProxyState } from "../../../src/ppp/index.ts";
import { CHAP, encodeOptions, IPCP, IPV6CP, LCP, PAP, packet } from "../../peer/ppp.ts";
import { PROFILE } from "../../peer/ppp-conversation.ts";
import { PROFILE6 } from "../../peer/ppp-dial.ts";
import { must, type Octets } from "../octets.ts";

/** What packets of a protocol are made of. */
export interface Menu {
  readonly protocol: number;
  readonly types: readonly [number, ...number[]];
  readonly values: readonly [readonly number[], ...(readonly number[])[]];
  /** Data of the packets that have no options: well-formed. */
  readonly bodies: readonly [readonly number[], ...(readonly number[])[]];
}

interface Asked {
  readonly identifier: number;
  readonly data: Uint8Array;
}

const OTHERS = [LCP, PAP, CHAP, IPCP, IPV6CP, 0x0057, 0x0021, 0x80fd, 0x00ff] as const;
const WAITS = [1, 500, 3_000, 10_000, 20_000, 60_000] as const;
const REPLIES: readonly [AuthReply, ...AuthReply[]] = [
  { ok: true, profile: PROFILE6, proof: `S=${"0".repeat(40)}` },
  { ok: true, profile: PROFILE, proof: "S=" },
  { ok: false, message: "no" },
  { ok: false, reason: "pool-exhausted", message: "none is left" },
];
const CONFIGURE_CODES = 4;
const SENT_MAX = 3;
const INFORMATION_MAX = 1_500;
/** All that a closed link may still wait for. */
const CLOSING_MS = 30_000;

export class End {
  readonly #link: Link | PeerLink;
  /** The last request of each protocol. */
  readonly #asked = new Map<number, Asked>();
  #now = 0;
  #downs = 0;
  #isUp = { network: false, ipv6: false };

  constructor(link: Link | PeerLink) {
    this.#link = link;
  }

  open(proxy?: ProxyState): this {
    if ("handOn" in this.#link) this.#link.open(this.#now, proxy);
    else this.#link.open(this.#now);
    this.#drain();
    return this;
  }

  /** Says a well-formed packet. */
  say(protocol: number, code: number, identifier: number, data: Iterable<number>): this {
    this.#hand(buildPpp(protocol, packet(code, identifier, data)));
    return this;
  }

  /** Acknowledges the last Configure-Request of a protocol. */
  ack(protocol: number): this {
    const { identifier, data } = this.#askedOf(protocol);
    return this.say(protocol, 2, identifier, data);
  }

  answer(reply: AuthReply = REPLIES[0]): this {
    if ("authenticated" in this.#link) this.#link.authenticated(reply, this.#now);
    this.#drain();
    return this;
  }

  /** Does all that `choices` say. */
  follow(choices: Octets, menu: Menu): this {
    while (choices.left > 0) this.#step(choices, menu);
    return this;
  }

  /** Closes it, and sees that nothing is left of it. */
  finish(): void {
    this.#link.close(this.#now);
    this.#drain();
    this.#pass(CLOSING_MS);
    must(this.#link.phase === "dead", `phase ${this.#link.phase} after the end`);
    must(this.#link.pollTimeout() === Infinity, "a timer after the end");
    must(this.#downs === 1, `${this.#downs} times down`);
    must(!this.#isUp.network && !this.#isUp.ipv6, "a network protocol is up after the end");
  }

  #step(choices: Octets, menu: Menu): void {
    const { protocol } = menu;
    switch (choices.below(16)) {
      case 0:
        this.#pass(choices.of(WAITS));
        return;
      case 1:
        this.answer(choices.of(REPLIES));
        return;
      case 2:
        this.#hand(choices.take(choices.below(48)));
        return;
      case 3:
        this.#link.heard(this.#now);
        if (choices.seldom(4)) this.#link.close(this.#now);
        if ("handOn" in this.#link && choices.seldom(4)) this.#link.handOn();
        this.#drain();
        return;
      case 4:
      case 5:
        this.ack(protocol);
        return;
      case 6:
      case 7:
        this.#refuse(choices, menu);
        return;
      case 8:
        this.#hand(buildPpp(protocol, choices.take(choices.below(32))));
        return;
      case 9:
        this.say(choices.of(OTHERS), choices.below(12), choices.next(), choices.of(menu.bodies));
        return;
      case 10:
        this.ack(choices.of(OTHERS));
        return;
      default:
        this.#sayAny(choices, menu);
    }
  }

  #sayAny(choices: Octets, menu: Menu): void {
    const { protocol } = menu;
    const code = choices.below(13);
    const identifier = choices.seldom(2) ? choices.next() : this.#askedOf(protocol).identifier;
    const hasOptions = protocol !== PAP && protocol !== CHAP && code <= CONFIGURE_CODES;
    if (hasOptions) this.say(protocol, code, identifier, options(choices, menu));
    else {
      const body = [...choices.of(menu.bodies)];
      if (choices.seldom(2)) body.splice(choices.below(24), choices.below(8));
      if (choices.seldom(2)) body.splice(choices.below(24), 0, ...choices.take(choices.below(9)));
      this.say(protocol, code, identifier, body);
    }
  }

  /** A Nak or a Reject of some options of the last request, with values changed here and there. */
  #refuse(choices: Octets, menu: Menu): void {
    const { identifier, data } = this.#askedOf(menu.protocol);
    const list: (readonly [number, ...number[]])[] = [];
    for (let at = 0; at + 2 <= data.length; at += Math.max(data[at + 1] ?? 0, 2)) {
      if (choices.seldom(3)) continue;
      const value = choices.seldom(2)
        ? choices.of(menu.values)
        : data.subarray(at + 2, at + (data[at + 1] ?? 0));
      list.push([data[at] ?? 0, ...value]);
    }
    this.say(menu.protocol, 3 + choices.below(2), identifier, encodeOptions(list));
  }

  #askedOf(protocol: number): Asked {
    return this.#asked.get(protocol) ?? { identifier: 1, data: new Uint8Array(0) };
  }

  #hand(frame: Uint8Array): void {
    this.#link.handleInput(frame, this.#now);
    must(this.#drain() <= SENT_MAX, "one frame draws three at most");
  }

  #pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let due = this.#link.pollTimeout(); due <= end; due = this.#link.pollTimeout()) {
      this.#now = due;
      this.#link.handleTimeout(due);
      this.#drain();
    }
    this.#now = end;
  }

  /** How many frames came out. */
  #drain(): number {
    const link = this.#link;
    for (let event = link.pollEvent(); event; event = link.pollEvent()) this.#note(event);
    let sent = 0;
    for (let frame = link.pollTransmit(); frame; frame = link.pollTransmit()) {
      this.#read(frame);
      sent += 1;
    }
    must(link.pollTimeout() > this.#now, "a timer lies in the past");
    must(link.counters["illegal-event"] === undefined, "an event that a state does not have");
    return sent;
  }

  #note(event: LinkEvent): void {
    if (event.type === "down") this.#downs += 1;
    for (const name of ["network", "ipv6"] as const) {
      if (event.type !== `${name}-up` && event.type !== `${name}-down`) continue;
      const isUp = event.type === `${name}-up`;
      must(this.#isUp[name] !== isUp, `${event.type} twice`);
      this.#isUp[name] = isUp;
    }
  }

  #read(frame: Uint8Array): void {
    const ppp = parsePpp(frame);
    must(typeof ppp !== "string", "a frame of ours is none");
    const { protocol, information } = ppp;
    const [code = 0, identifier = 0, high = 0, low = 0] = information;
    must(((high << 8) | low) === information.length, "a Length of ours is wrong");
    must(information.length <= INFORMATION_MAX, "a packet of ours is longer than the MRU");
    if (code === 1) this.#asked.set(protocol, { identifier, data: information.slice(4) });
  }
}

function options(choices: Octets, { types, values }: Menu): number[] {
  const list: (readonly [number, ...number[]])[] = [];
  for (let left = choices.below(6); left > 0; left--) {
    const type = choices.seldom(8) ? choices.next() : choices.of(types);
    const value = choices.seldom(4) ? choices.take(choices.below(10)) : choices.of(values);
    list.push([type, ...value]);
  }
  const octets = encodeOptions(list);
  if (choices.seldom(8)) octets.splice(choices.below(8), 1);
  return octets;
}
