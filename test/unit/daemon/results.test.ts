// How the end of a link becomes the Result Code of a CDN: the L2TP core, subscribers, links, AAA and
// the data plane together, a LAC and PPP clients at the other end, datagrams in between.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LocalUsers } from "../../../src/aaa/index.ts";
import { AvpType, readAvp } from "../../../src/codec/index.ts";
import { Subscribers } from "../../../src/daemon/subscribers.ts";
import { Recorder } from "../../../src/history/recorder.ts";
import { createLog } from "../../../src/observe/log.ts";
import type { AuthMethod } from "../../../src/ppp/index.ts";
import { newLns } from "../../peer/control.ts";
import { find, Lac, parsed, resultOf } from "../../peer/lac.ts";
import { type Heard, LCP, type PeerWishes, PppPeer } from "../../peer/ppp.ts";
import { seededRandom } from "../../peer/ppp-conversation.ts";
import { dataMessage } from "../dataplane/frames.ts";
import { Plane } from "../dataplane/plane.ts";

const PATH = { peer: "192.0.2.9", peerPort: 1701, local: "192.0.2.1" };
const USERS = [{ name: "demo", password: "demo", network: "default" }];
/** One address for clients: .1 is the gateway, .0 and .3 are never given out. */
const NETWORKS = [{ name: "default", gateway: "10.64.0.1", pool: ["10.64.0.0/30"] }];
const ALL: readonly AuthMethod[] = ["mschapv2", "chap", "pap"];
/** Virtual time passes in steps of this. */
const STEP_MS = 50;

class World {
  readonly lac = new Lac(77);
  readonly clients = new Map<number, PppPeer>();
  /** [call, Result Code, message] of each CDN that the LAC got. */
  readonly cdns: [number, number, string][] = [];
  /** [code, protocol, direction] of the PPP Disconnect Cause of each, where it has one. */
  readonly causes: number[][] = [];
  /** [user, phase, code] of each session that ended. */
  readonly history: [string, string, string][] = [];
  readonly #plane = new Plane();
  readonly #lns = newLns();
  readonly #subscribers: Subscribers;
  readonly #opened = new Set<number>();
  #now = 0;

