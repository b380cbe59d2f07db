/** What the AVPs of a message do to it: RFC 2661 4.1 to 4.4 and 7.1. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type AvpInput, AvpType } from "../../../src/codec/index.ts";
import { names, Talk } from "../../peer/control.ts";
import { avp, find, resultOf, sccrq, typed, u16, u32, uint, utf8 } from "../../peer/lac.ts";

/** A datagram with a reserved bit set in the AVP at `index`. */
function withReservedBit(datagram: Uint8Array, index: number, bit = 0x20): Uint8Array {
  const copy = datagram.slice();
  let at = 12;
  for (let i = 0; i < index; i++) at += (((copy[at] ?? 0) & 3) << 8) | (copy[at + 1] ?? 0);
  copy[at] = (copy[at] ?? 0) | bit;
  return copy;
}

/** AVPs that RFC 2661 lets nobody take, and the Error Message that names them. */
const UNKNOWN: [string, AvpInput, string][] = [
  ["an unknown type", avp(40, u16(1)), "AVP 40"],
  ["the type that RFC 2661 leaves out", avp(20, u32(1)), "AVP 20"],
  ["another vendor", avp(1, u16(1), { vendor: 9 }), "AVP 1 of vendor 9"],
  ["another vendor's Message Type", avp(0, u16(1), { vendor: 311 }), "AVP 0 of vendor 311"],
  ["a hidden unknown type", avp(99, u16(1), { hidden: true }), "AVP 99"],
];

describe("an AVP that is not recognised", () => {
  for (const [what, unknown, text] of UNKNOWN) {
    test(`${what}, mandatory, in SCCRQ: StopCCN 2 error 8, no tunnel`, () => {
      const talk = new Talk();
      const out = talk.request([unknown]);
      assert.deepEqual(names(out), ["StopCCN"]);
      assert.ok(out[0] !== undefined);
      assert.deepEqual(resultOf(out[0].message), [2, 8, text]);
      assert.equal(out[0].message.tunnelId, talk.ownId);
      assert.deepEqual([...talk.lns.tunnels()], []);
      assert.equal(talk.lns.counters["unknown-mandatory-avp"], 1);
    });

    test(`${what}, mandatory, in HELLO: the tunnel ends`, () => {
      const talk = new Talk().establish();
      talk.upSession(7);
      talk.takeEvents();
      const out = talk.say(typed("HELLO", unknown));
      assert.deepEqual(names(out), ["StopCCN"]);
      assert.ok(out[0] !== undefined);
      assert.deepEqual(resultOf(out[0].message), [2, 8, text]);
      assert.deepEqual(talk.takeEvents(), ["session-down", "tunnel-down"]);
    });

    test(`${what}, mandatory, in ICRQ: CDN 2 error 8, the tunnel stays`, () => {
      const talk = new Talk().establish();
      const out = talk.say(talk.icrq(7, unknown));
      assert.deepEqual(names(out), ["CDN"]);
      assert.ok(out[0] !== undefined);
      assert.deepEqual(resultOf(out[0].message), [2, 8, text]);
      assert.equal(out[0].message.sessionId, 7);
      assert.equal([...talk.lns.tunnels()].length, 1);
      assert.deepEqual([...talk.lns.sessions()], []);
    });

    test(`${what}, mandatory, in ICCN, WEN and SLI: the session ends, the tunnel stays`, () => {
      for (const name of ["ICCN", "WEN", "SLI"] as const) {
        const talk = new Talk().establish();
        const sessionId = talk.openSession(7);
        talk.takeEvents();
        const out = talk.say(typed(name, unknown), { sessionId });
        assert.deepEqual(names(out), ["CDN"], name);
        assert.ok(out[0] !== undefined);
        assert.deepEqual(resultOf(out[0].message), [2, 8, text]);
        assert.deepEqual(talk.takeEvents(), ["session-down"]);
        assert.equal([...talk.lns.tunnels()].length, 1);
      }
    });

    test(`${what}, not mandatory: ignored everywhere`, () => {
      const ignored = { ...unknown, mandatory: false };
      const talk = new Talk();
      assert.deepEqual(names(talk.request([ignored])), ["SCCRP"]);
      talk.say(typed("SCCCN", ignored));
      talk.say(typed("HELLO", ignored));
      const [reply] = talk.say(talk.icrq(7, ignored)).filter(({ name }) => name === "ICRP");
      assert.ok(reply !== undefined);
      const sessionId = uint(find(reply.message, AvpType.AssignedSessionId));
      talk.say(talk.iccn(ignored), { sessionId });
      assert.deepEqual(talk.takeEvents(), ["tunnel-up", "session-open", "session-up"]);
      const quiet = { ...talk.lns.counters };
      assert.ok(Object.values(quiet).every((count) => count === 0));
    });
  }

  test("a reserved bit makes a known AVP unrecognised: every bit, mandatory or not", () => {
    for (const bit of [0x20, 0x10, 0x08, 0x04]) {
      const talk = new Talk();
      const wanted = talk.build(sccrq(100), { tunnelId: 0 });
      const out = talk.deliver(withReservedBit(wanted, 3, bit));
      assert.deepEqual(names(out), ["StopCCN"], `${bit}`);
      assert.ok(out[0] !== undefined);
      assert.deepEqual(resultOf(out[0].message), [2, 8, "AVP 7"]);
      const optional = avp(AvpType.VendorName, utf8("v"), { mandatory: false });
      const other = talk.build(sccrq(100, [optional]), { tunnelId: 0 });
      assert.deepEqual(names(talk.deliver(withReservedBit(other, 5, bit))), ["SCCRP"]);
      assert.equal([...talk.lns.tunnels()][0]?.vendorName, "");
    }
    const talk = new Talk().establish();
    const [out] = talk.deliver(withReservedBit(talk.build(typed("HELLO")), 0));
    assert.equal(out?.name, "StopCCN");
  });

  test("in CDN and StopCCN it changes nothing: the peer has ended it", () => {
    const talk = new Talk().establish();
    const sessionId = talk.upSession(7);
    talk.takeEvents();
    assert.deepEqual(names(talk.say([...talk.cdn(7, 3), avp(99, u16(1))], { sessionId })), []);
    const [down] = talk.events;
    assert.equal(down?.type, "session-down");
    assert.deepEqual([down.by, down.result], ["peer", { code: 3 }]);
    assert.deepEqual(names(talk.say([...talk.stopCcn(), avp(99, u16(1))])), ["ZLB"]);
    assert.deepEqual(talk.takeEvents(), ["session-down", "tunnel-down"]);
  });
});

