/**
 * MRU 65535. What was sent was cut to the MRU of the peer, which may be more than the buffer had.
 *
 * RFC 1661 6.1: a MRU has 16 bits. What we send is no longer than the peer's MRU, and no longer than
 * what it answers and its own header: no buffer is as long as a peer says.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME_SIZE_MAX, MRU_MIN } from "../../src/limits.ts";
import { LCP } from "../peer/ppp.ts";
import { Bench, MAGIC } from "../peer/ppp-bench.ts";

const [UNKNOWN_CODE, ECHO_REQUEST] = [99, 9];
const UNKNOWN_PROTOCOL = 0x0057;
const HEADER = 4;
/** Code, Identifier, Length and a Rejected-Protocol, the most that is put in front. */
const MORE = HEADER + 2;

const SIZES = [0, 1, 127, 128, 129, 1_499, 1_500, 1_501, 65_484, FRAME_SIZE_MAX - MORE];
const SIZES_OF_PACKETS = SIZES.filter((size) => size >= MORE);

function linkTo(mru: number): Bench {
  const bench = new Bench();
  bench.toNetwork([MAGIC, [1, mru >> 8, mru & 0xff]]);
  return bench;
}

for (const mru of [MRU_MIN, 1_500, 65_535]) {
  test(`to a peer with a MRU of ${mru}: rejects and echoes of every size`, () => {
    const bench = linkTo(mru);
    let largest = 0;
    for (const size of SIZES_OF_PACKETS) {
      const data = new Uint8Array(size - HEADER);
      const replies = [
        ...bench.say(LCP, ECHO_REQUEST, 1, data),
        ...bench.say(LCP, UNKNOWN_CODE, 2, data),
        ...bench.sayRaw(UNKNOWN_PROTOCOL, new Uint8Array(size)),
      ];
      for (const { data: sent } of replies) {
        const octets = HEADER + sent.length;
        largest = Math.max(largest, octets);
        assert.ok(octets <= mru, `${octets} octets`);
        assert.ok(octets <= size + MORE, `${octets} octets for ${size}`);
      }
    }
    assert.ok(largest > Math.min(mru, 60_000) - MORE, `${largest} octets were the most`);
  });
}
