/** How tunnels are spread over slots and workers. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Ids } from "../../../src/l2tp/ids.ts";
import type { Endpoint, Path } from "../../../src/l2tp/index.ts";
import { Spread } from "../../../src/l2tp/spread.ts";
import { newLns, seededRandom, Talk } from "../../peer/control.ts";

const SLOTS = 8;
const SHARES = [
  [0, 0, 0, 0, 0, 0, 0, 0],
  [0, 1, 0, 1, 0, 1, 0, 1],
  [0, 0, 0, 1, 1, 1, 2, 2],
  [5, 1, 2, 3, 4, 0, 6, 7],
];

/** Most and fewest that any has. */
function span(counts: readonly number[]): number {
  return Math.max(...counts) - Math.min(...counts);
}

function ofWorkers(counts: readonly number[], owners: readonly number[]): number[] {
  const sums = new Map(owners.map((owner) => [owner, 0]));
  for (const [slot, count] of counts.entries()) {
    const owner = owners[slot] ?? 0;
    sums.set(owner, (sums.get(owner) ?? 0) + count);
  }
  return [...sums.values()];
}

describe("slots", () => {
  test("of many peers: workers differ by one tunnel at most, and so do the slots of each", () => {
    for (const owners of SHARES) {
      const spread = new Spread({ owners });
      for (let peer = 0; peer < 500; peer++) {
        const endpoint = String(peer);
        spread.add(endpoint, spread.choose(endpoint) + SLOTS * peer);
        assert.ok(span(ofWorkers(spread.counts, owners)) <= 1);
        for (const worker of new Set(owners)) {
          assert.ok(span(spread.counts.filter((_, slot) => owners[slot] === worker)) <= 1);
        }
      }
    }
  });

  test("of one peer and port are one, until its last tunnel is gone", () => {
    const spread = new Spread({ owners: SHARES[1] ?? [] });
    const ids = [0, 1, 2].map((index) => {
      const slot = spread.choose("a");
      spread.add("a", slot + SLOTS * index);
      return slot + SLOTS * index;
    });
    assert.equal(new Set(ids.map((id) => id % SLOTS)).size, 1);
    for (const id of ids.slice(0, 2)) spread.remove("a", id);
    assert.equal(spread.choose("a"), (ids[2] ?? 0) % SLOTS);
    spread.remove("a", ids[2] ?? 0);
    spread.add("b", ids[2] ?? 0);
    assert.notEqual(spread.choose("a"), (ids[2] ?? 0) % SLOTS);
  });

  test("that change hands: who got the fewest gets the next", () => {
    const owners = new Uint32Array(SLOTS);
    const spread = new Spread({ owners });
    for (let peer = 0; peer < 80; peer++) spread.add(String(peer), spread.choose(String(peer)));
    owners.set([0, 0, 0, 0, 0, 0, 0, 1]);
    for (let peer = 80; peer < 140; peer++) {
      assert.equal(spread.choose(String(peer)), 7);
      spread.add(String(peer), 7);
    }
    assert.equal(spread.choose("next"), 0);
  });

  test("that lose datagrams get none while others lose fewer; if all lose as many, it is as if none did", () => {
    const owners = SHARES[2] ?? [];
    const crowded = new Uint8Array(SLOTS);
    const spread = new Spread({ owners, crowded });
    for (let peer = 0; peer < 60; peer++) spread.add(String(peer), spread.choose(String(peer)));
    const before = [...spread.counts];
    crowded.set([1, 1, 1, 0, 1, 0, 1, 1]);
    assert.equal(spread.choose("0"), 0, "a peer stays where it is");
    for (let peer = 60; peer < 70; peer++) spread.add(String(peer), spread.choose(String(peer)));
    assert.deepEqual(
      spread.counts.map((count, slot) => count - (before[slot] ?? 0)),
      [0, 0, 0, 5, 0, 5, 0, 0],
    );
    crowded.set([7, 6, 9, 9, 6, 9, 9, 9]);
    const mild = [...spread.counts];
    for (let peer = 70; peer < 80; peer++) spread.add(String(peer), spread.choose(String(peer)));
    assert.equal(
      (spread.counts[1] ?? 0) + (spread.counts[4] ?? 0),
      (mild[1] ?? 0) + (mild[4] ?? 0) + 10,
    );
    crowded.fill(3);
    for (let peer = 80; peer < 110; peer++) spread.add(String(peer), spread.choose(String(peer)));
    assert.ok(span(ofWorkers(spread.counts, owners)) <= 1);
  });

  test("never count below nothing, whatever comes and goes", () => {
    const random = seededRandom(5);
    const spread = new Spread({ owners: SHARES[2] ?? [] });
    const there: [string, number][] = [];
    for (let run = 0; run < 5_000; run++) {
      const [dice = 0, which = 0, low = 0] = random(3);
      const [endpoint, id] = there[which % Math.max(1, there.length)] ?? ["nobody", low];
      if (dice < 120) {
        const added = String(which % 40);
        // Now and then the id that was wanted is not to be had.
        const taken = dice < 20 ? low : spread.choose(added) + SLOTS * low;
        spread.add(added, taken);
        there.push([added, taken]);
      } else {
        spread.remove(endpoint, id);
        if (there.length > 0) there.splice(which % there.length, 1);
      }
      const counts = Array.from({ length: SLOTS }, (_, slot) => {
        return there.filter(([, taken]) => taken % SLOTS === slot).length;
      });
      assert.deepEqual(spread.counts, counts);
    }
    for (const [endpoint, id] of there) spread.remove(endpoint, id);
    spread.remove("nobody", 3);
    assert.deepEqual(spread.counts, Array(SLOTS).fill(0));
  });
});

