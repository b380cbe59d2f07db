// docs/OPERATIONS.md gives a reason for each permission: for those that are used, and no others.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { OPENING_FLAGS, servingFlags } from "../../../src/cli/flags.ts";
import { parseConfig } from "../../../src/config/load.ts";
import { pathOf, RUNTIMES } from "./process.ts";

const TEXT = `[lns]
socket = "/SOCKET"
history = "/HISTORY"
[[network]]
name = "default"
tun = "simplon0"
gateway = "10.64.0.1"
pool = ["10.64.0.0/16"]
`;

/** The flags in the first column of the table after the line that begins with `heading`. */
function documented(heading: string): string[] {
  const text = readFileSync(pathOf("docs/OPERATIONS.md"), "utf8");
  const [, after = ""] = text.split(`\n${heading}`);
  const [table = ""] = after.slice(after.indexOf("\n|")).trimStart().split("\n\n");
  return [...table.matchAll(/^\| `(--[^`]+)` \| \S/gm)].map(([, flag = ""]) => flag);
}

function config(text = TEXT) {
  const result = parseConfig(text, "simplon.toml");
  assert.ok(!Array.isArray(result));
  return result;
}

test("the flags of the first run are those that are documented", () => {
  assert.deepEqual(documented("First run"), OPENING_FLAGS.slice(1));
});

test("the flags of the second run are those that are documented", () => {
  const sources = ["src", "assembly", "build"].map(pathOf).join(",");
  const flags = servingFlags(config()).map((flag) =>
    flag
      .replace("/SOCKET", "SOCKET")
      .replace("/HISTORY,/HISTORY.new", "HISTORY")
      .replace(sources, "SOURCES"),
  );
  assert.deepEqual(flags.slice(1), documented("Second run"));
});

test("a history that is off has no permission; one without a directory may make that", () => {
  const allowed = (text: string) =>
    servingFlags(config(text)).find((flag) => flag.startsWith("--allow-write="));
  assert.equal(allowed(TEXT.replace('"/HISTORY"', '""')), "--allow-write=/SOCKET");
  const missing = TEXT.replace("/HISTORY", "/nowhere/simplon/history");
  assert.equal(allowed(missing), "--allow-write=/SOCKET,/nowhere/simplon");
});

test("a path with a comma is one path to Deno", () => {
  const file = pathOf("test/unit/cli/flags,with,commas");
  const flags = servingFlags(config(TEXT.replace("/SOCKET", file)));
  const [command = ""] = RUNTIMES.deno ?? [];
  const script = `
    const name = "read" as const;
    const state = (path: string) => Deno.permissions.querySync({ name, path }).state;
    console.log(state(${JSON.stringify(file)}), state(${JSON.stringify(pathOf("test"))}));`;
  const read = flags.find((flag) => flag.startsWith("--allow-read=")) ?? "";
  const { stdout } = spawnSync(command, ["run", read, "--ext=ts", "-"], {
    input: script,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  assert.equal(stdout, "granted prompt\n");
});
