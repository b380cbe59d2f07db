/** Ten thousand tunnels: what one of them does costs about the same as with ten. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AvpType, buildControlMessage } from "../../../src/codec/index.ts";
import type { Endpoint, Path } from "../../../src/l2tp/index.ts";
import { newLns, seededRandom } from "../../peer/control.ts";
import { find, parsed, sccrq, typed, uint } from "../../peer/lac.ts";

const MANY = 10_000;

interface Populated {
  readonly lns: Endpoint;
  readonly tunnels: { tunnelId: number; path: Path }[];
}

function drain(lns: Endpoint): string[] {
  const names: string[] = [];
  for (let out = lns.pollTransmit(); out !== undefined; out = lns.pollTransmit()) {
    names.push(String(parsed(out.datagram).name));
  }
  return names;
}

/** `count` established tunnels, one begun each millisecond. */
function populated(count: number): Populated {
  const random = seededRandom(count);
  const lns = newLns({ maxTunnels: count, random, helloInterval: 60_000 });
  const tunnels: Populated["tunnels"] = [];
  for (let i = 0; i < count; i++) {
    const path = {
      peer: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
      peerPort: 1_701,
      local: "-",
    };
    const request = { tunnelId: 0, sessionId: 0, ns: 0, nr: 0, avps: sccrq(1) };
    lns.handleInput({ datagram: buildControlMessage(request), path }, i);
    const reply = lns.pollTransmit();
    assert.ok(reply !== undefined);
    assert.equal(lns.pollEvent(), undefined);
    const { message } = parsed(reply.datagram);
    const tunnelId = uint(find(message, AvpType.AssignedTunnelId));
    tunnels.push({ tunnelId, path });
    const connected = { tunnelId, sessionId: 0, ns: 1, nr: 1, avps: typed("SCCCN") };
    lns.handleInput({ datagram: buildControlMessage(connected), path }, i);
    assert.equal(lns.pollEvent()?.type, "tunnel-up");
  }
  lns.handleTimeout(count + 100);
  assert.equal(drain(lns).length, count);
  return { lns, tunnels };
}

test("every tunnel has its own HELLO, and all are cleared when nobody answers", () => {
  const { lns } = populated(MANY);
  lns.handleTimeout(59_999);
  assert.equal(drain(lns).length, 0);
  assert.equal(lns.pollTimeout(), 60_000);
  let hellos = 0;
  for (let now = 60_000; now < 60_000 + MANY; now++) {
    assert.ok(lns.pollTimeout() >= now);
    lns.handleTimeout(now);
    hellos += drain(lns).length;
  }
  // One each, and retransmissions at 1, 3 and 7 s of those that began that much earlier.
  assert.equal(hellos, 4 * MANY - 11_000);
  lns.handleTimeout(69_999);
  for (let next = lns.pollTimeout(); next < Infinity; next = lns.pollTimeout()) {
    lns.handleTimeout(next);
    drain(lns);
    assert.ok(next <= 60_000 + MANY + 31_000);
  }
  assert.deepEqual([...lns.tunnels()], []);
  assert.equal(lns.counters["no-peer-response"], MANY);
});

test("a call does as much of what is due as it is asked for, and leaves the rest for the next", () => {
  const { lns } = populated(100);
  lns.handleTimeout(60_200, 30);
  assert.equal(drain(lns).length, 30);
  assert.ok(lns.pollTimeout() <= 60_200, "the rest is no longer due");
  lns.handleTimeout(60_200, 30);
  assert.equal(drain(lns).length, 30);
  lns.handleTimeout(60_200);
  assert.equal(drain(lns).length, 40);
  assert.ok(lns.pollTimeout() > 60_200);
});

test("the cost of a message and of a poll does not grow with the tunnels", () => {
  const cost = ({ lns, tunnels }: Populated): number => {
    const rounds = 3_000;
    const begin = performance.now();
    for (let i = 0; i < rounds; i++) {
      const chosen = tunnels[(i * 7_919) % tunnels.length];
      assert.ok(chosen !== undefined);
      const { tunnelId, path } = chosen;
      const zlb = buildControlMessage({ tunnelId, sessionId: 0, ns: 2, nr: 1, avps: [] });
      lns.handleInput({ datagram: zlb, path }, 20_000 + i);
      lns.handleTimeout(20_000 + i);
      lns.pollTransmit();
      lns.pollEvent();
      lns.pollTimeout();
    }
    return performance.now() - begin;
  };
  const best = (count: number): number => {
    const lnsWithTunnels = populated(count);
    return Math.min(...Array.from({ length: 5 }, () => cost(lnsWithTunnels)));
  };
  const few = best(10);
  const many = best(MANY);
  // Going through all tunnels would make it hundreds of times as much.
  assert.ok(many < 20 * few, `${few.toFixed(1)} ms with ten, ${many.toFixed(1)} ms with ${MANY}`);
});
