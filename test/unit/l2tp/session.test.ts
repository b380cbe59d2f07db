/** Incoming calls: ICRQ, ICRP, ICCN, CDN (RFC 2661 5.2.1, 5.6, 6.6 to 6.8, 6.12, 7.4.2). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AvpType } from "../../../src/codec/index.ts";
import { SEND_QUEUE_MAX, SESSION_SETUP_MS } from "../../../src/limits.ts";
import { names, PATH, Talk } from "../../peer/control.ts";
import { avp, find, resultOf, typed, u16, u32, uint, utf8 } from "../../peer/lac.ts";

describe("a call", () => {
  test("ICRQ, ICRP, ICCN; then CDN from the peer", () => {
    const talk = new Talk().establish();
    talk.takeEvents();
    talk.now = 1_000;
    const numbers = [
      avp(AvpType.CalledNumber, utf8("100")),
      avp(AvpType.CallingNumber, utf8("200")),
    ];
    const out = talk.say(talk.icrq(41, ...numbers, avp(AvpType.BearerType, u32(0))));
    assert.deepEqual(names(out), ["ICRP"]);
    const reply = out[0]?.message;
    assert.ok(reply !== undefined);
    assert.deepEqual([reply.tunnelId, reply.sessionId, reply.ns, reply.nr], [100, 41, 1, 3]);
    assert.deepEqual(
      reply.avps.map(({ type }) => type),
      [AvpType.MessageType, AvpType.AssignedSessionId],
    );
    const sessionId = uint(find(reply, AvpType.AssignedSessionId));
    assert.notEqual(sessionId, 0);
    const info = {
      tunnelId: talk.tunnelId,
      sessionId,
      peerTunnelId: 100,
      peerSessionId: 41,
      path: PATH,
      role: "lns",
      direction: "incoming",
      state: "wait-connect",
      callSerialNumber: 41,
      call: { calledNumber: "100", callingNumber: "200", bearerType: 0 },
      since: 1_000,
    };
    assert.deepEqual(talk.events.splice(0), [{ type: "session-open", session: info }]);
    assert.deepEqual([...talk.lns.sessions()], [info]);
    assert.equal([...talk.lns.tunnels()][0]?.sessions, 1);

    talk.say(talk.iccn(), { sessionId });
    const connected = { txConnectSpeed: 1_000_000, framingType: 2 };
    const up = { ...info, state: "established", connected };
    assert.deepEqual(talk.events.splice(0), [{ type: "session-up", session: up }]);

    const cause = avp(AvpType.ResultCode, Uint8Array.of(0, 2, 0, 6, 0x62, 0x79, 0x65));
    const q931 = avp(AvpType.Q931CauseCode, Uint8Array.of(0, 16, 0x45));
    const cdn = typed("CDN", cause, avp(AvpType.AssignedSessionId, u16(41)), q931);
    assert.deepEqual(names(talk.say(cdn, { sessionId })), ["ZLB"]);
    const result = { code: 2, error: 6, message: "bye" };
    assert.deepEqual(talk.events.splice(0), [
      {
        type: "session-down",
        session: up,
        by: "peer",
        result,
        disconnect: { q931: { cause: 16, message: 0x45 } },
      },
    ]);
    assert.deepEqual([...talk.lns.sessions()], []);
    assert.equal([...talk.lns.tunnels()].length, 1);
  });

  test("ICCN with proxy AVPs, sequencing and no speed is taken", () => {
    const talk = new Talk().establish();
    const sessionId = talk.openSession(3);
    const optional = { mandatory: false };
    const proxy = [26, 27, 28, 29, 30, 31, 32, 33].map((type) => avp(type, utf8("p"), optional));
    talk.say(typed("ICCN", ...proxy, avp(AvpType.SequencingRequired, utf8(""))), { sessionId });
    const event = talk.events.at(-1);
    assert.equal(event?.type, "session-up");
    assert.equal(event.session.connected?.sequencingRequired, true);
  });

  test("we hang up: CDN with our Result Code and our Assigned Session ID", () => {
    const talk = new Talk().establish();
    const sessionId = talk.upSession(5);
    talk.takeEvents();
    talk.lns.closeSession(talk.tunnelId, sessionId, { code: 3, message: "grüezi" }, talk.now);
    const [out] = talk.drain();
    assert.equal(out?.name, "CDN");
    assert.equal(out.message.sessionId, 5);
    assert.deepEqual(resultOf(out.message), [3, 0, "grüezi"]);
    assert.equal(uint(find(out.message, AvpType.AssignedSessionId)), sessionId);
    const [event] = talk.events;
    assert.equal(event?.type, "session-down");
    assert.deepEqual([event.by, event.session.state], ["local", "established"]);
    talk.takeEvents();
    talk.lns.closeSession(talk.tunnelId, sessionId, { code: 3 }, talk.now);
    talk.lns.closeSession(12_345, sessionId, { code: 3 }, talk.now);
    assert.deepEqual(talk.drain(), []);
    // The peer's own CDN may be on its way: no answer, no second event.
    assert.deepEqual(names(talk.say(talk.cdn(5), { sessionId })), []);
    assert.deepEqual(talk.takeEvents(), []);
    assert.equal(talk.lns.counters["unknown-session"], 1);
  });

  test("a CDN that names no session of ours finds it by the peer's id", () => {
    const talk = new Talk().establish();
    talk.say(talk.icrq(9));
    talk.takeEvents();
    talk.say(talk.cdn(9), { sessionId: 0 });
    assert.deepEqual(talk.takeEvents(), ["session-down"]);
    talk.say(talk.cdn(9), { sessionId: 0 });
    talk.say(talk.cdn(10), { sessionId: 0 });
    assert.deepEqual(talk.takeEvents(), []);
    assert.equal(talk.lns.counters["unknown-session"], 2);
  });

  test("a CDN with a Result Code AVP of two octets, or none, ends the session", () => {
    const talk = new Talk().establish();
    const first = talk.upSession(1);
    const second = talk.upSession(2);
    talk.takeEvents();
    talk.say(talk.cdn(1, 7), { sessionId: first });
    talk.say(typed("CDN"), { sessionId: second });
    const results = talk.events.map((event) => "result" in event && event.result);
    assert.deepEqual(results, [{ code: 7 }, { code: 0 }]);
  });

  test("messages for a session that is not there have no answer", () => {
    const talk = new Talk().establish();
    for (const avps of [talk.iccn(), talk.cdn(1), typed("WEN"), typed("SLI"), typed("OCCN")]) {
      assert.deepEqual(
        names(talk.say(avps, { sessionId: 777 })).filter((n) => n !== "ZLB"),
        [],
      );
    }
    assert.equal(talk.lns.counters["unknown-session"], 5);
    assert.equal([...talk.lns.tunnels()].length, 1);
  });

  test("a WEN tells of errors on the line; SLI is for a LAC and ignored", () => {
    const talk = new Talk().establish();
    const sessionId = talk.upSession(1);
    talk.takeEvents();
    const counts = [1, 2, 3, 4, 5, 70_000].flatMap((count) => [...u32(count)]);
    const errors = avp(AvpType.CallErrors, Uint8Array.of(0, 0, ...counts));
    const accm = avp(AvpType.Accm, new Uint8Array(10));
    const out = [
      ...talk.say(typed("WEN", errors), { sessionId }),
      ...talk.say(typed("SLI", accm), { sessionId }),
    ];
    assert.deepEqual(names(out), ["ZLB"]);
    const event = talk.events.pop();
    assert.ok(event?.type === "call-errors");
    assert.equal(event.session.sessionId, sessionId);
    assert.deepEqual(event.errors, {
      crc: 1,
      framing: 2,
      hardwareOverruns: 3,
      bufferOverruns: 4,
      timeouts: 5,
      alignment: 70_000,
    });
    assert.deepEqual(talk.takeEvents(), []);
    assert.equal(talk.lns.counters["ignored-message"], 1);
  });

  test("outgoing calls: OCRQ is refused, OCRP and OCCN are ignored", () => {
    const talk = new Talk().establish();
    const [out] = talk.say(typed("OCRQ", avp(AvpType.AssignedSessionId, u16(6))));
    assert.equal(out?.name, "CDN");
    assert.deepEqual(resultOf(out.message), [5, 0, "no outgoing calls"]);
    assert.equal(out.message.sessionId, 6);
    assert.equal(talk.lns.counters["refused-outgoing-call"], 1);
    talk.ack();
    const id = avp(AvpType.AssignedSessionId, u16(6));
    assert.deepEqual(names([...talk.say(typed("OCRP", id)), ...talk.say(typed("OCCN"))]), ["ZLB"]);
    assert.equal([...talk.lns.tunnels()].length, 1);
    assert.deepEqual(talk.takeEvents(), ["tunnel-up", "refused"]);
  });

  test("an ICRQ with the id of a session that is there ends that session", () => {
    const talk = new Talk().establish();
    talk.upSession(8);
    talk.takeEvents();
    const out = talk.say(talk.icrq(8));
    assert.deepEqual(names(out), ["CDN"]);
    assert.deepEqual(talk.takeEvents(), ["session-down"]);
    talk.ack();
    assert.deepEqual(names(talk.say(talk.icrq(8))), ["ICRP"]);
  });
});

describe("bounds", () => {
  test("max-sessions over all tunnels is CDN 2, error 7; a place that is free again is given", () => {
    const talk = new Talk({ maxSessions: 2 }).establish();
    const first = talk.upSession(1);
    talk.upSession(2);
    const [out] = talk.say(talk.icrq(3));
    assert.equal(out?.name, "CDN");
    assert.deepEqual(resultOf(out.message), [2, 7, "no session free"]);
    assert.equal(out.message.sessionId, 3);
    assert.equal(talk.lns.counters["refused-sessions"], 1);
    const other = new Talk(talk.lns);
    other.path = { ...PATH, peerPort: 1_702 };
    other.establish();
    assert.deepEqual(names(other.say(other.icrq(1))), ["CDN"]);
    talk.say(talk.cdn(1), { sessionId: first });
    assert.deepEqual(names(other.say(other.icrq(2), { nr: 2 })), ["ICRP"]);
  });

  test("a call that is not connected in time gets a CDN; one that is does not", () => {
    const talk = new Talk().establish();
    const begun = talk.now;
    talk.openSession(1);
    const up = talk.openSession(2);
    talk.say(talk.iccn(), { sessionId: up });
    talk.takeEvents();
    const before = talk.until(begun + SESSION_SETUP_MS - 1);
    assert.ok(before.every(({ name }) => name === "ZLB" || name === "HELLO"));
    const [out] = talk.until(begun + SESSION_SETUP_MS).filter(({ name }) => name === "CDN");
    assert.ok(out !== undefined);
    assert.equal(out.message.sessionId, 1);
    assert.deepEqual(resultOf(out.message), [10, 0, "not established in time"]);
    const [event] = talk.events;
    assert.equal(event?.type, "session-down");
    assert.deepEqual([event.by, event.session.state], ["timeout", "wait-connect"]);
    assert.equal([...talk.lns.sessions()].length, 1);
    assert.equal(talk.lns.counters["session-setup-timeout"], 1);
  });

  test("with a long queue behind a closed window an ICRQ is left, all else is taken", () => {
    const talk = new Talk({ maxSessions: 5_000 }).establish();
    const nr = talk.nr;
    // Nothing acknowledged from here: two ICRPs are on their way, the others wait.
    const full = SEND_QUEUE_MAX + 2;
    for (let id = 1; id <= full; id++) talk.say(talk.icrq(id), { nr });
    assert.equal([...talk.lns.sessions()].length, full);
    const { ns } = talk;
    talk.say(talk.icrq(5_000), { nr, ns });
    talk.say(talk.icrq(5_000), { nr, ns });
    assert.equal(talk.lns.counters["send-queue-full"], 2);
    assert.equal([...talk.lns.sessions()].length, full);
    talk.say(talk.cdn(1), { nr, sessionId: 0 });
    assert.equal([...talk.lns.sessions()].length, full - 1);
    // The window opens again: the peer's repetition is taken.
    talk.ack();
    talk.say(talk.icrq(5_000));
    assert.equal([...talk.lns.sessions()].length, full);
  });

  test("ids of closed sessions rest a minute; none is 0, none is given twice", () => {
    const draws: number[] = [];
    const queue = [0, 7, 7, 9, 7, 11, 7, 7, 13];
    const random = (length: number) => {
      if (length !== 2) return new Uint8Array(length);
      const id = queue.shift() ?? 1_000 + draws.length;
      draws.push(id);
      return u16(id);
    };
    // Draws: Tunnel ID (0, then 7), sessions 7, 9, (7 is taken) 11.
    const talk = new Talk({ random }).establish();
    assert.equal(talk.tunnelId, 7);
    const first = talk.upSession(1);
    assert.deepEqual([first, talk.upSession(2), talk.upSession(3)], [7, 9, 11]);
    talk.say(talk.cdn(1), { sessionId: first });
    assert.equal(talk.upSession(4), 13, "7 was drawn twice and rests");
    const closed = talk.now;
    talk.until(closed + 59_000);
    talk.ack();
    queue.push(7, 15);
    assert.equal(talk.upSession(5), 15);
    talk.until(closed + 61_000);
    talk.ack();
    queue.push(7);
    assert.equal(talk.upSession(6), 7);
  });
});
