/** README.md has a row for each class, and each file of this directory its place in it. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { CLASSES, README } from "./classes.ts";

const here = new URL(".", import.meta.url);
const SELF = "readme.test.ts";
/** Of the list of bugs that this is about. */
const ROWS = 30;

test("each row of the list is there, with a test or the reason why there is none yet", () => {
  assert.equal(CLASSES.length, README.split("\n").filter((line) => /^\| \d/.test(line)).length);
  assert.deepEqual(
    [...new Set(CLASSES.map(({ row }) => row))],
    Array.from({ length: ROWS }, (_, index) => index + 1),
  );
  for (const { name, what } of CLASSES) assert.match(what, /\]\(|waits for|above/, name);
});

test("each row of the list is on the page of figures", () => {
  const recorded = new URL("../../docs/reliability/regressions.json", here);
  const { tables } = JSON.parse(readFileSync(recorded, "utf8"));
  const names = CLASSES.map(({ row, name }) => [row, name]);
  assert.deepEqual(
    tables[0].rows.map((row: unknown[]) => row.slice(0, 2)),
    names,
  );
});

test("each file has a row of its name, and each file that is named is there", () => {
  const links = [...README.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path ?? "");
  for (const path of links) assert.ok(existsSync(new URL(path, here)), path);
  const own = readdirSync(here).filter((name) => name.endsWith(".test.ts") && name !== SELF);
  const named = CLASSES.map(({ name, what }) => ({ file: `${name}.test.ts`, what }));
  assert.deepEqual(
    named
      .filter(({ file, what }) => what.startsWith(`[${file}](${file}`))
      .map(({ file }) => file)
      .toSorted(),
    own.toSorted(),
  );
});
