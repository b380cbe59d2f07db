/**
 * Every reason for which a peer does not get what it asked for, as the peer reads it: Result Code,
 * Error Code and Error Message on the wire (RFC 2661 4.4.2), and what is counted and told.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type AvpInput, AvpType } from "../../../src/codec/index.ts";
import type { CounterName, EndpointOptions } from "../../../src/l2tp/index.ts";
import { UNPROVEN_ANSWER_MAX, UNPROVEN_ANSWERS_PER_SOURCE_MAX } from "../../../src/limits.ts";
import { PATH, type Sent, Talk } from "../../peer/control.ts";
import { avp, chapResponse, find, resultOf, sccrq, typed, u16, u32, utf8 } from "../../peer/lac.ts";

interface Case {
  readonly options?: Partial<EndpointOptions>;
  readonly act: (talk: Talk) => Sent[];
  /** Name, Result Code, Error Code, Error Message. */
  readonly answer: readonly [string, number, number, string];
  readonly reason: CounterName;
  /** The events that this brings, after those of `act`'s preparation. */
  readonly event: "refused" | "tunnel-down" | "session-down";
}

const cisco = (type: number): AvpInput => avp(type, u16(1), { vendor: 9 });
const vendor = avp(AvpType.VendorName, utf8("Vendor of LACs"), { mandatory: false });
const challenge = avp(AvpType.Challenge, utf8("sixteen octets.."));
const secret = "geheim";

function asked(talk: Talk): Uint8Array {
  const reply = talk.request()[0];
  assert.ok(reply !== undefined);
  const value = find(reply.message, AvpType.Challenge)?.value;
  assert.ok(value !== undefined);
  return value;
}

function request(more: AvpInput[], replace: Parameters<typeof sccrq>[2] = {}): Case["act"] {
  return (talk) => talk.request([vendor, ...more], replace);
}

/** An SCCCN with another response than the right one. */
function connect(response: (challenge: Uint8Array) => Uint8Array | undefined): Case["act"] {
  return (talk) => {
    const value = response(asked(talk));
    const more = value === undefined ? [] : [avp(AvpType.ChallengeResponse, value)];
    return talk.say(typed("SCCCN", ...more));
  };
}

/** A message within the tunnel. */
function within(...avps: AvpInput[]): Case["act"] {
  return (talk) => talk.establish().say(avps);
}

/** A message of a session that is there. */
function inSession(name: "ICCN" | "SLI", ...more: AvpInput[]): Case["act"] {
  return (talk) => {
    const sessionId = talk.establish().openSession(50);
    return talk.say(name === "ICCN" ? talk.iccn(...more) : typed(name, ...more), { sessionId });
  };
}

const id = (value: number) => avp(AvpType.AssignedSessionId, u16(value));
const serial = avp(AvpType.CallSerialNumber, u32(1));

const ocrq = typed(
  "OCRQ",
  ...[id(50), serial, avp(AvpType.MinimumBps, u32(0)), avp(AvpType.MaximumBps, u32(9))],
  ...[avp(AvpType.BearerType, u32(1)), avp(AvpType.FramingType, u32(1))],
  avp(AvpType.CalledNumber, utf8("1")),
);

const SET_UP: Record<string, Case> = {
  "tunnel secret: their response is wrong": {
    options: { secret },
    act: connect((value) => chapResponse(3, "falsch", value)),
    answer: ["StopCCN", 4, 0, "wrong Challenge Response"],
    reason: "refused-secret",
    event: "tunnel-down",
  },
  "tunnel secret: we ask and no response comes": {
    options: { secret },
    act: connect(() => undefined),
    answer: ["StopCCN", 4, 0, "Challenge Response missing"],
    reason: "missing-avp",
    event: "tunnel-down",
  },
  "tunnel secret: they ask and we have none": {
    act: request([challenge]),
    answer: ["StopCCN", 4, 0, "no secret for this tunnel"],
    reason: "refused-secret",
    event: "refused",
  },
  "tunnels of a LAC exhausted": {
    options: { maxTunnels: 0, role: "lac" },
    act: request([]),
    answer: ["StopCCN", 2, 4, "no tunnel free"],
    reason: "refused-tunnels",
    event: "refused",
  },
  "tunnels exhausted": {
    options: { maxTunnels: 0 },
    act: request([]),
    answer: ["StopCCN", 2, 7, "no tunnel free"],
    reason: "refused-tunnels",
    event: "refused",
  },
  version: {
    act: request([], { [AvpType.ProtocolVersion]: u16(0x0200) }),
    answer: ["StopCCN", 5, 0x0100, "version 1.0 only"],
    reason: "refused-version",
    event: "refused",
  },
  "a new tunnel while stopping": {
    act: (talk) => {
      talk.lns.shutdown(talk.now);
      return talk.request([vendor]);
    },
    answer: ["StopCCN", 6, 0, "stopping"],
    reason: "refused-shutdown",
    event: "refused",
  },
  "unknown mandatory AVP of a vendor in SCCRQ": {
    act: request([cisco(77)]),
    answer: ["StopCCN", 2, 8, "AVP 77 of vendor 9"],
    reason: "unknown-mandatory-avp",
    event: "refused",
  },
  "unknown mandatory AVP in SCCRQ": {
    act: request([avp(99, u16(0))]),
    answer: ["StopCCN", 2, 8, "AVP 99"],
    reason: "unknown-mandatory-avp",
    event: "refused",
  },
  "Receive Window Size out of range": {
    act: request([avp(AvpType.ReceiveWindowSize, u16(0))]),
    answer: ["StopCCN", 2, 3, "Receive Window Size 0"],
    reason: "refused-window",
    event: "refused",
  },
  "Assigned Tunnel ID out of range": {
    act: request([], { [AvpType.AssignedTunnelId]: u16(0) }),
    answer: ["StopCCN", 2, 3, "Assigned Tunnel ID 0"],
    reason: "malformed-avp",
    event: "refused",
  },
  "wrong length in SCCRQ": {
    act: request([], { [AvpType.FramingCapabilities]: u16(3) }),
    answer: ["StopCCN", 2, 2, "Framing Capabilities"],
    reason: "malformed-avp",
    event: "refused",
  },
  "Host Name missing": {
    act: request([vendor], { [AvpType.HostName]: undefined }),
    answer: ["StopCCN", 2, 3, "Host Name missing"],
    reason: "missing-avp",
    event: "refused",
  },
  "an SCCRP that nobody asked for": {
    act: (talk) => talk.say(typed("SCCRP", ...sccrq(100).slice(1)), { tunnelId: 4_711 }),
    answer: ["StopCCN", 7, 0, "SCCRP in idle"],
    reason: "out-of-sequence",
    event: "refused",
  },
};

