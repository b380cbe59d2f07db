import assert from "node:assert/strict";
import { test } from "node:test";
import { RECEIVE_CONTROL_SIZE } from "../../../assembly/layout.ts";
import { decodeSegment, encodeDscp } from "../../../src/linux/cmsg.ts";
import { decodePktinfo, encodePktinfo } from "../../../src/linux/sockaddr.ts";

/** cmsghdr and an int of UDP_GRO, padded, on a little-endian host. */
function gro(segment: number): Uint8Array {
  const octets = new Uint8Array(24);
  const view = new DataView(octets.buffer);
  view.setBigUint64(0, 20n, true);
  view.setInt32(8, 17, true);
  view.setInt32(12, 104, true);
  view.setInt32(16, segment, true);
  return octets;
}

function both(octets: Uint8Array, length = octets.length) {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  return [decodeSegment(view, 0, length), decodePktinfo(view, 0, length)];
}

/** As recvmmsg tells it: the address in the place of the header's destination. */
function info(local: string): Uint8Array {
  const octets = encodePktinfo(local);
  if (!local.includes(":")) octets.copyWithin(24, 20, 24);
  return octets;
}

for (const local of ["192.0.2.1", "2001:db8::1"]) {
  test(`both are found whatever their order, and fit what is received into: ${local}`, () => {
    const joined = Uint8Array.of(...gro(100), ...info(local));
    assert.ok(joined.length <= RECEIVE_CONTROL_SIZE);
    assert.deepEqual(both(joined), [100, local]);
    assert.deepEqual(both(Uint8Array.of(...info(local), ...gro(100))), [100, local]);
    assert.deepEqual(both(info(local)), [undefined, local]);
    assert.deepEqual(both(gro(100)), [100, undefined]);
    for (let length = 0; length < 20; length++) {
      assert.deepEqual(both(joined, length), [undefined, undefined]);
    }
    for (let length = 24; length < 24 + 28; length++) {
      assert.deepEqual(both(joined, length), [100, undefined]);
    }
  });
}

test("a DSCP is asked for as TOS or as Traffic Class, ECN left alone", () => {
  for (const [isIpv4, level, type] of [
    [true, 0, 1],
    [false, 41, 67],
  ] as const) {
    const octets = encodeDscp(46, isIpv4);
    const view = new DataView(octets.buffer);
    assert.equal(octets.length, 24);
    assert.equal(view.getBigUint64(0, true), 20n);
    const words = [8, 12, 16, 20].map((at) => view.getInt32(at, true));
    assert.deepEqual(words, [level, type, 0xb8, 0]);
  }
});

test("lengths that make no sense end the search", () => {
  for (const length of [0n, 15n, 25n, 1n << 40n, (1n << 64n) - 1n]) {
    const octets = Uint8Array.of(...gro(100), ...info("192.0.2.1"));
    const view = new DataView(octets.buffer);
    view.setBigUint64(24, length, true);
    const isWhole = length === 25n;
    assert.deepEqual(both(octets), [100, undefined], isWhole ? "too short for it" : `${length}`);
    view.setBigUint64(0, length, true);
    assert.equal(both(octets)[0], isWhole ? 100 : undefined);
  }
});

test("a segment of no octets is none", () => {
  for (const segment of [0, -1]) assert.equal(both(gro(segment))[0], undefined);
});
