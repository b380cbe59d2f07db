/** Values that no AVP can carry: the owner hears of them, and the peer nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AvpType } from "../../../src/codec/index.ts";
import { Lac, Lns } from "../../../src/l2tp/index.ts";
import { newLns, seededRandom, Talk } from "../../peer/control.ts";
import { avp, typed, u16 } from "../../peer/lac.ts";
import { Pair } from "../../peer/pair.ts";

const LONG = new Uint8Array(1_018);
const TEXT = "n".repeat(1_018);
const BAD_CALLS = [{ calledNumber: TEXT }, { bearerType: -1 }, { dscp: 64 }, { subAddress: TEXT }];
const BAD_CONNECTED = [
  { proxyLcp: { initialReceived: LONG } },
  { proxyAuthen: { type: 3, name: LONG } },
  { txConnectSpeed: 2 ** 32 },
  { lcpWantOptions: LONG },
  { privateGroupId: TEXT },
];
const BAD_ENDS = [
  { result: { code: 65_536 } },
  { result: { code: 2, error: -1 } },
  {
    result: { code: 3 },
    disconnect: { ppp: { code: 1, protocol: 0, direction: 0, message: TEXT } },
  },
  { result: { code: 3 }, disconnect: { q931: { cause: 1, message: 256 } } },
];
const BAD_ACCMS = [
  { send: -1, receive: 0 },
  { send: 0, receive: 0, lastSent: LONG },
  { send: 0, receive: 0, lastReceived: LONG },
];

/** A call that is up, and nothing on its way. */
function connected(): Pair {
  const pair = new Pair();
  const { lac, lns } = pair;
  const tunnelId = lac.endpoint.connect({ path: lac.pathTo(lns), role: "lac" }, 0) ?? 0;
  lac.endpoint.placeCall(tunnelId, {}, 0);
  pair.pass(1_000);
  lns.event("session-up");
  return pair;
}

test("what has no place in an AVP is refused to who gives it, and changes nothing", () => {
  const pair = connected();
  const { lac, lns } = pair;
  const before = pair.trace.length;
  const { tunnelId, sessionId } = lac.event("session-up").session;
  const { session: served } = lns.event("session-up");
  const refused = (act: () => unknown, what: unknown) =>
    assert.throws(act, RangeError, JSON.stringify(what).slice(0, 80));
  for (const call of BAD_CALLS) {
    refused(() => lac.endpoint.placeCall(tunnelId, call, pair.now), call);
    refused(() => lns.endpoint.placeCall(served.tunnelId, call, pair.now), call);
  }
  for (const each of BAD_CONNECTED) {
    refused(() => lac.endpoint.placeCall(tunnelId, {}, pair.now, each), each);
  }
  for (const { result, disconnect } of BAD_ENDS) {
    refused(
      () => lac.endpoint.closeSession(tunnelId, sessionId, result, pair.now, disconnect),
      disconnect ?? result,
    );
  }
  refused(() => lac.endpoint.closeTunnel(tunnelId, { code: -1 }, pair.now), "tunnel");
  for (const accm of BAD_ACCMS) {
    refused(() => lns.endpoint.setAccm(served.tunnelId, served.sessionId, accm, pair.now), accm);
  }
  const path = lac.pathTo(lns);
  refused(() => lac.endpoint.connect({ path, role: "lac", dscp: 64 }, pair.now), "dscp");
  pair.pass(1_000);
  assert.equal(pair.trace.length, before);
  for (const { endpoint } of pair.sides) {
    assert.equal([...endpoint.sessions()].length, 1);
    assert.equal([...endpoint.tunnels()].length, 1);
  }
});

test("the answer to an outgoing call too: the call still waits for it", () => {
  const pair = new Pair();
  const { lac, lns } = pair;
  const tunnelId = lns.endpoint.connect({ path: lns.pathTo(lac), role: "lns" }, 0) ?? 0;
  lns.endpoint.placeCall(tunnelId, { calledNumber: "1" }, 0);
  pair.pass(1_000);
  const { session } = lac.event("session-open");
  const connect = (answer: object) =>
    lac.endpoint.connectCall(session.tunnelId, session.sessionId, answer, pair.now);
  assert.throws(() => connect({ lcpAllowOptions: LONG }), RangeError);
  connect({});
  pair.pass(1_000);
  lns.event("session-up");
});

test("a LAC and an LNS of the library have the same door", () => {
  const path = { peer: "192.0.2.9", peerPort: 1_701, local: "" };
  const [lac, lns] = [
    new Lac({ hostName: "lac", random: seededRandom(1) }),
    new Lns({ hostName: "lns", random: seededRandom(2) }),
  ];
  const tunnelId = lac.connect({ path }, 0) ?? 0;
  assert.throws(() => lac.placeCall(tunnelId, { calledNumber: TEXT }, 0), RangeError);
  const other = lns.connect({ path }, 0) ?? 0;
  assert.throws(() => lns.placeCall(other, { subAddress: TEXT }, 0), RangeError);
  for (const side of [lac, lns]) assert.deepEqual([...side.sessions()], []);
});

test("what makes a message too large for its owner's socket is left out, the login last", () => {
  const octets = (length: number) => new Uint8Array(length);
  const authen = { type: 3, name: octets(100), id: 1, response: octets(100) };
  const more = { lcpWantOptions: octets(1_000), lcpAllowOptions: octets(1_000) };
  const { LcpWantOptions, InitialReceivedLcpConfreq, LastReceivedLcpConfreq, ProxyAuthenName } =
    AvpType;
  const types = [
    LcpWantOptions,
    InitialReceivedLcpConfreq,
    LastReceivedLcpConfreq,
    ProxyAuthenName,
  ];
  const cases: [size: number, last: number, left: boolean[]][] = [
    [10, 10, [false, true, true, true]],
    [1_000, 900, [false, false, true, true]],
    [1_000, 1_700, [false, false, false, false]],
  ];
  for (const [size, last, left] of cases) {
    const talk = new Talk(newLns({ role: "lac", messageMax: 1_984 }));
    talk.connect({ role: "lac" });
    talk.say(talk.sccrp());
    const proxyLcp = {
      ...{ initialReceived: octets(size), lastReceived: octets(Math.min(last, 1_000)) },
      ...(last > 1_000 && { lastSent: octets(last - 700) }),
    };
    const iccn = { proxyLcp, proxyAuthen: authen, ...more };
    const id = talk.lns.placeCall(talk.tunnelId, {}, talk.now, iccn) ?? 0;
    talk.ack();
    const reply = talk.say(typed("ICRP", avp(AvpType.AssignedSessionId, u16(9))), {
      sessionId: id,
    });
    const { avps } = reply.find(({ name }) => name === "ICCN")?.message ?? { avps: [] };
    const found = types.map((type) => avps.some((each) => each.type === type));
    assert.deepEqual(found, left, `${size} and ${last}`);
  }
});
