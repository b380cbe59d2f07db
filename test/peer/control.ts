/**
 * One peer of an `Endpoint`, led message by message in virtual time, with Ns and Nr in the test's hands.
 */
import assert from "node:assert/strict";
import { type AvpInput, AvpType, buildControlMessage } from "../../src/codec/index.ts";
import {
  type ConnectOptions,
  Endpoint,
  type EndpointEvent,
  type EndpointOptions,
  type Path,
  type Role,
} from "../../src/l2tp/index.ts";
import {
  avp,
  chapResponse,
  find,
  parsed,
  type Received,
  sccrq,
  typed,
  u16,
  u32,
  uint,
} from "./lac.ts";

export const PATH: Path = { peer: "192.0.2.7", peerPort: 1701, local: "198.51.100.1" };

/** A reproducible source of octets (mulberry32). */
export function seededRandom(seed: number): (length: number) => Uint8Array {
  let state = seed >>> 0;
  return (length) =>
    Uint8Array.from({ length }, () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return (mixed ^ (mixed >>> 14)) & 0xff;
    });
}

export function newLns(options: Partial<EndpointOptions> = {}): Endpoint {
  return new Endpoint({
    role: "lns",
    hostName: "simplon",
    secret: "",
    helloInterval: 60_000,
    retransmitCap: 8_000,
    retransmitCount: 5,
    maxTunnels: 100,
    maxSessions: 100,
    followPort: true,
    random: seededRandom(1),
    ...options,
  });
}

export interface Sent extends Received {
  readonly at: number;
  readonly datagram: Uint8Array;
  readonly path: Path;
  readonly dscp?: number | undefined;
}

interface Over {
  tunnelId?: number;
  sessionId?: number;
  ns?: number;
  nr?: number;
  path?: Path;
}

export class Talk {
  readonly lns: Endpoint;
  readonly events: EndpointEvent[] = [];
  readonly sent: Sent[] = [];
  path = PATH;
  now = 0;
  /** Our Tunnel ID, and the one that the LNS gave. */
  ownId = 100;
  tunnelId = 0;
  ns = 0;
  nr = 0;
  /** Optional AVPs of each SCCRQ. */
  usual: AvpInput[] = [];

  constructor(options: Partial<EndpointOptions> | Endpoint = {}) {
    this.lns = options instanceof Endpoint ? options : newLns(options);
  }

  /** Hands a datagram over and returns what comes back at once. */
  deliver(datagram: Uint8Array, path = this.path): Sent[] {
    this.lns.handleInput({ datagram, path }, this.now);
    return this.drain();
  }

  build(avps: readonly AvpInput[], over: Over = {}): Uint8Array {
    const { tunnelId = this.tunnelId, sessionId = 0, ns = this.ns, nr = this.nr } = over;
    return buildControlMessage({ tunnelId, sessionId, ns, nr, avps });
  }

  /** Sends a message with the next Ns, unless `over` has one. */
  say(avps: readonly AvpInput[], over: Over = {}): Sent[] {
    const datagram = this.build(avps, over);
    if (over.ns === undefined && avps.length > 0) this.ns = (this.ns + 1) & 0xffff;
    return this.deliver(datagram, over.path);
  }

  /** Acknowledges what has come so far, or up to `nr`. */
  ack(nr = this.nr): Sent[] {
    return this.say([], { nr });
  }

  drain(): Sent[] {
    const fresh: Sent[] = [];
    for (let out = this.lns.pollTransmit(); out !== undefined; out = this.lns.pollTransmit()) {
      const received = parsed(out.datagram);
      fresh.push({ ...received, ...out, at: this.now });
      const ours = out.path === this.path && received.message.tunnelId === this.ownId;
      if (ours && received.name !== "ZLB" && received.message.ns === this.nr) {
        this.nr = (this.nr + 1) & 0xffff;
      }
    }
    this.sent.push(...fresh);
    for (let event = this.lns.pollEvent(); event !== undefined; event = this.lns.pollEvent()) {
      this.events.push(event);
    }
    return fresh;
  }

