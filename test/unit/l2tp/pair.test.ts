/** Whole conversations of two endpoints, LAC and LNS, with every single message lost or repeated. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ConnectOptions, DisconnectCode, StopCode } from "../../../src/l2tp/index.ts";
import { Pair, type PairFate, type Side } from "../../peer/pair.ts";

const CALL = {
  calledNumber: "5551234",
  callingNumber: "200",
  subAddress: "7",
  bearerType: 1,
  physicalChannelId: 9,
  dscp: 46,
};
const OUTGOING = {
  calledNumber: "100",
  subAddress: "3",
  bearerType: 2,
  framingType: 1,
  minimumBps: 9_600,
  maximumBps: 64_000,
};
const octets = (text: string) => new TextEncoder().encode(text);
const CONNECTED = {
  txConnectSpeed: 64_000,
  rxConnectSpeed: 32_000,
  framingType: 1,
  sequencingRequired: true,
  privateGroupId: "group",
  proxyLcp: {
    initialReceived: Uint8Array.of(1, 4, 5, 212),
    lastSent: Uint8Array.of(3, 4, 0xc0, 0x23),
    lastReceived: Uint8Array.of(1, 4, 5, 212),
  },
  proxyAuthen: {
    type: 2,
    name: octets("user"),
    challenge: octets("challenge"),
    id: 7,
    response: octets("response"),
  },
  lcpWantOptions: Uint8Array.of(2, 6, 0, 0, 0, 0),
  lcpAllowOptions: Uint8Array.of(1, 4, 5, 212),
};
const DISCONNECT = {
  ppp: { code: 3, protocol: 0xc021, direction: 1, message: "idle" },
  q931: { cause: 16, message: 0x45, advisory: "normal" },
};

function open(pair: Pair, from: Side, to: Side, more: Partial<ConnectOptions> = {}): number {
  const role = from === pair.lac ? "lac" : "lns";
  const tunnelId = from.endpoint.connect({ path: from.pathTo(to), role, ...more }, pair.now);
  assert.ok(tunnelId !== undefined);
  return tunnelId;
}

/** A tunnel that the LAC opens, an incoming and an outgoing call, hung up from either side. */
function conversation(fate: PairFate, secret = "", hideAvps = false): Pair {
  const pair = new Pair({ secret });
  pair.fate = fate;
  const { lac, lns } = pair;
  const tunnelId = open(pair, lac, lns, { hideAvps });
  const incoming = lac.endpoint.placeCall(tunnelId, CALL, 0, CONNECTED);
  assert.ok(incoming !== undefined);
  pair.run(40_000);
  assert.deepEqual(lac.takeEvents(), ["tunnel-up", "session-open", "session-up"]);
  const up = lns.event("session-up").session;
  assert.deepEqual(lns.takeEvents(), ["tunnel-up", "session-open", "session-up"]);
  assert.deepEqual([up.role, up.direction], ["lns", "incoming"]);
  assert.deepEqual([up.call, up.connected], [CALL, CONNECTED]);
  const [own] = lac.endpoint.sessions();
  assert.deepEqual(
    [own?.peerSessionId, own?.callSerialNumber],
    [up.sessionId, up.callSerialNumber],
  );

  lns.endpoint.placeCall(up.tunnelId, OUTGOING, pair.now);
  pair.run(60_000);
  const asked = lac.event("session-open").session;
  assert.deepEqual([asked.role, asked.direction, asked.call], ["lac", "outgoing", OUTGOING]);
  assert.deepEqual(lns.takeEvents(), ["session-open"]);
  lac.endpoint.connectCall(tunnelId, asked.sessionId, { txConnectSpeed: 9_600 }, pair.now);
  pair.run(80_000);
  assert.deepEqual(lac.takeEvents(), ["session-open", "session-up"]);
  const connected = lns.event("session-up").session;
  assert.deepEqual(connected.connected, { txConnectSpeed: 9_600, framingType: 1 });
  assert.deepEqual(lns.takeEvents(), ["session-up"]);

  const lost = { code: DisconnectCode.LostCarrier };
  lac.endpoint.closeSession(tunnelId, incoming, lost, pair.now, DISCONNECT);
  lns.endpoint.closeSession(up.tunnelId, connected.sessionId, { code: 3 }, pair.now);
  pair.run(120_000);
  const told = lns.events.find((event) => "by" in event && event.by === "peer");
  assert.ok(told?.type === "session-down");
  assert.deepEqual(told.disconnect, DISCONNECT);
  assert.deepEqual(ends(lac), ["session-down local 1", "session-down peer 3"]);
  assert.deepEqual(ends(lns), ["session-down local 3", "session-down peer 1"]);
  lac.endpoint.closeTunnel(tunnelId, { code: StopCode.General }, pair.now);
  pair.run(220_000);
  assert.deepEqual(ends(lac), ["tunnel-down local 1"]);
  assert.deepEqual(ends(lns), ["tunnel-down peer 1"]);
  for (const { endpoint } of pair.sides) {
    assert.deepEqual([...endpoint.tunnels()], []);
    assert.equal(endpoint.pollTimeout(), Infinity);
  }
  return pair;
}

