/** The bounds on what goes to addresses that nothing proves, and who gives way. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Admission, sourceOf } from "../../../src/l2tp/admission.ts";
import { HalfOpen, type HalfOpenItem } from "../../../src/l2tp/half-open.ts";
import {
  HALF_OPEN_MAX,
  HALF_OPEN_PER_SOURCE_MAX,
  HALF_OPEN_YOUNG_MS,
  UNPROVEN_ANSWERS_BURST,
  UNPROVEN_ANSWERS_PER_SECOND,
  UNPROVEN_ANSWERS_PER_SOURCE_MAX,
  UNPROVEN_MEMORY_MS,
} from "../../../src/limits.ts";
import { names, newLns, PATH, seededRandom, Talk } from "../../peer/control.ts";
import { sccrq, typed } from "../../peer/lac.ts";

/** Answers that `source` gets when it asks `times` times at once. */
function take(admission: Admission, source: string, times: number, now: number): number {
  let taken = 0;
  for (let i = 0; i < times; i++) {
    if (!admission.allows(source, now)) continue;
    admission.spend(source, now);
    taken += 1;
  }
  return taken;
}

describe("answers", () => {
  test("at once as many as the burst, then as many as the rate, to sources that are new", () => {
    const admission = new Admission();
    let next = 0;
    const fresh = (now: number) => {
      let taken = 0;
      for (let i = 0; i < 5_000; i++) taken += take(admission, `s${next++}`, 1, now);
      return taken;
    };
    assert.equal(fresh(0), UNPROVEN_ANSWERS_BURST);
    assert.equal(fresh(0), 0);
    assert.equal(fresh(100), UNPROVEN_ANSWERS_PER_SECOND / 10);
    assert.equal(fresh(1_000_000), UNPROVEN_ANSWERS_BURST, "no more than the burst is saved");
  });

  test("one source leaves half of the bucket to others", () => {
    const admission = new Admission();
    const greedy = take(admission, "greedy", 5_000, 0);
    assert.ok(greedy <= UNPROVEN_ANSWERS_BURST / 2, `${greedy}`);
    assert.ok(greedy >= 256, `${greedy}`);
    assert.equal(admission.allowsAgain("other", 0), false, "no retransmissions meanwhile");
    assert.equal(take(admission, "other", 1, 0), 1);
  });

  test("with little left the source that had less comes first", () => {
    const admission = new Admission();
    take(admission, "once", 1, 0);
    take(admission, "greedy", 5_000, 0);
    while (admission.allows("greedy", 0)) admission.spend("greedy", 0);
    assert.equal(take(admission, "greedy", 1, 0), 0);
    assert.equal(take(admission, "once", 1, 0), 1);
    const twice = take(admission, "once", 100, 0);
    assert.ok(twice < 10, `${twice}: it comes down to the same share`);
  });

  test("one source gets 1,024 in ten seconds and no more, however long it goes on", () => {
    const admission = new Admission();
    let taken = 0;
    for (let now = 0; now < UNPROVEN_MEMORY_MS; now += 10) taken += take(admission, "s", 50, now);
    assert.equal(taken, UNPROVEN_ANSWERS_PER_SOURCE_MAX);
    assert.equal(admission.allowsAgain("s", UNPROVEN_MEMORY_MS - 1), false);
  });

  test("an answer is forgotten in time, and not before", () => {
    const admission = new Admission();
    admission.spend("s", 0);
    admission.spend("s", 5);
    assert.equal(admission.size, 2);
    assert.equal(admission.timeout, UNPROVEN_MEMORY_MS);
    admission.handleTimeout(UNPROVEN_MEMORY_MS);
    assert.equal(admission.timeout, UNPROVEN_MEMORY_MS + 5);
    admission.handleTimeout(UNPROVEN_MEMORY_MS + 5);
    assert.equal(admission.size, 0);
    assert.equal(admission.timeout, Infinity);
  });

  test("an IPv4 address is a source, an IPv6 address is its /64", () => {
    assert.equal(sourceOf("192.0.2.7"), "192.0.2.7");
    assert.equal(sourceOf("2001:db8::1"), sourceOf("2001:db8::ffff:1:2:3"));
    assert.notEqual(sourceOf("2001:db8::1"), sourceOf("2001:db8:0:1::1"));
  });
});

