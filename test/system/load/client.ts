/**
 * One client of a generator: a tunnel with one session, made of the peer cores. It dials until it
 * has an address, and anew when its tunnel or its link is closed.
 *
 * @module
 */
import { buildHeader, buildPpp, parseHeader, parsePpp } from "../../../src/codec/index.ts";
import { Lac } from "../../peer/lac.ts";
import { LCP, PppPeer } from "../../peer/ppp.ts";

const SESSION_ID = 1;
const IPV4 = 0x0021;
const ECHO_REQUEST = 9;
const ECHO_REPLY = 10;
/** A client that stands still begins anew after this long: where 10,000 dial at once a turn is far off. */
const PATIENCE_MS = 40_000;
const REDIAL_MS = 1_000;
/** The cheapest to compute: it is not the generator that is to be measured. */
const CHAP = { accepts: ["chap"], refusal: [0xc2, 0x23, 5] } as const;

export class Client {
  /** Its own address, as a number. */
  readonly address: number;
  /** Attempts so far; the Tunnel ID is a new one each time. */
  attempts = 0;
  readonly #user: { readonly name: string; readonly password: string };
  #lac: Lac | undefined;
  #link = new PppPeer();
  #began = -Infinity;
  #dialAt = 0;
  #wasUp = false;
  /** Frames beside those of the link's own. */
  #frames: Uint8Array[] = [];
  /** An LCP Echo-Request was sent and not answered. */
  isWaiting = false;
  /** Gets the IPv4 packets that it receives. */
  onPacket: (packet: Uint8Array) => void = () => undefined;

  constructor(address: number, user: { readonly name: string; readonly password: string }) {
    this.address = address;
    this.#user = user;
  }

  /** It has an address inside. */
  get isUp(): boolean {
    return this.#lac?.state === "established" && this.#link.ipcp.isOpened;
  }

  dial(now: number): void {
    this.attempts += 1;
    this.#lac = new Lac(this.attempts);
    this.#link = new PppPeer({ ...this.#user, ...CHAP });
    this.#began = now;
    this.#wasUp = false;
    this.#lac.start(now);
    this.#lac.call(SESSION_ID, now);
  }

  handle(datagram: Uint8Array, now: number): void {
    const header = parseHeader(datagram);
    if (typeof header === "string") throw new Error(`the LNS sent what is ${header}`);
    // What is still on its way belongs to an earlier attempt.
    if (this.#lac === undefined || header.tunnelId !== this.#lac.tunnelId) return;
    if (header.control) this.#lac.handle(datagram, now);
    else this.#receive(header.payload, now);
  }

  /** Its own address inside, "" before it has one. */
  get inner(): string {
    return this.#link.address;
  }

  /** All that it has said is acknowledged. */
  get isIdle(): boolean {
    return this.#lac?.idle ?? true;
  }

  hello(now: number): void {
    this.#lac?.ping(now);
  }

  hangUp(now: number): void {
    this.#lac?.stop(now);
  }

  send(packet: Uint8Array): void {
    this.#frames.push(buildPpp(IPV4, packet));
  }

  /** Asks by LCP whether the link is there. */
  echo(): void {
    this.isWaiting = true;
    this.#frames.push(buildPpp(LCP, Uint8Array.of(ECHO_REQUEST, 1, 0, 8, 0, 0, 0, 0)));
  }

  tick(now: number): void {
    const lac = this.#lac;
    if (lac === undefined) return;
    lac.tick(now);
    if (this.#link.pollTimeout() <= now) this.#link.handleTimeout(now);
    this.#wasUp ||= this.isUp;
    const isClosed = lac.state === "closed" || lac.calls.get(SESSION_ID)?.state === "closed";
    const isStuck = !this.#wasUp && now - this.#began > PATIENCE_MS;
    if (!isClosed && !isStuck && !this.#link.isTerminated) {
      this.#dialAt = now + REDIAL_MS;
    } else if (this.#dialAt <= now) {
      this.dial(now);
    }
  }

  #receive(payload: Uint8Array, now: number): void {
    const frame = parsePpp(payload);
    if (typeof frame === "string") return;
    const { protocol, information } = frame;
    if (protocol === IPV4) this.onPacket(information);
    else if (protocol === LCP && information[0] === ECHO_REPLY) this.isWaiting = false;
    else this.#link.handleInput(payload, now);
  }

  /** What it wants sent. */
  *transmits(): Iterable<Uint8Array> {
    const lac = this.#lac;
    if (lac === undefined) return;
    yield* lac.outbox.splice(0);
    const { peerTunnelId: tunnelId } = lac;
    const sessionId = lac.calls.get(SESSION_ID)?.peerId ?? 0;
    const header = { control: false, priority: false, length: 0, tunnelId, sessionId };
    for (let frame = this.#link.pollTransmit(); frame; frame = this.#link.pollTransmit()) {
      yield buildHeader(header, frame);
    }
    for (const frame of this.#frames.splice(0)) yield buildHeader(header, frame);
  }
}
