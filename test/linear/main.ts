// npm run linear -- [NAME…] [--record]
// How the time of every parser grows with its input, and that of every table with what is in it. With
// --record the figures of all go to docs/RELIABILITY.md.
import { parseArgs } from "node:util";
import { record } from "../../scripts/reliability.ts";
import { ATTEMPTS, EXPONENT_MAX, exponent, leastOf, type Sample, type Subject } from "./measure.ts";
import { SUBJECTS } from "./subjects.ts";

const EFFORT = { best: 9, milliseconds: 2, scale: 1 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { record: { type: "boolean", default: false } },
});
if (values.record && positionals.length > 0) throw new RangeError("--record is for all of them");
const wanted = SUBJECTS.filter(
  ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
);
const rows: (readonly (string | number)[])[] = [];
for (const subject of wanted) {
  const row = rowOf(subject, leastOf(subject, EFFORT));
  rows.push(row);
  process.stdout.write(`${row.join("  ")}\n`);
  if (Number(row.at(-1)) > EXPONENT_MAX) process.exitCode = 1;
}
const exponents = rows.map((row) => Number(row.at(-1)));
if (values.record && process.exitCode === undefined) {
  record("linear", {
    order: 6,
    title: "Time that grows with the length, and no faster",
    summary: `${rows.length} parsers and tables, exponents up to ${Math.max(...exponents)}`,
    command: "npm run linear -- --record",
    text: [
      "Each parser is given contents that are to cost it much, each table as much work as it has entries, at sizes " +
        "that double over two decades and more, or up to the parser's own limits. " +
        `The time of a size, of the processor alone, is the least of ${EFFORT.best}, each of them the mean of as many repetitions as take ` +
        `${EFFORT.milliseconds} ms. The exponent is the slope of the logarithm of the time over that of the size, fitted ` +
        "by least squares: 1 is linear, 2 quadratic, 0 a time that does not depend on the size, as where the " +
        "head alone is read or the whole is refused at a limit. Where a fixed cost outweighs small sizes it is between. " +
        `An exponent over ${EXPONENT_MAX} is measured again, ${ATTEMPTS} times in all at most, and the least of them counts: ` +
        "what else the machine does makes the larger sizes take longer. After that none may be more than " +
        `${EXPONENT_MAX}; every test run measures them anew, with less effort. A heap is held against n·log n.`,
    ],
    tables: [{ columns: ["what", "of", "read", "from", "to", "µs at the end", "exponent"], rows }],
  });
}

function rowOf({ name, unit, sizes, scaled, reads }: Subject, samples: readonly Sample[]) {
  const { milliseconds = 0, size = 0 } = samples.at(-1) ?? {};
  const k = Math.round(exponent(samples) * 100) / 100;
  const of = scaled === undefined ? unit : `${unit}, n·log n`;
  return [name, of, reads ?? "all", sizes[0], size, Math.round(milliseconds * 10_000) / 10, k];
}