describe("malformed AVPs", () => {
  test("a wrong length: mandatory ends it, otherwise as if absent (7.1)", () => {
    const talk = new Talk();
    const speed = (mandatory: boolean) => avp(AvpType.RxConnectSpeed, u16(1), { mandatory });
    talk.establish();
    const first = talk.openSession(1);
    talk.say(talk.iccn(speed(false)), { sessionId: first });
    assert.equal(talk.events.at(-1)?.type, "session-up");
    const second = talk.openSession(2);
    const [out] = talk.say(talk.iccn(speed(true)), { sessionId: second });
    assert.equal(out?.name, "CDN");
    assert.deepEqual(resultOf(out.message), [2, 2, "Rx Connect Speed"]);
    assert.equal(talk.lns.counters["malformed-avp"], 1);
  });

  test("an optional AVP of a wrong length in SCCRQ is as if absent, and so may be missing", () => {
    const talk = new Talk();
    const out = talk.request([avp(AvpType.AssignedTunnelId, utf8("xyz"), { mandatory: false })], {
      [AvpType.AssignedTunnelId]: undefined,
    });
    assert.ok(out[0] !== undefined);
    assert.deepEqual(resultOf(out[0].message), [2, 3, "Assigned Tunnel ID missing"]);
    assert.equal(talk.lns.counters["missing-avp"], 1);
  });

  test("the first of two AVPs of a type counts", () => {
    const talk = new Talk();
    talk.request([avp(AvpType.HostName, utf8("second"))]);
    assert.equal([...talk.lns.tunnels()][0]?.hostName, "lac.example");
  });

  test("a session without Assigned Session ID or serial number is refused", () => {
    const talk = new Talk().establish();
    const cases: [AvpInput[], [number, number, string], number][] = [
      [typed("ICRQ"), [2, 3, "Assigned Session ID missing"], 0],
      [
        typed("ICRQ", avp(AvpType.AssignedSessionId, u16(5))),
        [2, 3, "Call Serial Number missing"],
        5,
      ],
      [talk.icrq(0), [2, 3, "Assigned Session ID 0"], 0],
    ];
    for (const [avps, expected, sessionId] of cases) {
      const [out] = talk.say(avps);
      assert.equal(out?.name, "CDN");
      assert.deepEqual(resultOf(out.message), expected);
      assert.equal(out.message.sessionId, sessionId);
      assert.notEqual(uint(find(out.message, AvpType.AssignedSessionId)), 0);
    }
  });

  test("a message whose first AVP is not a good Message Type clears the tunnel (7.1)", () => {
    const bad: AvpInput[][] = [
      [avp(AvpType.HostName, utf8("x"))],
      [avp(AvpType.MessageType, utf8("x"))],
      [avp(AvpType.MessageType, u32(6))],
      [avp(AvpType.MessageType, u16(6), { vendor: 9 })],
      [avp(AvpType.MessageType, u16(6), { hidden: true })],
    ];
    for (const avps of bad) {
      const talk = new Talk().establish();
      const [out] = talk.say(avps);
      assert.equal(out?.name, "StopCCN");
      assert.deepEqual(resultOf(out.message), [2, 3, "Message Type"]);
      const stranger = new Talk();
      assert.deepEqual(stranger.say(avps, { tunnelId: 0 }), []);
      assert.equal(stranger.lns.counters["unknown-tunnel"], 1);
    }
  });

  test("an unknown Message Type: mandatory clears the tunnel, otherwise ignored (4.4.1)", () => {
    for (const type of [0, 5, 13, 17, 65_535]) {
      const talk = new Talk().establish();
      talk.say([avp(AvpType.MessageType, u16(type), { mandatory: false }), avp(99, u16(1))]);
      assert.equal([...talk.lns.tunnels()].length, 1);
      assert.equal(talk.lns.counters["unknown-message"], 1);
      const out = talk.say([avp(AvpType.MessageType, u16(type))]);
      const stop = out.find(({ name }) => name === "StopCCN");
      assert.ok(stop !== undefined);
      assert.deepEqual(resultOf(stop.message), [2, 3, `Message Type ${type}`]);
    }
  });

  test("a datagram that does not add up is dropped and counted, and makes no state", () => {
    const talk = new Talk();
    const good = talk.build(sccrq(100), { tunnelId: 0 });
    const edited = (edit: (copy: Uint8Array) => void, length = good.length) => {
      const copy = good.slice(0, length);
      edit(copy);
      return copy;
    };
    const cases: [Uint8Array, string][] = [
      [new Uint8Array(), "malformed-short"],
      [
        edited((c) => {
          c[1] = 0x03;
        }),
        "malformed-version",
      ],
      [
        edited((c) => {
          c[3] = good.length + 1;
        }),
        "malformed-length",
      ],
      [
        edited((c) => {
          c[3] = 11;
        }),
        "malformed-length",
      ],
      [
        edited((c) => {
          c[0] = 0x88;
        }),
        "malformed-control-bits",
      ],
      [
        edited((c) => {
          c[0] = 0xc0;
        }),
        "malformed-control-bits",
      ],
      [
        edited((c) => {
          c[0] = 0xca;
        }),
        "malformed-control-bits",
      ],
      [
        edited((c) => {
          c[0] = 0xc9;
        }),
        "malformed-control-bits",
      ],
      [
        edited((c) => {
          c[13] = 5;
        }),
        "malformed-avp-length",
      ],
      [
        edited((c) => {
          c[13] = 0;
        }),
        "malformed-avp-length",
      ],
      [
        edited((c) => {
          c[good.length - 7] = 9;
        }),
        "malformed-avp-length",
      ],
    ];
    const seen: Record<string, number> = {};
    for (const [datagram, counter] of cases) {
      assert.deepEqual(talk.deliver(datagram), []);
      seen[counter] = (seen[counter] ?? 0) + 1;
    }
    const many = Array.from({ length: 70 }, () => avp(99, u16(0), { mandatory: false }));
    assert.deepEqual(talk.say(sccrq(100, many), { tunnelId: 0 }), []);
    seen["malformed-too-many"] = 1;
    const counted = Object.fromEntries(
      Object.entries(talk.lns.counters).filter(([, count]) => count !== 0),
    );
    assert.deepEqual(counted, seen);
    assert.deepEqual([...talk.lns.tunnels()], []);
    assert.equal(talk.lns.pollTimeout(), Infinity);
  });
});
