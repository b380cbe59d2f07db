/**
 * An endpoint of control connections under an input: a peer that says what it should and what it should
 * not, from several places, with time and the owner's own wishes in between.
 *
 * @module
 */
import { type AvpInput, AvpType, MessageType } from "../../../src/codec/index.ts";
import { Endpoint, type EndpointEvent, type Path } from "../../../src/l2tp/index.ts";
import { seededRandom } from "../../peer/control.ts";
import { chapResponse, type Name } from "../../peer/lac.ts";
import { must, Octets } from "../octets.ts";
import { message } from "./control-message.ts";
import { Peer } from "./peer.ts";

const SECRET = "a secret";
const PATHS: readonly [Path, ...Path[]] = [
  { peer: "192.0.2.7", peerPort: 1701, local: "198.51.100.1" },
  { peer: "192.0.2.7", peerPort: 1702, local: "198.51.100.1" },
  { peer: "192.0.2.7", peerPort: 1701, local: "198.51.100.2" },
  { peer: "2001:db8::7", peerPort: 1701, local: "2001:db8::1" },
];
const WAITS = [1, 100, 1_000, 8_000, 61_000] as const;
const NAMES = Object.keys(MessageType) as [Name, ...Name[]];
/** What a peer without a tunnel is answered with is one datagram, and no longer than this. */
const ANSWER_MAX = 128;
/** One acknowledgement lets a window of messages go. */
const SENT_MAX = 16;
/** Every peer has been given up by then. */
const END_MS = 200_000;

/** A setup octet says what the endpoint is, and whether a tunnel and a call are up before. */
export function endpoint(input: Uint8Array): void {
  const choices = new Octets(input);
  const setup = choices.next();
  const world = new World(setup);
  if ((setup & 0x10) !== 0) world.establish();
  while (choices.left > 0) world.step(choices);
  world.finish();
}

class World {
  readonly #endpoint: Endpoint;
  readonly #secret: string;
  /** Of which a "session-down" has to come. */
  readonly #sessions = new Set<string>();
  #peer: Peer;
  #now = 0;
  /** Before that, whoever hears it has proved nothing. */
  #hasSpoken = false;

