/**
 * Control messages out of place, late, twice or with odd numbers, as peers of the field send them;
 * none of it ends anything. Sources with each.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AvpType } from "../../../src/codec/index.ts";
import { type Sent, Talk } from "../../peer/control.ts";
import { avp, typed, u16, u32, utf8 } from "../../peer/lac.ts";

const accm = avp(AvpType.Accm, new Uint8Array(10).fill(0xff));

/** All is as it was: a tunnel with a session up, and it still takes calls. */
function checkAlive(talk: Talk): void {
  talk.pass(5_000);
  assert.deepEqual(
    talk.events.filter(({ type }) => type.endsWith("down")),
    [],
  );
  const told = talk.sent.filter(({ name }) => name === "StopCCN" || name === "CDN");
  assert.deepEqual(told, []);
  talk.upSession(77);
  assert.equal(talk.takeEvents().at(-1), "session-up");
}

function withSession(): [Talk, number] {
  const talk = new Talk().establish();
  return [talk, talk.upSession(50)];
}

/** Meraki and others: nm-l2tp/NetworkManager-l2tp #237, #180. */
describe("SLI out of nowhere", () => {
  test("before the tunnel is established, and before a session", () => {
    const talk = new Talk();
    talk.request();
    talk.say(typed("SLI", accm));
    talk.say(typed("SCCCN"));
    talk.say(typed("SLI", accm));
    checkAlive(talk);
  });

  test("in a session, between ICRQ and ICCN, with Session ID 0, for a session that is none", () => {
    const talk = new Talk().establish();
    const opening = talk.openSession(51);
    talk.say(typed("SLI", accm), { sessionId: opening });
    talk.say(talk.iccn(), { sessionId: opening });
    for (const sessionId of [opening, 0, opening ^ 1]) talk.say(typed("SLI", accm), { sessionId });
    checkAlive(talk);
  });

  test("without its ACCM, with a short one that is not mandatory, with WEN", () => {
    const [talk, sessionId] = withSession();
    talk.say(typed("SLI"), { sessionId });
    talk.say(typed("SLI", avp(AvpType.Accm, u32(0), { mandatory: false })), { sessionId });
    talk.say(typed("WEN", avp(AvpType.CallErrors, new Uint8Array(26))), { sessionId });
    talk.say(typed("WEN"), { sessionId });
    checkAlive(talk);
  });
});

/** Watchguard, Checkpoint, ASA, MikroTik: xelerance/xl2tpd #136 #156 #157 #43 #187. */
describe("order and repetition", () => {
  test("a ZLB that comes late acknowledges nothing anew", () => {
    const [talk] = withSession();
    for (const nr of [0, 1, 1, 0, talk.nr - 1, talk.nr]) assert.deepEqual(talk.say([], { nr }), []);
    assert.equal(talk.lns.counters["nr-never-sent"], 0);
    checkAlive(talk);
  });

  test("the Ns of a ZLB has no meaning", () => {
    const [talk] = withSession();
    for (const ns of [0, talk.ns - 1, talk.ns + 1, talk.ns + 100, 0xffff]) {
      assert.deepEqual(talk.say([], { ns }), []);
    }
    assert.equal(talk.lns.counters["out-of-window"], 0);
    assert.equal(talk.lns.counters.duplicate, 0);
    checkAlive(talk);
  });

  test("SCCCN twice, and again after calls", () => {
    const talk = new Talk();
    talk.request();
    talk.say(typed("SCCCN"));
    const again = () => talk.say(typed("SCCCN"), { ns: 1, nr: 1 });
    again();
    talk.upSession(50);
    again();
    assert.equal(talk.lns.counters.duplicate, 2);
    assert.equal(talk.events.filter(({ type }) => type === "tunnel-up").length, 1);
    checkAlive(talk);
  });

  test("our SCCRP reaches the peer twice: it acknowledges twice, with SCCCN and with a ZLB", () => {
    const talk = new Talk();
    talk.request();
    talk.ack(1);
    talk.say(typed("SCCCN"), { nr: 1 });
    talk.say([], { nr: 1 });
    assert.deepEqual(talk.takeEvents(), ["tunnel-up"]);
    checkAlive(talk);
  });

  test("SCCRQ again while SCCCN is on its way", () => {
    const talk = new Talk();
    const first = talk.request()[0];
    talk.ns = 0;
    const again = talk.request()[0];
    assert.deepEqual(again?.datagram, first?.datagram, "the same SCCRP again");
    talk.say(typed("SCCCN"), { nr: 1 });
    assert.deepEqual(talk.takeEvents(), ["tunnel-up"]);
    assert.equal([...talk.lns.tunnels()].length, 1);
    checkAlive(talk);
  });

  test("ICRQ overtakes SCCCN, ICCN overtakes a HELLO", () => {
    const talk = new Talk();
    talk.request();
    const icrq = talk.build(talk.icrq(50), { ns: 2, nr: 1 });
    talk.deliver(icrq);
    talk.say(typed("SCCCN"));
    talk.ns = 3;
    const [session] = talk.lns.sessions();
    assert.equal(session?.state, "wait-connect");
    talk.ack();
    const { sessionId } = session;
    const [hello, iccn] = [
      talk.build(typed("HELLO"), { ns: 3 }),
      talk.build(talk.iccn(), { ns: 4, sessionId }),
    ];
    talk.deliver(iccn);
    talk.deliver(hello);
    talk.ns = 5;
    assert.equal([...talk.lns.sessions()][0]?.state, "established");
    checkAlive(talk);
  });

  test("all of a set-up twice and backwards in pairs", () => {
    const [talk, sessionId] = withSession();
    const datagrams = [0, 1, 2, 3].map((i) => talk.build(talk.icrq(60 + i), { ns: talk.ns + i }));
    for (const at of [1, 0, 1, 0, 3, 2, 3, 2]) talk.deliver(datagrams[at] ?? new Uint8Array());
    talk.ns += 4;
    assert.equal([...talk.lns.sessions()].length, 5);
    assert.ok([...talk.lns.sessions()].some((each) => each.sessionId === sessionId));
    talk.ack();
    talk.ack();
    checkAlive(talk);
  });
});

