// Draws the automata: docs/automata/NAME.md for each src/**/*automaton.ts, with a picture (Mermaid)
// and the table of states and events, in the words of its RFC. "npm run docs" writes them; a test
// fails when one is not what is printed here.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Cell, Table } from "../src/sansio/automaton.ts";

type AnyTable = Table<string, string, string>;
type AnyCell = Cell<string, string> & { readonly note?: string };

export const DIRECTORY = "docs/automata";
const SOURCE = /automaton\.ts$/;
/** The runner of all tables. */
const RUNNER = join("sansio", "automaton.ts");
/** Columns of a table that fit beside each other. */
const COLUMNS_MAX = 5;
/** Characters in one line of an arrow's label: Mermaid breaks longer ones where it likes. */
const LABEL_MAX = 20;

export interface Automaton {
  readonly name: string;
  readonly source: string;
  readonly table: AnyTable;
  /** The comment at the top of the source. */
  readonly comment: string;
}

/** Contents of the files by their name in `DIRECTORY`. */
export async function pages(root: string): Promise<ReadonlyMap<string, string>> {
  const automata = await allAutomata(root);
  const all = new Map(automata.map((automaton) => [`${automaton.name}.md`, page(automaton)]));
  return all.set("README.md", index(automata));
}

/** Each table under src/, one a file. */
export async function allAutomata(root: string): Promise<Automaton[]> {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => SOURCE.test(path) && path !== RUNNER)
    .sort();
  const automata: Automaton[] = [];
  for (const path of sources) {
    const source = join("src", path);
    const exported = await import(pathToFileURL(join(root, source)).href);
    const table = Object.values(exported).find((value) => typeof value === "object");
    const short = basename(path, ".ts").replace(/-?automaton$/, "");
    const name = short === "" ? dirname(path) : short;
    const comment = commentOf(readFileSync(join(root, source), "utf8"));
    automata.push({ name, source, table: table as AnyTable, comment });
  }
  return automata;
}

function commentOf(source: string): string {
  const [, text = ""] = /^\/\*\*\n(.*?)\n \*\n \* @module/s.exec(source) ?? [];
  return text.replaceAll(/^ \* ?/gm, "");
}

function page({ name, source, table, comment }: Automaton): string {
  return `# ${titleOf(name)}

${comment}

Drawn by \`npm run docs\` from [${source}](../../${source}). The picture has what leads to
another state, the table all.

\`\`\`mermaid
${diagram(table)}
\`\`\`

${tables(table)}`;
}

function titleOf(name: string): string {
  const words = name
    .replaceAll("-", " ")
    .replaceAll(/\b(lac|lns|pap|chap|ppp)\b/g, (abbreviation) => abbreviation.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function diagram(table: AnyTable): string {
  const states = Object.keys(table);
  const lines = states.map((state) => `  state "${state}" as ${idOf(state)}`);
  lines.push(`  [*] --> ${idOf(states[0] ?? "")}`);
  for (const state of states) {
    for (const next of states.filter((other) => other !== state)) {
      const label = labelOf(cellsOf(table, state).filter(([, cell]) => cell.next === next));
      if (label !== "") lines.push(`  ${idOf(state)} --> ${idOf(next)}: ${label}`);
    }
  }
  return ["stateDiagram-v2", ...lines].join("\n");
}

/** One arrow leads from a state to another: events with the same actions stand together. */
function labelOf(cells: readonly [string, AnyCell][]): string {
  const groups = new Map<string, string[]>();
  for (const [event, { actions }] of cells) {
    const key = actions.length === 0 ? "" : wrapped(actions, ", ", "/ ").join("<br/>");
    groups.set(key, [...(groups.get(key) ?? []), event]);
  }
  const lines = [...groups].flatMap(([actions, events]) => [
    ...wrapped(merged(events), " · "),
    ...(actions === "" ? [] : [actions]),
  ]);
  return lines.join("<br/>");
}

/** "Receive SCCRQ, acceptable" and "Receive SCCRQ, not acceptable" together are "SCCRQ". */
function merged(events: readonly string[]): string[] {
  const names = events.map((event) => {
    const [, base, not] = /^(.*), (not )?acceptable$/.exec(event) ?? [];
    const other = `${base}, ${not === undefined ? "not " : ""}acceptable`;
    return (base !== undefined && events.includes(other) ? base : event).replace("Receive ", "");
  });
  return [...new Set(names)];
}

function wrapped(words: readonly string[], comma: string, before = ""): string[] {
  const lines: string[] = [];
  let line = before;
  for (const [at, word] of words.entries()) {
    const isLast = at === words.length - 1;
    if (line !== before && line.length + word.length > LABEL_MAX) {
      lines.push(line.trimEnd().replace(/ ·$/, ""));
      line = "";
    }
    line += isLast ? word : word + comma;
  }
  return line === "" ? lines : [...lines, line];
}

/** Mermaid takes neither a hyphen in an id nor a semicolon in a label. */
function idOf(state: string): string {
  return state.replaceAll(/\W/g, "_");
}

function tables(table: AnyTable): string {
  const states = Object.keys(table);
  const events = eventsOf(table);
  const parts: string[] = [];
  const count = Math.ceil(states.length / COLUMNS_MAX);
  const width = Math.ceil(states.length / count);
  for (let from = 0; from < states.length; from += width) {
    const columns = states.slice(from, from + width);
    const rows = events.map((event) => [
      event,
      ...columns.map((state) => cellText(table[state]?.[event])),
    ]);
    const lines = [["", ...columns], columns.concat("").map(() => "---"), ...rows];
    parts.push(lines.map((line) => `| ${line.join(" | ")} |\n`).join(""));
  }
  return parts.join("\n");
}

function cellText(cell: AnyCell | undefined): string {
  if (cell === undefined) return "—";
  const note = cell.note === undefined ? "" : ` (${cell.note})`;
  return `${[...cell.actions, `**${cell.next}**`].join(", ")}${note}`;
}

function index(automata: readonly Automaton[]): string {
  const rows = automata.map(({ name, table, comment }) => {
    const states = Object.keys(table);
    const cells = states.flatMap((state) => cellsOf(table, state)).length;
    const [about = ""] = comment.split(/\n\n|(?<=\.)\s/);
    const counts = `${states.length} | ${eventsOf(table).length} | ${cells}`;
    return `| [${titleOf(name)}](${name}.md) | ${about.replaceAll("\n", " ")} | ${counts} |\n`;
  });
  return `# Automata

Each is a literal table in a file of its own, with the RFC's states and events; \`npm run docs\` draws
these pages from them. \`npm test\` runs every cell and prints how many there are
([test/unit/cells.test.ts](../../test/unit/cells.test.ts)). A dash is a cell that the table does not have: the event
cannot happen in that state.

| automaton | what it is | states | events | cells |
| --- | --- | --: | --: | --: |
${rows.join("")}`;
}

function cellsOf(table: AnyTable, state: string): [string, AnyCell][] {
  return Object.entries(table[state] ?? {}).flatMap(([event, cell]) =>
    cell === undefined ? [] : [[event, cell] as [string, AnyCell]],
  );
}

/** In the order in which the states name them first. */
function eventsOf(table: AnyTable): string[] {
  return [...new Set(Object.values(table).flatMap((row) => Object.keys(row)))];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  rmSync(join(root, DIRECTORY), { recursive: true, force: true });
  mkdirSync(join(root, DIRECTORY), { recursive: true });
  for (const [name, text] of await pages(root)) writeFileSync(join(root, DIRECTORY, name), text);
}
