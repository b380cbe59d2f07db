/** Hidden AVPs in messages (RFC 2661 4.3). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type AvpInput, AvpType } from "../../../src/codec/index.ts";
import { names, Talk } from "../../peer/control.ts";
import { hide } from "../../peer/hide.ts";
import { avp, find, resultOf, typed, u16, u32, utf8 } from "../../peer/lac.ts";

const VECTOR = utf8("sixteen octets!!");
const randomVector = avp(AvpType.RandomVector, VECTOR);

function hidden(type: number, value: Uint8Array, secret: string, more = {}): AvpInput {
  return avp(type, hide(type, value, secret, VECTOR, 3), { hidden: true, ...more });
}

describe("hidden AVPs", () => {
  const secret = "tunnel secret";

  test("are revealed with the Random Vector before them", () => {
    const talk = new Talk({ secret });
    const other = utf8("another vector");
    const challenge = utf8("hidden challenge");
    const value = hide(AvpType.Challenge, challenge, secret, other, 0);
    const out = talk.request(
      [
        randomVector,
        hidden(AvpType.AssignedTunnelId, u16(4_711), secret),
        hidden(AvpType.VendorName, utf8("quiet"), secret, { mandatory: false }),
        avp(AvpType.RandomVector, other),
        avp(AvpType.Challenge, value, { hidden: true }),
      ],
      { [AvpType.AssignedTunnelId]: undefined },
    );
    assert.deepEqual(names(out), ["SCCRP"]);
    assert.equal(out[0]?.message.tunnelId, 4_711);
    assert.equal([...talk.lns.tunnels()][0]?.vendorName, "quiet");
    assert.ok(out[0] !== undefined);
    assert.equal(find(out[0].message, AvpType.ChallengeResponse)?.value.length, 16);
  });

  test("in an ICRQ, numbers and ids", () => {
    const talk = new Talk({ secret }).establish(secret);
    talk.say(
      typed(
        "ICRQ",
        randomVector,
        hidden(AvpType.AssignedSessionId, u16(77), secret),
        hidden(AvpType.CallSerialNumber, u32(123_456), secret),
        hidden(AvpType.CalledNumber, utf8("0800"), secret),
        hidden(AvpType.CallingNumber, utf8("+41 31"), secret),
      ),
    );
    const [session] = talk.lns.sessions();
    assert.equal(session?.peerSessionId, 77);
    assert.equal(session.callSerialNumber, 123_456);
    assert.deepEqual(session.call, { calledNumber: "0800", callingNumber: "+41 31" });
  });

  const broken: [string, string, AvpInput[]][] = [
    ["no secret here", "", [randomVector, hidden(AvpType.AssignedTunnelId, u16(1), secret)]],
    ["another secret", "falsch", [randomVector, hidden(AvpType.AssignedTunnelId, u16(1), secret)]],
    ["no Random Vector", secret, [hidden(AvpType.AssignedTunnelId, u16(1), secret)]],
    [
      "Random Vector too late",
      secret,
      [hidden(AvpType.AssignedTunnelId, u16(1), secret), randomVector],
    ],
    [
      "one octet",
      secret,
      [randomVector, avp(AvpType.AssignedTunnelId, utf8("x"), { hidden: true })],
    ],
  ];
  for (const [what, ours, avps] of broken) {
    test(`${what}: mandatory ones end it with error 8`, () => {
      const talk = new Talk({ secret: ours });
      // The refusal is no larger than what it refuses, and should not be cut here.
      const replace = {
        [AvpType.AssignedTunnelId]: undefined,
        [AvpType.HostName]: utf8("lac-1.example.net"),
      };
      const out = talk.request(avps, replace);
      assert.deepEqual(names(out), ["StopCCN"]);
      assert.ok(out[0] !== undefined);
      assert.deepEqual(resultOf(out[0].message), [2, 8, "AVP 9 (hidden Assigned Tunnel ID)"]);
      assert.equal(talk.lns.counters["unrevealed-avp"], 1);
      assert.deepEqual([...talk.lns.tunnels()], []);
    });
  }

  test("ones that are not mandatory and cannot be revealed are ignored", () => {
    const vendor = hidden(AvpType.VendorName, utf8("v"), secret, { mandatory: false });
    for (const [ours, more] of [
      ["", [vendor]],
      [secret, [vendor]],
      ["falsch", [randomVector, vendor]],
    ] as const) {
      const talk = new Talk({ secret: ours });
      assert.deepEqual(names(talk.request([...more])), ["SCCRP"]);
      assert.equal([...talk.lns.tunnels()][0]?.vendorName, "");
    }
  });

  test("AVPs that are not used end it just the same", () => {
    const bearer = hidden(AvpType.BearerCapabilities, u32(0), secret);
    for (const [ours, avps] of [
      ["", [randomVector, bearer]],
      [secret, [bearer, randomVector]],
    ] as const) {
      const [out] = new Talk({ secret: ours }).request([...avps]);
      assert.ok(out !== undefined);
      assert.deepEqual(resultOf(out.message), [2, 8, "AVP 4 (hidden Bearer Capabilities)"]);
    }
    const talk = new Talk({ secret });
    assert.deepEqual(names(talk.request([randomVector, bearer])), ["SCCRP"]);
  });

  test("a value that is too long or short inside is malformed", () => {
    const talk = new Talk({ secret });
    const out = talk.request([randomVector, hidden(AvpType.AssignedTunnelId, u32(1), secret)], {
      [AvpType.AssignedTunnelId]: undefined,
    });
    assert.ok(out[0] !== undefined);
    assert.deepEqual(resultOf(out[0].message), [2, 2, "Assigned Tunnel ID"]);
  });

  test("what must not be hidden is malformed when it is", () => {
    const talk = new Talk({ secret });
    const out = talk.request([randomVector, hidden(AvpType.HostName, utf8("lac"), secret)], {
      [AvpType.HostName]: undefined,
    });
    assert.ok(out[0] !== undefined);
    assert.deepEqual(resultOf(out[0].message), [2, 3, "Host Name hidden"]);
  });
});
