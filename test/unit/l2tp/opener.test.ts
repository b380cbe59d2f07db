/** What the one who opens a tunnel, and a LAC in it, refuses: by Result Code and Error Code. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type AvpInput, AvpType } from "../../../src/codec/index.ts";
import { names, newLns, type Sent, Talk } from "../../peer/control.ts";
import { avp, find, resultOf, typed, u16, u32, uint } from "../../peer/lac.ts";

function opening(): Talk {
  const talk = new Talk(newLns({ role: "lac" }));
  talk.connect({ role: "lac" });
  return talk;
}

function refusal(sent: readonly Sent[]): unknown[] {
  const found = sent.find(({ name }) => name === "StopCCN" || name === "CDN");
  return found === undefined ? [] : [found.name, ...resultOf(found.message)];
}

const id = (value: number) => avp(AvpType.AssignedSessionId, u16(value));

describe("an SCCRP", () => {
  const CASES: readonly [
    what: string,
    reply: (talk: Talk) => AvpInput[],
    expected: readonly unknown[],
  ][] = [
    [
      "of another version is StopCCN 5, with ours",
      (talk) => talk.sccrp([], { [AvpType.ProtocolVersion]: u16(0x0200) }),
      ["StopCCN", 5, 0x0100, "version 1.0 only"],
    ],
    [
      "with a window of 0 is StopCCN 2, error 3",
      (talk) => talk.sccrp([avp(AvpType.ReceiveWindowSize, u16(0))]),
      ["StopCCN", 2, 3, "Receive Window Size 0"],
    ],
    [
      "that asks for a secret that we have not is StopCCN 4",
      (talk) => talk.sccrp([avp(AvpType.Challenge, new Uint8Array(16))]),
      ["StopCCN", 4, 0, "no secret for this tunnel"],
    ],
    [
      "without its Host Name is StopCCN 2, error 3",
      (talk) => talk.sccrp([], { [AvpType.HostName]: undefined }),
      ["StopCCN", 2, 3, "Host Name missing"],
    ],
    [
      "with an unknown mandatory AVP is StopCCN 2, error 8",
      (talk) => talk.sccrp([avp(99, u16(0))]),
      ["StopCCN", 2, 8, "AVP 99"],
    ],
  ];
  for (const [what, reply, expected] of CASES) {
    test(what, () => {
      const talk = opening();
      const sent = talk.say(reply(talk));
      assert.deepEqual(refusal(sent), expected);
      assert.deepEqual(
        sent.map(({ message }) => message.tunnelId),
        [talk.ownId],
        "to the Tunnel ID that it has told",
      );
      const [event] = talk.events;
      assert.ok(event?.type === "tunnel-down");
      assert.equal(event.tunnel.state, "wait-ctl-reply");
      assert.deepEqual([event.by, event.result.code], ["local", expected[1]]);
    });
  }

  test("for one tunnel more than there may be is StopCCN 2, error 4", () => {
    const lac = newLns({ role: "lac", maxTunnels: 1 });
    const [first, second] = [new Talk(lac), new Talk(lac)];
    second.ownId = 200;
    first.connect({ role: "lac" });
    second.connect({ role: "lac" });
    first.say(first.sccrp());
    assert.deepEqual(refusal(second.say(second.sccrp())), ["StopCCN", 2, 4, "no tunnel free"]);
    assert.equal(lac.connect({ path: first.path, role: "lac" }, 0), undefined);
  });

  test("that comes after we have closed the tunnel gets a StopCCN to the id that it tells", () => {
    const talk = opening();
    talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, talk.now);
    assert.deepEqual(talk.drain(), [], "our SCCRQ is on its way, and the window is one message");
    const [stop] = talk.say(talk.sccrp());
    assert.deepEqual([stop?.name, stop?.message.tunnelId], ["StopCCN", talk.ownId]);
  });

  test("is acknowledged, not refused, when all that came before it was a ZLB", () => {
    const talk = opening();
    assert.deepEqual(talk.ack(), []);
    assert.deepEqual(names(talk.say(talk.sccrp())), ["SCCCN"]);
  });

  test("that never comes after a ZLB ends the set-up after a minute", () => {
    const talk = opening();
    talk.ack();
    talk.pass(61_000);
    const [event] = talk.events;
    assert.ok(event?.type === "tunnel-down");
    assert.deepEqual([event.by, event.reason], ["timeout", "tunnel-setup-timeout"]);
  });
});

describe("a LAC", () => {
  const lac = () => new Talk(newLns({ role: "lac" })).connected("lac");

  test("takes no incoming call: CDN 5", () => {
    const talk = lac();
    const sent = talk.say(typed("ICRQ", id(4), avp(AvpType.CallSerialNumber, u32(1))));
    assert.deepEqual(refusal(sent), ["CDN", 5, 0, "no incoming calls"]);
    assert.equal(sent[0]?.message.sessionId, 4);
    assert.equal(talk.lns.counters["refused-incoming-call"], 1);
  });

  test("takes no Session ID twice: CDN 2, error 5, and the first call stays", () => {
    const talk = lac();
    const [first, second] = [0, 1].map(() => {
      const sessionId = talk.lns.placeCall(talk.tunnelId, {}, talk.now) ?? 0;
      talk.drain();
      talk.ack();
      return sessionId;
    });
    talk.say(typed("ICRP", id(9)), { sessionId: first as number });
    talk.ack();
    const sent = talk.say(typed("ICRP", id(9)), { sessionId: second as number });
    assert.deepEqual(refusal(sent), ["CDN", 2, 5, "Assigned Session ID in use"]);
    const { message } = sent[0] as Sent;
    const named = uint(find(message, AvpType.AssignedSessionId));
    assert.deepEqual([message.sessionId, named], [0, second], "it names nothing but the second");
    assert.deepEqual(
      [...talk.lns.sessions()].map(({ sessionId }) => sessionId),
      [first],
    );
    // The first is still found by the peer's id.
    talk.ack();
    talk.say(talk.cdn(9));
    assert.deepEqual([...talk.lns.sessions()], []);
  });

  test("gives up a call that is not answered in time: CDN 10", () => {
    const talk = lac();
    talk.lns.placeCall(talk.tunnelId, {}, talk.now);
    talk.drain();
    talk.ack();
    const sent = talk.pass(60_001);
    assert.deepEqual(refusal(sent), ["CDN", 10, 0, "not established in time"]);
    const event = talk.events.find(({ type }) => type === "session-down");
    assert.ok(event !== undefined && "by" in event);
    assert.equal(event.by, "timeout");
  });

  test("has no more calls than it may have, and none in a tunnel that is gone", () => {
    const talk = new Talk(newLns({ role: "lac", maxSessions: 1 })).connected("lac");
    const place = () => talk.lns.placeCall(talk.tunnelId, {}, talk.now);
    assert.notEqual(place(), undefined);
    assert.equal(place(), undefined);
    talk.lns.shutdown(talk.now);
    assert.equal(place(), undefined);
    assert.equal(talk.lns.connect({ path: talk.path, role: "lac" }, talk.now), undefined);
    assert.equal(talk.lns.placeCall(1, {}, talk.now), undefined);
  });
});
