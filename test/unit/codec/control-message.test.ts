import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AvpInput,
  AvpType,
  avpTypeName,
  buildControlMessage,
  MessageType,
  messageTypeName,
  parseControlMessage,
  readText,
  readUint16,
  readUint32,
  type Status,
  textValue,
  uint16Value,
  uint32Value,
} from "../../../src/codec/index.ts";
import { AVPS_MAX } from "../../../src/limits.ts";
import { hex } from "./hex.ts";

const ids = { tunnelId: 0, sessionId: 0, ns: 0, nr: 0 };

/** An SCCRQ (RFC 2661 6.1), its AVPs by their figures in 4.4. */
const SCCRQ = hex(`
  c802 0047 0000 0000 0000 0000
  8008 0000 0000 0001
  8008 0000 0002 0100
  8009 0000 0007 6c6163
  800a 0000 0003 00000003
  8008 0000 0009 1f40
  0008 0000 000a 0004
  0008 0009 0001 0005`);

test("an SCCRQ octet by octet", () => {
  const avps: AvpInput[] = [
    { type: AvpType.MessageType, value: uint16Value(MessageType.SCCRQ) },
    { type: AvpType.ProtocolVersion, value: hex("0100") },
    { type: AvpType.HostName, value: textValue("lac") },
    { type: AvpType.FramingCapabilities, value: uint32Value(3) },
    { type: AvpType.AssignedTunnelId, value: uint16Value(8_000) },
    { type: AvpType.ReceiveWindowSize, mandatory: false, value: uint16Value(4) },
    { vendor: 9, type: 1, mandatory: false, value: uint16Value(5) },
  ];
  const read = parseControlMessage(SCCRQ);
  assert.deepEqual(buildControlMessage({ ...ids, avps }), SCCRQ);
  const full = avps.map((avp) => ({
    vendor: 0,
    mandatory: true,
    hidden: false,
    recognised: true,
    ...avp,
  }));
  assert.deepEqual(read, { ...ids, avps: full });
});

test("a message that is cut anywhere is refused", () => {
  for (let length = 0; length < SCCRQ.length; length++) {
    const expected = length < 12 ? "short" : "length";
    assert.equal(parseControlMessage(SCCRQ.slice(0, length)), expected, `${length} octets`);
  }
});

test("octets behind Length are padding", () => {
  const padded = Uint8Array.from([...SCCRQ, 0xde, 0xad]);
  assert.deepEqual(parseControlMessage(padded), parseControlMessage(SCCRQ));
  const large = new Uint8Array(70_000);
  large.set(SCCRQ);
  assert.deepEqual(parseControlMessage(large), parseControlMessage(SCCRQ));
});

test("the largest AVPs, and as many of them as one datagram holds", () => {
  const value = Uint8Array.from({ length: 1_017 }, (_, i) => i);
  const avps: AvpInput[] = Array.from({ length: AVPS_MAX }, () => ({ type: 1, value }));
  const read = parseControlMessage(buildControlMessage({ ...ids, avps }));
  assert.ok(typeof read === "object");
  for (const avp of read.avps) assert.deepEqual(avp.value, value);
  const room = 65_535 - 12 - 64 * 1_023 - 6;
  const last = { type: 1, value: value.subarray(0, room) };
  assert.equal(buildControlMessage({ ...ids, avps: [...avps, last] }).length, 65_535);
  const over = { type: 1, value: value.subarray(0, room + 1) };
  assert.throws(() => buildControlMessage({ ...ids, avps: [...avps, over] }), RangeError);
});

test("as many AVPs as one datagram holds are built, more than the bound are not read", () => {
  const empty = { type: 0, value: new Uint8Array(0) };
  const fits = { ...ids, avps: Array.from({ length: AVPS_MAX }, () => empty) };
  const read = parseControlMessage(buildControlMessage(fits));
  assert.ok(typeof read === "object");
  assert.equal(read.avps.length, AVPS_MAX);
  const tooMany = { ...ids, avps: [...fits.avps, empty] };
  assert.equal(parseControlMessage(buildControlMessage(tooMany)), "too-many");
  const most = buildControlMessage({ ...ids, avps: Array.from({ length: 10_920 }, () => empty) });
  assert.equal(most.length, 12 + 10_920 * 6);
  assert.deepEqual(most.slice(12, 24), hex("8006 0000 0000 8006 0000 0000"));
  assert.equal(parseControlMessage(most), "too-many");
});