  /** Lets time pass up to `to`; returns what was sent meanwhile. */
  until(to: number): Sent[] {
    const from = this.sent.length;
    for (;;) {
      const next = this.lns.pollTimeout();
      if (next > to) break;
      assert.ok(next >= this.now, `a timeout in the past: ${next} at ${this.now}`);
      this.now = next;
      this.lns.handleTimeout(this.now);
      this.drain();
      assert.ok(this.lns.pollTimeout() > this.now, "handleTimeout leaves work that is due");
    }
    this.now = to;
    return this.sent.slice(from);
  }

  pass(ms: number): Sent[] {
    return this.until(this.now + ms);
  }

  /** SCCRQ; takes the Tunnel ID from SCCRP. */
  request(more: AvpInput[] = [], replace: Parameters<typeof sccrq>[2] = {}): Sent[] {
    const out = this.say(sccrq(this.ownId, [...this.usual, ...more], replace), { tunnelId: 0 });
    const reply = out.find(({ name }) => name === "SCCRP");
    if (reply !== undefined) this.tunnelId = uint(find(reply.message, AvpType.AssignedTunnelId));
    return out;
  }

  /** The whole set-up; everything is acknowledged at the end. */
  establish(secret = ""): this {
    const reply = this.request()[0];
    assert.equal(reply?.name, "SCCRP");
    const asked = find(reply.message, AvpType.Challenge)?.value;
    const answer =
      asked === undefined ? [] : [avp(AvpType.ChallengeResponse, chapResponse(3, secret, asked))];
    this.say(typed("SCCCN", ...answer));
    assert.equal(this.events.at(-1)?.type, "tunnel-up");
    this.pass(100);
    return this;
  }

  /** Has the endpoint open a tunnel; returns its SCCRQ. */
  connect(options: Omit<ConnectOptions, "path">): Sent {
    this.tunnelId = this.lns.connect({ path: this.path, ...options }, this.now) ?? 0;
    const sent = this.drain();
    assert.deepEqual(names(sent), ["SCCRQ"]);
    assert.ok(sent[0] !== undefined);
    this.nr = 1;
    return sent[0];
  }

  /** An SCCRP's AVPs. */
  sccrp(more: AvpInput[] = [], replace: Parameters<typeof sccrq>[2] = {}): AvpInput[] {
    const bearer = avp(AvpType.BearerCapabilities, u32(3));
    return typed("SCCRP", ...sccrq(this.ownId, [bearer, ...more], replace).slice(1));
  }

  /** The whole set-up of a tunnel that the endpoint opens; everything is acknowledged at the end. */
  connected(role: Role): this {
    this.connect({ role });
    this.say(this.sccrp());
    assert.equal(this.events.at(-1)?.type, "tunnel-up");
    this.ack();
    return this;
  }

  icrq(id: number, ...more: AvpInput[]): AvpInput[] {
    const serial = avp(AvpType.CallSerialNumber, u32(id));
    return typed("ICRQ", avp(AvpType.AssignedSessionId, u16(id)), serial, ...more);
  }

  iccn(...more: AvpInput[]): AvpInput[] {
    const speed = avp(AvpType.TxConnectSpeed, u32(1_000_000));
    return typed("ICCN", speed, avp(AvpType.FramingType, u32(2)), ...more);
  }

  cdn(id: number, code = 1): AvpInput[] {
    const assigned = avp(AvpType.AssignedSessionId, u16(id));
    return typed("CDN", avp(AvpType.ResultCode, u16(code)), assigned);
  }

  stopCcn(code = 1, id = this.ownId): AvpInput[] {
    const assigned = avp(AvpType.AssignedTunnelId, u16(id));
    return typed("StopCCN", assigned, avp(AvpType.ResultCode, u16(code)));
  }

  /** ICRQ and its ICRP; returns the Session ID that the LNS gave. */
  openSession(id: number): number {
    const reply = this.say(this.icrq(id)).find(({ name }) => name === "ICRP");
    assert.ok(reply !== undefined);
    this.ack();
    return uint(find(reply.message, AvpType.AssignedSessionId));
  }

  upSession(id: number): number {
    const sessionId = this.openSession(id);
    this.say(this.iccn(), { sessionId });
    this.pass(100);
    return sessionId;
  }

  /** Names of the events so far, and forgets them. */
  takeEvents(): string[] {
    return this.events.splice(0).map(({ type }) => type);
  }
}

export function names(sent: readonly Sent[]): (string | number)[] {
  return sent.map(({ name }) => name);
}
