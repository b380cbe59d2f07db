// Runs the system tests: test/system/*.test.ts, one file after the other. They need root, Debian's
// packages of test/interop/packages and about 15 minutes; what is missing fails, nothing is
// skipped. Arguments choose files by a part of their name.
import { execFileSync } from "node:child_process";
import { accessSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const interop = join(root, "test", "interop");
const system = join(root, "test", "system");
const FILE_TIMEOUT_MS = 15 * 60_000;

/** Why the tests cannot run here, a line for each reason. */
function problems(): string[] {
  const lines: string[] = [];
  if (process.getuid?.() !== 0) return ["not root: namespaces, devices and guests need it"];
  if (!existsSync("/dev/net/tun")) lines.push("no /dev/net/tun: modprobe tun");
  try {
    accessSync(join(root, "node_modules", ".bin", "deno"));
  } catch {
    lines.push("no node_modules/.bin/deno: npm ci");
  }
  const missing = output("bash", ["-c", `. ${interop}/lib.sh && missing_packages`]);
  if (missing !== "") {
    lines.push(`missing packages: ${missing.split("\n").join(" ")}; test/interop/packages.sh`);
  }
  return lines;
}

function output(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8" }).trim();
}

/** Namespaces that a run left behind which was killed: the process in their name is gone. */
function sweep(): void {
  for (const name of readdirSync("/run/netns", { withFileTypes: true }).map(({ name }) => name)) {
    const [, pid] = /^simplon-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) output("ip", ["netns", "del", name]);
  }
}

function testFiles(parts: readonly string[]): string[] {
  const files = readdirSync(system).filter((name) => name.endsWith(".test.ts"));
  const chosen = files.filter(
    (name) => parts.length === 0 || parts.some((part) => name.includes(part)),
  );
  return chosen.sort().map((name) => join(system, name));
}

function prepare(): void {
  if (existsSync("/run/netns")) sweep();
  const options = { cwd: root, stdio: "inherit" } as const;
  execFileSync(process.execPath, ["scripts/build.ts", "--if-missing"], options);
  execFileSync(join(interop, "setup.sh"), options);
}

function fail(line: string): never {
  process.stderr.write(`test:system: ${line}\n`);
  process.exit(1);
}

function runTests(files: readonly string[]): void {
  const captures = mkdtempSync(join(tmpdir(), "simplon-captures-"));
  process.env.SIMPLON_CAPTURES = captures;
  const tests = run({ files: [...files], concurrency: 1, timeout: FILE_TIMEOUT_MS });
  tests.on("test:fail", () => {
    process.exitCode = 1;
  });
  tests.on("test:pass", ({ name, skip, todo }) => {
    if (skip === undefined && todo === undefined) return;
    process.stderr.write(`test:system: "${name}" did not run\n`);
    process.exitCode = 1;
  });
  tests.on("end", () => {
    if (process.exitCode === 1) process.stderr.write(`test:system: captures in ${captures}\n`);
    else rmSync(captures, { recursive: true, force: true });
  });
  tests.compose(spec).pipe(process.stdout);
}

const reasons = problems();
if (reasons.length > 0) fail(reasons.join("\ntest:system: "));
const files = testFiles(process.argv.slice(2));
if (files.length === 0) fail("no test file of that name");
process.stdout.write(`${files.length} files on ${availableParallelism()} processors\n`);
prepare();
runTests(files);
