/**
 * Every input that fuzzing has kept is run again: none crashes, and what they leave unreached of each
 * target is not more than its ceiling, which only --raise makes higher.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { readCeilings, readCorpus, writeCeiling } from "./corpus.ts";
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

test("a ceiling becomes lower by itself, and higher only on purpose", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "simplon-ceilings-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = pathToFileURL(join(folder, "ceilings.json"));
  writeFileSync(file, JSON.stringify({ b: 7 }));
  assert.equal(writeCeiling("b", 8, false, file), false);
  assert.deepEqual(readCeilings(file), { b: 7 });
  assert.equal(writeCeiling("b", 6, false, file), true);
  assert.equal(writeCeiling("a", 3, false, file), true);
  assert.deepEqual(readCeilings(file), { a: 3, b: 6 });
  assert.equal(writeCeiling("b", 8, true, file), true);
  assert.deepEqual(readCeilings(file), { a: 3, b: 8 });
});