  constructor(setup: number) {
    this.#secret = (setup & 6) === 6 ? SECRET : "";
    this.#peer = new Peer(PATHS[0], 100, this.#secret);
    this.#endpoint = new Endpoint({
      role: (setup & 1) === 0 ? "lns" : "lac",
      hostName: "simplon",
      secret: this.#secret,
      hideAvps: (setup & 0x26) === 0x26,
      helloInterval: 60_000,
      retransmitCap: 8_000,
      retransmitCount: 4,
      maxTunnels: 3,
      maxSessions: 3,
      followPort: (setup & 8) === 0,
      random: seededRandom(setup),
    });
  }

  /** A tunnel that the peer opens, and a call in it. */
  establish(): void {
    this.#say("SCCRQ", 0);
    this.#say("SCCCN", 0);
    this.#say("ICRQ", 0);
    this.#say("ICCN", this.#peer.sessionId);
  }

  step(choices: Octets): void {
    const kind = choices.below(12);
    if (kind === 0) this.#pass(choices.of(WAITS));
    else if (kind === 1) this.#wish(choices);
    else if (kind === 2) this.#deliver(choices.take(choices.below(40)), choices.of(PATHS));
    else if (kind === 3)
      this.#peer = new Peer(choices.of(PATHS), this.#peer.ownId + 1, this.#secret);
    else if (kind === 4) this.#say(undefined, 0);
    else if (kind < 8) this.#say(choices.of(NAMES), this.#peer.sessionId);
    else this.#sayAny(choices);
  }

  /** Takes all down, and sees that nothing is left. */
  finish(): void {
    this.#endpoint.shutdown(this.#now);
    this.#drain();
    this.#pass(END_MS);
    must([...this.#endpoint.tunnels()].length === 0, "a tunnel is left");
    must([...this.#endpoint.sessions()].length === 0, "a session is left");
    must(this.#endpoint.pollTimeout() === Infinity, "a timer is left");
    must(this.#endpoint.isDrained(), "it is not drained");
    must(this.#sessions.size === 0, "a session without an end");
  }

  /** The next message as it should be. */
  #say(name: Name | undefined, sessionId: number): void {
    const avps = name === undefined ? [] : this.#peer.avps(name);
    if (this.#secret !== "") avps.push(...this.#proof(name));
    this.#deliver(this.#peer.next(avps, sessionId, name === "SCCRQ"), this.#peer.path);
  }

  #proof(name: Name | undefined): AvpInput[] {
    const { challenge } = this.#peer;
    if (challenge === undefined || (name !== "SCCCN" && name !== "SCCRP")) return [];
    const value = chapResponse(MessageType[name], this.#secret, challenge);
    return [{ type: AvpType.ChallengeResponse, value }];
  }

  #sayAny(choices: Octets): void {
    const name = choices.of(NAMES);
    const isProved = this.#secret !== "" && !choices.seldom(3);
    const avps = [...this.#peer.avps(name), ...(isProved ? this.#proof(name) : [])];
    const path = choices.seldom(4) ? choices.of(PATHS) : this.#peer.path;
    this.#deliver(message(choices, this.#peer, name, avps, this.#secret), path);
  }

  /** What the owner of the endpoint may want at any time. */
  #wish(choices: Octets): void {
    const { tunnelId, sessionId } = this.#peer;
    const [endpoint, now] = [this.#endpoint, this.#now];
    switch (choices.below(8)) {
      case 0: {
        const path = { ...choices.of(PATHS), ...(choices.seldom(2) ? { local: "" } : {}) };
        const role = choices.of(["lac", "lns"] as const);
        endpoint.connect({ path, role, ...(choices.seldom(4) ? { dscp: 46 } : {}) }, now);
        break;
      }
      case 1: {
        const call = { calledNumber: "123", bearerType: 1 };
        const placed = endpoint.placeCall(tunnelId, call, now);
        if (placed !== undefined) this.#sessions.add(`${tunnelId} ${placed}`);
        break;
      }
      case 2:
        endpoint.connectCall(tunnelId, sessionId, { txConnectSpeed: 64_000 }, now);
        break;
      case 3: {
        const [crc, framing, hardwareOverruns] = [1, 2, 3];
        const rest = { bufferOverruns: 4, timeouts: 5, alignment: 6 };
        endpoint.reportErrors(
          tunnelId,
          sessionId,
          { crc, framing, hardwareOverruns, ...rest },
          now,
        );
        break;
      }
      case 4:
        endpoint.setAccm(tunnelId, sessionId, { send: 1, receive: 2 }, now);
        break;
      case 5:
        endpoint.closeSession(tunnelId, sessionId, { code: choices.below(12) }, now);
        break;
      case 6:
        endpoint.closeTunnel(tunnelId, { code: 1 + choices.below(7) }, now);
        break;
      case 7:
        if (choices.seldom(4)) endpoint.shutdown(now);
    }
    this.#drain();
  }

  #deliver(datagram: Uint8Array, path: Path): void {
    const isFirst = !this.#hasSpoken;
    this.#endpoint.handleInput({ datagram, path }, this.#now);
    const sent = this.#drain();
    must(sent.length <= SENT_MAX, `${sent.length} datagrams for one`);
    const octets = sent.reduce((sum, { length }) => sum + length, 0);
    must(!isFirst || octets <= ANSWER_MAX, `${octets} octets for a stranger`);
  }

  #pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    const endpoint = this.#endpoint;
    for (let due = endpoint.pollTimeout(); due <= end; due = endpoint.pollTimeout()) {
      must(due >= this.#now, "a timer lies in the past");
      this.#now = due;
      endpoint.handleTimeout(due);
      this.#drain();
      must(endpoint.pollTimeout() > due, "handleTimeout leaves work that is due");
    }
    this.#now = end;
  }

  #drain(): Uint8Array[] {
    const sent: Uint8Array[] = [];
    const endpoint = this.#endpoint;
    for (let out = endpoint.pollTransmit(); out; out = endpoint.pollTransmit()) {
      this.#hasSpoken = true;
      sent.push(out.datagram);
      this.#peer.hear(out.datagram, out.path);
    }
    for (let event = endpoint.pollEvent(); event; event = endpoint.pollEvent()) {
      this.#note(event);
    }
    const isLive = endpoint.pollTimeout() < Infinity;
    must(isLive || [...endpoint.tunnels()].length === 0, "a tunnel without a timer");
    return sent;
  }

  #note(event: EndpointEvent): void {
    if (event.type !== "session-open" && event.type !== "session-down") return;
    const key = `${event.session.tunnelId} ${event.session.sessionId}`;
    if (event.type === "session-open") this.#sessions.add(key);
    else must(this.#sessions.delete(key), "a session ends twice");
  }
}
