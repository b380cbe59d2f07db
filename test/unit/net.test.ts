import assert from "node:assert/strict";
import { test } from "node:test";
import ipaddr from "ipaddr.js";
import {
  formatEndpoint,
  formatIpv4,
  formatIpv6,
  gateway6Of,
  ipv4,
  ipv4Prefix,
  ipv6,
  parseIpv4,
  parseIpv4Prefix,
  parseIpv6,
  parseIpv6Prefix,
  upperHalf,
} from "../../src/net.ts";

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

test("IPv6 addresses become octets, and the text that RFC 5952 allows", () => {
  // Left as one may write it, right as RFC 5952 section 4 wants it.
  for (const [given, canonical] of [
    ["::", "::"],
    ["::1", "::1"],
    ["2001:DB8::1", "2001:db8::1"],
    ["2001:0db8:0:0:0:0:2:1", "2001:db8::2:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["fe80::192.0.2.1", "fe80::c000:201"],
  ] as const) {
    const octets = ipv6(given);
    assert.equal(octets.length, 16);
    assert.equal(formatIpv6(octets), canonical);
    assert.deepEqual(parseIpv6(canonical), octets);
  }
  assert.deepEqual([...ipv6("2001:db8::8:1")], [0x20, 1, 0x0d, 0xb8, ...Array(9).fill(0), 8, 0, 1]);
});

test("what is no IPv6 address is refused", () => {
  for (const text of ["", "10.0.0.1", "1::2::3", "12345::", "::1%eth0", "::1/64", " ::1", ":::"]) {
    assert.equal(parseIpv6(text), undefined, JSON.stringify(text));
    assert.throws(() => ipv6(text), RangeError);
  }
});

test("an IPv6 prefix has no bits behind its length", () => {
  assert.deepEqual(parseIpv6Prefix("2001:db8:64::/48"), {
    first: ipv6("2001:db8:64::"),
    length: 48,
  });
  assert.deepEqual(parseIpv6Prefix("2001:db8:60::/44"), {
    first: ipv6("2001:db8:60::"),
    length: 44,
  });
  assert.equal(parseIpv6Prefix("::/0")?.length, 0);
  assert.equal(parseIpv6Prefix("2001:db8::1/128")?.length, 128);
  for (const text of [
    "2001:db8:64::/40",
    "2001:db8::1/127",
    "2001:db8::",
    "::/129",
    "::/-1",
    "/64",
  ]) {
    assert.equal(parseIpv6Prefix(text), undefined, text);
  }
});

test("an endpoint of IPv6 stands in brackets", () => {
  assert.equal(formatEndpoint("10.0.0.1", 1701), "10.0.0.1:1701");
  assert.equal(formatEndpoint("2001:db8::1", 1701), "[2001:db8::1]:1701");
});

test("our own address in a network is the first of its first pool, and one", () => {
  assert.equal(gateway6Of("2001:db8:64::/48"), "2001:db8:64::1");
  assert.throws(() => gateway6Of("2001:db8::1/48"), /not an IPv6 prefix/);
  assert.throws(() => ipv4Prefix("10.0.0.1/8"), /not an IPv4 prefix/);
  assert.equal(upperHalf(ipv6("2001:db8:64:1::9")), 0x2001_0db8_0064_0001n);
});

test("the text of an IPv6 address is that of ipaddr.js, wherever its zeros are", () => {
  for (let pattern = 0; pattern < 256; pattern++) {
    const octets = new Uint8Array(16).map(
      (_, at) => ((pattern >> (at >> 1)) & 1) * (0x1f >> (at & 3)),
    );
    assert.equal(formatIpv6(octets), new ipaddr.IPv6([...octets]).toRFC5952String());
  }
});
