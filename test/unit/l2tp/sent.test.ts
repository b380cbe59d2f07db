/** What an endpoint sends, message by message, has what RFC 2661 6 demands, as LAC and as LNS. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AvpType, type ControlMessage, MessageType } from "../../../src/codec/index.ts";
import { type Name, parsed, uint } from "../../peer/lac.ts";
import { Pair } from "../../peer/pair.ts";

const {
  AssignedSessionId,
  AssignedTunnelId,
  BearerCapabilities,
  BearerType,
  CallSerialNumber,
  CalledNumber,
  FramingCapabilities,
  FramingType,
  HostName,
  MaximumBps,
  MinimumBps,
  ProtocolVersion,
  ResultCode,
  TxConnectSpeed,
} = AvpType;

/** The AVPs that MUST be present, behind the Message Type. */
const DEMANDED: Readonly<Record<Name, readonly number[]>> = {
  SCCRQ: [ProtocolVersion, HostName, FramingCapabilities, AssignedTunnelId],
  SCCRP: [ProtocolVersion, FramingCapabilities, HostName, AssignedTunnelId],
  SCCCN: [],
  StopCCN: [AssignedTunnelId, ResultCode],
  HELLO: [],
  ICRQ: [AssignedSessionId, CallSerialNumber],
  ICRP: [AssignedSessionId],
  ICCN: [TxConnectSpeed, FramingType],
  OCRQ: [
    AssignedSessionId,
    CallSerialNumber,
    MinimumBps,
    MaximumBps,
    BearerType,
    FramingType,
    CalledNumber,
  ],
  OCRP: [AssignedSessionId],
  OCCN: [TxConnectSpeed, FramingType],
  CDN: [ResultCode, AssignedSessionId],
  WEN: [AvpType.CallErrors],
  SLI: [AvpType.Accm],
};

const ERRORS = {
  crc: 1,
  framing: 2,
  hardwareOverruns: 3,
  bufferOverruns: 4,
  timeouts: 5,
  alignment: 6,
};

interface Sent {
  readonly from: "lac" | "lns";
  readonly name: Name | "ZLB" | number;
  readonly message: ControlMessage;
}

/** Everything that is said in two calls, in both directions, with all that may be told of them. */
function conversation(secret = ""): Sent[] {
  const pair = new Pair({ secret, helloInterval: 5_000 });
  const sent: Sent[] = [];
  pair.tap = (from, datagram) => {
    const { name, message } = parsed(datagram);
    sent.push({ from: from === pair.lac ? "lac" : "lns", name, message });
  };
  const { lac, lns } = pair;
  const tunnelId = lac.endpoint.connect({ path: lac.pathTo(lns), role: "lac" }, 0) ?? 0;
  const incoming = lac.endpoint.placeCall(tunnelId, { calledNumber: "100" }, 0) ?? 0;
  pair.run(1_000);
  const { tunnelId: theirs, sessionId } = lns.event("session-up").session;
  lac.endpoint.reportErrors(tunnelId, incoming, ERRORS, pair.now);
  lns.endpoint.setAccm(theirs, sessionId, { send: 1, receive: 2 }, pair.now);
  lns.endpoint.placeCall(theirs, {}, pair.now);
  pair.run(2_000);
  const asked = lac.events.findLast((event) => event.type === "session-open");
  assert.ok(asked !== undefined && "session" in asked);
  lac.endpoint.connectCall(tunnelId, asked.session.sessionId, {}, pair.now);
  pair.run(20_000);
  lac.endpoint.closeSession(tunnelId, incoming, { code: 1 }, pair.now);
  lns.endpoint.closeSession(theirs, sessionId + 0, { code: 3 }, pair.now);
  pair.run(21_000);
  lns.endpoint.closeTunnel(theirs, { code: 1 }, pair.now);
  pair.run(22_000);
  return sent;
}

describe("what is sent", () => {
  const sent = conversation();

  test("is of every Message Type", () => {
    const names = new Set(sent.map(({ name }) => name));
    names.delete("ZLB");
    assert.deepEqual([...names].sort(), Object.keys(MessageType).sort());
  });

  for (const [name, demanded] of Object.entries(DEMANDED)) {
    test(`${name} has its AVPs, Message Type first`, () => {
      const all = sent.filter((each) => each.name === name);
      assert.ok(all.length > 0);
      for (const { message } of all) {
        assert.equal(message.avps[0]?.type, AvpType.MessageType);
        const types = message.avps.map(({ type }) => type);
        for (const type of demanded) assert.ok(types.includes(type), `AVP ${type}`);
      }
    });
  }

  test("has Tunnel ID 0 and Session ID 0 until the peer has assigned its own", () => {
    for (const { name, message } of sent) {
      assert.equal(message.tunnelId === 0, name === "SCCRQ", `${name}`);
      const isOfCall = ["ICRP", "ICCN", "OCRP", "OCCN", "CDN", "WEN", "SLI"].includes(`${name}`);
      assert.equal(message.sessionId !== 0, isOfCall, `${name}`);
    }
  });

  test("who can place outgoing calls tells its Bearer Capabilities", () => {
    const [request] = sent.filter(({ name }) => name === "SCCRQ");
    assert.equal(request?.from, "lac");
    const bearer = request.message.avps.find(({ type }) => type === BearerCapabilities);
    assert.equal(uint(bearer), 3);
  });

  test("a Challenge has its Response in the next message", () => {
    const has = (name: Name, type: number) =>
      conversation("secret").some(
        (each) => each.name === name && each.message.avps.some((avp) => avp.type === type),
      );
    assert.ok(has("SCCRQ", AvpType.Challenge) && has("SCCRP", AvpType.ChallengeResponse));
    assert.ok(has("SCCRP", AvpType.Challenge) && has("SCCCN", AvpType.ChallengeResponse));
    assert.ok(
      !sent.some(({ message }) => message.avps.some(({ type }) => type === AvpType.Challenge)),
    );
  });
});

test("a WEN tells the LNS of errors, an SLI the LAC of an ACCM, as often as one is sent", () => {
  const pair = new Pair();
  const { lac, lns } = pair;
  const tunnelId = lac.endpoint.connect({ path: lac.pathTo(lns), role: "lac" }, 0) ?? 0;
  const sessionId = lac.endpoint.placeCall(tunnelId, {}, 0) ?? 0;
  pair.run(1_000);
  const theirs = lns.event("session-up").session;
  lac.endpoint.reportErrors(tunnelId, sessionId, ERRORS, pair.now);
  for (const send of [0, 0xffffffff]) {
    lns.endpoint.setAccm(theirs.tunnelId, theirs.sessionId, { send, receive: 7 }, pair.now);
    pair.pass(1_000);
  }
  assert.deepEqual(lns.event("call-errors").errors, ERRORS);
  const accms = lac.events.filter((event) => event.type === "accm");
  assert.deepEqual(
    accms.map(({ session, send, receive }) => [session.sessionId, send, receive]),
    [
      [sessionId, 0, 7],
      [sessionId, 0xffffffff, 7],
    ],
  );
});
