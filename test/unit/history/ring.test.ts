// What is kept: bounds, shares, repetitions.
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLine, makeEntry, parseLine } from "../../../src/history/entry.ts";
import { Ring } from "../../../src/history/ring.ts";
import {
  HISTORY_ADDRESSES_MAX,
  HISTORY_ENTRIES_MAX,
  HISTORY_ENTRY_OCTETS,
  HISTORY_NEW_MAX,
  HISTORY_REPEAT_MS,
  HISTORY_TEXT_MAX,
} from "../../../src/limits.ts";
import { ended, entry, NOON } from "./entries.ts";

const stranger = (index: number, at = NOON) =>
  entry({
    rank: "stranger",
    what: "tunnel",
    code: "half-open",
    by: "timeout",
    phase: "tunnel",
    user: "",
    peer: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:1701`,
    at,
    since: at,
  });

test("an entry survives its line of the file, whatever peers put into it", () => {
  const whole = ended({ words: 'a\u0000b\u001b[2J"\u202e\ud800', id: "run.1", count: 3 });
  assert.deepEqual(parseLine(formatLine(whole)), whole);
  assert.equal(whole.words, 'a\ufffdb\ufffd[2J"\ufffd\ufffd');
  const long = entry({ user: "x".repeat(1_000), words: "\u{1f600}".repeat(1_000) });
  assert.equal(long.user.length, HISTORY_TEXT_MAX);
  assert.equal(long.words.length, HISTORY_TEXT_MAX);
  assert.deepEqual(parseLine(formatLine(long)), long);
  assert.ok(!formatLine(entry()).includes("callingNumber"), "what is empty takes no room");
});

test("what is no entry is none", () => {
  const good = JSON.parse(formatLine(ended({ count: 2 }))) as Record<string, unknown>;
  assert.ok(parseLine(JSON.stringify(good)));
  const bad: Record<string, unknown>[] = [
    { at: -1 },
    { at: "now" },
    { since: null },
    { what: "car" },
    { rank: "king" },
    { code: "toString" },
    { by: "fate" },
    { phase: "moon" },
    { user: 7 },
    { addresses: "10.0.0.1" },
    { addresses: [1] },
    { count: 1.5 },
    { tunnelId: -3 },
    { result: { message: "HELLO", by: "peer", code: 1 } },
    { result: { message: "CDN", by: "peer", code: "x" } },
    { id: 5 },
  ];
  for (const wrong of bad) {
    assert.equal(
      parseLine(JSON.stringify({ ...good, ...wrong })),
      undefined,
      JSON.stringify(wrong),
    );
  }
  for (const line of ["", "{", "null", "[]", "7", '"x"', "\u0000\u0001"]) {
    assert.equal(parseLine(line), undefined);
  }
});

test("each share keeps the newest, and no share takes from another", () => {
  const ring = new Ring("run");
  const total = HISTORY_ENTRIES_MAX.user + 10;
  for (let index = 0; index < total; index++)
    ring.add(ended({ sessionId: index, at: NOON + index }));
  assert.equal(ring.size, HISTORY_ENTRIES_MAX.user);
  assert.equal(ring.entries()[0]?.sessionId, 10);

  // A flood from many addresses over two hours.
  for (let minute = 0; minute < 120; minute++) {
    const now = NOON + minute * HISTORY_REPEAT_MS;
    ring.settle(now);
    for (let index = 0; index < 2_000; index++) ring.add(stranger(index, now));
  }
  const users = ring.entries().filter(({ rank }) => rank === "user");
  assert.equal(users.length, HISTORY_ENTRIES_MAX.user);
  assert.equal(ring.size, HISTORY_ENTRIES_MAX.user + HISTORY_ENTRIES_MAX.stranger);
});

test("a share is bounded in octets too", () => {
  const ring = new Ring("run");
  const wide = "\u{10ffff}".repeat(16) + "\u00e9\u20acx".repeat(32);
  for (let index = 0; index < HISTORY_ENTRIES_MAX.user; index++) {
    ring.add(ended({ user: wide, words: wide, hostName: wide, callingNumber: wide }));
  }
  const octets = ring.entries().reduce((sum, each) => sum + Buffer.byteLength(formatLine(each)), 0);
  assert.ok(octets <= HISTORY_ENTRIES_MAX.user * HISTORY_ENTRY_OCTETS);
  assert.ok(ring.size > 1_000);
});

test("repetitions within a minute are one entry with a count, and the newest facts", () => {
  const ring = new Ring("run");
  const first = ring.add(entry());
  assert.equal(first?.id, "run.1");
  for (const second of [10, 20, 59]) {
    const at = NOON + second * 1_000;
    ring.settle(at);
    const peer = `192.0.2.7:${50_000 + second}`;
    assert.equal(ring.add(entry({ at, since: at, peer, tunnelId: second })), undefined);
  }
  const [only, ...others] = ring.entries();
  assert.deepEqual(others, []);
  assert.equal(only?.count, 4);
  assert.equal(only?.since, NOON - 2_000);
  assert.equal(only?.at, NOON + 59_000);
  assert.equal(only?.tunnelId, 59);
  assert.equal(only?.id, "run.1");
  assert.ok(ring.hasChanged);
  assert.deepEqual(ring.takeChanged(), [only]);
  assert.ok(!ring.hasChanged);

  const later = NOON + HISTORY_REPEAT_MS;
  ring.settle(later);
  assert.equal(ring.add(entry({ at: later }))?.id, "run.2");
});

test("another user, code, source or kind is another entry; users' own ends are never merged", () => {
  const ring = new Ring("run");
  const different = [
    entry(),
    entry({ user: "alice" }),
    entry({ code: "unknown-user" }),
    entry({ peer: "192.0.2.8:1701" }),
    entry({ peer: "[2001:db8::1]:1701" }),
    entry({ what: "tunnel" }),
    ended(),
    ended(),
  ];
  for (const each of different) assert.ok(ring.add(each), JSON.stringify(each));
  assert.equal(ring.size, different.length);
});

test("more strangers in a minute than can be told apart are counted together", () => {
  const ring = new Ring("run");
  let written = 0;
  for (let index = 0; index < 10_000; index++) if (ring.add(stranger(index))) written++;
  assert.equal(written, HISTORY_NEW_MAX.stranger + 1);
  const rest = ring.entries().find(({ peer }) => peer === "");
  assert.equal(rest?.count, 10_000 - HISTORY_NEW_MAX.stranger);
  assert.equal(rest?.code, "half-open");
  assert.equal(rest?.hostName, "");
  // A peer that has a tunnel is still told apart.
  assert.ok(ring.add(entry()));
});

test("a clock that is set back neither stops the counting nor keeps anything for ever", () => {
  const ring = new Ring("run");
  for (let index = 0; index < 100; index++) ring.add(stranger(index));
  const before = NOON - 86_400_000;
  ring.settle(before);
  const added = ring.add(stranger(1, before));
  assert.equal(added?.count, 1);
  ring.settle(before + 1);
  assert.equal(ring.add(stranger(1, before + 1)), undefined);
});

test("makeEntry bounds addresses", () => {
  const addresses = Array.from({ length: 100 }, (_, index) => `10.0.0.${index}`);
  assert.equal(makeEntry(ended({ addresses })).addresses.length, HISTORY_ADDRESSES_MAX);
});
