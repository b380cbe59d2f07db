import assert from "node:assert/strict";
import { test } from "node:test";
import { buildPpp, type Compression, parsePpp, type Status } from "../../../src/codec/index.ts";
import { hex } from "./hex.ts";

const acfc = true;
const pfc = true;

test("the four forms of a frame", () => {
  const forms: [string, Compression][] = [
    ["ff03 0021 4500", {}],
    ["0021 4500", { acfc }],
    ["ff03 21 4500", { pfc }],
    ["21 4500", { acfc, pfc }],
  ];
  for (const [octets, compression] of forms) {
    assert.deepEqual(buildPpp(0x21, hex("4500"), compression), hex(octets));
    assert.deepEqual(parsePpp(hex(octets)), { protocol: 0x21, information: hex("4500") });
  }
});

test("LCP is sent without any compression (RFC 1661 6.5, 6.6)", () => {
  const configure = hex("0101 0004");
  assert.deepEqual(buildPpp(0xc021, configure, { acfc, pfc }), hex("ff03 c021 0101 0004"));
  assert.deepEqual(buildPpp(0x8021, configure, { acfc, pfc }), hex("8021 0101 0004"));
});

test("FF is not sent as a compressed Protocol: FF 03 would read as Address and Control", () => {
  const built = buildPpp(0x00ff, hex("03 01"), { acfc, pfc });
  assert.deepEqual(built, hex("00ff 03 01"));
  assert.deepEqual(parsePpp(built), { protocol: 0xff, information: hex("03 01") });
});

test("the Information field may be empty, and is a view of the frame", () => {
  for (const octets of ["ff03 0021", "ff03 21", "0021", "21"]) {
    assert.deepEqual(parsePpp(hex(octets)), { protocol: 0x21, information: hex("") });
  }
  const frame = hex("aa ff03 c021 01").subarray(1);
  const read = parsePpp(frame);
  assert.ok(typeof read === "object");
  assert.equal(read.information.buffer, frame.buffer);
  assert.equal(read.information.byteOffset, 5);
});

const REFUSED: [string, string, Status][] = [
  ["nothing", "", "short"],
  ["Address and Control alone", "ff03", "short"],
  ["half a Protocol", "ff03 c0", "short"],
  ["half a Protocol, ACFC", "00", "short"],
];

for (const [what, octets, status] of REFUSED) {
  test(`refused: ${what}`, () => assert.equal(parsePpp(hex(octets)), status));
}

test("an odd first octet is the whole Protocol field", () => {
  assert.deepEqual(parsePpp(hex("ff04 21")), { protocol: 0xff, information: hex("0421") });
  assert.deepEqual(parsePpp(hex("c121")), { protocol: 0xc1, information: hex("21") });
});

test("a Protocol field that ends even is read: it is an unrecognised Protocol (RFC 1661 2)", () => {
  const information = hex("01");
  assert.deepEqual(parsePpp(hex("ff03 c022 01")), { protocol: 0xc022, information });
  assert.deepEqual(parsePpp(hex("0020 01")), { protocol: 0x0020, information });
  assert.deepEqual(parsePpp(hex("1236")), { protocol: 0x1236, information: hex("") });
});

test("what is no PPP protocol is our own error", () => {
  for (const protocol of [0x20, 0xc022, 0x0121, 0x10021, -1, 33.5, Number.NaN, 2 ** 32 + 0x21]) {
    assert.throws(() => buildPpp(protocol, hex("")), RangeError);
  }
});