describe("half-open tunnels", () => {
  interface Item extends HalfOpenItem {
    readonly number: number;
  }
  const fill = (bag: HalfOpen<Item>, count: number, source: (i: number) => string, since = 0) =>
    Array.from({ length: count }, (_, number) => {
      const item = { source: source(number), since, number };
      bag.add(item);
      return item;
    });

  test("below the bounds nobody gives way, at them one that is old enough", () => {
    const bag = new HalfOpen<Item>(seededRandom(1));
    fill(bag, HALF_OPEN_MAX - 1, (i) => `s${i}`);
    assert.equal(bag.inTheWay("s", 10_000), "none");
    const young = { source: "young", since: 9_900, number: -1 };
    bag.add(young);
    assert.equal(bag.inTheWay("s", HALF_OPEN_YOUNG_MS - 1), undefined, "all are young");
    const drawn = new Set<number>();
    for (let i = 0; i < 500; i++) {
      const item = bag.inTheWay("s", 10_000);
      assert.ok(item !== undefined && item !== "none");
      assert.notEqual(item, young);
      drawn.add(item.number);
    }
    assert.ok(drawn.size > 400, "at random");
  });

  test("a source at its bound gives way itself", () => {
    const bag = new HalfOpen<Item>(seededRandom(2));
    fill(bag, HALF_OPEN_PER_SOURCE_MAX, () => "flood");
    fill(bag, 500, (i) => `s${i}`);
    for (let i = 0; i < 200; i++) {
      const item = bag.inTheWay("flood", 10_000);
      assert.ok(item !== undefined && item !== "none" && item.source === "flood");
    }
    assert.equal(bag.inTheWay("s1", 10_000), "none");
  });

  test("one old one among many young is found", () => {
    const bag = new HalfOpen<Item>(seededRandom(3));
    fill(bag, HALF_OPEN_MAX - 100, (i) => `y${i}`, 9_900);
    fill(bag, 100, (i) => `o${i}`, 0);
    const found = Array.from({ length: 100 }, () => bag.inTheWay("s", 10_000));
    assert.ok(found.every((item) => item !== undefined && item !== "none" && item.since === 0));
  });

  test("against a naive list: what is in, how many, and empty in the end", () => {
    const bag = new HalfOpen<Item>(seededRandom(4));
    const random = seededRandom(5);
    const naive = new Set<Item>();
    for (let i = 0; i < 20_000; i++) {
      const [roll = 0, pick = 0] = random(2);
      if (roll < 140) {
        const item = { source: `s${pick % 5}`, since: 0, number: i };
        bag.add(item);
        naive.add(item);
      } else {
        const item = [...naive][pick % (naive.size || 1)];
        if (item === undefined) continue;
        bag.delete(item);
        bag.delete(item);
        naive.delete(item);
      }
      assert.equal(bag.size, naive.size);
      if (naive.size > 100) {
        for (const item of [...naive].slice(0, 90)) {
          assert.ok(bag.has(item));
          bag.delete(item);
          naive.delete(item);
        }
      }
    }
    for (const item of naive) bag.delete(item);
    assert.equal(bag.size, 0);
    assert.equal(bag.sources, 0);
    assert.equal(bag.inTheWay("s0", 10_000), "none");
  });
});

describe("a half-open tunnel that gives way", () => {
  const flood = (lns: ReturnType<typeof newLns>, now: number) => {
    for (let i = 0; i < HALF_OPEN_MAX; i++) {
      const talk = new Talk(lns);
      talk.path = { ...PATH, peer: `10.0.${i >> 8}.${i & 255}` };
      talk.now = now + i;
      talk.request();
    }
    return now + HALF_OPEN_MAX;
  };

  test("is gone at once; its peer has nothing more from us, and its id is free", () => {
    const lns = newLns({ helloInterval: 0 });
    const now = flood(lns, 0);
    const late = new Talk(lns);
    late.now = now;
    assert.deepEqual(names(late.request()), ["SCCRP"]);
    const downs = late.events.filter(({ type }) => type === "tunnel-down");
    assert.equal(downs.length, 1);
    const [down] = downs;
    assert.ok(down?.type === "tunnel-down");
    assert.equal(down.reason, "half-open-gave-way");
    assert.equal([...lns.tunnels()].length, HALF_OPEN_MAX);
    assert.equal(lns.counters["half-open-gave-way"], 1);
    const gone = new Talk(lns);
    gone.path = down.tunnel.path;
    gone.tunnelId = down.tunnel.tunnelId;
    gone.now = now;
    assert.deepEqual(gone.say(typed("SCCCN"), { ns: 1, nr: 1 }), []);
    assert.deepEqual(names(gone.say(sccrq(gone.ownId), { tunnelId: 0, ns: 0, nr: 0 })), ["SCCRP"]);
  });

  test("has one StopCCN when its peer has acknowledged SCCRP", () => {
    const lns = newLns({ helloInterval: 0 });
    const proven = Array.from({ length: HALF_OPEN_PER_SOURCE_MAX }, (_, i) => {
      const talk = new Talk(lns);
      talk.ownId = 1 + i;
      talk.now = i * 20;
      talk.request();
      talk.ack();
      return talk;
    });
    const last = new Talk(lns);
    last.ownId = 5_000;
    last.now = HALF_OPEN_PER_SOURCE_MAX * 20;
    const out = last.request();
    assert.deepEqual(names(out), ["StopCCN", "SCCRP"]);
    assert.ok(proven.some(({ ownId }) => ownId === out[0]?.message.tunnelId));
    const again = last.pass(500).filter(({ name }) => name === "StopCCN");
    assert.deepEqual(again, []);
  });
});

