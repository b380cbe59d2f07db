import assert from "node:assert/strict";
import { test } from "node:test";
import { buildHeader, type Header, parseHeader, type Status } from "../../../src/codec/index.ts";
import { hex } from "./hex.ts";

const ids = { tunnelId: 0x1234, sessionId: 0xabcd };
const PAYLOAD = hex("ff03 0021 45");

/** Data messages, one for each set of optional fields (RFC 2661 3.1); the payload is cut off. */
const DATA: [string, string, Omit<Header, "tunnelId" | "sessionId" | "control">][] = [
  ["none", "0002 1234abcd", { priority: false }],
  ["P", "0102 1234abcd", { priority: true }],
  ["O", "0202 1234abcd 0003 000000", { priority: false, offsetSize: 3 }],
  ["O P", "0302 1234abcd 0000", { priority: true, offsetSize: 0 }],
  ["S", "0802 1234abcd 00010002", { priority: false, ns: 1, nr: 2 }],
  ["S P", "0902 1234abcd fffe0000", { priority: true, ns: 0xfffe, nr: 0 }],
  ["S O", "0a02 1234abcd 00010002 0001 00", { priority: false, ns: 1, nr: 2, offsetSize: 1 }],
  ["S O P", "0b02 1234abcd 00010002 0000", { priority: true, ns: 1, nr: 2, offsetSize: 0 }],
  ["L", "4002 000d 1234abcd", { priority: false, length: 13 }],
  ["L P", "4102 000d 1234abcd", { priority: true, length: 13 }],
  ["L O", "4202 0011 1234abcd 0002 0000", { priority: false, length: 17, offsetSize: 2 }],
  ["L O P", "4302 000f 1234abcd 0000", { priority: true, length: 15, offsetSize: 0 }],
  ["L S", "4802 0011 1234abcd 00010002", { priority: false, length: 17, ns: 1, nr: 2 }],
  ["L S P", "4902 0011 1234abcd 00010002", { priority: true, length: 17, ns: 1, nr: 2 }],
  [
    "L S O",
    "4a02 0014 1234abcd 00010002 0001 00",
    { priority: false, length: 20, ns: 1, nr: 2, offsetSize: 1 },
  ],
  [
    "L S O P",
    "4b02 0013 1234abcd 00010002 0000",
    { priority: true, length: 19, ns: 1, nr: 2, offsetSize: 0 },
  ],
];

for (const [bits, octets, fields] of DATA) {
  const datagram = Uint8Array.from([...hex(octets), ...PAYLOAD]);
  const header: Header = { control: false, ...ids, ...fields };

  test(`a data message with the bits set: ${bits}`, () => {
    assert.deepEqual(parseHeader(datagram), { ...header, payload: PAYLOAD });
    assert.deepEqual(buildHeader(header, PAYLOAD), datagram);
  });

  test(`a data message that is cut anywhere in its header is refused: ${bits}`, () => {
    const fieldsEnd = hex(octets).length - (fields.offsetSize ?? 0);
    for (let length = 0; length < fieldsEnd; length++) {
      assert.equal(parseHeader(datagram.slice(0, length)), "short", `${length} octets`);
    }
  });
}

test("a control message has Length, Ns and Nr", () => {
  const zlb = hex("c802 000c 0007 0000 0003 0004");
  const header = { control: true, priority: false, tunnelId: 7, sessionId: 0, ns: 3, nr: 4 };
  assert.deepEqual(buildHeader(header), zlb);
  assert.deepEqual(parseHeader(zlb), { ...header, length: 12, payload: new Uint8Array(0) });
});

test("the payload is a view of the datagram and ends at Length", () => {
  const padded = hex("aaaa 4002 000a 1234abcd ff03 dead").subarray(2);
  const read = parseHeader(padded);
  assert.ok(typeof read === "object");
  assert.deepEqual(read.payload, hex("ff03"));
  assert.equal(read.payload.buffer, padded.buffer);
  assert.equal(read.payload.byteOffset, padded.byteOffset + 8);
});

const REFUSED: [string, string, Status][] = [
  ["nothing", "", "short"],
  ["one octet", "c8", "short"],
  ["version 1 (L2F)", "c801 000c 0007 0000 0003 0004", "version"],
  ["version 3, though the rest is wrong as well", "8003", "version"],
  ["version 0", "0000 1234abcd", "version"],
  ["control without L", "8802 0007 0000 0003 0004", "control-bits"],
  ["control without S", "c002 0008 0007 0000", "control-bits"],
  ["control without both", "8002 0007 0000", "control-bits"],
  ["control with O", "ca02 000e 0007 0000 0003 0004 0000", "control-bits"],
  ["control with P", "c902 000c 0007 0000 0003 0004", "control-bits"],
  ["Length larger than the datagram", "4002 0009 1234abcd", "length"],
  ["Length smaller than the header", "4002 0007 1234abcd ff03", "length"],
  ["Length 0", "c802 0000 0007 0000 0003 0004", "length"],
  ["Length that ends before Ns", "4802 0008 1234abcd 00010002", "length"],
  ["Length that ends before Offset Size", "4202 0008 1234abcd 0000 00", "length"],
  ["Offset Pad behind the datagram", "0202 1234abcd 0002 00", "offset"],
  ["Offset Pad behind Length, inside the datagram", "4202 000b 1234abcd 0002 0000 00", "offset"],
  ["Offset Pad of 65535 octets", "0202 1234abcd ffff 00", "offset"],
];

for (const [what, octets, status] of REFUSED) {
  test(`refused: ${what}`, () => assert.equal(parseHeader(hex(octets)), status));
}

test("an Offset Pad that ends with Length leaves an empty payload", () => {
  const read = parseHeader(hex("4202 000c 1234abcd 0002 0000"));
  assert.ok(typeof read === "object");
  assert.equal(read.offsetSize, 2);
  assert.equal(read.payload.length, 0);
});

test("reserved bits are ignored", () => {
  const reserved = hex("34f2 1234abcd 01");
  const plain = { control: false, priority: false, ...ids, payload: hex("01") };
  assert.deepEqual(parseHeader(reserved), plain);
});

test("a header whose octets lie behind a large datagram's start is read the same", () => {
  const large = new Uint8Array(200_000);
  large.set(hex("0002 1234abcd"));
  const read = parseHeader(large);
  assert.ok(typeof read === "object");
  assert.equal(read.payload.length, large.length - 6);
});

test("what has no place in a header is our own error", () => {
  const data = { control: false, priority: false, ...ids };
  const wrong: [Header, number?][] = [
    [{ ...data, tunnelId: 0x10000 }],
    [{ ...data, sessionId: -1 }],
    [{ ...data, tunnelId: 1.5 }],
    [{ ...data, tunnelId: Number.NaN }],
    [{ ...data, ns: 1 }],
    [{ ...data, nr: 1 }],
    [{ ...data, ns: 65_536, nr: 0 }],
    [{ ...data, offsetSize: 65_536 }],
    [{ ...data, offsetSize: -1 }],
    [{ ...data, control: true }],
    [{ ...data, control: true, ns: 1, nr: 1, priority: true }],
    [{ ...data, control: true, ns: 1, nr: 1, offsetSize: 0 }],
    [data, 65_536],
    [{ ...data, offsetSize: 65_535 }],
  ];
  for (const [header, size = 0] of wrong) {
    assert.throws(() => buildHeader(header, new Uint8Array(size)), RangeError);
  }
  assert.equal(buildHeader({ ...data, length: 0 }, new Uint8Array(65_527)).length, 65_535);
});
