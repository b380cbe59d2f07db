/** What `simplon bench forward` is asked for becomes a plan, and the plan packets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { upward } from "../../../bench/forward/loads.ts";
import { parseOptions } from "../../../bench/forward/options.ts";
import type { Load } from "../../../bench/forward/settings.ts";
import { parseHeader, parsePpp } from "../../../src/codec/index.ts";
import type { Libc } from "../../../src/linux/libc.ts";

const libc = { address: () => 0n } as unknown as Libc;
const SESSIONS = [3, 4].map((sessionId) => ({
  ...{ tunnelId: 7, sessionId },
  address: `10.64.0.${sessionId}`,
}));

/** Session, source port and Identification of each packet of each message. */
function packetsOf(load: Load): number[][][] {
  const ring = upward(libc, load, SESSIONS, new Uint8Array(16), "10.8.0.1");
  const each = load.size + 12;
  const count = load.isSegmented ? Math.min(64, Math.floor(65_000 / each)) : 1;
  return ring.places.map((place) =>
    Array.from({ length: count }, (_, index) => {
      const octets = new Uint8Array(ring.data.buffer, place + index * each, each);
      const header = parseHeader(octets);
      assert.ok(typeof header !== "string");
      const frame = parsePpp(header.payload);
      assert.ok(typeof frame !== "string");
      const { buffer, byteOffset } = frame.information;
      const view = new DataView(buffer, byteOffset);
      assert.equal(view.getUint32(12), 0x0a40_0000 + header.sessionId);
      return [header.sessionId, view.getUint16(20), view.getUint16(4)];
    }),
  );
}

test("flows are dealt out to the sessions, and packets to the flows", () => {
  const load = { size: 64, flows: 4, isSegmented: false, isShuffled: false };
  const messages = packetsOf(load);
  assert.equal(messages.length % 4, 0);
  assert.deepEqual(messages.slice(0, 5).flat(), [
    [3, 1_024, 0],
    [4, 1_024, 0],
    [3, 1_025, 0],
    [4, 1_025, 0],
    [3, 1_024, 1],
  ]);
});

test("a segmented message has packets of one flow, which goes on with its next message", () => {
  const load = { size: 1_400, flows: 2, isSegmented: true, isShuffled: false };
  const [first = [], other = [], next = []] = packetsOf(load);
  assert.equal(first.length, 46);
  assert.deepEqual(first.at(-1), [3, 1_024, 45]);
  assert.ok(other.every(([session]) => session === 4));
  assert.deepEqual(next[0], [3, 1_024, 46]);
});

test("simplon stands for both runtimes, unless one is chosen", () => {
  const subjects = (...args: string[]) => parseOptions(args).subjects;
  assert.deepEqual(subjects(), ["deno", "node", "reference", "l2tpns"]);
  assert.deepEqual(subjects("--with", "l2tpns,simplon"), ["deno", "node", "l2tpns"]);
  assert.deepEqual(subjects("--runtime", "node"), ["node", "reference", "l2tpns"]);
  assert.deepEqual(subjects("--with", "simplon", "--runtime", "deno"), ["deno"]);
});

test("a size or a number of flows stands for one scenario", () => {
  const { scenarios, hasLatency, many } = parseOptions(["--size", "512", "--sessions", "3"]);
  assert.deepEqual([scenarios.length, hasLatency, many], [1, false, 0]);
  const load = { size: 512, flows: 3, isSegmented: false, isShuffled: false };
  assert.deepEqual(scenarios[0]?.kind === "udp" && scenarios[0].load, load);
});

test("switching is asked for by name, and is among all", () => {
  const { hasSwitch, hasIdle, scenarios } = parseOptions(["--only", "switch"]);
  assert.deepEqual([hasSwitch, hasIdle, scenarios.length], [true, false, 0]);
  assert.equal(parseOptions([]).hasSwitch, true);
  assert.equal(parseOptions(["--size", "512"]).hasSwitch, false);
});

for (const [args, message] of [
  [["--only", "tcp,sleep"], /--only: expected .*, got "sleep"/],
  [["--with", "bird"], /--with: expected simplon, deno, node, reference, l2tpns, got "bird"/],
  [["--rounds", "0"], /--rounds: expected a whole number from 1 to 1000, got "0"/],
  [["--seconds", "x"], /--seconds: expected a number up to 600, got "x"/],
  [["--size", "1401"], /--size: expected a whole number from 32 to 1400/],
  [["--size", "100", "--only", "tcp"], /--size and --flows choose/],
  [["up"], /unexpected "up"/],
] as const) {
  test(`asked wrongly: ${args.join(" ")}`, () => {
    assert.throws(() => parseOptions(args), message);
  });
}