describe("ids", () => {
  const low = (value: number) => ({ mask: SLOTS - 1, value });

  test("have the lowest bits that are wanted, and are random otherwise", () => {
    const ids = new Ids();
    const random = seededRandom(3);
    const used = new Map<number, true>();
    for (let run = 0; run < 16_000; run++) {
      const id = ids.take(random, used, 0, low(run % SLOTS));
      assert.equal(id % SLOTS, run % SLOTS);
      assert.ok(id > 0 && id <= 0xffff && !used.has(id));
      used.set(id, true);
    }
    for (let sixteenth = 0; sixteenth < 16; sixteenth++) {
      const there = [...used.keys()].filter((id) => id >> 12 === sixteenth).length;
      assert.ok(there > 800 && there < 1_200, `${there} of about 1000`);
    }
  });

  test("are any others when none of those is free, and the last of those when there is one", () => {
    const used = new Map<number, true>();
    for (let id = 5; id <= 0xffff; id += SLOTS) used.set(id, true);
    const ids = new Ids();
    assert.ok(ids.take(seededRandom(1), used, 0, low(5)) % SLOTS !== 5);
    used.delete(40_005);
    assert.equal(ids.take(seededRandom(1), used, 0, low(5)), 40_005);
    assert.equal(
      ids.take(() => new Uint8Array(2), new Map(), 0, low(0)),
      SLOTS,
      "never 0",
    );
  });
});

describe("tunnels of an LNS", () => {
  const owners = SHARES[2] ?? [];
  const pathOf = (peer: number, peerPort = 1701): Path => {
    return { peer: `10.0.${peer >> 8}.${peer & 0xff}`, peerPort, local: "198.51.100.1" };
  };
  const dial = (lns: Endpoint, path: Path, ownId = 100): Talk => {
    const talk = new Talk(lns);
    talk.path = path;
    talk.ownId = ownId;
    return talk.establish();
  };

  test("are spread evenly, and those of one address and port share a slot", () => {
    const lns = newLns({ slots: { owners }, maxTunnels: 1_000 });
    const counts = Array<number>(SLOTS).fill(0);
    for (let peer = 0; peer < 120; peer++) {
      const { tunnelId } = dial(lns, pathOf(peer));
      counts[tunnelId % SLOTS] = (counts[tunnelId % SLOTS] ?? 0) + 1;
    }
    assert.ok(span(ofWorkers(counts, owners)) <= 1, String(counts));
    const slots = new Set<number>();
    for (let tunnel = 1; tunnel <= 6; tunnel++) {
      slots.add(dial(lns, pathOf(500), tunnel).tunnelId % SLOTS);
    }
    assert.equal(slots.size, 1);
  });

  test("that move to another port take their slot there, and leave none behind", () => {
    const lns = newLns({ slots: { owners: [0, 1, 2, 3, 4, 5, 6, 7] }, maxTunnels: 100 });
    const talk = dial(lns, pathOf(1));
    const slot = talk.tunnelId % SLOTS;
    talk.path = pathOf(1, 40_000);
    talk.say(talk.icrq(1));
    assert.equal(lns.counters["followed-port"], 1);
    assert.equal(
      dial(lns, pathOf(1, 40_000), 101).tunnelId % SLOTS,
      slot,
      "with the one that moved",
    );
    assert.notEqual(dial(lns, pathOf(1), 102).tunnelId % SLOTS, slot, "nobody is there any more");
  });

  test("of an LNS without workers have any ids", () => {
    const lns = newLns({ maxTunnels: 100 });
    const slots = Array.from({ length: 40 }, (_, peer) => dial(lns, pathOf(peer)).tunnelId % SLOTS);
    assert.equal(new Set(slots).size, SLOTS);
  });
});
