/** Both sides open a tunnel at once (RFC 2661 4.4.3). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AvpType } from "../../../src/codec/index.ts";
import { StopCode } from "../../../src/l2tp/index.ts";
import { names, Talk } from "../../peer/control.ts";
import { avp, find, resultOf, typed } from "../../peer/lac.ts";
import { Pair } from "../../peer/pair.ts";

const optional = { mandatory: false };

function tie(value: Uint8Array) {
  return avp(AvpType.TieBreaker, value, optional);
}

/** A talk whose endpoint opens a tunnel; its Tie Breaker, and a talk of the peer's own tunnel. */
function met(): { talk: Talk; ours: Uint8Array; peer: Talk } {
  const talk = new Talk();
  const ours = find(talk.connect({ role: "lac" }).message, AvpType.TieBreaker)?.value;
  assert.equal(ours?.length, 8);
  const peer = new Talk(talk.lns);
  peer.ownId = 200;
  return { talk, ours, peer };
}

/** The next higher value, or the next lower one. */
function beside(value: Uint8Array, change: 1 | -1): Uint8Array {
  const next = value.slice();
  next[7] = (next[7] ?? 0) + change;
  return next;
}

function states(talk: Talk): string[] {
  return [...talk.lns.tunnels()].map(({ state }) => state);
}

describe("an SCCRQ that meets ours", () => {
  test("with a higher Tie Breaker is refused with StopCCN 3, and ours goes on", () => {
    const { talk, ours, peer } = met();
    const [out] = peer.request([tie(beside(ours, 1))]);
    assert.equal(out?.name, "StopCCN");
    assert.deepEqual(resultOf(out.message).slice(0, 2), [StopCode.AlreadyExists, 0]);
    assert.deepEqual(states(talk), ["wait-ctl-reply"]);
    assert.equal(talk.lns.counters["tie-breaker-won"], 1);
    talk.say(talk.sccrp());
    assert.deepEqual(talk.takeEvents(), ["tunnel-up"]);
  });

  test("with a lower one wins; ours is discarded in silence once the peer's is established", () => {
    const { talk, ours, peer } = met();
    assert.deepEqual(names(peer.request([tie(beside(ours, -1))])), ["SCCRP"]);
    assert.deepEqual(states(talk), ["wait-ctl-reply", "wait-ctl-conn"]);
    assert.deepEqual(names(peer.say(typed("SCCCN"))), []);
    assert.deepEqual(peer.takeEvents(), ["tunnel-up", "tunnel-down"]);
    assert.deepEqual(states(talk), ["established"]);
    assert.equal(talk.lns.counters["tie-breaker-lost"], 1);
    // The SCCRP that comes for it all the same is one that nobody asked for.
    assert.deepEqual(names(talk.say(talk.sccrp())), ["StopCCN"]);
  });

  test("forged, and so never established, does not keep ours from being answered", () => {
    const { talk, peer } = met();
    peer.request([tie(new Uint8Array(8))]);
    talk.say(talk.sccrp());
    assert.deepEqual(talk.takeEvents(), ["tunnel-up"]);
    peer.say(typed("SCCCN"));
    assert.deepEqual(states(talk), ["established", "established"]);
  });

  test("with an equal one discards both", () => {
    const { talk, ours, peer } = met();
    assert.deepEqual(peer.request([tie(ours)]), []);
    assert.deepEqual(peer.takeEvents(), ["tunnel-down"]);
    assert.deepEqual(states(talk), []);
  });

  test("without one has lost: it is left, and taken once ours is established", () => {
    const { talk, peer } = met();
    assert.deepEqual(peer.request(), []);
    peer.ns = 0;
    talk.say(talk.sccrp());
    assert.deepEqual(names(peer.request()), ["SCCRP"]);
    peer.say(typed("SCCCN"));
    assert.deepEqual(states(talk), ["established", "established"]);
  });

  test("of another port has nothing to do with it", () => {
    const { talk, peer } = met();
    peer.path = { ...peer.path, peerPort: 1_702 };
    assert.deepEqual(names(peer.request([tie(new Uint8Array(8))])), ["SCCRP"]);
    peer.say(typed("SCCCN"));
    assert.deepEqual(states(talk), ["wait-ctl-reply", "established"]);
  });
});

describe("two endpoints", () => {
  test("of which both open a tunnel at once have one in the end, whatever is lost", () => {
    for (let lost = -1; lost < 12; lost++) {
      const pair = new Pair();
      pair.fate = (index) => (index === lost ? [] : [10]);
      const { lac, lns } = pair;
      lac.endpoint.connect({ path: lac.pathTo(lns), role: "lac" }, 0);
      lns.endpoint.connect({ path: lns.pathTo(lac), role: "lns" }, 0);
      pair.run(100_000);
      for (const { endpoint } of pair.sides) {
        assert.deepEqual(
          [...endpoint.tunnels()].map(({ state }) => state),
          ["established"],
          `${lost}: ${pair.trace.join(", ")}`,
        );
      }
      const [ours] = lac.endpoint.tunnels();
      const [theirs] = lns.endpoint.tunnels();
      assert.equal(ours?.tunnelId, theirs?.peerTunnelId);
    }
  });
});
