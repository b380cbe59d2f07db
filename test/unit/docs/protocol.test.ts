/**
 * docs/PROTOCOL.md has a row for each clause, and what its rows name is there. The clauses are those
 * that scripts/clauses.ts finds in the texts of the RFCs; clauses.txt has their keywords, a line for
 * each section.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { clausesOf, summary } from "../../../scripts/clauses.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");

interface Row {
  readonly rfc: string;
  readonly id: string;
  readonly keyword: string;
  readonly doneBy: string;
  readonly shownBy: string;
}

function readRows(): Row[] {
  let rfc = "";
  const rows: Row[] = [];
  for (const line of read("docs/PROTOCOL.md").split("\n")) {
    rfc = /^## RFC (\d+)/.exec(line)?.[1] ?? rfc;
    const [, id, keyword, says, doneBy, shownBy] = line.split("|").map((cell) => cell.trim());
    if (id === undefined || !/^\S+-\d+$/.test(id)) continue;
    assert.ok(says && doneBy && shownBy && keyword, line);
    rows.push({ rfc, id, keyword, doneBy, shownBy });
  }
  return rows;
}

const rows = readRows();

test("every clause has its row, in the order of the RFC", () => {
  const expected = read("test/unit/docs/clauses.txt")
    .trim()
    .split("\n")
    .flatMap((line) => {
      const [, rfc, section, keywords = ""] = /^(\d+) (\S+): (.*)$/.exec(line) ?? [];
      return keywords
        .split(" ")
        .map((keyword, at) => `${rfc} ${section}-${at + 1} ${keyword.replace("-", " ")}`);
    });
  assert.deepEqual(
    rows.map(({ rfc, id, keyword }) => `${rfc} ${id} ${keyword}`),
    expected,
  );
});

test("every row names the files that do it, or says why not", () => {
  const wrong: string[] = [];
  for (const { rfc, id, doneBy, shownBy } of rows) {
    if (doneBy === "—") {
      if (shownBy.startsWith("`")) wrong.push(`RFC ${rfc} ${id}: a test of nothing`);
      continue;
    }
    const paths = doneBy.split(",").map((path) => path.trim().replaceAll("`", ""));
    for (const path of paths) {
      const file = path.startsWith("assembly/") ? `${path}.ts` : `src/${path}.ts`;
      if (!existsSync(join(root, file))) wrong.push(`RFC ${rfc} ${id}: no ${file}`);
    }
    if (!shownBy.startsWith("`")) wrong.push(`RFC ${rfc} ${id}: no test`);
  }
  assert.deepEqual(wrong, []);
});

test("every test that a row names is there", () => {
  const titles = new Map<string, string[]>();
  const wrong: string[] = [];
  for (const { rfc, id, shownBy } of rows) {
    for (const part of shownBy.split("<br>")) {
      const [, file, title = ""] = /^`([^`]+)` (.+)$/.exec(part) ?? [];
      if (file === undefined) continue;
      if (!titles.has(file)) titles.set(file, titlesOf(file));
      const isIt = title.endsWith("…")
        ? (other: string) => other.startsWith(title.slice(0, -1))
        : (other: string) => other === title;
      const found = titles.get(file)?.filter(isIt) ?? [];
      if (found.length !== 1) wrong.push(`RFC ${rfc} ${id}: ${found.length} of ${file} ${title}`);
    }
  }
  assert.deepEqual(wrong, []);
});

/** What is put into a title stands there as "*". */
function titlesOf(file: string): string[] {
  const places = [`test/unit/${file}.test.ts`, `test/${file}.test.ts`, `test/${file}.ts`];
  const path = places.find((each) => existsSync(join(root, each)));
  if (path === undefined) return [];
  const calls = read(path).matchAll(/\b(?:test|it)\(\s*(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)/g);
  const all = [...calls].map(([, plain, template = ""]) => plain ?? withStars(template));
  return [...new Set(all)].map((title) => title.replaceAll('\\"', '"').replaceAll("|", "\\|"));
}

function withStars(template: string): string {
  return template.replaceAll(/\$\{(?:[^{}]|\{[^}]*\})*\}/g, "*");
}

test("clauses are read from the text of an RFC", () => {
  const text = `
RFC 9999                 A Protocol                 July 1999


1.  Introduction

   It MUST work.  It may also be that it
   must not fail, e.g. MUST NOT fail.


Someone                     Standards Track                     [Page 1]

RFC 9999                 A Protocol                 July 1999


   But nothing is said here, and this is one sentence that SHOULD

Someone                     Standards Track                     [Page 2]
\f
RFC 9999                 A Protocol                 July 1999

   go on.

2.1 Specification of Requirements

   MUST means that it must.

Security Considerations

   There SHOULD be some.
`;
  const clauses = clausesOf(text, false);
  assert.deepEqual(summary("9999", clauses), [
    "9999 1: MUST MUST-NOT SHOULD",
    "9999 Security: SHOULD",
  ]);
  assert.match(clauses[2]?.sentence ?? "", /SHOULD go on\.$/);
  assert.equal(clausesOf(text.replaceAll("MUST", "must"), true).length, 4);
});
