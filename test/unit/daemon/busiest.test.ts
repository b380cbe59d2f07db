/** The busiest sessions between two questions, of tables whose counters are set by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SESSION_COUNT } from "../../../assembly/layout.ts";
import type { BusyOrder } from "../../../src/daemon/api-messages.ts";
import { Busiest } from "../../../src/daemon/busiest.ts";
import { BUSIEST_SAMPLE_MS } from "../../../src/limits.ts";
import { session } from "../daemon-api/rows.ts";

const ROOM = SESSION_COUNT;

class Table {
  readonly sessions = new Map<number, { handle: { index: number; generation: number } }>();
  readonly counters = new Map<number, readonly number[]>();
  readonly busiest = new Busiest({
    sample: ({ index, generation }, found, at) => {
      found.set([generation, ...(this.counters.get(index) ?? [0, 0, 0, 0, 0])], at);
    },
  });

  /** Received and sent octets, and drops; a packet each 100 octets. */
  set(index: number, generation: number, rx: number, tx: number, drops = 0): void {
    this.sessions.set(index, { handle: { index, generation } });
    this.counters.set(index, [rx / 100, rx, tx / 100, tx, drops]);
  }

  ask(now: number, by: BusyOrder = "octets", count = 10) {
    const row = ({ handle }: { handle: { index: number } }) => session(handle.index);
    return this.busiest.rows(this.sessions, row, by, count, now).map(({ sessionId, during }) => {
      return { id: sessionId, ...during };
    });
  }
}

test("the first answer has no time; the next ones what came and went in between", () => {
  const table = new Table();
  table.set(1, 1, 1_000, 0);
  assert.deepEqual(
    table.ask(5_000).map(({ id, ms }) => [id, ms]),
    [[1, 0]],
  );
  table.set(1, 1, 1_500, 200, 3);
  assert.deepEqual(table.ask(6_000), [
    { id: 1, ms: 1_000, rxPackets: 5, rxOctets: 500, txPackets: 2, txOctets: 200, drops: 3 },
  ]);
  assert.equal(table.ask(8_000)[0]?.rxOctets, 0);
});

test("a session in a record that another one had counts from nothing; one that ended is not there", () => {
  const table = new Table();
  table.set(1, 1, 1e9, 0);
  table.set(2, 1, 1e9, 0);
  table.ask(0);
  table.set(1, 2, 300, 0);
  table.sessions.delete(2);
  const rows = table.ask(1_000);
  assert.deepEqual(
    rows.map(({ id, rxOctets }) => [id, rxOctets]),
    [[1, 300]],
  );
});

test("two who ask do not take each other's time away", () => {
  const table = new Table();
  table.set(1, 1, 0, 0);
  table.ask(0);
  table.set(1, 1, 1_000, 0);
  assert.equal(table.ask(1_000)[0]?.ms, 1_000);
  table.set(1, 1, 1_100, 0);
  const soon = 1_000 + BUSIEST_SAMPLE_MS - 1;
  assert.equal(table.ask(soon)[0]?.rxOctets, 100);
  table.set(1, 1, 1_200, 0);
  const [later] = table.ask(1_500);
  assert.deepEqual([later?.ms, later?.rxOctets], [500, 200]);
});

test("of many the right ones, by what is asked for, like a sort of all", () => {
  const table = new Table();
  for (let index = 1; index <= ROOM; index++) table.set(index, 1, 7, 7, 7);
  table.ask(0);
  const scramble = (index: number) => ((index * 48_271) % 65_537) * 100;
  for (let index = 1; index <= ROOM; index++) {
    table.set(index, 1, 7 + scramble(index), 7, 7 + (scramble(index) % 977));
  }
  const expected = [...table.sessions.keys()].sort((a, b) => scramble(b) - scramble(a));
  for (const by of ["octets", "packets"] as const) {
    const rows = table.ask(by === "octets" ? 100 : 150, by, 50);
    assert.deepEqual(
      rows.map(({ id }) => id),
      expected.slice(0, 50),
    );
  }
  const drops = table.ask(160, "drops", 3).map((row) => row.drops);
  assert.deepEqual(drops, [976, 976, 976]);
});
