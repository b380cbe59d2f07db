/** What a run over mutants has to say on the page of figures. @module */
import type { Section } from "../../scripts/reliability.ts";
import { LEFT_OUT } from "./tests.ts";

/** Of Stryker's JSON report, what is needed here. */
export interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>;
}

interface Mutant {
  readonly status: string;
}

type Row = readonly [
  name: string,
  mutants: number,
  noticed: number,
  late: number,
  not: number,
  none: number,
];

const TEXT = `Each mutant is one change of the code: a comparison turned, a branch or a call left out, a text or a list
emptied. The unit tests of both folders and the walks through every cell are run against it, one by one, until one
fails; one that makes an endless loop is noticed by that. The score is the share that is noticed. What is done once,
while modules are loaded, is left out: the tables of the automata among it, whose every cell has its test.`;

export function section({ files }: Report, sample: number): Section {
  const rows = Object.entries(files)
    .map(([file, { mutants }]) => rowOf(file, mutants))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const tried = rows.filter(([, mutants]) => mutants > 0);
  const folders = ["src/l2tp", "src/ppp"].map((folder) => {
    const own = tried.filter(([file]) => file.startsWith(`${folder}/`));
    return sum(folder, own);
  });
  const which =
    sample === 1
      ? "All mutants were tried"
      : `Of all mutants, numbered from file to file, every ${ordinal(sample)} was tried`;
  const [, mutants, noticed] = sum("both", tried);
  return {
    order: 8,
    title: "Mutants",
    summary: `of ${mutants.toLocaleString("en")} changes of \`src/l2tp\` and \`src/ppp\` the tests notice ${percent(noticed, mutants)} %`,
    command: sample === 1 ? "npm run mutation" : `npm run mutation -- --sample ${sample}`,
    text: [
      TEXT,
      `${which}. Left out are the tests with tens of thousands of tunnels or messages, and ${LEFT_OUT} that ask what all
others have done or wait for files: what only they see counts as not noticed.`,
    ],
    tables: [
      {
        columns: [
          "",
          "mutants",
          "noticed",
          "by endless loops",
          "not noticed",
          "in no test",
          "score %",
        ],
        rows: [...folders, sum("both", tried), ...tried].map(printed),
      },
    ],
  };
}

function rowOf(file: string, mutants: readonly Mutant[]): Row {
  const count = (status: string) => mutants.filter((mutant) => mutant.status === status).length;
  const late = count("Timeout");
  const noticed = count("Killed") + late;
  const [not, none] = [count("Survived"), count("NoCoverage")];
  return [file, noticed + not + none, noticed, late, not, none];
}

function sum(name: string, rows: readonly Row[]): Row {
  const total = (at: 1 | 2 | 3 | 4 | 5) => rows.reduce((all, row) => all + row[at], 0);
  return [name, total(1), total(2), total(3), total(4), total(5)];
}

function printed([name, mutants, noticed, ...rest]: Row): (string | number)[] {
  return [name, mutants, noticed, ...rest, percent(noticed, mutants)];
}

function percent(part: number, whole: number): number {
  return Math.round((1_000 * part) / whole) / 10;
}

function ordinal(number: number): string {
  return ["", "", "second", "third", "fourth", "fifth"][number] ?? `${number}th`;
}
