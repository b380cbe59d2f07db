/** What goes beyond RFC 2661 4.4.3 and 4.4.4, and what a LAC and an LNS tell each other later. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { type Avp, AvpType, decodeAvp, readAvp, revealAvps } from "../../../src/codec/index.ts";
import { newLns, type Sent, Talk } from "../../peer/control.ts";
import { avp, chapResponse, find, typed, u16, u32, uint, utf8 } from "../../peer/lac.ts";

const SECRET = "tunnel secret";
const md5 = (octets: Uint8Array) => new Uint8Array(createHash("md5").update(octets).digest());
const optional = { mandatory: false };
const TEXTS = new Set<number>([
  ...[AvpType.CalledNumber, AvpType.CallingNumber, AvpType.SubAddress, AvpType.PrivateGroupId],
]);

function avpsOf(sent: readonly Sent[], name: string): Avp[] {
  const found = sent.find((each) => each.name === name);
  assert.ok(found !== undefined, name);
  return found.message.avps;
}

/** A tunnel that a LAC has opened with hidden AVPs. */
function hiding(): Talk {
  const talk = new Talk(newLns({ role: "lac", secret: SECRET }));
  const request = talk.connect({ role: "lac", hideAvps: true });
  const asked = find(request.message, AvpType.Challenge)?.value;
  assert.ok(asked !== undefined);
  const response = avp(AvpType.ChallengeResponse, chapResponse(2, SECRET, asked));
  talk.say(talk.sccrp([response]));
  assert.deepEqual(talk.takeEvents(), ["tunnel-up"]);
  talk.ack();
  return talk;
}

describe("hidden AVPs", () => {
  const NEVER = new Set<number>([AvpType.MessageType, AvpType.RandomVector]);

  test("stand behind a Random Vector, all that may be hidden, of whole blocks of 16 octets", () => {
    const talk = hiding();
    talk.lns.placeCall(talk.tunnelId, { calledNumber: "555", callingNumber: "1" }, talk.now);
    const avps = avpsOf(talk.drain(), "ICRQ");
    assert.deepEqual(
      avps.slice(0, 2).map(({ type }) => type),
      [AvpType.MessageType, AvpType.RandomVector],
    );
    assert.equal(avps[1]?.value.length, 16);
    for (const { type, hidden, value } of avps) {
      assert.equal(hidden, !NEVER.has(type), `type ${type}`);
      if (hidden) assert.equal(value.length % 16, 0, `type ${type}`);
    }
    const clear = revealAvps(avps, utf8(SECRET), md5);
    assert.equal(readAvp(clear, AvpType.CalledNumber), "555");
    assert.equal(readAvp(clear, AvpType.CallingNumber), "1");
    assert.notEqual(readAvp(clear, AvpType.AssignedSessionId), undefined);
  });

  test("every message has a Random Vector of its own, and Result Code is shown", () => {
    const talk = hiding();
    const first = talk.lns.placeCall(talk.tunnelId, {}, talk.now) ?? 0;
    const vector = readAvp(avpsOf(talk.drain(), "ICRQ"), AvpType.RandomVector);
    talk.ack();
    talk.lns.closeSession(talk.tunnelId, first, { code: 3 }, talk.now);
    const cdn = avpsOf(talk.drain(), "CDN");
    assert.notDeepEqual(readAvp(cdn, AvpType.RandomVector), vector);
    assert.deepEqual(readAvp(cdn, AvpType.ResultCode), { code: 3 });
    assert.equal(find({ avps: cdn } as never, AvpType.AssignedSessionId)?.hidden, true);
  });

  test("are sent too where the peer has opened the tunnel, if that is wanted", () => {
    for (const hideAvps of [true, false]) {
      const talk = new Talk({ secret: SECRET, hideAvps }).establish(SECRET);
      const assigned = avp(AvpType.AssignedSessionId, u16(9));
      const serial = avp(AvpType.CallSerialNumber, u32(1));
      const avps = avpsOf(talk.say(typed("ICRQ", assigned, serial)), "ICRP");
      assert.equal(find({ avps } as never, AvpType.AssignedSessionId)?.hidden, hideAvps);
    }
  });

  test("a value that has no room hidden is left out", () => {
    const talk = hiding();
    const sizes = [1_014, 1_015, 1_016, 1_017].map((size) => new Uint8Array(size));
    const [initialReceived, lastSent, lastReceived, response] = sizes as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const connected = {
      proxyLcp: { initialReceived, lastSent, lastReceived },
      proxyAuthen: { type: 3, response },
    };
    const id = talk.lns.placeCall(talk.tunnelId, {}, talk.now, connected) ?? 0;
    talk.drain();
    const assigned = avp(AvpType.AssignedSessionId, u16(9));
    const iccn = avpsOf(talk.say(typed("ICRP", assigned), { sessionId: id }), "ICCN");
    const types = iccn.map(({ type }) => type);
    const { InitialReceivedLcpConfreq, LastSentLcpConfreq, LastReceivedLcpConfreq } = AvpType;
    assert.deepEqual(
      [InitialReceivedLcpConfreq, LastSentLcpConfreq].map((type) => types.includes(type)),
      [true, true],
    );
    assert.equal(types.includes(LastReceivedLcpConfreq), false);
    assert.equal(types.includes(AvpType.ProxyAuthenResponse), false);
    const clear = revealAvps(iccn, utf8(SECRET), md5);
    assert.deepEqual(readAvp(clear, InitialReceivedLcpConfreq), initialReceived);
    assert.deepEqual(readAvp(clear, LastSentLcpConfreq), lastSent);
  });

  test("are none in what opens and closes the tunnel, and none without a secret", () => {
    const talk = hiding();
    talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, talk.now);
    talk.drain();
    for (const { message } of talk.sent) assert.ok(message.avps.every(({ hidden }) => !hidden));

    const open = new Talk(newLns({ role: "lac" }));
    open.connect({ role: "lac", hideAvps: true });
    open.say(open.sccrp());
    open.ack();
    open.lns.placeCall(open.tunnelId, {}, open.now);
    assert.ok(avpsOf(open.drain(), "ICRQ").every(({ hidden }) => !hidden));
  });
});

