// node test/regress/main.ts [--record]
// Runs all regressions and says how many tests each class of bug has, and which classes wait.
import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { run } from "node:test";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { record } from "../../scripts/reliability.ts";
import { CLASSES } from "./classes.ts";

const SELF = "readme.test.ts";
const here = fileURLToPath(new URL(".", import.meta.url));
const { values } = parseArgs({ options: { record: { type: "boolean", default: false } } });

const files = readdirSync(here).filter((name) => name.endsWith(".test.ts") && name !== SELF);
const passed = new Map<string, number>();
let failures = 0;
const paths = files.map((name) => `${here}${name}`);
for await (const { type, data } of run({ files: paths, concurrency: 1 })) {
  if (type === "test:fail") failures += 1;
  if (type !== "test:pass" || data.file === undefined || data.name === data.file) continue;
  const name = basename(data.file, ".test.ts");
  passed.set(name, (passed.get(name) ?? 0) + 1);
}

const rows = CLASSES.map(({ row, name, what }): (string | number)[] => {
  const tests = passed.get(name) ?? 0;
  return [row, name, tests, tests > 0 ? "" : waits(what)];
});
const total = rows.reduce((sum, [, , tests]) => sum + Number(tests), 0);
const waiting = rows.filter(([, , , why]) => String(why).startsWith("waits")).length;
for (const row of rows) console.log(row.join("\t"));
console.log(
  `${total} tests of ${passed.size} classes, ${failures} failed, ${waiting} classes wait`,
);
if (values.record && failures === 0) {
  record("regressions", {
    order: 7,
    title: "Bugs that others had",
    summary: `${passed.size} classes of bugs of other implementations in ${total} tests of their own`,
    command: "npm run regress",
    text: [
      "Bugs that other implementations of L2TP and PPP, or of what belongs to them, had to mend: each class of them " +
        "that can happen here is held to its rule. Files and rules are in [test/regress](../test/regress/README.md).",
    ],
    tables: [{ columns: ["row", "class", "tests", "where else, or what it waits for"], rows }],
  });
}
process.exitCode = failures === 0 ? 0 : 1;

/** Without the links. */
function waits(what: string): string {
  return what.replaceAll(/\[(.+?)\]\(.+?\)/g, "`$1`");
}
