/** Whole conversations with an independent LAC, with every single message lost or repeated. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newLns } from "../../peer/control.ts";
import { Lac, resultOf } from "../../peer/lac.ts";
import { type Fate, Wire } from "../../peer/wire.ts";

const LATENCY = 10;
const CALLS = [11, 12, 13];

/** Dial, three calls, one hang-up from each side, goodbye. */
function conversation(secret: string, fate: Fate): { wire: Wire; lac: Lac } {
  const lac = new Lac(77, secret);
  const wire = new Wire(newLns({ secret }), [lac], fate);
  lac.start(0);
  for (const id of CALLS) lac.call(id, 0);
  wire.at(60_000, () => lac.hangUp(11, wire.now));
  wire.at(60_000, () => {
    const session = [...wire.lns.sessions()].find(({ peerSessionId }) => peerSessionId === 12);
    if (session === undefined) return;
    wire.lns.closeSession(session.tunnelId, session.sessionId, { code: 3 }, wire.now);
  });
  wire.run(50_000);
  assert.deepEqual(
    [...lac.calls.values()].map(({ state }) => state),
    Array(3).fill("established"),
  );
  const up = [...wire.lns.sessions()];
  assert.deepEqual(
    up.map(({ state }) => state),
    Array(3).fill("established"),
  );
  for (const { sessionId, peerSessionId, callSerialNumber } of up) {
    assert.equal(lac.calls.get(peerSessionId)?.peerId, sessionId);
    assert.equal(callSerialNumber, 1_000 + peerSessionId);
  }
  wire.run(100_000);
  assert.deepEqual(
    [...lac.calls.values()].map(({ state }) => state),
    ["closed", "closed", "established"],
  );
  assert.deepEqual(
    [...wire.lns.sessions()].map(({ peerSessionId }) => peerSessionId),
    [13],
  );
  lac.stop(wire.now);
  wire.run(200_000);
  assert.equal(lac.idle, true, "the LAC's StopCCN is acknowledged");
  assert.deepEqual([...wire.lns.tunnels()], []);
  assert.equal(wire.lns.pollTimeout(), Infinity);
  return { wire, lac };
}

function checkEvents(wire: Wire): void {
  const seen = wire.events.map((event) =>
    "session" in event ? `${event.type} ${event.session.peerSessionId}` : event.type,
  );
  assert.equal(seen[0], "tunnel-up");
  assert.equal(seen.at(-1), "tunnel-down");
  for (const id of CALLS) {
    const own = seen.filter((event) => event.endsWith(` ${id}`));
    assert.deepEqual(own, [`session-open ${id}`, `session-up ${id}`, `session-down ${id}`]);
  }
  assert.equal(seen.length, 2 + 3 * CALLS.length);
  const ends = wire.events.map((event) => ("by" in event ? event.by : undefined));
  assert.deepEqual(ends.filter((by) => by !== undefined).sort(), ["local", "peer", "peer", "peer"]);
}

for (const secret of ["", "a secret"]) {
  const label = secret === "" ? "no secret" : "a secret";
  test(`a conversation without loss, ${label}`, () => {
    const { wire, lac } = conversation(secret, () => [LATENCY]);
    checkEvents(wire);
    assert.equal(wire.lns.counters.retransmitted, 0);
    assert.equal(wire.lns.counters.duplicate, 0);
    const names = lac.delivered.map(({ name }) => name).filter((name) => name !== "HELLO");
    assert.deepEqual(names, ["SCCRP", "ICRP", "ICRP", "ICRP", "CDN"]);
  });

  test(`each datagram lost once, ${label}`, () => {
    const total = conversation(secret, () => [LATENCY]).wire.trace.length;
    assert.ok(total > 15);
    for (let lost = 0; lost < total; lost++) {
      const { wire } = conversation(secret, (_, index) => (index === lost ? [] : [LATENCY]));
      checkEvents(wire);
    }
  });

  test(`each datagram repeated or late, ${label}`, () => {
    const total = conversation(secret, () => [LATENCY]).wire.trace.length;
    for (let hit = 0; hit < total; hit++) {
      for (const fate of [[LATENCY, LATENCY], [LATENCY, 900], [150], [2_500]]) {
        const late: Fate = (_, index) => (index === hit ? fate : [LATENCY]);
        checkEvents(conversation(secret, late).wire);
      }
    }
  });
}

test("everything that the LNS sends is lost for 6 s: the conversation goes on afterwards", () => {
  let wire: Wire | undefined;
  const deaf: Fate = (_, _index, toLns) => {
    const now = wire?.now ?? 0;
    return !toLns && now > 0 && now < 6_000 ? [] : [LATENCY];
  };
  const lac = new Lac(5);
  wire = new Wire(newLns(), [lac], deaf);
  lac.start(0);
  wire.run(40_000);
  assert.equal(lac.state, "established");
  assert.equal([...wire.lns.tunnels()].length, 1);
});

test("the LAC vanishes: sessions and tunnel end by timeout, nothing is left", () => {
  const lac = new Lac(5);
  let gone = false;
  const wire = new Wire(newLns(), [lac], () => (gone ? [] : [LATENCY]));
  lac.start(0);
  for (const id of CALLS) lac.call(id, 0);
  wire.run(10_000);
  gone = true;
  wire.run(120_000);
  const ends = wire.events.flatMap((event) => ("by" in event ? [event.by] : []));
  assert.deepEqual(ends, Array(4).fill("timeout"));
  assert.equal(wire.lns.pollTimeout(), Infinity);
});

test("shutdown under loss: every LAC learns of it, the LNS drains", () => {
  const lacs = [new Lac(1), new Lac(2), new Lac(3)];
  const wire = new Wire(newLns(), lacs, (_, index) => (index % 5 === 0 ? [] : [LATENCY]));
  for (const lac of lacs) {
    lac.start(0);
    for (const id of CALLS) lac.call(id, 0);
  }
  wire.run(30_000);
  assert.equal([...wire.lns.sessions()].length, 9);
  wire.lns.shutdown(wire.now);
  wire.run(60_000);
  assert.equal(wire.lns.isDrained(), true);
  for (const lac of lacs) {
    assert.equal(lac.state, "closed");
    const codes = lac.delivered
      .filter(({ name }) => name === "CDN" || name === "StopCCN")
      .map(({ message }) => resultOf(message)[0]);
    assert.deepEqual(codes, [3, 3, 3, 6]);
  }
});