test("our SCCRQ tells who we are, with the M bits of RFC 2661 4.4.3", () => {
  const { avps } = new Talk(newLns({ role: "lac" })).connect({ role: "lac", dscp: 46 }).message;
  assert.deepEqual(
    avps.map((each) => [each.type, each.mandatory]),
    [
      [AvpType.MessageType, true],
      [AvpType.ProtocolVersion, true],
      [AvpType.FramingCapabilities, true],
      [AvpType.HostName, true],
      [AvpType.AssignedTunnelId, true],
      [AvpType.BearerCapabilities, true],
      [AvpType.ReceiveWindowSize, true],
      [AvpType.TieBreaker, false],
      [AvpType.FirmwareRevision, false],
      [AvpType.VendorName, false],
      [AvpType.Ccds, false],
    ],
  );
  assert.equal(readAvp(avps, AvpType.VendorName), "simplon");
  assert.equal(readAvp(avps, AvpType.Ccds), 46 << 10);
  const lns = new Talk().connect({ role: "lns" }).message.avps;
  assert.equal(readAvp(lns, AvpType.BearerCapabilities), undefined, "an LNS has no lines");
});

describe("DSCP (RFC 3308)", () => {
  test("of control messages: what SCCRP confirms holds, and SCCRP confirms", () => {
    const talk = new Talk(newLns({ role: "lac" }));
    talk.connect({ role: "lac", dscp: 46 });
    talk.say(talk.sccrp([avp(AvpType.Ccds, u16(10 << 10), optional)]));
    assert.equal([...talk.lns.tunnels()][0]?.dscp, 10);
    const lns = new Talk();
    const [sccrp] = lns.request([avp(AvpType.Ccds, u16(46 << 10), optional)]);
    assert.ok(sccrp !== undefined);
    assert.equal(uint(find(sccrp.message, AvpType.Ccds)), 46 << 10);
    assert.equal([...lns.lns.tunnels()][0]?.dscp, 46);
  });

  test("of control messages: from what confirms it on, the repeated and the last among them", () => {
    const lac = new Talk(newLns({ role: "lac" }));
    assert.equal(lac.connect({ role: "lac", dscp: 46 }).dscp, undefined, "nobody has agreed yet");
    const [scccn] = lac.say(lac.sccrp([avp(AvpType.Ccds, u16(10 << 10), optional)]));
    assert.deepEqual([scccn?.name, scccn?.dscp], ["SCCCN", 10]);

    const lns = new Talk();
    const [sccrp] = lns.request([avp(AvpType.Ccds, u16(46 << 10), optional)]);
    lns.say(typed("SCCCN"));
    const zlbs = lns.until(1_000);
    lns.lns.closeTunnel(lns.tunnelId, { code: 1 }, lns.now);
    const stops = [...lns.drain(), ...lns.until(lns.now + 1_500)];
    const marked = [sccrp, ...zlbs, ...stops].map((each) => [each?.name, each?.dscp]);
    assert.deepEqual(marked, [
      ["SCCRP", 46],
      ["ZLB", 46],
      ["StopCCN", 46],
      ["StopCCN", 46],
    ]);

    const plain = new Talk().establish();
    plain.lns.closeTunnel(plain.tunnelId, { code: 1 }, plain.now);
    assert.ok(plain.drain().every(({ dscp }) => dscp === undefined));
  });

  test("of data: ICRP confirms it; what the reply does not confirm is none", () => {
    const lns = new Talk().establish();
    const [icrp] = lns.say(lns.icrq(5, avp(AvpType.Sds, u16(46 << 10), optional)));
    assert.ok(icrp !== undefined);
    assert.equal(uint(find(icrp.message, AvpType.Sds)), 46 << 10);
    assert.equal([...lns.lns.sessions()][0]?.call.dscp, 46);
    for (const [reply, expected] of [
      [[avp(AvpType.Sds, u16(8 << 10), optional)], 8],
      [[], undefined],
      [[avp(AvpType.Sds, u16(0xb801), optional)], undefined],
    ] as const) {
      const lac = new Talk(newLns({ role: "lac" })).connected("lac");
      const id = lac.lns.placeCall(lac.tunnelId, { dscp: 46 }, lac.now) ?? 0;
      const icrq = avpsOf(lac.drain(), "ICRQ");
      assert.equal(readAvp(icrq, AvpType.Sds), 46 << 10);
      const assigned = avp(AvpType.AssignedSessionId, u16(9));
      lac.say(typed("ICRP", assigned, ...reply), { sessionId: id });
      assert.equal([...lac.lns.sessions()][0]?.call.dscp, expected);
    }
  });
});

