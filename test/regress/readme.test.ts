/** README.md has a row for each class, and each file of this directory its place in it. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const here = new URL(".", import.meta.url);
const table = readFileSync(new URL("README.md", here), "utf8");
const rows = [...table.matchAll(/^\| (\d+) \| (.+) \| (.+) \|$/gm)];
const SELF = "readme.test.ts";
/** Of the list of bugs that this is about. */
const ROWS = 30;

test("each row of the list is there, with a test or the reason why there is none yet", () => {
  const numbers = new Set(rows.map(([, number]) => Number(number)));
  assert.deepEqual(
    [...numbers],
    Array.from({ length: ROWS }, (_, index) => index + 1),
  );
  for (const [, , name, what] of rows) assert.match(what ?? "", /\]\(|waits for|needs|above/, name);
});

test("each file has a row of its name, and each file that is named is there", () => {
  const links = [...table.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path ?? "");
  for (const path of links) assert.ok(existsSync(new URL(path, here)), path);
  const own = readdirSync(here).filter((name) => name.endsWith(".test.ts") && name !== SELF);
  const named = rows.filter(([, , name, what]) =>
    what?.startsWith(`[${name?.slice(1, -1)}.test.ts](${name?.slice(1, -1)}`),
  );
  assert.deepEqual(
    named.map(([, , name]) => `${name?.slice(1, -1)}.test.ts`).toSorted(),
    own.toSorted(),
  );
});
