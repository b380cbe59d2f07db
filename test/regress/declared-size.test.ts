/**
 * Declared size. A server allocated as much as a length from the peer said, before the octets came.
 *
 * Nothing here is allocated by a length that was not compared with what is there: a header that
 * declares 64 KiB in a few octets leaves no more than those octets (RFC 2661 3.1, 4.1; RFC 1661 5).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildPpp, parseControlMessage, parsePpp } from "../../src/codec/index.ts";
import { parseOptions, parsePacket } from "../../src/ppp/options.ts";
import { Talk } from "../peer/control.ts";
import { CHAP, LCP } from "../peer/ppp.ts";
import { Bench } from "../peer/ppp-bench.ts";

const ROUNDS = 20_000;
/** Octets for each input that the engine itself may take for its own purposes. */
const SLACK = 500;

/** Octets outside of the heap that `work` leaves allocated, for each round. */
function bufferedBy(work: () => void): number {
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < ROUNDS; round++) work();
  return (process.memoryUsage().arrayBuffers - before) / ROUNDS;
}

test("a control message that says more than there is is none, whatever it says", () => {
  for (const declared of [13, 20, 1_023, 32_768, 65_535]) {
    const datagram = Uint8Array.of(0xc8, 2, declared >> 8, declared & 0xff, 0, 0, 0, 0, 0, 0, 0, 0);
    const talk = new Talk();
    assert.equal(parseControlMessage(datagram), "length");
    assert.ok(bufferedBy(() => talk.deliver(datagram)) < SLACK);
    assert.deepEqual([...talk.lns.tunnels()], []);
  }
});

test("an AVP has the octets that are there, none that it only declares", () => {
  const header = [0xc8, 2, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let declared = 9; declared <= 1_023; declared++) {
    const datagram = Uint8Array.of(...header, declared >> 8, declared & 0xff, 0, 0, 0, 0, 0, 1);
    assert.equal(parseControlMessage(datagram), "avp-length");
  }
});

test("a PPP packet, an option and a Challenge have the octets that are there", () => {
  for (let declared = 0; declared <= 0xffff; declared += declared < 300 ? 1 : 257) {
    const octets = Uint8Array.of(1, 1, declared >> 8, declared & 0xff, 1, declared & 0xff, 5, 6);
    const packet = parsePacket(octets, 0xffff);
    const isThere = declared >= 4 && declared <= octets.length;
    assert.equal(packet?.data.length, isThere ? declared - 4 : undefined, `Length ${declared}`);
    const [option, ...others] = parseOptions(octets.subarray(4)) ?? [];
    assert.equal(option?.data.length, declared % 256 === 4 ? 2 : undefined);
    assert.deepEqual(others, []);
  }
  const read = parsePpp(buildPpp(LCP, new Uint8Array(3)));
  assert.ok(typeof read !== "string" && read.information.length === 3);
});

test("a CHAP Response whose value reaches past its end is no answer to anything", () => {
  for (let size = 0; size < 256; size++) {
    const bench = new Bench();
    const [challenge] = bench.establish();
    const value = new Uint8Array(16);
    bench.say(CHAP, 2, challenge?.identifier ?? 0, [size, ...value, 0x61]);
    assert.equal(bench.kinds.includes("authenticate"), size === 16, `Value-Size ${size}`);
  }
});
