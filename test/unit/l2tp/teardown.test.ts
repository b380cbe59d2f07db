/** The end of a control connection: StopCCN, HELLO, silence, shutdown (RFC 2661 5.5 to 5.8). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AvpType } from "../../../src/codec/index.ts";
import {
  ID_QUARANTINE_MS,
  TUNNEL_LINGER_MS,
  TUNNEL_SETUP_MS,
  UNPROVEN_MEMORY_MS,
} from "../../../src/limits.ts";
import { names, newLns, PATH, Talk } from "../../peer/control.ts";
import { avp, find, resultOf, sccrq, typed, u16, uint } from "../../peer/lac.ts";

function sent(talk: Talk, name: string, from = 0): number[] {
  return talk.sent.filter((out) => out.name === name && out.at >= from).map(({ at }) => at);
}

describe("StopCCN from the peer", () => {
  test("is acknowledged at once, takes every session down once, then the tunnel", () => {
    const talk = new Talk().establish();
    for (const id of [1, 2, 3]) talk.upSession(id);
    talk.takeEvents();
    const out = talk.say(talk.stopCcn(6));
    assert.deepEqual(names(out), ["ZLB"]);
    assert.equal(out[0]?.message.nr, talk.ns);
    const events = talk.events.splice(0);
    assert.deepEqual(
      events.map(({ type }) => type),
      ["session-down", "session-down", "session-down", "tunnel-down"],
    );
    for (const event of events) {
      assert.ok("by" in event);
      assert.deepEqual([event.by, event.result], ["peer", { code: 6 }]);
    }
    assert.deepEqual([...talk.lns.tunnels()], []);
    assert.deepEqual([...talk.lns.sessions()], []);
  });

  test("is acknowledged again for 31 s, then the tunnel is forgotten", () => {
    const talk = new Talk().establish();
    const at = talk.now;
    talk.say(talk.stopCcn());
    const repeated = talk.build(talk.stopCcn(), { ns: 2 });
    for (const later of [1_000, 3_000, 30_999]) {
      talk.until(at + later);
      assert.deepEqual(names(talk.deliver(repeated)), ["ZLB"], `${later}`);
    }
    talk.until(at + TUNNEL_LINGER_MS);
    assert.deepEqual(talk.deliver(repeated), []);
    assert.equal(talk.lns.counters["unknown-tunnel"], 1);
    assert.equal(talk.lns.counters.duplicate, 3);
    assert.equal(talk.lns.pollTimeout(), Infinity);
    talk.lns.shutdown(talk.now);
    assert.equal(talk.lns.isDrained(), true);
  });

  test("stops what we were still sending", () => {
    const talk = new Talk().establish();
    const { nr } = talk;
    for (let id = 1; id <= 5; id++) talk.say(talk.icrq(id), { nr });
    talk.say(talk.stopCcn(), { nr });
    const after = talk.pass(40_000);
    assert.deepEqual(after, []);
    assert.equal(talk.lns.counters["no-peer-response"], 0);
  });

  test("before our SCCRP arrived it names the tunnel by the peer's id, and has no answer", () => {
    const talk = new Talk();
    talk.request();
    const stop = { tunnelId: 0, nr: 0 };
    assert.deepEqual(talk.say(talk.stopCcn(1, 999), { ...stop, ns: 1 }), []);
    assert.deepEqual(talk.takeEvents(), []);
    assert.deepEqual(talk.say(talk.stopCcn(1), stop), []);
    assert.deepEqual(talk.takeEvents(), ["tunnel-down"]);
    assert.deepEqual(talk.say(talk.stopCcn(1), { ...stop, ns: 1 }), []);
    assert.equal(talk.lns.counters["unknown-tunnel"], 2);
    talk.pass(UNPROVEN_MEMORY_MS);
    assert.equal(talk.lns.pollTimeout(), Infinity);
  });

  test("named by the peer's id it is acknowledged, and again, once SCCRP is", () => {
    const talk = new Talk();
    talk.request();
    talk.ack();
    const stop = { tunnelId: 0, nr: 1 };
    assert.deepEqual(names(talk.say(talk.stopCcn(1), stop)), ["ZLB"]);
    assert.deepEqual(talk.takeEvents(), ["tunnel-down"]);
    assert.deepEqual(names(talk.say(talk.stopCcn(1), { ...stop, ns: 1 })), ["ZLB"]);
    assert.deepEqual(talk.takeEvents(), []);
  });

  test("the peer dials again at once with the same id: a new tunnel", () => {
    const talk = new Talk().establish();
    const before = talk.tunnelId;
    talk.say(talk.stopCcn());
    [talk.ns, talk.nr] = [0, 0];
    talk.establish();
    assert.notEqual(talk.tunnelId, before);
    assert.equal([...talk.lns.tunnels()].length, 1);
    talk.pass(TUNNEL_LINGER_MS);
    talk.ack();
    // The old tunnel's end leaves the new one findable for its repeated SCCRQ.
    talk.say(sccrq(100), { tunnelId: 0, ns: 0 });
    assert.equal(talk.lns.counters["duplicate-sccrq"], 1);
    assert.equal([...talk.lns.tunnels()].length, 1);
  });
});

describe("our StopCCN", () => {
  test("has the Assigned Tunnel ID, goes on until acknowledged, then lingers", () => {
    const talk = new Talk().establish();
    talk.upSession(1);
    talk.takeEvents();
    const at = talk.now;
    talk.lns.closeTunnel(talk.tunnelId, { code: 1, error: 0, message: "bye" }, at);
    const [out] = talk.drain();
    assert.equal(out?.name, "StopCCN");
    assert.deepEqual(resultOf(out.message), [1, 0, "bye"]);
    assert.equal(uint(find(out.message, AvpType.AssignedTunnelId)), talk.tunnelId);
    assert.deepEqual(talk.takeEvents(), ["session-down", "tunnel-down"]);
    assert.deepEqual([...talk.lns.tunnels()], []);
    talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, at);
    assert.deepEqual(talk.drain(), []);
    talk.until(at + 3_500);
    assert.deepEqual(sent(talk, "StopCCN", at), [at, at + 1_000, at + 3_000]);
    talk.ack();
    assert.deepEqual(talk.until(at + 3_500 + TUNNEL_LINGER_MS - 1), []);
    // Still there: what the peer repeats is acknowledged.
    assert.deepEqual(names(talk.say(typed("SCCCN"), { ns: 1 })), ["ZLB"]);
    talk.pass(1);
    assert.equal(talk.lns.pollTimeout(), Infinity);
    assert.deepEqual(talk.takeEvents(), []);
  });

  test("without acknowledgement is given up at 31 s", () => {
    const talk = new Talk().establish();
    const at = talk.now;
    talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, at);
    talk.drain();
    talk.pass(60_000);
    assert.deepEqual(
      sent(talk, "StopCCN", at).map((time) => time - at),
      [0, 1_000, 3_000, 7_000, 15_000, 23_000],
    );
    assert.equal(talk.lns.pollTimeout(), Infinity);
    assert.deepEqual(talk.takeEvents(), ["tunnel-up", "tunnel-down"]);
  });

  test("what the peer still sends is acknowledged and has no effect", () => {
    const talk = new Talk().establish();
    talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, talk.now);
    const { nr } = talk;
    talk.drain();
    talk.takeEvents();
    talk.say(talk.icrq(5), { nr });
    talk.say(talk.icrq(6), { nr });
    assert.deepEqual(talk.takeEvents(), []);
    assert.equal(talk.lns.counters["closed-tunnel"], 2);
    assert.equal(talk.sent.at(-1)?.message.nr, talk.ns);
  });

  test("crossing with the peer's: both are done", () => {
    const talk = new Talk().establish();
    talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, talk.now);
    const { nr } = talk;
    talk.drain();
    assert.deepEqual(names(talk.say(talk.stopCcn(), { nr })), ["ZLB"]);
    assert.deepEqual(talk.pass(TUNNEL_LINGER_MS), []);
    assert.equal(talk.lns.pollTimeout(), Infinity);
    assert.deepEqual(talk.takeEvents(), ["tunnel-up", "tunnel-down"]);
  });

  test("what waits behind the window is dropped, and StopCCN goes next", () => {
    const talk = new Talk().establish();
    const { nr } = talk;
    for (let id = 1; id <= 20; id++) talk.say(talk.icrq(id), { nr });
    const last = talk.sent.filter(({ name }) => name === "ICRP").at(-1)?.message.ns ?? 0;
    talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, talk.now);
    talk.drain();
    const out = talk.ack();
    assert.deepEqual(names(out), ["StopCCN"]);
    assert.equal(out[0]?.message.ns, last + 1);
  });
});

describe("silence", () => {
  test("a HELLO after the interval; answered, the next one an interval later", () => {
    const talk = new Talk({ helloInterval: 20_000 }).establish();
    talk.say(typed("HELLO"));
    const heard = talk.now;
    talk.until(heard + 20_000);
    assert.deepEqual(sent(talk, "HELLO"), [heard + 20_000]);
    assert.equal(talk.sent.at(-1)?.message.sessionId, 0);
    talk.now += 50;
    talk.ack();
    talk.until(heard + 40_500);
    assert.deepEqual(sent(talk, "HELLO"), [heard + 20_000, heard + 40_050]);
  });

  test("the peer's HELLO is just acknowledged", () => {
    const talk = new Talk().establish();
    assert.deepEqual(talk.say(typed("HELLO")), []);
    assert.deepEqual(names(talk.pass(100)), ["ZLB"]);
    assert.equal(talk.sent.at(-1)?.message.nr, talk.ns);
    const { "ignored-message": ignored } = talk.lns.counters;
    assert.equal(ignored, 0);
  });

  test("no answer to a HELLO: cleared 31 s later, by timeout, without a StopCCN", () => {
    const talk = new Talk({ helloInterval: 20_000 }).establish();
    talk.upSession(1);
    talk.takeEvents();
    const heard = talk.now - 100;
    talk.until(heard + 20_000 + 31_000 - 1);
    assert.deepEqual(talk.takeEvents(), []);
    talk.pass(1);
    assert.deepEqual(
      sent(talk, "HELLO").map((at) => at - heard - 20_000),
      [0, 1_000, 3_000, 7_000, 15_000, 23_000],
    );
    const [session, tunnel] = talk.events;
    assert.ok(session?.type === "session-down" && tunnel?.type === "tunnel-down");
    assert.deepEqual([session.by, tunnel.by], ["timeout", "timeout"]);
    assert.equal(sent(talk, "StopCCN").length, 0);
    assert.equal(talk.lns.pollTimeout(), Infinity);
    assert.equal(talk.lns.counters["no-peer-response"], 1);
  });

  test("no HELLO while something is unacknowledged, at interval 0, or half-open", () => {
    const busy = new Talk({ helloInterval: 5_000 }).establish();
    busy.say(busy.icrq(1));
    busy.pass(30_000);
    assert.deepEqual(sent(busy, "HELLO"), []);
    const never = new Talk({ helloInterval: 0 }).establish();
    never.pass(1_000_000);
    assert.deepEqual(sent(never, "HELLO"), []);
    const half = new Talk({ helloInterval: 5_000 });
    half.request();
    half.ack();
    half.pass(30_000);
    assert.deepEqual(sent(half, "HELLO"), []);
  });

  test("SCCRP: 1, 3, 7, 15, 23 s, cleared at 31 s, while SCCRQ comes again and again", () => {
    const talk = new Talk();
    talk.request();
    for (const at of [1_000, 3_000, 7_000, 15_000, 23_000]) {
      talk.until(at);
      assert.deepEqual(names(talk.say(sccrq(100), { tunnelId: 0, ns: 0, nr: 0 })), ["SCCRP"]);
    }
    talk.until(31_000);
    const times = [0, 1_000, 1_000, 3_000, 3_000, 7_000, 7_000, 15_000, 15_000, 23_000, 23_000];
    assert.deepEqual(sent(talk, "SCCRP"), times);
    assert.deepEqual(talk.takeEvents(), ["tunnel-down"]);
    assert.equal(talk.lns.counters["duplicate-sccrq"], 5);
    assert.equal(talk.lns.counters.retransmitted, 10);
  });

  test("a peer that acknowledges SCCRP and sends no SCCCN gets a StopCCN after a minute", () => {
    const talk = new Talk();
    talk.request();
    talk.ack();
    talk.until(TUNNEL_SETUP_MS - 1);
    assert.equal([...talk.lns.tunnels()].length, 1);
    const [out] = talk.until(TUNNEL_SETUP_MS);
    assert.equal(out?.name, "StopCCN");
    assert.equal(resultOf(out.message)[0], 1);
    const [event] = talk.events;
    assert.ok(event?.type === "tunnel-down");
    assert.equal(event.by, "timeout");
    assert.equal(talk.lns.counters["tunnel-setup-timeout"], 1);
  });
});

describe("a repeated SCCRQ", () => {
  test("late, on an established tunnel: a HELLO finds out whether the peer began anew", () => {
    const talk = new Talk({ helloInterval: 600_000 }).establish();
    const again = () => talk.say(sccrq(100), { tunnelId: 0, ns: 0, nr: 0 });
    assert.deepEqual(names(again()), ["ZLB"], "soon it is a repetition");
    talk.until(TUNNEL_LINGER_MS);
    assert.deepEqual(names(again()), ["HELLO"]);
    assert.deepEqual(names(again()), ["ZLB"], "one HELLO at a time");
    talk.until(2 * TUNNEL_LINGER_MS);
    assert.deepEqual(talk.takeEvents(), ["tunnel-up", "tunnel-down"]);
    [talk.ns, talk.nr] = [0, 0];
    assert.deepEqual(names(talk.request()), ["SCCRP"]);
  });

  test("while our StopCCN is not acknowledged it makes no new tunnel", () => {
    const talk = new Talk();
    talk.request();
    talk.ack();
    talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, talk.now);
    talk.drain();
    talk.say(sccrq(100), { tunnelId: 0, ns: 0, nr: 0 });
    assert.deepEqual([...talk.lns.tunnels()], []);
    assert.equal(talk.lns.counters["duplicate-sccrq"], 1);
  });
});

describe("shutdown", () => {
  test("CDN 3 to every session, StopCCN 6 to every tunnel, drained when acknowledged", () => {
    const lns = newLns();
    const a = new Talk(lns).establish();
    a.upSession(1);
    a.upSession(2);
    const b = new Talk(lns);
    b.path = { ...PATH, peer: "192.0.2.99" };
    b.request();
    b.ack();
    assert.equal(lns.isDrained(), false);
    lns.shutdown(a.now);
    a.drain();
    const results = a.sent
      .filter(({ name }) => name === "CDN" || name === "StopCCN")
      .map(({ name, message, path }) => [name, resultOf(message)[0], path.peer]);
    assert.deepEqual(
      results.filter(([, , peer]) => peer === PATH.peer),
      [
        ["CDN", 3, PATH.peer],
        ["CDN", 3, PATH.peer],
        ["StopCCN", 6, PATH.peer],
      ],
    );
    assert.deepEqual(
      results.filter(([, , peer]) => peer !== PATH.peer),
      [["StopCCN", 6, "192.0.2.99"]],
    );
    assert.equal(lns.isDrained(), false);
    a.ack();
    assert.equal(lns.isDrained(), false);
    b.now = a.now;
    b.ack(2);
    assert.equal(lns.isDrained(), true);
    assert.deepEqual(
      a
        .takeEvents()
        .filter((type) => type.endsWith("down"))
        .sort(),
      ["session-down", "session-down", "tunnel-down", "tunnel-down"],
    );
  });

  test("drained at once without tunnels; new ones are refused with 6", () => {
    const talk = new Talk();
    assert.equal(talk.lns.isDrained(), false);
    talk.lns.shutdown(0);
    assert.equal(talk.lns.isDrained(), true);
    const [out] = talk.request();
    assert.equal(out?.name, "StopCCN");
    assert.equal(resultOf(out.message)[0], 6);
    assert.equal(talk.lns.counters["refused-shutdown"], 1);
  });

  test("drained too when a peer never answers", () => {
    const talk = new Talk().establish();
    talk.lns.shutdown(talk.now);
    talk.drain();
    talk.pass(31_000);
    assert.equal(talk.lns.isDrained(), true);
  });
});

test("Tunnel IDs of closed tunnels rest a minute after they are forgotten", () => {
  const queue = [7, 7, 8, 7];
  const random = (length: number) =>
    length === 2 ? u16(queue.shift() ?? 99) : new Uint8Array(length);
  const talk = new Talk({ random, helloInterval: 0 }).establish();
  assert.equal(talk.tunnelId, 7);
  talk.say(talk.stopCcn());
  talk.pass(TUNNEL_LINGER_MS);
  const forgotten = talk.now;
  talk.until(forgotten + ID_QUARANTINE_MS - 1_000);
  [talk.ns, talk.nr] = [0, 0];
  talk.establish();
  assert.equal(talk.tunnelId, 8);
  talk.until(forgotten + ID_QUARANTINE_MS);
  [talk.ns, talk.nr, talk.ownId] = [0, 0, 101];
  talk.establish();
  assert.equal(talk.tunnelId, 7);
});

test("a StopCCN without Result Code or with half of one ends the tunnel", () => {
  for (const avps of [typed("StopCCN"), typed("StopCCN", avp(AvpType.ResultCode, u16(0)))]) {
    const talk = new Talk().establish();
    talk.takeEvents();
    talk.say(avps);
    assert.deepEqual(talk.takeEvents(), ["tunnel-down"]);
  }
});