/** Android, iOS: xelerance/xl2tpd #191 #32 #74 #179 #270, SoftEtherVPN #403 #1725 #2110. */
describe("HELLO", () => {
  test("with a Session ID, with unknown AVPs, before SCCCN", () => {
    const talk = new Talk();
    talk.request();
    talk.say(typed("HELLO"));
    talk.say(typed("SCCCN"));
    const sessionId = talk.upSession(50);
    talk.say(typed("HELLO"), { sessionId });
    talk.say(typed("HELLO", avp(200, utf8("?"), { mandatory: false })));
    talk.say(typed("HELLO", avp(1, u16(1), { vendor: 311, mandatory: false })));
    checkAlive(talk);
  });

  test("repeated is acknowledged each time; ours has a ZLB with an odd Ns for an answer", () => {
    const talk = new Talk({ helloInterval: 20_000 }).establish();
    const hello = talk.build(typed("HELLO"));
    talk.deliver(hello);
    talk.ns += 1;
    const zlbs = (sent: readonly Sent[]) => sent.filter(({ name }) => name === "ZLB").length;
    assert.equal(zlbs(talk.deliver(hello)) + zlbs(talk.deliver(hello)), 2);
    for (let i = 0; i < 4; i++) {
      const ours = talk.pass(20_000).filter(({ name }) => name === "HELLO");
      assert.ok(ours.length >= 1);
      talk.say([], { ns: 0 });
    }
    checkAlive(talk);
  });

  test("both sides' HELLOs cross", () => {
    const talk = new Talk({ helloInterval: 20_000 }).establish();
    const { nr } = talk;
    assert.ok(talk.pass(20_000).some(({ name }) => name === "HELLO"));
    talk.say(typed("HELLO"), { nr });
    talk.pass(300);
    talk.ack();
    checkAlive(talk);
  });
});

describe("AVPs that nobody knows", () => {
  const vendors = [9, 311, 2_636, 3_561, 14_988, 0];

  test("without the M bit have no effect in any message", () => {
    const extra = vendors.map((vendor) => avp(250, utf8("?"), { vendor, mandatory: false }));
    const talk = new Talk();
    talk.usual = extra;
    talk.request();
    talk.say(typed("SCCCN", ...extra));
    const reply = talk.say(talk.icrq(50, ...extra));
    assert.ok(reply.some(({ name }) => name === "ICRP"));
    const sessionId = [...talk.lns.sessions()][0]?.sessionId ?? 0;
    talk.ack();
    talk.say(talk.iccn(...extra), { sessionId });
    for (const name of ["HELLO", "SLI", "WEN"] as const) {
      talk.say(typed(name, ...extra), { sessionId: name === "HELLO" ? 0 : sessionId });
    }
    assert.equal([...talk.lns.sessions()][0]?.state, "established");
    checkAlive(talk);
    talk.say([...talk.cdn(50), ...extra], { sessionId });
    talk.say([...talk.stopCcn(), ...extra]);
    assert.equal(talk.takeEvents().at(-1), "tunnel-down");
  });

  test("a message that nobody knows and that need not be known is acknowledged and ignored", () => {
    const [talk] = withSession();
    talk.say([avp(AvpType.MessageType, u16(27), { mandatory: false }), avp(99, u16(0))]);
    assert.equal(talk.lns.counters["unknown-message"], 1);
    checkAlive(talk);
  });

  test("the reserved bits of an AVP make it unknown (RFC 2661 4.1)", () => {
    const [talk] = withSession();
    const datagram = talk.build(
      typed("HELLO", avp(AvpType.VendorName, utf8("x"), { mandatory: false })),
    );
    datagram[20] = (datagram[20] ?? 0) | 0x04;
    talk.deliver(datagram);
    talk.ns += 1;
    checkAlive(talk);
  });
});