/** What ended, in an order of its own: messages may overtake each other. */
function ends(side: Side): string[] {
  const seen = side.events.splice(0).map((event) => {
    assert.ok("by" in event, event.type);
    return `${event.type} ${event.by} ${event.result.code}`;
  });
  return seen.sort();
}

for (const secret of ["", "a secret"]) {
  describe(secret === "" ? "without a secret" : "with a secret", () => {
    test("nothing is lost", () => {
      const pair = conversation(() => [10], secret);
      const said = pair.trace.filter((message) => !/ZLB|HELLO/.test(message));
      assert.deepEqual(said, [
        "lac SCCRQ",
        "lns SCCRP",
        "lac SCCCN",
        "lac ICRQ",
        "lns ICRP",
        "lac ICCN",
        "lns OCRQ",
        "lac OCRP",
        "lac OCCN",
        "lac CDN",
        "lns CDN",
        "lac StopCCN",
      ]);
      assert.equal(pair.lac.endpoint.counters.retransmitted, 0);
      assert.equal(pair.lns.endpoint.counters.retransmitted, 0);
    });

    test("each datagram is lost once, repeated, or late", () => {
      const { length } = conversation(() => [10], secret).trace;
      for (let hit = 0; hit < length; hit++) {
        for (const fate of [[], [10, 10], [900], [10, 2_500]]) {
          conversation((index) => (index === hit ? fate : [10]), secret, hit % 2 === 1);
        }
      }
    });

    test("every third datagram is lost", () => {
      for (const phase of [0, 1, 2]) {
        conversation((index) => (index % 3 === phase ? [] : [10]), secret);
      }
    });
  });
}

