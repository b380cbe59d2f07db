/** The figures of docs/RELIABILITY.md are those that the runs have recorded. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { pages } from "../../../scripts/reliability.ts";

/** What the page has a section of. */
const SECTIONS = [
  "sim",
  "worlds",
  "window",
  "orders",
  "fuzz",
  "shared-memory",
  "linear",
  "regressions",
  "mutation",
];

const root = fileURLToPath(new URL("../../..", import.meta.url));

test("docs/RELIABILITY.md and the table of README.md are what npm run docs writes", () => {
  for (const [name, text] of pages()) {
    assert.equal(readFileSync(join(root, name), "utf8"), text, name);
  }
});

test("each long run has its figures there", () => {
  const names = readdirSync(join(root, "docs/reliability")).map((name) => basename(name, ".json"));
  assert.deepEqual(names.sort(), [...SECTIONS].sort());
});
