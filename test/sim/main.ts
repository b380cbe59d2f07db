// node test/sim/main.ts [--seed N] [--worlds N] [--trace]
// Runs worlds of the simulator, one seed each, and says what they went through.
import { parseArgs } from "node:util";
import { runWorlds } from "./runner.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    worlds: { type: "string" },
    trace: { type: "boolean", default: false },
  },
});
const worlds = Number(values.worlds ?? (values.trace ? 1 : 2_000));
const print = (line: string) => process.stdout.write(`${line}\n`);
const { failures } = await runWorlds({
  first: Number(values.seed),
  worlds,
  print,
  ...(values.trace ? { trace: print } : {}),
});
process.exitCode = failures === 0 ? 0 : 1;