describe("later in a call", () => {
  const ERRORS = {
    crc: 1,
    framing: 2,
    hardwareOverruns: 3,
    bufferOverruns: 4,
    timeouts: 5,
    alignment: 6,
  };

  test("a LAC tells of errors on the line once a minute, an LNS does not", () => {
    const talk = new Talk(newLns({ role: "lac" })).connected("lac");
    const id = talk.lns.placeCall(talk.tunnelId, {}, talk.now) ?? 0;
    talk.drain();
    const report = (errors = ERRORS) => {
      talk.lns.reportErrors(talk.tunnelId, id, errors, talk.now);
      const sent = talk.drain();
      talk.ack();
      return sent;
    };
    assert.deepEqual(report(), [], "there is no call yet");
    talk.say(typed("ICRP", avp(AvpType.AssignedSessionId, u16(9))), { sessionId: id });
    talk.ack();
    const [wen] = report();
    assert.equal(wen?.message.sessionId, 9);
    assert.deepEqual(readAvp(avpsOf([wen], "WEN"), AvpType.CallErrors), ERRORS);
    talk.now += 59_999;
    assert.deepEqual(report(), []);
    talk.now += 1;
    const [again] = report({ ...ERRORS, crc: 7 });
    assert.deepEqual(again && decodeAvp(again.message.avps[1] as Avp), { ...ERRORS, crc: 7 });

    const lns = new Talk().establish();
    const session = lns.upSession(4);
    lns.lns.reportErrors(lns.tunnelId, session, ERRORS, lns.now);
    assert.deepEqual(lns.drain(), []);
  });

  test("an LNS tells of the ACCM, with the options of LCP (RFC 3437 2.3), a LAC does not", () => {
    const lns = new Talk().establish();
    const session = lns.upSession(4);
    const accm = { send: 0, receive: 0xa0000 };
    const lcp = { lastSent: Uint8Array.of(1, 2), lastReceived: Uint8Array.of(3, 4) };
    lns.lns.setAccm(lns.tunnelId, session, { ...accm, ...lcp }, lns.now);
    const sli = avpsOf(lns.drain(), "SLI");
    assert.deepEqual(readAvp(sli, AvpType.Accm), accm);

    const lac = new Talk(newLns({ role: "lac" })).connected("lac");
    const id = lac.lns.placeCall(lac.tunnelId, {}, lac.now) ?? 0;
    lac.drain();
    lac.say(typed("ICRP", avp(AvpType.AssignedSessionId, u16(9))), { sessionId: id });
    lac.takeEvents();
    lac.say(sli, { sessionId: id });
    const [event] = lac.events;
    assert.ok(event?.type === "accm");
    const { type, session: told, ...rest } = event;
    assert.equal(told.sessionId, id);
    assert.deepEqual(rest, { ...accm, ...lcp });
    lac.lns.setAccm(lac.tunnelId, id, accm, lac.now);
    assert.deepEqual(lac.drain(), []);
  });
});

