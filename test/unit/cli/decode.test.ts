// `simplon decode` as a program: files and standard input, options, exit codes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathOf, RUNTIMES, simplon } from "./process.ts";

const PAP = pathOf("test/fixtures/decode/xl2tpd-pap.pcap");
const directory = mkdtempSync(join(tmpdir(), "simplon-decode-"));
after(() => rmSync(directory, { recursive: true }));

const HELLO = "c8020014000700000003000480080000000000060000";

function textOf(suffix: string): string {
  return readFileSync(`${PAP}.${suffix}`, "utf8");
}

async function piped(runtime: string, args: readonly string[], input: Uint8Array | string) {
  const [command = "", ...options] = RUNTIMES[runtime] ?? [];
  const child = spawn(command, [...options, pathOf("src/cli/main.ts"), "decode", ...args]);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

for (const runtime of Object.keys(RUNTIMES)) {
  test(`${runtime}: a file and standard input print the same, without colours in a pipe`, async () => {
    const file = await simplon(runtime, ["decode", PAP]);
    assert.deepEqual(file, {
      code: 0,
      stdout: textOf("txt"),
      stderr: "31 packets, 31 messages of L2TP\n",
    });
    const input = await piped(runtime, ["-"], readFileSync(PAP));
    assert.equal(input.stdout, file.stdout);
  });
}

test("--brief, --json, --filter, --passwords", async () => {
  const brief = await simplon("node", ["decode", "--brief", PAP]);
  assert.equal(brief.stdout, textOf("brief.txt"));
  const json = await simplon("node", ["decode", "--json", PAP]);
  assert.deepEqual([json.stdout, json.stderr], [textOf("jsonl"), ""]);
  const filter = ["--filter", "type=PAP", "--passwords"];
  const { stdout, stderr } = await simplon("node", ["decode", PAP, ...filter]);
  assert.match(stdout, /Password +"bobpw"\n/);
  assert.doesNotMatch(stdout, /LCP|SCCRQ/);
  assert.equal(stderr, "31 packets, 31 messages of L2TP, 2 shown\n");
});

test("hex on standard input", async () => {
  const { code, stdout, stderr } = await piped("node", ["-"], `hello ${HELLO}\n`);
  assert.equal(code, 0);
  assert.match(stdout, /^ {5}1 {2}HELLO\n {8}Header .* Tunnel ID 7, Session ID 0, Ns 3, Nr 4\n/);
  assert.equal(stderr, "1 packet, 1 message of L2TP\n");
});

test("what a receiver refuses is counted, and found among the malformed", async () => {
  const hello = HELLO.slice(0, 40);
  const hidden = hello.replace("8008", "c008");
  const args = ["--filter", "malformed", "-"];
  const { stdout, stderr } = await piped("node", args, `${hello}\n${hidden}\n`);
  assert.match(
    stdout,
    /^ {5}2 {2}control message without Message Type\n[\s\S]* Note: a receiver refuses it: its Message Type is hidden/,
  );
  assert.equal(stderr, "2 packets, 2 messages of L2TP, 1 shown, 1 to be refused\n");
});

test("what comes in is printed at once, while more is to come", async () => {
  const [command = "", ...options] = RUNTIMES.node ?? [];
  const child = spawn(command, [...options, pathOf("src/cli/main.ts"), "decode", "--brief", "-"]);
  const file = readFileSync(PAP);
  child.stdin.write(file.subarray(0, 400));
  const [first] = (await once(child.stdout, "data")) as [Buffer];
  assert.match(first.toString(), /SCCRQ/);
  child.stdin.end(file.subarray(400));
  let rest = first.toString();
  for await (const chunk of child.stdout) rest += chunk;
  assert.equal(rest, textOf("brief.txt"));
});

test("a file that was cut: what is there, one line about it, exit code 1", async () => {
  const file = join(directory, "cut.pcap");
  writeFileSync(file, readFileSync(PAP).subarray(0, 400));
  const { code, stdout, stderr } = await simplon("node", ["decode", "--brief", file]);
  assert.equal(code, 1);
  assert.equal(stdout, textOf("brief.txt").split("\n").slice(0, 3).join("\n").concat("\n"));
  assert.match(
    stderr,
    /^simplon: .*cut\.pcap: it was cut inside packet 4\n3 packets, 3 messages of L2TP\n$/,
  );
});

test("a link type that is not read: one line about it, exit code 1", async () => {
  const file = readFileSync(PAP);
  file.writeUInt32LE(105, 20);
  const { code, stdout, stderr } = await piped("node", ["-"], file);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(
    stderr,
    /^simplon: standard input: packets of link type 105 are not read\n31 packets, 0/,
  );
});

test("what cannot be read or is not understood", async () => {
  const missing = await simplon("node", ["decode", join(directory, "none.pcap")]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^simplon: .*none\.pcap cannot be read \(ENOENT\)\n$/);
  const cases: [string[], RegExp][] = [
    [[], /decode: a file is missing, or - for standard input/],
    [[PAP, PAP], /unexpected argument/],
    [
      [PAP, "--filter", "colour=red"],
      /--filter has no "colour=red"; it takes tunnel=ID session=ID/,
    ],
    [[PAP, "--colour"], /unknown option '--colour'/],
  ];
  for (const [args, expected] of cases) {
    const { code, stderr } = await simplon("node", ["decode", ...args]);
    assert.equal(code, 2);
    assert.match(stderr, expected);
  }
});