  constructor(authMethods: readonly AuthMethod[] = ALL) {
    this.#subscribers = new Subscribers({
      table: this.#plane.table,
      injectOf: () => this.#plane.inject,
      aaa: new LocalUsers({ networks: NETWORKS, users: USERS }),
      link: { mru: 1400, authMethods, hostName: "lns", random: seededRandom(3) },
      networks: new Map([["default", { index: 0, mtu: 1400 }]]),
      clock: () => this.#now,
      endpoint: this.#lns,
      closeSession: ({ tunnelId, sessionId }, ...end) =>
        this.#lns.closeSession(tunnelId, sessionId, ...end),
      onProgress: () => undefined,
      recorder: new Recorder({
        add: ({ user, phase, code }) => this.history.push([user, phase, code]),
        clock: () => this.#now,
      }),
      log: createLog({ level: "fatal", human: false, sink: { write: () => undefined } }),
    });
    this.lac.start(0);
  }

  /** A call with a client in it. */
  dial(call: number, wishes: PeerWishes): PppPeer {
    const client = new PppPeer(wishes);
    this.clients.set(call, client);
    this.lac.call(call, this.#now);
    return client;
  }

  /** A call whose client has the time to get its address. */
  async up(call: number): Promise<PppPeer> {
    const client = this.dial(call, {});
    await this.run(2_000);
    return client;
  }

  hangUp(call: number): void {
    this.lac.hangUp(call, this.#now);
  }

  /** The client of a call forgets all and begins anew. */
  restart(call: number): PppPeer {
    const client = new PppPeer();
    this.clients.set(call, client);
    client.open(this.#now);
    return client;
  }

  async run(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (; this.#now < end; this.#now += STEP_MS) {
      for (let quiet = 0; quiet < 3; quiet++) {
        await Promise.resolve();
        if (this.#turn()) quiet = 0;
      }
      this.#lns.handleTimeout(this.#now);
      this.lac.tick(this.#now);
      this.#subscribers.handleTimeout(this.#now);
      for (const client of this.clients.values()) client.handleTimeout(this.#now);
    }
  }

  /** Carries what lies ready, both ways; true when there was something. */
  #turn(): boolean {
    let count = 0;
    for (const datagram of this.lac.outbox.splice(0)) {
      this.#lns.handleInput({ datagram, path: PATH }, this.#now);
      count++;
    }
    for (let event = this.#lns.pollEvent(); event; event = this.#lns.pollEvent()) {
      this.#subscribers.handleEvent(event, this.#now);
    }
    for (let out = this.#lns.pollTransmit(); out; out = this.#lns.pollTransmit()) {
      this.#note(out.datagram);
      this.lac.handle(out.datagram, this.#now);
      count++;
    }
    for (const call of this.lac.calls.values()) {
      if (call.state !== "established" || this.#opened.has(call.id)) continue;
      this.#opened.add(call.id);
      this.clients.get(call.id)?.open(this.#now);
    }
    return this.#carryFrames() || count > 0;
  }

  #carryFrames(): boolean {
    let count = 0;
    for (const [call, client] of this.clients) {
      const peerId = this.lac.calls.get(call)?.peerId ?? 0;
      for (let frame = client.pollTransmit(); frame; frame = client.pollTransmit()) {
        this.#plane.up([dataMessage(this.lac.peerTunnelId, peerId, frame)]);
        count++;
      }
    }
    for (let punted = this.#plane.punt.take(); punted; punted = this.#plane.punt.take()) {
      this.#subscribers.handleFrame(punted, this.#now);
    }
    for (const { datagram } of this.#plane.sendInjected()) {
      const call = Buffer.from(datagram).readUInt16BE(6);
      this.clients.get(call)?.handleInput(datagram.subarray(8), this.#now);
      count++;
    }
    return count > 0;
  }

  #note(datagram: Uint8Array): void {
    const { name, message } = parsed(datagram);
    if (name !== "CDN" || find(message, AvpType.AssignedSessionId) === undefined) return;
    const [code, error, text] = resultOf(message);
    assert.ok(error === undefined || error === 0, "no Error Code with these Result Codes");
    this.cdns.push([message.sessionId, code, text]);
    const cause = readAvp(message.avps, AvpType.PppDisconnectCauseCode);
    if (cause !== undefined) this.causes.push([cause.code, cause.protocol, cause.direction]);
  }
}

/** Codes of what a client heard of one protocol. */
function heard(client: PppPeer, protocol: number): number[] {
  return client.heard.filter((each: Heard) => each.protocol === protocol).map(({ code }) => code);
}

for (const method of ALL) {
  test(`wrong password with ${method}: refused, LCP Terminate-Request, CDN 3`, async () => {
    const world = new World([method]);
    const client = world.dial(5, { password: "guess" });
    await world.run(10_000);
    assert.equal(client.verdict, "failure");
    assert.equal(heard(client, LCP).at(-1), 5);
    assert.deepEqual(world.cdns, [[5, 3, "authentication failed"]]);
    assert.deepEqual(world.causes, [[16, 0, 1]]);
    assert.deepEqual(world.history, [["demo", "authenticate", "wrong-password"]]);
    assert.equal(world.lac.calls.get(5)?.state, "closed");
  });

  test(`pool empty with ${method}: LCP Terminate-Request alone, CDN 4`, async () => {
    const world = new World([method]);
    assert.equal((await world.up(5)).address, "10.64.0.2");
    const second = world.dial(6, {});
    await world.run(10_000);
    assert.equal(second.verdict, undefined, "its password is not called wrong");
    assert.equal(heard(second, LCP).at(-1), 5);
    assert.deepEqual(world.cdns, [[6, 4, "no address is free"]]);
    assert.deepEqual(world.causes, [], "RFC 3145 has no code for that");
    assert.deepEqual(world.history, [["demo", "authenticate", "pool-empty"]]);
    assert.equal(world.lac.calls.get(5)?.state, "established");
  });
}

test("no common method: LCP Terminate-Request, CDN 3", async () => {
  const world = new World(["mschapv2"]);
  const client = world.dial(5, { accepts: ["pap"], refusal: [0xc0, 0x23] });
  await world.run(10_000);
  assert.equal(heard(client, LCP).at(-1), 5);
  assert.deepEqual(world.cdns, [[5, 3, "no common authentication method"]]);
  assert.deepEqual(world.causes, [[15, 0, 1]]);
  assert.deepEqual(world.history, [["", "lcp", "no-common-auth-method"]]);
});

test("a client that never speaks, and one that goes without a word", async () => {
  const world = new World();
  const silent = world.dial(5, { isPassive: true });
  silent.handleInput = () => undefined;
  await world.run(60_000);
  assert.deepEqual(world.history, [["", "lcp", "ppp-no-answer"]]);
  const gone = await world.up(6);
  gone.handleInput = () => undefined;
  await world.run(120_000);
  assert.deepEqual(world.history[1], ["demo", "network", "echo-timeout"]);
  assert.deepEqual(world.causes, [
    [6, LCP, 0],
    [8, LCP, 0],
  ]);
});

test("a client that says goodbye in LCP hung up; one that wants no IPv4 gets nothing", async () => {
  const world = new World();
  const client = await world.up(5);
  client.send(LCP, 5, 99, Buffer.from("User request"));
  await world.run(10_000);
  assert.deepEqual(world.history, [["demo", "network", "peer-hung-up"]]);
  world.dial(6, { isWithoutIpv4: true });
  await world.run(10_000);
  assert.deepEqual(world.history[1], ["demo", "network", "negotiation-failed"]);
  assert.deepEqual(world.causes, [
    [3, LCP, 1],
    [18, 0, 0],
  ]);
});

test("a LAC that hangs up while we say goodbye is not why it ended", async () => {
  const world = new World(["mschapv2"]);
  const client = world.dial(5, { accepts: ["pap"], refusal: [0xc0, 0x23] });
  const hear = client.handleInput.bind(client);
  const isTerminateRequest = (frame: Uint8Array) => frame[3] === 0x21 && frame[4] === 5;
  client.handleInput = (frame, now) => {
    if (!isTerminateRequest(frame)) hear(frame, now);
  };
  await world.run(1_000);
  assert.deepEqual(world.history, []);
  world.hangUp(5);
  await world.run(1_000);
  assert.deepEqual(world.history, [["", "lcp", "no-common-auth-method"]]);
});

test("the only address is no obstacle to who holds it and authenticates anew", async () => {
  const world = new World();
  assert.equal((await world.up(5)).address, "10.64.0.2");
  const client = world.restart(5);
  await world.run(10_000);
  assert.equal(client.address, "10.64.0.2");
  assert.equal(heard(client, LCP).filter((code) => code === 5).length, 0);
  assert.deepEqual(world.cdns, []);
});

test("an address that a hang-up gave back is there for the next", async () => {
  const world = new World();
  await world.up(5);
  world.hangUp(5);
  await world.run(1_000);
  const next = world.dial(6, {});
  await world.run(5_000);
  assert.equal(next.address, "10.64.0.2");
  assert.deepEqual(world.cdns, []);
});
