/** What an outgoing call asks of a line, by what the LAC has told of its lines. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AvpType } from "../../../src/codec/index.ts";
import type { Call } from "../../../src/l2tp/index.ts";
import { newLns, type Sent, Talk } from "../../peer/control.ts";
import { avp, find, typed, u16, u32, uint } from "../../peer/lac.ts";

const ANALOG = 2;
const DIGITAL = 1;
const ASYNC = 2;
const SYNC = 1;

/** The OCRQ, or what else becomes of a call that an LNS places at a LAC with these lines. */
function asked(call: Call, framing: number, bearer?: number): Sent | undefined {
  const talk = new Talk();
  const more = bearer === undefined ? [] : [avp(AvpType.BearerCapabilities, u32(bearer))];
  talk.request(more, { [AvpType.FramingCapabilities]: u32(framing) });
  talk.say(typed("SCCCN"));
  talk.pass(100);
  talk.takeEvents();
  const sessionId = talk.lns.placeCall(talk.tunnelId, { calledNumber: "100", ...call }, talk.now);
  assert.notEqual(sessionId, undefined);
  const [sent] = talk.drain();
  assert.deepEqual(talk.takeEvents(), sent === undefined ? ["session-down"] : []);
  return sent;
}

function typesOf(sent: Sent | undefined): [bearer: number, framing: number] {
  assert.equal(sent?.name, "OCRQ");
  const { message } = sent;
  return [uint(find(message, AvpType.BearerType)), uint(find(message, AvpType.FramingType))];
}

/** Framing Type of the ICCN of a LAC that calls an LNS with these lines. */
function told(framingType: number | undefined, framing: number): number {
  const talk = new Talk(newLns({ role: "lac" }));
  talk.connect({ role: "lac" });
  talk.say(talk.sccrp([], { [AvpType.FramingCapabilities]: u32(framing) }));
  talk.ack();
  const connected = framingType === undefined ? {} : { framingType };
  const sessionId = talk.lns.placeCall(talk.tunnelId, {}, talk.now, connected) ?? 0;
  talk.drain();
  const out = talk.say(typed("ICRP", avp(AvpType.AssignedSessionId, u16(50))), { sessionId });
  const iccn = out.find(({ name }) => name === "ICCN");
  assert.ok(iccn !== undefined);
  return uint(find(iccn.message, AvpType.FramingType));
}

test("an incoming call has no Framing Type that the LNS has not told (RFC 2661 4.4.3)", () => {
  assert.equal(told(undefined, ASYNC | SYNC), SYNC);
  assert.equal(told(ASYNC, ASYNC | SYNC), ASYNC);
  assert.equal(told(undefined, ASYNC), ASYNC);
  assert.equal(told(ASYNC, SYNC), SYNC);
});

describe("an outgoing call", () => {
  test("asks for no type that the LAC has not told (RFC 2661 4.4.4)", () => {
    assert.deepEqual(typesOf(asked({}, SYNC, ANALOG)), [ANALOG, SYNC]);
    assert.deepEqual(typesOf(asked({}, ASYNC | SYNC, ANALOG | DIGITAL)), [3, 3]);
    const both = { bearerType: ANALOG | DIGITAL, framingType: ASYNC | SYNC };
    assert.deepEqual(typesOf(asked(both, ASYNC, DIGITAL)), [DIGITAL, ASYNC]);
    assert.deepEqual(typesOf(asked({ bearerType: DIGITAL }, SYNC, 3)), [DIGITAL, SYNC]);
  });

  test("of a type that the LAC has no line for is not asked for", () => {
    assert.equal(asked({ bearerType: DIGITAL }, 3, ANALOG), undefined);
    assert.equal(asked({ framingType: ASYNC }, SYNC, 3), undefined);
  });

  test("is not asked of a LAC without Bearer Capabilities (RFC 2661 6.9)", () => {
    assert.equal(asked({}, 3), undefined);
    assert.equal(typesOf(asked({}, 3, 0))[0], 0, "it has some, if none by name");
  });
});
