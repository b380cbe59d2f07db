// A call that goes on: subscribers, dialling, two endpoints in virtual time and the data plane.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LocalUsers } from "../../../src/aaa/index.ts";
import { Forwarder } from "../../../src/daemon/forwarder.ts";
import type { CallForwarder } from "../../../src/daemon/subscribers.ts";
import { Dialler, type Target } from "../../../src/dial/index.ts";
import type { Call, Connected, EndpointEvent, SessionInfo } from "../../../src/l2tp/index.ts";
import { encodeDscp } from "../../../src/linux/cmsg.ts";
import { encodePktinfo } from "../../../src/linux/sockaddr.ts";
import { createLog } from "../../../src/observe/log.ts";
import type { LinkOptions } from "../../../src/ppp/index.ts";
import { seededRandom } from "../../peer/control.ts";
import { Pair } from "../../peer/pair.ts";
import { dataMessage, packet, pppFrame } from "../dataplane/frames.ts";
import { type Client, type ErrorReport, HOST, House, NETWORK, settled, USERS } from "./house.ts";

const UPSTREAM: Target = {
  ...{ name: "upstream", address: "198.51.100.1", port: 1701, secret: "" },
  ...{ priority: 1, weight: 1, hideAvps: false },
};
const LNS = { address: "198.51.100.1", port: 1701 };
const NAME = "bob@example.net";
const NO_ERRORS = {
  ...{ crc: 0, framing: 0, hardwareOverruns: 0, bufferOverruns: 0, timeouts: 0, alignment: 0 },
};

/** A switch: an LNS for its clients, and the LAC of an LNS in the pair. */
class Switch {
  readonly pair = new Pair();
  readonly house: House;
  readonly forwarder: Forwarder;
  readonly log: string[] = [];
  /** What the forwarder hears in place of an event. */
  tell = (event: EndpointEvent): EndpointEvent => event;

  constructor(targets: readonly Target[] = [UPSTREAM], authMethods?: LinkOptions["authMethods"]) {
    const dialler = new Dialler<Call, Connected>({
      ...{ targets, endpoint: this.pair.lac.endpoint, role: "lac", local: "" },
      random: seededRandom(3),
    });
    const forwards = [{ by: "realm", value: "example.net", peer: "upstream" } as const];
    const aaa = new LocalUsers({ networks: [NETWORK], users: USERS, forwards });
    const sink = { write: (line: string) => this.log.push(line) };
    const { endpoint } = this.pair.lac;
    const forwarder: CallForwarder = {
      forward: (...call) => this.forwarder.forward(...call),
      giveUp: (...call) => this.forwarder.giveUp(...call),
      leave: (...end) => this.forwarder.leave(...end),
      sessionOf: (from) => this.forwarder.sessionOf(from),
    };
    const report: ErrorReport = (...errors) => endpoint.reportErrors(...errors);
    this.house = new House(aaa, forwarder, report, authMethods);
    this.forwarder = new Forwarder({
      ...{ table: this.house.plane.table, dialler },
      owner: this.house.subscribers,
      log: createLog({ level: "info", human: false, sink: { write: sink.write } }),
    });
  }

  /** Lets time pass for both endpoints, and tells the forwarder of what happens. */
  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 10) {
      this.pair.pass(10);
      const { lac, now } = this.pair;
      for (const event of lac.events.splice(0)) this.forwarder.handleEvent(this.tell(event), now);
      this.forwarder.handleTimeout(now);
    }
  }

  async dial(sessionId = 5, call: Call = {}): Promise<Client> {
    const client = this.house.open(sessionId, { name: NAME, password: "hers" }, { call });
    await client.establish();
    await settled();
    this.pass(100);
    return client;
  }

  /** The session at the next LNS. */
  get next(): SessionInfo {
    return this.pair.lns.event("session-up").session;
  }
}

test("a call goes on with what was learned of it, and its frames pass unopened", async () => {
  const house = new Switch();
  const client = await house.dial();
  const { next } = house;
  assert.deepEqual(next.connected?.proxyAuthen?.type, 3);
  assert.deepEqual(next.connected?.proxyAuthen?.name, new TextEncoder().encode(NAME));
  assert.deepEqual(next.connected?.proxyAuthen?.response, new TextEncoder().encode("hers"));
  assert.ok((next.connected?.proxyLcp?.lastReceived?.length ?? 0) > 0);

  const { plane } = house.house;
  const frame = pppFrame(packet("10.64.0.2", HOST));
  client.send(frame);
  const sent = plane.switched.at(-1);
  assert.deepEqual(sent?.datagram, dataMessage(next.tunnelId, next.sessionId, frame));
  plane.up([dataMessage(next.peerTunnelId, next.peerSessionId, frame)], LNS);
  const { peerTunnelId, peerSessionId } = client.session;
  assert.deepEqual(
    plane.switched.at(-1)?.datagram,
    dataMessage(peerTunnelId, peerSessionId, frame),
  );
  const [row] = house.house.rows;
  assert.equal(row?.phase, "forwarded");
  assert.equal(row?.forwardedTo, "198.51.100.1:1701");
  assert.equal(row?.user, NAME);
});