describe("to an address that has acknowledged nothing", () => {
  test("goes SCCRP no more often than a source may have it, however often SCCRQ is repeated", () => {
    const talk = new Talk();
    talk.request();
    for (let i = 0; i < 5_000; i++) {
      talk.now += 1;
      talk.ns = 0;
      talk.request();
    }
    const answers = talk.sent.length;
    assert.ok(answers >= 256 && answers <= UNPROVEN_ANSWERS_PER_SOURCE_MAX, `${answers}`);
    assert.ok(talk.lns.counters["dropped-rate"] >= 5_000 - answers);
    assert.equal([...talk.lns.tunnels()].length, 1);
  });

  test("goes no retransmission while answers are scarce; the tunnel lives on, and it comes later", () => {
    const talk = new Talk();
    talk.request();
    talk.until(999);
    for (let i = 0; i < UNPROVEN_ANSWERS_BURST - 500; i++) {
      const other = new Talk(talk.lns);
      other.now = talk.now;
      other.path = { ...PATH, peer: `10.0.${i >> 8}.${i & 255}` };
      other.request();
    }
    talk.until(1_000);
    assert.ok(talk.lns.counters["withheld-sccrp"] > 0);
    const own = () => talk.sent.filter(({ path }) => path.peer === PATH.peer).length;
    assert.equal(own(), 1);
    talk.until(3_000);
    assert.equal(own(), 2);
  });

  test("goes no StopCCN and no ZLB, whatever it sends and however its tunnel ends", () => {
    const ends: ((talk: Talk) => void)[] = [
      (talk) => talk.say(typed("HELLO"), { nr: 0 }),
      (talk) => talk.say(typed("SCCCN"), { nr: 0 }),
      (talk) => talk.say(talk.icrq(1), { nr: 0 }),
      (talk) => talk.say([], { nr: 0 }),
      (talk) => talk.say(sccrq(100, []), { nr: 0, ns: 1 }),
      (talk) => talk.say(talk.stopCcn(), { nr: 0 }),
      (talk) => talk.say(talk.stopCcn(), { nr: 0, tunnelId: 0 }),
      // Its own id is all that the sender has to know for this: the Nr proves nothing.
      (talk) => talk.say(talk.stopCcn(), { nr: 1, tunnelId: 0 }),
      (talk) => {
        for (let i = 0; i < 1_000; i++) talk.say(talk.stopCcn(), { ns: 1, nr: 1, tunnelId: 0 });
      },
      (talk) => talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, talk.now),
      (talk) => talk.lns.shutdown(talk.now),
    ];
    for (const end of ends) {
      const talk = new Talk({ secret: "geheim" });
      talk.request();
      end(talk);
      talk.pass(100_000);
      assert.deepEqual([...new Set(names(talk.sent))], ["SCCRP"]);
      assert.deepEqual([...talk.lns.tunnels()], []);
      assert.deepEqual(talk.takeEvents(), ["tunnel-down"]);
      assert.equal(talk.lns.pollTimeout(), Infinity);
    }
  });

  test("an SCCCN that acknowledges SCCRP proves it: then StopCCN is sent and repeated", () => {
    const talk = new Talk({ secret: "geheim" });
    talk.request();
    talk.say(typed("SCCCN"), { nr: 1 });
    talk.pass(2_000);
    assert.deepEqual(names(talk.sent), ["SCCRP", "StopCCN", "StopCCN"]);
  });

  test("shutdown does not wait for it", () => {
    const talk = new Talk();
    talk.request();
    talk.lns.shutdown(talk.now);
    assert.equal(talk.lns.isDrained(), true);
  });
});