const TUNNEL: Record<string, Case> = {
  "unknown mandatory AVP in SCCCN": {
    act: (talk) => {
      talk.request();
      return talk.say(typed("SCCCN", cisco(77)));
    },
    answer: ["StopCCN", 2, 8, "AVP 77 of vendor 9"],
    reason: "unknown-mandatory-avp",
    event: "tunnel-down",
  },
  "a call before the tunnel is established": {
    act: (talk) => {
      talk.request();
      return talk.say(talk.icrq(1));
    },
    answer: ["StopCCN", 7, 0, "ICRQ in wait-ctl-conn"],
    reason: "out-of-sequence",
    event: "tunnel-down",
  },
  "SCCCN once more as a new message": {
    act: within(...typed("SCCCN")),
    answer: ["StopCCN", 7, 0, "SCCCN in established"],
    reason: "out-of-sequence",
    event: "tunnel-down",
  },
  "unknown mandatory AVP in HELLO": {
    act: within(...typed("HELLO", cisco(77))),
    answer: ["StopCCN", 2, 8, "AVP 77 of vendor 9"],
    reason: "unknown-mandatory-avp",
    event: "tunnel-down",
  },
  "unknown mandatory message": {
    act: within(avp(AvpType.MessageType, u16(99))),
    answer: ["StopCCN", 2, 3, "Message Type 99"],
    reason: "unknown-message",
    event: "tunnel-down",
  },
  "stopping, for a tunnel": {
    act: (talk) => {
      talk.establish().lns.shutdown(talk.now);
      return talk.drain();
    },
    answer: ["StopCCN", 6, 0, "stopping"],
    reason: "refused-shutdown",
    event: "tunnel-down",
  },
};

const CALL: Record<string, Case> = {
  "sessions of a LAC exhausted": {
    options: { maxSessions: 0, role: "lac" },
    act: within(...ocrq),
    answer: ["CDN", 4, 0, "no session free"],
    reason: "refused-sessions",
    event: "refused",
  },
  "sessions exhausted": {
    options: { maxSessions: 0 },
    act: (talk) => talk.establish().say(talk.icrq(1)),
    answer: ["CDN", 2, 7, "no session free"],
    reason: "refused-sessions",
    event: "refused",
  },
  "stopping, for a session": {
    act: (talk) => {
      talk.establish().upSession(1);
      talk.lns.shutdown(talk.now);
      return talk.drain();
    },
    answer: ["CDN", 3, 0, "stopping"],
    reason: "refused-shutdown",
    event: "session-down",
  },
  "unknown mandatory AVP in ICRQ": {
    act: within(...typed("ICRQ", id(50), serial, cisco(77))),
    answer: ["CDN", 2, 8, "AVP 77 of vendor 9"],
    reason: "unknown-mandatory-avp",
    event: "refused",
  },
  "unknown mandatory AVP in ICCN": {
    act: inSession("ICCN", avp(99, u16(0))),
    answer: ["CDN", 2, 8, "AVP 99"],
    reason: "unknown-mandatory-avp",
    event: "session-down",
  },
  "unknown mandatory AVP in SLI": {
    act: inSession("SLI", cisco(77)),
    answer: ["CDN", 2, 8, "AVP 77 of vendor 9"],
    reason: "unknown-mandatory-avp",
    event: "session-down",
  },
  "Call Serial Number missing": {
    act: within(...typed("ICRQ", id(50))),
    answer: ["CDN", 2, 3, "Call Serial Number missing"],
    reason: "missing-avp",
    event: "refused",
  },
  "wrong length in ICRQ": {
    act: within(...typed("ICRQ", id(50), avp(AvpType.CallSerialNumber, u16(1)))),
    answer: ["CDN", 2, 2, "Call Serial Number"],
    reason: "malformed-avp",
    event: "refused",
  },
  "Assigned Session ID out of range": {
    act: within(...typed("ICRQ", id(0), serial)),
    answer: ["CDN", 2, 3, "Assigned Session ID 0"],
    reason: "malformed-avp",
    event: "refused",
  },
  "an ICRP that nobody asked for": {
    act: within(...typed("ICRP", id(50))),
    answer: ["CDN", 2, 5, "out of sequence"],
    reason: "out-of-sequence",
    event: "session-down",
  },
  "an outgoing call": {
    act: within(...typed("OCRQ", id(50))),
    answer: ["CDN", 5, 0, "no outgoing calls"],
    reason: "refused-outgoing-call",
    event: "refused",
  },
};

