/** AVPs by what they mean: octets of RFC 2661 4.4 on one side, values on the other. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isNeverHidden } from "../../../src/codec/avp.ts";
import {
  type Avp,
  AvpType,
  type AvpValues,
  buildControlMessage,
  decodeAvp,
  MessageType,
  makeAvp,
  parseControlMessage,
  readAvp,
} from "../../../src/codec/index.ts";
import { hex } from "./hex.ts";

type Known = { [T in keyof AvpValues]: readonly [type: T, value: AvpValues[T], octets: string] };

const KNOWN: readonly Known[keyof Known][] = [
  [AvpType.MessageType, MessageType.SCCRQ, "0001"],
  [AvpType.ResultCode, { code: 1 }, "0001"],
  [AvpType.ResultCode, { code: 2, error: 8 }, "0002 0008"],
  [AvpType.ResultCode, { code: 2, error: 8, message: "é" }, "0002 0008 c3a9"],
  [AvpType.ProtocolVersion, 0x0100, "0100"],
  [AvpType.FramingCapabilities, 3, "00000003"],
  [AvpType.TieBreaker, hex("0001020304050607"), "0001020304050607"],
  [AvpType.HostName, "lac.example", "6c61632e6578616d706c65"],
  [AvpType.AssignedTunnelId, 0xfffe, "fffe"],
  [AvpType.Challenge, hex("aabb"), "aabb"],
  [AvpType.Q931CauseCode, { cause: 16, message: 0x45 }, "0010 45"],
  [AvpType.Q931CauseCode, { cause: 16, message: 0x45, advisory: "bye" }, "0010 45 627965"],
  [AvpType.ChallengeResponse, new Uint8Array(16), "00".repeat(16)],
  [AvpType.TxConnectSpeed, 0xffffffff, "ffffffff"],
  [AvpType.ProxyAuthenId, 7, "0007"],
  [AvpType.Accm, { send: 0xffffffff, receive: 0xa0000 }, "0000 ffffffff 000a0000"],
  [AvpType.SequencingRequired, true, ""],
  [AvpType.PppDisconnectCauseCode, { code: 3, protocol: 0, direction: 2 }, "0003 0000 02"],
  [
    AvpType.PppDisconnectCauseCode,
    { code: 13, protocol: 0xc223, direction: 1, message: "bye" },
    "000d c223 01 627965",
  ],
  [AvpType.Sds, 46 << 10, "b800"],
  [AvpType.LcpWantOptions, hex("010405d4"), "010405d4"],
  [
    AvpType.CallErrors,
    { crc: 1, framing: 2, hardwareOverruns: 3, bufferOverruns: 4, timeouts: 5, alignment: 6 },
    "0000 00000001 00000002 00000003 00000004 00000005 00000006",
  ],
];

function received(type: number, value: Uint8Array, more: Partial<Avp> = {}): Avp {
  return { vendor: 0, type, mandatory: true, hidden: false, recognised: true, value, ...more };
}

test("a value becomes the octets of the RFC, and these the value", () => {
  for (const [type, value, octets] of KNOWN) {
    const made = makeAvp(type, value as never);
    assert.deepEqual(made.value, hex(octets), `type ${type}`);
    assert.deepEqual(decodeAvp(received(type, hex(octets))), value, `type ${type}`);
  }
});

test("a length that the RFC does not give it is no value", () => {
  for (const [type, octets] of [
    [AvpType.MessageType, "000001"],
    [AvpType.AssignedTunnelId, "01"],
    [AvpType.CallSerialNumber, "000001"],
    [AvpType.ResultCode, "01"],
    [AvpType.ResultCode, "000201"],
    [AvpType.Q931CauseCode, "0010"],
    [AvpType.TieBreaker, "00"],
    [AvpType.ChallengeResponse, "00"],
    [AvpType.Accm, "0000"],
    [AvpType.SequencingRequired, "00"],
  ] as const) {
    assert.equal(decodeAvp(received(type, hex(octets))), undefined, `type ${type}`);
  }
});

test("what is hidden, another vendor's or in no catalogue has no value here", () => {
  const value = hex("0007");
  assert.equal(decodeAvp(received(AvpType.AssignedTunnelId, value)), 7);
  assert.equal(decodeAvp(received(AvpType.AssignedTunnelId, value, { hidden: true })), undefined);
  assert.equal(decodeAvp(received(AvpType.AssignedTunnelId, value, { vendor: 9 })), undefined);
  for (const type of [20, 40, 65_535]) assert.equal(decodeAvp(received(type, value)), undefined);
});

test("the first AVP of a type is read out of a message", () => {
  const datagram = buildControlMessage({
    tunnelId: 0,
    sessionId: 0,
    ns: 0,
    nr: 0,
    avps: [
      makeAvp(AvpType.MessageType, MessageType.SCCRQ),
      { vendor: 9, type: AvpType.HostName, value: hex("58") },
      makeAvp(AvpType.HostName, "first"),
      makeAvp(AvpType.HostName, "second"),
    ],
  });
  const message = parseControlMessage(datagram);
  assert.ok(typeof message !== "string");
  const name: string | undefined = readAvp(message.avps, AvpType.HostName);
  assert.equal(name, "first");
  assert.equal(readAvp(message.avps, AvpType.VendorName), undefined);
});

/** RFC 2661 4.4, 3145 2, 3308, 3437. */
const OPTIONAL = [
  ...[5, 6, 8, 25, 26, 27, 28, 29, 30, 31, 32, 33, 37, 38],
  ...[46, 47, 48, 49, 50, 51, 52],
];
const NEVER_HIDDEN = [0, 1, 2, 5, 7, 10, 12, 36, 39];

test("the M bit of every AVP is the RFC's, and so is whether it may be hidden", () => {
  for (const type of Object.values(AvpType)) {
    const value = Array.from({ length: 40 }, (_, length) => new Uint8Array(length))
      .map((octets) => decodeAvp(received(type, octets)))
      .find((decoded) => decoded !== undefined);
    const { mandatory } = makeAvp(type, value as never);
    assert.equal(mandatory, !OPTIONAL.includes(type), `M of type ${type}`);
    assert.equal(isNeverHidden(type), NEVER_HIDDEN.includes(type), `H of type ${type}`);
  }
});

test("a value without a place in its field is the caller's error", () => {
  for (const make of [
    () => makeAvp(AvpType.AssignedTunnelId, 65_536),
    () => makeAvp(AvpType.CallSerialNumber, -1),
    () => makeAvp(AvpType.TieBreaker, new Uint8Array(7)),
    () => makeAvp(AvpType.Q931CauseCode, { cause: 1, message: 256 }),
    () => makeAvp(AvpType.ResultCode, { code: 1, message: "without an Error Code" }),
    () => makeAvp(AvpType.PppDisconnectCauseCode, { code: 1, protocol: 0, direction: 256 }),
    () => makeAvp(AvpType.Accm, { send: 2 ** 32, receive: 0 }),
  ]) {
    assert.throws(make, RangeError);
  }
});