test("the line is told of as the LAC told it, and nothing that the LAC says of the user", async () => {
  const house = new Switch();
  const octets = (text: string) => new TextEncoder().encode(text);
  const line = {
    ...{ txConnectSpeed: 9_600, rxConnectSpeed: 2_400, framingType: 2, privateGroupId: "group" },
    ...{ lcpWantOptions: Uint8Array.of(1, 4, 5, 0), lcpAllowOptions: Uint8Array.of(7, 2) },
  };
  // Our link has to negotiate anew, and what the LAC has heard is about somebody else.
  const proxyLcp = { initialReceived: Uint8Array.of(7, 2), lastSent: Uint8Array.of(1, 4, 0, 0) };
  const proxyAuthen = { type: 3, name: octets("eve@example.net"), id: 1, response: octets("x") };
  const connected = { ...line, sequencingRequired: true, proxyLcp, proxyAuthen };
  const wishes = { name: NAME, password: "hers" };
  await house.house.open(5, wishes, { connected }).establish();
  await settled();
  house.pass(100);
  const { proxyLcp: lcp, proxyAuthen: authen, ...told } = house.next.connected ?? {};
  assert.deepEqual(told, line);
  assert.deepEqual(authen?.name, octets(NAME));
  assert.notDeepEqual(lcp?.initialReceived, proxyLcp.initialReceived);

  // MS-CHAPv2 leaves nothing to give on: neither does the LAC's word on somebody else.
  const other = new Switch([UPSTREAM], ["mschapv2"]);
  await other.house.open(5, wishes, { connected: { proxyAuthen } }).establish();
  await settled();
  other.pass(100);
  assert.equal(other.next.connected?.proxyAuthen, undefined);
});

test("a client that begins anew while its call is placed is asked anew, and served as whom it names", async () => {
  const away = { ...UPSTREAM, address: "198.51.100.9" };
  const house = new Switch([away, { ...UPSTREAM, priority: 2 }]);
  const client = await house.dial();
  client.renegotiate({ name: "alice@example.net", password: "its" });
  await client.talk();
  await settled();
  house.pass(20_000);
  const name = new TextEncoder().encode("alice@example.net");
  assert.deepEqual(house.next.connected?.proxyAuthen?.name, name);
  assert.equal(house.house.rows[0]?.user, "alice@example.net");

  const local = new Switch([away, { ...UPSTREAM, priority: 2 }]);
  const caller = await local.dial();
  caller.renegotiate({});
  await caller.talk();
  local.pass(20_000);
  assert.equal(local.house.rows[0]?.user, "demo");
  assert.equal(caller.link.address, "10.64.0.2");
  assert.deepEqual(local.pair.lns.takeEvents(), [], "nothing goes on any more");
});

test("data messages to the next LNS have Ns while its own have (RFC 2661 5.4)", async () => {
  const house = new Switch();
  const client = await house.dial();
  const { next } = house;
  const { plane } = house.house;
  const frame = pppFrame(packet("10.64.0.2", HOST));
  const plain = dataMessage(next.peerTunnelId, next.peerSessionId, frame);
  const numbered = Uint8Array.of(0x48, 2, 0, plain.length + 4, ...plain.subarray(4, 8));
  for (const hasNs of [true, false]) {
    plane.up([hasNs ? Uint8Array.of(...numbered, 0, 0, 0, 0, ...frame) : plain], LNS);
    client.send(frame);
    const [bits = 0] = plane.switched.at(-1)?.datagram ?? [];
    assert.equal((bits & 0x08) !== 0, hasNs);
  }
});

test("each leg has the DSCP that it has agreed on itself (RFC 3308)", async () => {
  const house = new Switch();
  // The next LNS would like another one.
  house.tell = (event) =>
    event.type === "session-open"
      ? { ...event, session: { ...event.session, call: { ...event.session.call, dscp: 10 } } }
      : event;
  const client = await house.dial(5, { dscp: 46 });
  const { next } = house;
  assert.equal(next.call.dscp, 46, "what it is asked for is that of the call");
  const { plane } = house.house;
  const frame = pppFrame(packet("10.64.0.2", HOST));
  const control = (local: string, dscp: number) =>
    Uint8Array.of(...encodePktinfo(local), ...encodeDscp(dscp, true));
  client.send(frame);
  assert.deepEqual(plane.switched.at(-1)?.control, control(house.pair.lac.at.address, 10));
  plane.up([dataMessage(next.peerTunnelId, next.peerSessionId, frame)], LNS);
  assert.deepEqual(plane.switched.at(-1)?.control, control(client.session.path.local, 46));
});

