/** Conversations under random loss, repetition and delay. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newLns, seededRandom } from "../peer/control.ts";
import { Lac } from "../peer/lac.ts";
import { bodyOf, type Fate, Wire } from "../peer/wire.ts";

/** Until here the network is bad, afterwards it is good. */
const STRESS_MS = 40_000;
const SETTLED_MS = 400_000;

interface Deed {
  readonly at: number;
  readonly lac: number;
  readonly call: number;
  readonly what: "call" | "hang up" | "lns hangs up" | "stop" | "lns stops";
}

const deeds = fc.array(
  fc.record<Deed>({
    at: fc.integer({ min: 0, max: STRESS_MS }),
    lac: fc.nat(2),
    call: fc.integer({ min: 1, max: 6 }),
    what: fc.oneof(
      { weight: 8, arbitrary: fc.constant("call" as const) },
      { weight: 4, arbitrary: fc.constant("hang up" as const) },
      { weight: 4, arbitrary: fc.constant("lns hangs up" as const) },
      { weight: 1, arbitrary: fc.constant("stop" as const) },
      { weight: 1, arbitrary: fc.constant("lns stops" as const) },
    ),
  }),
  { minLength: 5, maxLength: 60, size: "max" },
);

const networks = fc.record({
  seed: fc.integer(),
  loss: fc.integer({ min: 0, max: 40 }),
  repeat: fc.integer({ min: 0, max: 40 }),
  late: fc.integer({ min: 0, max: 50 }),
});

function badNetwork(
  now: () => number,
  network: { seed: number; loss: number; repeat: number; late: number },
): Fate {
  const random = seededRandom(network.seed);
  const percent = () => ((random(1)[0] ?? 0) * 100) / 256;
  const delay = () => 5 + (percent() < network.late ? (random(1)[0] ?? 0) * 6 : 0);
  return () => {
    if (now() > STRESS_MS) return [5];
    if (percent() < network.loss) return [];
    return percent() < network.repeat ? [delay(), delay()] : [delay()];
  };
}

function perform(wire: Wire, lac: Lac, deed: Deed): void {
  const tunnel = [...wire.lns.tunnels()].find(({ peerTunnelId }) => peerTunnelId === lac.tunnelId);
  switch (deed.what) {
    case "call":
      if (!lac.calls.has(deed.call) && lac.state !== "closed") lac.call(deed.call, wire.now);
      return;
    case "hang up":
      if (lac.calls.get(deed.call)?.state === "established") lac.hangUp(deed.call, wire.now);
      return;
    case "lns hangs up":
      for (const session of wire.lns.sessions()) {
        if (session.peerTunnelId !== lac.tunnelId || session.peerSessionId !== deed.call) continue;
        wire.lns.closeSession(session.tunnelId, session.sessionId, { code: 3 }, wire.now);
        return;
      }
      return;
    case "stop":
      lac.stop(wire.now);
      return;
    case "lns stops":
      if (tunnel !== undefined) wire.lns.closeTunnel(tunnel.tunnelId, { code: 1 }, wire.now);
  }
}

/** Both ends agree on what is up, and neither has anything left to do. */
function checkAgreement(wire: Wire, lac: Lac): void {
  const up = [...lac.calls.values()].filter(({ state }) => state === "established");
  const sessions = [...wire.lns.sessions()].filter((s) => s.peerTunnelId === lac.tunnelId);
  const tunnels = [...wire.lns.tunnels()].filter((t) => t.peerTunnelId === lac.tunnelId);
  assert.equal(lac.idle, true);
  assert.equal(tunnels.length, lac.state === "established" ? 1 : 0, lac.state);
  for (const { state } of [...tunnels, ...sessions]) assert.equal(state, "established");
  assert.deepEqual(
    sessions.map(({ peerSessionId, sessionId }) => [peerSessionId, sessionId]).sort(),
    up.map(({ id, peerId }) => [id, peerId]).sort(),
  );
}

/** What the LAC took is what the LNS sent under each Ns, each once and in order. */
function checkDelivery(wire: Wire, lac: Lac): void {
  const sent = wire.fromLns.get(lac);
  lac.delivered.forEach(({ message }, i) => {
    assert.equal(message.ns, i);
    if (!wire.restarted.has(lac)) assert.equal(sent?.get(i), bodyOf(message));
  });
}

/** open, then perhaps up, then down if it is not there any more; each at most once. */
function checkEvents(wire: Wire): void {
  const alive = new Set([...wire.lns.sessions()].map((s) => `${s.tunnelId} ${s.sessionId}`));
  const stories = new Map<string, string>();
  for (const event of wire.events) {
    if (!("session" in event)) continue;
    const key = `${event.session.tunnelId} ${event.session.sessionId}`;
    stories.set(key, `${stories.get(key) ?? ""} ${event.type.slice(8)}`);
  }
  for (const [key, story] of stories) {
    const expected = alive.has(key) ? [" open up"] : [" open down", " open up down"];
    assert.ok(expected.includes(story), `session ${key}:${story}`);
  }
}

test("whatever the network does, both ends agree in the end", () => {
  fc.assert(
    fc.property(deeds, networks, fc.constantFrom("", "a secret"), (script, network, secret) => {
      const lacs = [new Lac(11, secret), new Lac(22, secret), new Lac(33, secret)];
      const wire: Wire = new Wire(
        newLns({ secret, helloInterval: 20_000 }),
        lacs,
        badNetwork(() => wire.now, network),
      );
      for (const lac of lacs) lac.start(0);
      for (const deed of script) {
        const lac = lacs[deed.lac];
        assert.ok(lac !== undefined);
        wire.at(deed.at, () => perform(wire, lac, deed));
      }
      // A LAC without a HELLO of its own would not notice that the LNS has given up.
      wire.at(STRESS_MS + 100_000, () => {
        for (const lac of lacs) lac.ping(wire.now);
      });
      wire.run(SETTLED_MS);
      for (const lac of lacs) {
        checkAgreement(wire, lac);
        checkDelivery(wire, lac);
      }
      checkEvents(wire);
      // A message taken twice or out of turn would be one that its state does not foresee.
      assert.equal(wire.lns.counters["out-of-sequence"], 0);
      assert.equal(wire.lns.counters["nr-never-sent"], 0);
      wire.lns.shutdown(wire.now);
      wire.run(SETTLED_MS + 1_000);
      assert.equal(wire.lns.isDrained(), true);
      wire.run(SETTLED_MS + 100_000);
      assert.equal(wire.lns.pollTimeout(), Infinity);
    }),
    { numRuns: 300 },
  );
});
