// Lists the clauses of the RFCs that docs/PROTOCOL.md answers one by one: each sentence that holds a
// keyword of RFC 2119. The texts are not part of the project:
//
//   node scripts/clauses.ts DIRECTORY            the lists, as test/unit/docs/clauses.txt holds them
//   node scripts/clauses.ts DIRECTORY --text     with the sentences, to read
//
// DIRECTORY has rfc1661.txt and the others as the RFC editor publishes them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export interface Clause {
  readonly section: string;
  /** Running number within its section, from 1. */
  readonly number: number;
  readonly keyword: string;
  readonly sentence: string;
}

/** RFC 2661, 2759 and 5072 follow RFC 2119; the others say "must" and "should" in small letters too. */
const RFCS = ["1332", "1334", "1661", "1994", "2661", "2759", "5072"] as const;
const SMALL: readonly string[] = ["1332", "1334", "1661", "1994"];
/** What explains the keywords uses them all, and demands nothing. */
const DEFINITIONS = /^\d[\d.]*\s+Specification (of )?Requirements/;
const HEADING = /^(?:(?:Appendix )?(\d+(?:\.\d+)*|[A-D])[.:]?\s+[A-Z]|Security Considerations$)/;
/** The end of what is numbered: thanks, references, addresses. */
const END =
  /^(?:\d[\d.]*\s+)?(Acknowledg|References|Normative|Informative|Author|Chair|Contacts|Full Copy|Notes)/;
const KEYWORDS =
  "MUST NOT|MUST|SHALL NOT|SHALL|SHOULD NOT|SHOULD|REQUIRED|NOT RECOMMENDED|RECOMMENDED";

/** All of a text's clauses. */
export function clausesOf(text: string, withSmallLetters: boolean): Clause[] {
  const keyword = new RegExp(`\\b(${KEYWORDS})\\b`, withSmallLetters ? "i" : "");
  const clauses: Clause[] = [];
  const counts = new Map<string, number>();
  for (const { section, sentence } of sentences(text)) {
    const found = keyword.exec(sentence)?.[1]?.toUpperCase();
    if (found === undefined) continue;
    const number = (counts.get(section) ?? 0) + 1;
    counts.set(section, number);
    clauses.push({ section, number, keyword: found, sentence });
  }
  return clauses;
}

function* sentences(text: string): Iterable<{ section: string; sentence: string }> {
  let section = "";
  let paragraph = "";
  for (const line of [...lines(text), ""]) {
    const isHeading = (HEADING.test(line) || END.test(line)) && !/\.{4}|(\. ){3}/.test(line);
    if (line.trim() !== "" && !isHeading) {
      paragraph += ` ${line.trim()}`;
      continue;
    }
    // A list item is a sentence of its own; an abbreviation ends none.
    for (const part of paragraph.trim().split(/(?<=[.!?]["')]?)\s+(?=[A-Z0-9"(])/)) {
      if (section !== "") yield { section, sentence: part };
    }
    paragraph = "";
    if (isHeading) section = sectionOf(line);
  }
}

/** "" for what is not read. */
function sectionOf(heading: string): string {
  if (DEFINITIONS.test(heading) || END.test(heading)) return "";
  return HEADING.exec(heading)?.[1] ?? heading.split(" ")[0] ?? "";
}

/** Without the heads and feet of the pages, and the gap that they leave in a paragraph. */
function lines(text: string): string[] {
  return text
    .replace(/\s*\n[^\n]*\[Page \d+\]\s*\f?\s*(RFC \d+[^\n]*\d{4}\s*\n)?\n*/g, "\n@\n")
    .replace(/([^.:?!\n]\n)@\n(?= )/g, "$1")
    .replaceAll(/^@$\n/gm, "\n")
    .split("\n");
}

/** A line a section: RFC, section, the keywords of its clauses in order. */
export function summary(rfc: string, clauses: readonly Clause[]): string[] {
  const sections = new Map<string, string[]>();
  for (const { section, keyword } of clauses) {
    sections.set(section, [...(sections.get(section) ?? []), keyword.replace(" ", "-")]);
  }
  return [...sections].map(([section, keywords]) => `${rfc} ${section}: ${keywords.join(" ")}`);
}

function main(directory: string, withText: boolean): void {
  for (const rfc of RFCS) {
    const text = readFileSync(join(directory, `rfc${rfc}.txt`), "utf8");
    const clauses = clausesOf(text, SMALL.includes(rfc));
    if (!withText) for (const line of summary(rfc, clauses)) console.log(line);
    else
      for (const { section, number, keyword, sentence } of clauses)
        console.log(`${rfc} ${section}-${number} ${keyword}: ${sentence}`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  main(process.argv[2] ?? ".", process.argv.includes("--text"));
}
