// node test/sim/main.ts [--seed N] [--worlds N] [--jobs N] [--trace]
// Runs worlds of the simulator on all processors, one seed each, and says what they went through.
// --trace prints what happens in the world of that seed.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { runPool } from "./pool.ts";
import { runWorlds } from "./runner.ts";
import { summary } from "./totals.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    worlds: { type: "string", default: "2000" },
    jobs: { type: "string", default: String(availableParallelism()) },
    trace: { type: "boolean", default: false },
  },
});
const print = (line: string) => process.stdout.write(`${line}\n`);
const began = performance.now();
const first = Number(values.seed);
const { totals } = values.trace
  ? await runWorlds({ first, worlds: 1, print, trace: print })
  : {
      totals: await runPool({
        ...{ first, worlds: Number(values.worlds), jobs: Number(values.jobs) },
        ...{ until: Infinity, print },
      }),
    };
print(summary(totals, (performance.now() - began) / 1_000));
process.exitCode = totals.failures.length === 0 ? 0 : 1;
