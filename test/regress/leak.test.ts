/**
 * Leak. A packet of a bad version took a reference to its session that nobody gave back.
 *
 * A million malformed messages come to an endpoint, a link and a worker that have something open. What
 * they hold afterwards is what they held before, and all of it goes with its end.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HALF_OPEN_PER_SOURCE_MAX } from "../../src/limits.ts";
import { PATH, Talk } from "../peer/control.ts";
import { dice } from "../peer/garbage.ts";
import { sccrq } from "../peer/lac.ts";
import { CHAP, frame, IPCP, LCP, PAP } from "../peer/ppp.ts";
import { Bench, papRequest } from "../peer/ppp-bench.ts";
import { CLIENT, dataMessage, good } from "../unit/dataplane/frames.ts";
import { Plane } from "../unit/dataplane/plane.ts";

const [CONTROL, LINK, DATA] = [500_000, 250_000, 250_000];
const BATCH = 64;
/** Address, Control and Protocol. */
const PPP = 4;
type Roll = (below: number) => number;

/** Never well-formed: another version, cut, lengthened without a Length, or AVPs that do not add up. */
function broken(whole: Uint8Array, roll: Roll): Uint8Array {
  const copy = whole.slice();
  switch (roll(4)) {
    case 0:
      copy[1] = ((copy[1] ?? 0) & 0xf0) | ((3 + roll(15)) & 15);
      return copy;
    case 1:
      return copy.slice(0, roll(copy.length));
    case 2:
      copy[2] = 0xff;
      return copy;
    default:
      copy[0] = (copy[0] ?? 0) ^ 0x48;
      return copy;
  }
}

test(`${CONTROL} malformed control messages: as many tunnels, sessions and times as before`, () => {
  const roll = dice(1);
  const talk = new Talk().establish();
  const sessionId = talk.upSession(1);
  const held = () => [[...talk.lns.tunnels()], [...talk.lns.sessions()], talk.lns.pollTimeout()];
  const before = held();
  const seeds = [
    talk.build(sccrq(7), { tunnelId: 0, ns: 0, nr: 0 }),
    talk.build(talk.icrq(9)),
    talk.build(talk.cdn(1), { sessionId }),
    talk.build(talk.stopCcn()),
    talk.build([]),
  ];
  const paths = [PATH, { ...PATH, peerPort: 9 }, { ...PATH, peer: "203.0.113.5" }];
  for (let round = 0; round < CONTROL; round++) {
    const datagram = broken(seeds[roll(seeds.length)] as Uint8Array, roll);
    talk.lns.handleInput({ datagram, path: paths[roll(paths.length)] ?? PATH }, talk.now);
  }
  assert.equal(talk.drain().length, 0);
  assert.deepEqual(held(), before);
  const counted = Object.values(talk.lns.counters).reduce((sum, count) => sum + count, 0);
  assert.ok(counted >= CONTROL, `${counted} were counted`);
  talk.lns.shutdown(talk.now);
  talk.pass(200_000);
  assert.deepEqual(held(), [[], [], Infinity]);
});

test("requests that are well-formed and wrong leave no more than half-open tunnels, and these go", () => {
  const talk = new Talk({ maxTunnels: 4_096 });
  for (let round = 0; round < 20_000; round++) {
    talk.ns = 0;
    talk.ownId = 1 + (round % 60_000);
    talk.request([], round % 2 === 0 ? { 2: Uint8Array.of(9, 0) } : {});
  }
  assert.ok([...talk.lns.tunnels()].length <= HALF_OPEN_PER_SOURCE_MAX);
  talk.pass(200_000);
  assert.deepEqual([...talk.lns.tunnels()], []);
  assert.equal(talk.lns.pollTimeout(), Infinity);
});

test(`${LINK} malformed frames: the link is up as before and has nothing to say`, () => {
  const roll = dice(2);
  const bench = new Bench();
  bench.toOpened();
  bench.events.length = 0;
  const seeds = [LCP, IPCP, PAP, CHAP].flatMap((protocol) =>
    [1, 2, 3, 4, 5, 6, 9, 10].map((code) => frame(protocol, code, 250, papRequest("a", "b"))),
  );
  for (let round = 0; round < LINK; round++) {
    const whole = seeds[roll(seeds.length)] as Uint8Array;
    const copy = whole.slice(0, roll(3) === 0 ? PPP + roll(whole.length - PPP) : whole.length);
    // A Length behind the end, or in its own header.
    if (copy.length > 7) copy.set([roll(2) * 0xff, roll(4)], 6);
    bench.link.handleInput(copy, bench.now);
  }
  assert.equal(bench.drain().length, 0);
  assert.deepEqual(bench.events, []);
  assert.equal(bench.link.phase, "network");
  bench.link.close(bench.now);
  bench.advance(10_000);
  assert.equal(bench.link.pollTimeout(), Infinity);
});

test(`${DATA} malformed data messages: nothing waits, and the session passes packets as before`, () => {
  const roll = dice(3);
  const plane = new Plane();
  const handle = plane.session(7, 8, CLIENT);
  const whole = good();
  for (let round = 0; round < DATA; round += BATCH) {
    assert.deepEqual(plane.up(Array.from({ length: BATCH }, () => broken(whole, roll))), []);
    // What looks like a control message is handed to the control thread, and taken there.
    plane.handedOver.length = 0;
    while (plane.punt.take() !== undefined);
  }
  assert.equal(plane.up([whole]).length, 1);
  plane.table.withdraw(handle);
  const lcp = dataMessage(7, 8, Uint8Array.of(0xff, 3, 0xc0, 0x21, 9, 1, 0, 4));
  assert.deepEqual(plane.up([whole, lcp]), []);
  assert.equal(plane.punt.take(), undefined, "its session is not found any more");
  assert.deepEqual(plane.releaseHeld(true), []);
});
