// node test/mutation/main.ts [--sample N] [--record] [PATH ...]
// Mutates src/l2tp and src/ppp, or the files that are named, and says which changes no test notices.
// --sample N tries every N-th of all mutants. --record is for all files.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import Stryker from "@stryker-mutator/core";
import { record } from "../../scripts/reliability.ts";
import { type Report, section } from "./summary.ts";

const REPORT = "build/mutation.json";

const { values, positionals } = parseArgs({
  options: {
    sample: { type: "string", default: "1" },
    record: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
if (values.record && positionals.length > 0) throw new RangeError("--record is for all files");
process.env.MUTATION_SAMPLE = values.sample;
await new Stryker({
  configFile: "test/mutation/stryker.json",
  ...(positionals.length > 0 && { mutate: positionals }),
}).runMutationTest();
if (values.record) {
  const report = JSON.parse(readFileSync(REPORT, "utf8")) as Report;
  record("mutation", section(report, Number(values.sample)));
}
