/** The figures of docs/RELIABILITY.md are those that the runs have recorded. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { pages } from "../../../scripts/reliability.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

test("docs/RELIABILITY.md and the table of README.md are what npm run docs writes", () => {
  for (const [name, text] of pages()) {
    assert.equal(readFileSync(join(root, name), "utf8"), text, name);
  }
});