describe("a tunnel that we open", () => {
  test("is answered from another port, and stays there", () => {
    const pair = new Pair({ secret: "x", followPort: false });
    const { lac, lns } = pair;
    lns.from = { address: "198.51.100.1", port: 40_000 };
    const tunnelId = open(pair, lac, lns);
    pair.run(1_000);
    const moved = lac.event("tunnel-moved");
    assert.deepEqual(lac.takeEvents(), ["tunnel-moved", "tunnel-up"]);
    assert.equal(moved.tunnel.tunnelId, tunnelId);
    const path = { peer: "198.51.100.1", peerPort: 40_000, local: "192.0.2.7" };
    assert.deepEqual(moved.path, path);
    assert.deepEqual([...lac.endpoint.tunnels()][0]?.path, path);
    lac.endpoint.placeCall(tunnelId, {}, pair.now);
    pair.pass(1_000);
    assert.deepEqual(lac.takeEvents(), ["session-open", "session-up"]);
    // From now on the old port is anybody's.
    lns.from = lns.at;
    lns.endpoint.closeTunnel(lns.event("tunnel-up").tunnel.tunnelId, { code: 1 }, pair.now);
    pair.pass(500);
    assert.deepEqual(lac.takeEvents(), []);
    assert.ok(lac.endpoint.counters["wrong-peer"] > 0);
  });

  test("is answered from another address", () => {
    const pair = new Pair();
    pair.lns.from = { address: "203.0.113.9", port: 1701 };
    open(pair, pair.lac, pair.lns);
    pair.run(1_000);
    assert.equal(pair.lac.event("tunnel-moved").path.peer, "203.0.113.9");
    assert.deepEqual(pair.lac.takeEvents(), ["tunnel-moved", "tunnel-up"]);
  });

  test("is not answered by who does not know the secret, from wherever else", () => {
    const pair = new Pair();
    pair.lns.from = { address: "203.0.113.9", port: 1701 };
    open(pair, pair.lac, pair.lns, { secret: "secret of this tunnel" });
    pair.run(20_000);
    assert.deepEqual(pair.lac.takeEvents(), []);
    assert.ok(pair.lac.endpoint.counters["wrong-peer"] > 0);
    pair.run(90_000);
    assert.deepEqual(pair.lac.takeEvents(), ["tunnel-down"]);
  });

  test("from where it was asked, who does not know the secret is refused", () => {
    for (const [ours, theirs] of [
      ["one", "another"],
      ["one", ""],
      ["", "one"],
    ] as const) {
      const pair = new Pair({ secret: theirs });
      open(pair, pair.lac, pair.lns, { secret: ours });
      pair.run(90_000);
      assert.deepEqual(
        pair.lac.events.map((event) => "result" in event && event.result.code),
        [StopCode.NotAuthorized],
        `${ours} ${theirs}`,
      );
    }
  });

  test("is given up when nobody answers; its call goes with it", () => {
    const pair = new Pair();
    pair.fate = () => [];
    const tunnelId = open(pair, pair.lac, pair.lns);
    pair.lac.endpoint.placeCall(tunnelId, {}, 0);
    pair.run(100_000);
    assert.deepEqual(pair.trace, Array(6).fill("lac SCCRQ"));
    const [call, tunnel] = pair.lac.events;
    assert.ok(call?.type === "session-down" && tunnel?.type === "tunnel-down");
    assert.deepEqual([call.by, call.withTunnel, tunnel.by], ["timeout", true, "timeout"]);
    assert.equal(tunnel.tunnel.state, "wait-ctl-reply");
    assert.equal(pair.lac.endpoint.placeCall(tunnelId, {}, pair.now), undefined);
  });

  test("is refused by an LNS that stops, and is closed before it is answered", () => {
    const refused = new Pair();
    refused.lns.endpoint.shutdown(0);
    open(refused, refused.lac, refused.lns);
    refused.run(1_000);
    assert.deepEqual(ends(refused.lac), ["tunnel-down peer 6"]);

    const closed = new Pair();
    const tunnelId = open(closed, closed.lac, closed.lns);
    closed.lac.endpoint.placeCall(tunnelId, {}, 0);
    closed.lac.endpoint.closeTunnel(tunnelId, { code: 1 }, 0);
    closed.run(1_000);
    assert.deepEqual(closed.lac.takeEvents(), ["session-down", "tunnel-down"]);
    assert.deepEqual(ends(closed.lns), ["tunnel-down peer 1"]);
    closed.run(100_000);
    assert.equal(closed.lac.endpoint.pollTimeout(), Infinity);
  });

  test("may be the LNS's, and carries calls in both directions", () => {
    const pair = new Pair();
    const { lac, lns } = pair;
    const tunnelId = open(pair, lns, lac);
    lns.endpoint.placeCall(tunnelId, OUTGOING, 0);
    pair.run(1_000);
    const asked = lac.event("session-open").session;
    assert.deepEqual([asked.role, asked.direction], ["lac", "outgoing"]);
    lac.endpoint.connectCall(asked.tunnelId, asked.sessionId, {}, pair.now);
    lac.endpoint.placeCall(asked.tunnelId, CALL, pair.now);
    pair.pass(1_000);
    assert.deepEqual(
      [...lns.endpoint.sessions()].map(({ direction, state }) => `${direction} ${state}`).sort(),
      ["incoming established", "outgoing established"],
    );
  });
});
