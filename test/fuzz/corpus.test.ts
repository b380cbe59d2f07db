/**
 * Every input that fuzzing has kept is run again: none crashes, and what they leave unreached of each
 * target is not more than its ceiling.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readCeilings, readCorpus } from "./corpus.ts";
import { TARGETS } from "./targets.ts";

const ceilings = readCeilings();

for (const target of TARGETS) {
  test(`${target.name}: its corpus reaches what it has reached`, async () => {
    const ceiling = ceilings[target.name];
    assert.ok(ceiling !== undefined, "has no ceiling: npm run fuzz -- --keep");
    const executor = await target.open();
    await executor.execute(readCorpus(target.name));
    const unreached = executor.unreached();
    executor.close();
    assert.ok(
      unreached.length <= ceiling,
      `${unreached.length} branches unreached, not ${ceiling}: ${unreached.join(", ")}`,
    );
  });
}

test("every ceiling is of a target", () => {
  const names = TARGETS.map(({ name }) => name);
  assert.deepEqual(
    Object.keys(ceilings).filter((name) => !names.includes(name)),
    [],
  );
});
