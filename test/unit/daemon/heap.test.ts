import assert from "node:assert/strict";
import { test } from "node:test";
import { HeapTrimmer, openHeap } from "../../../src/daemon/heap.ts";
import { HEAP_CALM_MS, HEAP_NOISE, HEAP_SLACK } from "../../../src/limits.ts";

/** Looks at a heap of the given sizes, one each time; answers at which looks it was collected. */
function collections(sizes: readonly number[], live: number): number[] {
  const found: number[] = [];
  let size = live;
  const heap = {
    size: () => size,
    collect: () => {
      size = live;
    },
  };
  const trimmer = new HeapTrimmer(heap, 0);
  for (const [look, next] of sizes.entries()) {
    size = next;
    trimmer.handleTimeout((look + 0.5) * HEAP_CALM_MS);
    assert.equal(size, next, "too early for a look");
    trimmer.handleTimeout((look + 1) * HEAP_CALM_MS);
    if (size !== next) found.push(look);
  }
  return found;
}

test("a heap is collected when it has grown and grows no more", () => {
  const grown = HEAP_SLACK + 2;
  const more = grown + HEAP_NOISE + 1;
  assert.deepEqual(collections([1, grown, more, more + HEAP_NOISE, 1], 1), [3]);
});

test("a heap that grew a little, or that is as large as what lives in it, is left alone", () => {
  assert.deepEqual(collections([HEAP_SLACK, HEAP_SLACK, HEAP_SLACK], 1), []);
  assert.deepEqual(collections([9 * HEAP_SLACK, 9 * HEAP_SLACK], 9 * HEAP_SLACK), []);
});

test("a burst is collected once", () => {
  const grown = HEAP_SLACK + 2;
  assert.deepEqual(collections([grown, grown, 1, 1, grown, grown], 1), [1, 5]);
});

test("the garbage of this process goes back", () => {
  const heap = openHeap();
  assert.ok(heap !== undefined);
  let garbage: object[] | undefined = Array.from({ length: 1_000_000 }, (_, at) => ({ at }));
  const before = heap.size();
  assert.ok(garbage.length > 0);
  garbage = undefined;
  heap.collect();
  assert.ok(before - heap.size() > 16 * 1024 * 1024, `${before} → ${heap.size()}`);
});