for (const [what, cases] of Object.entries({ SET_UP, TUNNEL, CALL })) {
  describe(what.toLowerCase().replace("_", "-"), () => {
    for (const [name, { options, act, answer, reason, event }] of Object.entries(cases)) {
      test(name, () => {
        const talk = new Talk(options);
        const before = talk.lns.counters[reason];
        const out = act(talk).filter((sent) => sent.name === answer[0]);
        assert.equal(out.length, 1);
        assert.ok(out[0] !== undefined);
        assert.deepEqual([out[0].name, ...resultOf(out[0].message)], answer);
        checkTold(talk, { answer, reason, event }, before);
      });
    }
  });
}

function checkTold(
  talk: Talk,
  { answer, reason, event }: Pick<Case, "answer" | "reason" | "event">,
  before: number,
): void {
  const [, code, error, message] = answer;
  const told = talk.events.filter(({ type }) => type === event);
  if (reason !== "refused-shutdown" || event === "refused") {
    assert.equal(talk.lns.counters[reason] - before, 1, reason);
  }
  // An ICRP that nobody asked for ends a session that never was.
  assert.equal(told.length, reason === "out-of-sequence" && answer[0] === "CDN" ? 0 : 1);
  for (const each of told) {
    assert.ok("result" in each);
    assert.deepEqual(each.result, { code, error, message });
    if (each.type !== "refused") continue;
    const refused = { ...each, result: undefined };
    assert.deepEqual(refused, {
      type: "refused",
      what: answer[0] === "CDN" ? "session" : "tunnel",
      path: PATH,
      hostName: message.startsWith("Host Name") ? "" : "lac.example",
      result: undefined,
      reason,
    });
  }
}

describe("a refusal to an address that nothing proves", () => {
  test("is no larger than what it refuses: its Error Message is cut, the codes stay", () => {
    const talk = new Talk();
    const request = sccrq(100, [], { [AvpType.HostName]: undefined });
    const datagram = talk.build(request, { tunnelId: 0 });
    const [out] = talk.deliver(datagram);
    assert.ok(out !== undefined);
    assert.equal(out.datagram.length, datagram.length);
    assert.deepEqual(resultOf(out.message), [2, 3, "Host Nam"]);
  });

  test("is not sent when not even its codes have room", () => {
    const talk = new Talk();
    assert.deepEqual(talk.say(typed("SCCRQ"), { tunnelId: 0 }), []);
    assert.equal(talk.lns.counters["withheld-refusal"], 1);
    assert.equal(talk.lns.counters["missing-avp"], 1);
    assert.deepEqual(talk.takeEvents(), []);
  });

  test("never has more than 128 octets, whatever the peer's AVP is called", () => {
    const talk = new Talk();
    const long = avp(AvpType.VendorName, new Uint8Array(600), { mandatory: false });
    const [out] = talk.request([long, cisco(65_535)]);
    assert.ok(out !== undefined && out.datagram.length <= UNPROVEN_ANSWER_MAX);
  });

  test("is never repeated by itself, and not without bound when asked for again", () => {
    const talk = new Talk({ maxTunnels: 0 });
    let answers = 0;
    for (let i = 0; i < 5_000; i++) {
      talk.ns = 0;
      answers += talk.request().length;
    }
    assert.ok(answers >= 500 && answers <= UNPROVEN_ANSWERS_PER_SOURCE_MAX, `${answers}`);
    assert.equal(talk.events.length, answers);
    assert.equal(talk.lns.counters["dropped-rate"], 5_000 - answers);
    assert.deepEqual(talk.pass(100_000), []);
  });

  test("is bounded too when an SCCRP is what nobody asked for", () => {
    const talk = new Talk();
    const sccrp = talk.build(typed("SCCRP", ...sccrq(100).slice(1)), { tunnelId: 4_711 });
    let answers = 0;
    for (let i = 0; i < 5_000; i++) answers += talk.deliver(sccrp).length;
    assert.ok(answers >= 500 && answers <= UNPROVEN_ANSWERS_PER_SOURCE_MAX, `${answers}`);
    assert.equal(talk.lns.counters["withheld-refusal"], 5_000 - answers);
  });
});
