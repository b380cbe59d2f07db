/** The examples, run against each other over loopback. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const PORT = "17011";
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Runs an example; what it says comes line by line. */
function run(name: string, ...argv: string[]): { child: ChildProcess; lines: string[] } {
  const example = path(`../../../examples/${name}`);
  const options = ["--import", path("./simplon.ts"), example, ...argv];
  const child = spawn(process.execPath, options, { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    lines.push(...text.split("\n").filter((line) => line !== ""));
  });
  return { child, lines };
}

test("examples/lac.ts dials in at examples/lns.ts", async () => {
  const lns = run("lns.ts", "127.0.0.1", PORT);
  try {
    while (lns.lines.length === 0) await once(lns.child.stdout as NodeJS.ReadableStream, "data");
    assert.deepEqual(lns.lines, [`listening on 127.0.0.1:${PORT}`]);

    const lac = run("lac.ts", "127.0.0.1", PORT);
    assert.deepEqual(await once(lac.child, "exit"), [0, null]);
    const [first, back, ...rest] = lac.lines;
    assert.deepEqual([first, back], ["we have 10.0.0.2", "back: hello"]);
    assert.match(rest.join("\n"), /^link down: local/);
    assert.ok(lns.lines.includes("demo has 10.0.0.2"), lns.lines.join("\n"));

    const stranger = run("lac.ts", "127.0.0.1", PORT, "demo", "wrong");
    assert.deepEqual(await once(stranger.child, "exit"), [0, null]);
    assert.match(stranger.lines.join("\n"), /^link down: authentication Authentication failed/);
  } finally {
    lns.child.kill("SIGTERM");
    await once(lns.child, "exit");
  }
});