describe("an outgoing call", () => {
  test("asks for nothing that the LAC has not told it can do", () => {
    const talk = new Talk();
    talk.connect({ role: "lns" });
    const bearer = avp(AvpType.BearerCapabilities, u32(1));
    const replace = { [AvpType.FramingCapabilities]: u32(2) };
    talk.say(talk.sccrp([], replace).map((each) => (each.type === 4 ? bearer : each)));
    talk.ack();
    talk.takeEvents();
    talk.lns.placeCall(talk.tunnelId, { calledNumber: "1" }, talk.now);
    const ocrq = avpsOf(talk.drain(), "OCRQ");
    assert.equal(readAvp(ocrq, AvpType.BearerType), 1);
    assert.equal(readAvp(ocrq, AvpType.FramingType), 2);
    for (const asked of [{ bearerType: 2 }, { framingType: 1 }]) {
      talk.ack();
      talk.lns.placeCall(talk.tunnelId, asked, talk.now);
      assert.deepEqual(talk.drain(), []);
      const event = talk.events.pop();
      assert.ok(event?.type === "session-down");
      assert.deepEqual([event.by, event.result.code], ["local", 5]);
    }
  });

  test("is never asked of a LAC without Bearer Capabilities (RFC 2661 6.9)", () => {
    const talk = new Talk();
    talk.connect({ role: "lns" });
    talk.lns.placeCall(talk.tunnelId, {}, talk.now);
    const sent = talk.say(talk.sccrp().filter(({ type }) => type !== AvpType.BearerCapabilities));
    assert.deepEqual(
      sent.map(({ name }) => name),
      ["SCCCN"],
    );
    assert.deepEqual(talk.takeEvents(), ["tunnel-up", "session-down"]);
  });

  test("for a line that no Capabilities of ours name is CDN 5", () => {
    const talk = new Talk(newLns({ role: "lac" })).connected("lac");
    const [cdn] = talk.say(
      typed(
        "OCRQ",
        avp(AvpType.AssignedSessionId, u16(5)),
        avp(AvpType.CallSerialNumber, u32(1)),
        avp(AvpType.MinimumBps, u32(1)),
        avp(AvpType.MaximumBps, u32(1)),
        avp(AvpType.BearerType, u32(4)),
        avp(AvpType.FramingType, u32(1)),
        avp(AvpType.CalledNumber, utf8("1")),
      ),
    );
    assert.ok(cdn !== undefined);
    assert.deepEqual(readAvp(avpsOf([cdn], "CDN"), AvpType.ResultCode), {
      code: 5,
      error: 0,
      message: "no line of that bearer and framing type",
    });
  });
});

test("texts of a call that are none go on as they came", () => {
  const odd = Uint8Array.of(0x31, 0x00, 0xff, 0x32);
  const long = new Uint8Array(200).fill(0x33);
  const lns = new Talk().establish();
  const assigned = avp(AvpType.AssignedSessionId, u16(9));
  const texts = [
    avp(AvpType.CalledNumber, odd),
    avp(AvpType.CallingNumber, long),
    avp(AvpType.SubAddress, utf8("7")),
  ];
  lns.say(typed("ICRQ", assigned, avp(AvpType.CallSerialNumber, u32(1)), ...texts));
  const sessionId = [...lns.lns.sessions()][0]?.sessionId ?? 0;
  lns.say(lns.iccn(avp(AvpType.PrivateGroupId, odd, optional)), { sessionId });
  const [session] = lns.lns.sessions();
  assert.equal(session?.call.calledNumber, "1\ufffd\ufffd2", "what people read is fit for them");

  const lac = new Talk(newLns({ role: "lac" }));
  lac.connect({ role: "lac" });
  lac.say(lac.sccrp());
  lac.ack();
  const placed = lac.lns.placeCall(lac.tunnelId, session.call, lac.now, session.connected) ?? 0;
  const icrq = avpsOf(lac.drain(), "ICRQ");
  const iccn = avpsOf(lac.say(typed("ICRP", assigned), { sessionId: placed }), "ICCN");
  const values = [...icrq, ...iccn]
    .filter(({ type }) => TEXTS.has(type))
    .map(({ type, mandatory, value }) => [type, mandatory, value]);
  assert.deepEqual(values, [
    [AvpType.CallingNumber, true, long],
    [AvpType.CalledNumber, true, odd],
    [AvpType.SubAddress, true, utf8("7")],
    [AvpType.PrivateGroupId, false, odd],
  ]);
});
