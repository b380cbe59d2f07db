// npm run attack -- [--seconds N] [--seed N] [--record]
// Another thread flips bits of packets, rings and records while the fast path runs. With --record the
// figures go to docs/RELIABILITY.md, if they are of a minute at least.
import { parseArgs } from "node:util";
import { record } from "../../../scripts/reliability.ts";
import { type Attack, attack } from "./attack.ts";

/** One after the other, each with threads and a memory of its own. */
const ROUND_S = 10;
const RECORDED_S = 60;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    record: { type: "boolean", default: false },
  },
});
const rounds = Math.ceil(Number(values.seconds) / ROUND_S);
const seconds = rounds * ROUND_S;
if (values.record && seconds < RECORDED_S) throw new Error(`--record needs ${RECORDED_S} seconds`);
let sum: Attack = { runs: 0, flips: 0 };
for (let round = 0; round < rounds; round++) {
  const { runs, flips } = await attack(ROUND_S, Number(values.seed) + round);
  sum = { runs: sum.runs + runs, flips: sum.flips + flips };
  console.log(`${(round + 1) * ROUND_S} s: ${sum.runs} inputs run, ${sum.flips} bits flipped`);
}
if (values.record) {
  const flips = sum.flips.toLocaleString("en");
  record("shared-memory", {
    order: 5,
    title: "Shared memory under attack",
    summary: `${flips} bits of the shared memory flipped under the running fast path: no trap, nothing outside its bounds`,
    command: `npm run attack -- --seconds ${seconds} --record`,
    text: [
      "One thread runs the fast path both ways and over the rings between threads, with the inputs that fuzzing has " +
        "kept; another one flips bits of the packets in its buffers, of entries, heads and tails of the rings, and of " +
        "the records of sessions and routes. Nothing may trap or run for ever, what is given to the kernel has to lie " +
        "where packets lie, and the gaps before, between and behind the regions of the memory have to stay as they " +
        "were. A planted fault, a length that is loaded once to be checked and once more to be used, is found so.",
    ],
    tables: [
      {
        columns: ["seconds", "inputs run", "bits flipped", "faults"],
        rows: [[seconds, sum.runs, sum.flips, 0]],
      },
    ],
  });
}
