/** The figures of docs/RELIABILITY.md are those that the runs have recorded. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PAGE, page } from "../../../scripts/reliability.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

test("docs/RELIABILITY.md is what npm run docs writes", () => {
  assert.equal(readFileSync(join(root, PAGE), "utf8"), page());
});