test("M and H are read one by one; a reserved bit makes an AVP unrecognised", () => {
  const cases: [number, boolean, boolean, boolean][] = [
    [0x00, false, false, true],
    [0x80, true, false, true],
    [0x40, false, true, true],
    [0xc0, true, true, true],
    [0xa0, true, false, false],
    [0x90, true, false, false],
    [0x08, false, false, false],
    [0x44, false, true, false],
    [0xfc, true, true, false],
  ];
  for (const [first, mandatory, hidden, recognised] of cases) {
    const datagram = hex("c802 0014 0001 0002 0003 0004 0008 0000 0007 6162");
    datagram[12] = first;
    const read = parseControlMessage(datagram);
    assert.ok(typeof read === "object");
    const value = hex("6162");
    const [avp] = read.avps;
    assert.deepEqual(avp, { vendor: 0, type: 7, mandatory, hidden, recognised, value });
  }
});

const REFUSED: [string, string, Status][] = [
  ["an AVP of 5 octets", "c802 0012 0000 0000 0000 0000 8005 0000 0000", "avp-length"],
  ["an AVP of 0 octets", "c802 0012 0000 0000 0000 0000 8000 0000 0000", "avp-length"],
  ["an AVP behind the end", "c802 0012 0000 0000 0000 0000 8007 0000 0000", "avp-length"],
  [
    "an AVP behind Length, inside the datagram",
    "c802 0012 0000 0000 0000 0000 8007 0000 0000 00",
    "avp-length",
  ],
  ["octets that are no AVP", "c802 0011 0000 0000 0000 0000 8006 0000 00", "avp-length"],
  ["a data message", "0002 0000 0000", "control-bits"],
  ["a data message with L and S", "4802 000c 0000 0000 0000 0000", "control-bits"],
];

for (const [what, octets, status] of REFUSED) {
  test(`refused: ${what}`, () => assert.equal(parseControlMessage(hex(octets)), status));
}

test("what has no place in a message is our own error", () => {
  const value = new Uint8Array(0);
  const wrong: AvpInput[] = [
    { type: 0x10000, value },
    { type: -1, value },
    { type: 0, vendor: 0x10000, value },
    { type: 0, value: new Uint8Array(1_018) },
  ];
  for (const avp of wrong) {
    assert.throws(() => buildControlMessage({ ...ids, avps: [avp] }), RangeError);
  }
  assert.throws(() => buildControlMessage({ ...ids, ns: 65_536, avps: [] }), RangeError);
});

test("the catalogue has every AVP and message of RFC 2661, and their names", () => {
  const types = Object.values(AvpType).sort((a, b) => a - b);
  const all = Array.from({ length: 40 }, (_, i) => i).filter((type) => type !== 20);
  // RFC 3145, 3308 and 3437.
  assert.deepEqual(types, [...all, 46, 47, 48, 49, 50, 51, 52]);
  for (const type of types) assert.match(avpTypeName(type) ?? "", /^[A-Z]/);
  for (const type of [20, 40, 45, 53, -1, 65_535]) assert.equal(avpTypeName(type), undefined);
  assert.equal(avpTypeName(AvpType.SequencingRequired), "Sequencing Required");
  assert.equal(avpTypeName(AvpType.CalledNumber), "Called Number");
  assert.equal(avpTypeName(AvpType.RandomVector), "Random Vector");
  for (const [name, type] of Object.entries(MessageType)) assert.equal(messageTypeName(type), name);
  for (const type of [0, 5, 13, 17]) assert.equal(messageTypeName(type), undefined);
});

test("values are numbers and text, or undefined when their length is another", () => {
  assert.deepEqual(uint16Value(0xfffe), hex("fffe"));
  assert.deepEqual(uint32Value(0xfffefdfc), hex("fffefdfc"));
  assert.equal(readUint16(hex("00 fffe").subarray(1)), 0xfffe);
  assert.equal(readUint32(hex("00 fffefdfc").subarray(1)), 0xfffefdfc);
  assert.equal(readText(textValue("Zürich")), "Zürich");
  assert.equal(readText(hex("ff")), "\ufffd");
  for (const length of [0, 1, 3, 5]) {
    assert.equal(readUint16(new Uint8Array(length)), undefined);
    assert.equal(readUint32(new Uint8Array(length)), undefined);
  }
  assert.throws(() => uint16Value(65_536), RangeError);
  assert.throws(() => uint32Value(2 ** 32), RangeError);
  assert.throws(() => uint32Value(-1), RangeError);
});
