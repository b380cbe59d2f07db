import assert from "node:assert/strict";
import { test } from "node:test";
import { Ids } from "../../../src/l2tp/ids.ts";
import { ID_QUARANTINE_MS } from "../../../src/limits.ts";
import { seededRandom } from "../../peer/control.ts";

const NONE: ReadonlyMap<number, unknown> = new Map();

test("ids are spread over the whole range, never 0, never one that is in use", () => {
  const ids = new Ids();
  const random = seededRandom(11);
  const used = new Map<number, true>();
  for (let i = 0; i < 30_000; i++) {
    const id = ids.take(random, used, 0);
    assert.ok(id > 0 && id <= 0xffff && !used.has(id));
    used.set(id, true);
  }
  for (let sixteenth = 0; sixteenth < 16; sixteenth++) {
    const there = [...used.keys()].filter((id) => id >> 12 === sixteenth).length;
    assert.ok(there > 1_500 && there < 2_300, `${there} of about 1875`);
  }
});

test("when all but a sixteenth are in use or at rest there is none to give", () => {
  const ids = new Ids();
  const used = new Map<number, true>();
  for (let id = 1; id <= 50_000; id++) used.set(id, true);
  for (let id = 50_001; id <= 61_440; id++) ids.release(id, id / 1_000);
  assert.equal(
    ids.take(() => Uint8Array.of(0xff, 0xff), used, 0),
    0xffff,
  );
  ids.release(61_441, 62);
  const never = () => assert.fail("nothing is drawn");
  assert.equal(ids.take(never, used, 100), 0);
  assert.equal(
    ids.take(() => Uint8Array.of(0xc3, 0x51), used, ID_QUARANTINE_MS + 51),
    50_001,
  );
});

test("a source of octets that repeats itself ends in the next that is free, not in a loop", () => {
  const ids = new Ids();
  assert.equal(
    ids.take(() => new Uint8Array(2), NONE, 0),
    1,
  );
  ids.release(7, 0);
  assert.equal(
    ids.take(() => Uint8Array.of(0, 7), NONE, ID_QUARANTINE_MS - 1),
    8,
  );
  const last = new Map([[0xffff, true]]);
  assert.equal(
    ids.take(() => Uint8Array.of(0xff, 0xff), last, 0),
    1,
  );
  assert.equal(
    ids.take(() => Uint8Array.of(0, 7), NONE, ID_QUARANTINE_MS),
    7,
  );
});
