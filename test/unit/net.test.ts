import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIpv4, ipv4, parseIpv4, parseIpv4Prefix } from "../../src/net.ts";

test("addresses become numbers and text again", () => {
  for (const [text, number] of [
    ["0.0.0.0", 0],
    ["10.64.0.1", 0x0a400001],
    ["192.0.2.255", 0xc00002ff],
    ["255.255.255.255", 0xffffffff],
  ] as const) {
    assert.equal(parseIpv4(text), number);
    assert.equal(ipv4(text), number);
    assert.equal(formatIpv4(number), text);
  }
});

test("what is no dotted quad is no address", () => {
  for (const text of [
    "",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.04",
    "01.2.3.4",
    "1.2.3.-4",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1..3.4",
    "1.2.3.",
    "0x1.2.3.4",
    "1e0.2.3.4",
    "::1",
    "1.2.3.4/32",
    "1.2.3.+4",
    "1.2.3.1000",
  ]) {
    assert.equal(parseIpv4(text), undefined, JSON.stringify(text));
    assert.throws(() => ipv4(text), RangeError);
  }
});

test("prefixes have a first and a last address", () => {
  assert.deepEqual(parseIpv4Prefix("10.64.0.0/16"), {
    first: 0x0a400000,
    last: 0x0a40ffff,
    length: 16,
  });
  assert.deepEqual(parseIpv4Prefix("0.0.0.0/0"), { first: 0, last: 0xffffffff, length: 0 });
  assert.deepEqual(parseIpv4Prefix("192.0.2.1/32"), {
    first: 0xc0000201,
    last: 0xc0000201,
    length: 32,
  });
});

test("what has bits behind the prefix, or no sound length, is no prefix", () => {
  for (const text of [
    "10.64.0.1/16",
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/08",
    "10.0.0/8",
    "10.0.0.0/8/8",
    "/8",
  ]) {
    assert.equal(parseIpv4Prefix(text), undefined, text);
  }
});