test("what the ends of a call say of its line reaches the other end", async () => {
  const house = new Switch();
  const client = await house.dial();
  const { next } = house;
  const { endpoint } = house.pair.lns;
  const accm = { send: 0x000a_0000, receive: 0 };
  endpoint.setAccm(next.tunnelId, next.sessionId, accm, house.pair.now);
  house.pass(100);
  assert.deepEqual(house.house.told, [{ sessionId: client.session.sessionId, ...accm }]);

  const errors = { ...NO_ERRORS, crc: 3 };
  const { session } = client;
  house.house.subscribers.handleEvent({ type: "call-errors", session, errors }, house.pair.now);
  house.pass(100);
  assert.deepEqual(house.pair.lns.event("call-errors").errors, errors);
});

test("who hangs up at one end is heard of at the other", async () => {
  const house = new Switch();
  const first = await house.dial();
  first.hangUp();
  house.pass(100);
  assert.equal(house.pair.lns.event("session-down").result.code, 1);

  const other = new Switch();
  await other.dial();
  const { tunnelId, sessionId } = other.next;
  const result = { code: 3, error: 0, message: "enough" };
  other.pair.lns.endpoint.closeSession(tunnelId, sessionId, result, other.pair.now);
  other.pass(100);
  assert.deepEqual(
    other.house.closed.map((closed) => closed.result),
    [result],
  );
});

test("a PPP Disconnect Cause goes on to the other end, and Result Code 0 does not", async () => {
  const ppp = { code: 16, protocol: 0xc223, direction: 1, message: "who are you" };
  const first = new Switch();
  const client = await first.dial();
  client.hangUp(0, { ppp });
  first.pass(100);
  const { result, disconnect } = first.pair.lns.event("session-down");
  assert.deepEqual([result.code, disconnect], [1, { ppp }]);
  assert.match(first.house.log.join(), /"disconnect":"PPP disconnect cause 16 .*who are you/);
  assert.match(first.house.entries[0]?.result?.disconnect ?? "", /^PPP disconnect cause 16/);

  const other = new Switch();
  await other.dial();
  const { tunnelId, sessionId } = other.next;
  const { lns, now } = other.pair;
  lns.endpoint.closeSession(tunnelId, sessionId, { code: 0 }, now, { ppp });
  other.pass(100);
  const [closed] = other.house.closed;
  assert.deepEqual([closed?.result.code, closed?.disconnect], [1, { ppp }]);
});

test("an LNS that refuses is left for the next one; none left ends the call", async () => {
  const away = { ...UPSTREAM, address: "198.51.100.9" };
  const next = { ...UPSTREAM, priority: 2 };
  const house = new Switch([away, next]);
  await house.dial();
  house.pass(60_000);
  assert.equal(house.house.rows[0]?.forwardedTo, "198.51.100.1:1701");
  assert.match(house.log.join(), /198\.51\.100\.9:1701.*no-answer/);

  const alone = new Switch([away]);
  await alone.dial();
  alone.pass(60_000);
  const [closed] = alone.house.closed;
  assert.deepEqual(closed?.result, { code: 4, message: "no LNS takes the call" });
});

test("a call does not go back to where it comes from: that would never end", async () => {
  const house = new Switch([{ ...UPSTREAM, address: "192.0.2.9" }]);
  await house.dial();
  const [closed] = house.house.closed;
  const message = "the call would go back to its own LAC";
  assert.deepEqual(closed?.result, { code: 3, message });
  assert.match(house.log.join(), /192\.0\.2\.9:1701.*the call would go back/);
  assert.deepEqual(house.pair.trace, []);
});

test("when one end is gone no frame of the other goes anywhere", async () => {
  const house = new Switch();
  const client = await house.dial();
  const { next } = house;
  const frame = pppFrame(packet("10.64.0.2", HOST));
  client.hangUp();
  const { plane } = house.house;
  const before = plane.switched.length;
  plane.up([dataMessage(next.peerTunnelId, next.peerSessionId, frame)], LNS);
  assert.equal(plane.switched.length, before);
  house.pass(100);
  assert.equal(house.forwarder.sessionOf({ index: 1, generation: 1 }), undefined);
});

test("a client whose first wishes no AVP can carry goes on without them", async () => {
  const house = new Switch();
  const wishes = [200, 201, 202, 203, 204].map(
    (type) => [type, ...new Array<number>(250).fill(1)] as const,
  );
  const client = house.house.open(5, { name: NAME, password: "hers", lcp: wishes });
  await client.establish();
  await settled();
  house.pass(100);
  const { proxyLcp } = house.next.connected ?? {};
  assert.equal(proxyLcp?.initialReceived, undefined);
  assert.notEqual(proxyLcp?.lastReceived, undefined);
});

test("a user of here is served here, whatever goes on", async () => {
  const house = new Switch();
  const client = house.house.open(6);
  await client.establish();
  assert.equal(client.link.address, "10.64.0.2");
  assert.deepEqual(house.pair.trace, []);
});
