// Writes docs/RELIABILITY.md from docs/reliability/NAME.json, a section each, and the table of README.md
// with a line of each. The long runs put their figures there when they are told to (--record), so that
// none is written by hand. "npm run docs" calls this; a test fails when a page is not what is printed here.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const PAGE = "docs/RELIABILITY.md";
export const README = "README.md";
/** The lines of README.md between these are written here. */
const SHORT = /(?<=<!-- reliability -->\n).*?(?=<!-- end of reliability -->)/s;
const DIRECTORY = "docs/reliability";
const root = fileURLToPath(new URL("..", import.meta.url));

/** What one long run has to say. */
export interface Section {
  /** What the page sorts by. */
  readonly order: number;
  readonly title: string;
  /** The figures that matter most, in one line for README.md. */
  readonly summary: string;
  /** What was run, as a user would type it. */
  readonly command: string;
  /** What it is and what it found, in paragraphs of Markdown. */
  readonly text: readonly string[];
  readonly tables: readonly Table[];
}

export interface Table {
  /** Where a section has more than one. */
  readonly title?: string;
  readonly columns: readonly string[];
  /** Numbers stand to the right. */
  readonly rows: readonly (readonly (string | number)[])[];
}

const INTRODUCTION = `# Reliability

What simplon has been through so far, by the figures of the runs themselves: each section names the command that
printed it. What runs in CI runs there with fewer executions; what it has found stands in the
[changelog](../CHANGELOG.md).
`;

/** Keeps what a run has to say; `name` is its file's. */
export function record(name: string, section: Section): void {
  mkdirSync(join(root, DIRECTORY), { recursive: true });
  writeFileSync(join(root, DIRECTORY, `${name}.json`), `${JSON.stringify(section, null, 2)}\n`);
}

/** Contents of the files that tell of what was recorded, by their names. */
export function pages(): ReadonlyMap<string, string> {
  const sections = readdirSync(join(root, DIRECTORY))
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(root, DIRECTORY, name), "utf8")) as Section)
    .sort((a, b) => a.order - b.order);
  const rows = sections.map(({ title, summary }) => [title, summary]);
  const short = markdownTable({ columns: ["what", "so far"], rows });
  return new Map([
    [PAGE, [INTRODUCTION, ...sections.map(markdown)].join("\n")],
    [README, readFileSync(join(root, README), "utf8").replace(SHORT, () => `\n${short}\n\n`)],
  ]);
}

function markdown({ title, command, text, tables }: Section): string {
  const blocks = [`## ${title}`, `    ${command}`, ...text, ...tables.map(markdownTable)];
  return `${blocks.join("\n\n")}\n`;
}

function markdownTable({ title, columns, rows }: Table): string {
  const isRight = columns.map((_, at) => rows.every((row) => typeof row[at] === "number"));
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    ...(title === undefined ? [] : [`**${title}**`, ""]),
    line(columns),
    line(isRight.map((right) => (right ? "--:" : "---"))),
    ...rows.map((row) => line(row.map(cell))),
  ].join("\n");
}

function cell(value: string | number): string {
  return typeof value === "number" ? value.toLocaleString("en") : value.replaceAll("|", "\\|");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [name, text] of pages()) writeFileSync(join(root, name), text);
}
