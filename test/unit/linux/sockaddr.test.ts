import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AF_INET,
  AF_INET6,
  decodePktinfo,
  decodeSockaddr,
  encodePktinfo,
  encodeSockaddr,
  familyOf,
} from "../../../src/linux/sockaddr.ts";

const hex = (octets: Uint8Array) => Buffer.from(octets).toString("hex");
const view = (octets: Uint8Array) => new DataView(octets.buffer, octets.byteOffset, octets.length);
const pktinfo = (octets: Uint8Array) => decodePktinfo(view(octets), 0, octets.length);

/** struct sockaddr_in and sockaddr_in6 of linux/in.h and linux/in6.h, on a little-endian host. */
const names: readonly [
  address: string,
  family: typeof AF_INET | typeof AF_INET6,
  octets: string,
][] = [
  ["192.0.2.9", AF_INET, "020006a5c00002090000000000000000"],
  ["2001:db8::9", AF_INET6, "0a0006a50000000020010db800000000000000000000000900000000"],
  ["192.0.2.9", AF_INET6, "0a0006a50000000000000000000000000000ffffc000020900000000"],
  ["fe80::9%3", AF_INET6, "0a0006a500000000fe80000000000000000000000000000903000000"],
];

for (const [address, family, octets] of names) {
  test(`a socket address of family ${family}: ${address}`, () => {
    const encoded = encodeSockaddr(address, 1701, family);
    assert.equal(hex(encoded), octets);
    assert.deepEqual(decodeSockaddr(view(encoded), 0), { address, port: 1701 });
  });
}

test("the family is the address's own unless the socket has another", () => {
  assert.deepEqual(["0.0.0.0", "::", "fe80::1%2"].map(familyOf), [AF_INET, AF_INET6, AF_INET6]);
  assert.equal(encodeSockaddr("192.0.2.9", 1).length, 16);
  assert.equal(encodeSockaddr("2001:db8::9", 1).length, 28);
  assert.equal(encodePktinfo("192.0.2.9").length, 32);
  assert.equal(encodePktinfo("2001:db8::9").length, 40);
});

test("an interface is told for a link-local address only", () => {
  const encoded = encodeSockaddr("2001:db8::9%4", 1701);
  assert.equal(decodeSockaddr(view(encoded), 0)?.address, "2001:db8::9");
});

test("a family that nobody serves is no address", () => {
  const unix = new Uint8Array(28);
  unix[0] = 1;
  assert.equal(decodeSockaddr(view(unix), 0), undefined);
});

/** cmsghdr, then in_pktinfo or in6_pktinfo; padded to a multiple of eight. */
const controls: readonly [
  local: string,
  family: typeof AF_INET | typeof AF_INET6,
  octets: string,
][] = [
  ["192.0.2.1", AF_INET, "1c00000000000000000000000800000000000000c00002010000000000000000"],
  [
    "2001:db8::1",
    AF_INET6,
    "24000000000000002900000032000000" + "20010db8000000000000000000000001" + "0000000000000000",
  ],
  [
    "192.0.2.1",
    AF_INET6,
    "24000000000000002900000032000000" + "00000000000000000000ffffc0000201" + "0000000000000000",
  ],
  [
    "fe80::1%3",
    AF_INET6,
    "24000000000000002900000032000000" + "fe800000000000000000000000000001" + "0300000000000000",
  ],
];

for (const [local, family, octets] of controls) {
  test(`the address to send from, for a socket of family ${family}: ${local}`, () => {
    const encoded = encodePktinfo(local, family);
    assert.equal(hex(encoded), octets);
    if (family === AF_INET6) assert.equal(pktinfo(encoded), local);
  });
}

test("the address that a datagram was sent to is the header's destination", () => {
  const received = encodePktinfo("192.0.2.1");
  received.set([198, 51, 100, 7], 24);
  assert.equal(pktinfo(received), "198.51.100.7");
});

test("nobody answers as an IPv4 group, nor as everyone", () => {
  for (const address of ["224.0.0.1", "239.255.255.255", "255.255.255.255"]) {
    const received = encodePktinfo("192.0.2.1");
    received.set(address.split(".").map(Number), 24);
    assert.equal(pktinfo(received), undefined, address);
    assert.equal(pktinfo(encodePktinfo(address, AF_INET6)), undefined, `${address}, mapped`);
  }
});

test("nobody answers as a multicast group, nor without an address", () => {
  assert.equal(pktinfo(encodePktinfo("ff02::1%3")), undefined);
  assert.equal(pktinfo(encodePktinfo("2001:db8::1").subarray(0, 28)), undefined);
  assert.equal(pktinfo(new Uint8Array(40)), undefined);
  assert.equal(pktinfo(new Uint8Array(0)), undefined);
});
