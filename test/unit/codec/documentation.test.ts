/** Every `ts` block of docs/CODEC.md and of the README runs, on Node and on Deno, and says what `//=>` promises. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = new URL("../../../", import.meta.url);
const codec = new URL("src/codec/index.ts", root).href;
const deno = fileURLToPath(new URL("node_modules/.bin/deno", root));
const directory = mkdtempSync(join(tmpdir(), "simplon-documentation-"));
after(() => rmSync(directory, { recursive: true }));

interface Example {
  readonly heading: string;
  readonly code: string;
}

function examples(markdown: string): Example[] {
  let heading = "";
  const found: Example[] = [];
  for (const [, title, code] of markdown.matchAll(/^## (.*)$|^```ts\n([\s\S]*?)^```$/gm)) {
    if (title !== undefined) heading = title;
    else if (code !== undefined) found.push({ heading, code });
  }
  return found;
}

/** `expression; //=> value`, the comment on the line or below it, becomes a comparison. */
function program(code: string): { source: string; checks: number } {
  let checks = 0;
  const checked = code.replaceAll(/^(\S.*);\s*\/\/=> (.*)$/gm, (_, expression, value) => {
    checks++;
    return `assert.deepStrictEqual(${expression}, ${value});`;
  });
  const source = checked.replaceAll('"simplon/codec"', JSON.stringify(codec));
  return { source: `import assert from "node:assert/strict";\n${source}`, checks };
}

const found = ["docs/CODEC.md", "README.md"].flatMap((page) =>
  examples(readFileSync(new URL(page, root), "utf8")),
);

test("there is an example for each part", () => {
  assert.ok(found.length >= 10, `${found.length} examples`);
  for (const { code } of found) {
    assert.equal(program(code).checks, code.split("//=>").length - 1, code);
    assert.ok(program(code).checks > 0, code);
  }
});

test("a value that is not as promised fails", async () => {
  const file = join(directory, "wrong.ts");
  writeFileSync(file, program("1 + 1; //=> 3\n").source);
  await assert.rejects(run(process.execPath, [file]), /deepStrictEqual|Expected values/);
});

for (const [index, { heading, code }] of found.entries()) {
  const file = join(directory, `example-${index}.ts`);
  test(`${heading}, example ${index + 1}`, async () => {
    writeFileSync(file, program(code).source);
    await run(process.execPath, [file]);
    await run(deno, ["run", "--no-prompt", "--no-config", "--no-check", file]);
  });
}
