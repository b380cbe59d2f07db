// Runs the system tests: test/system/*.test.ts, one file after the other, each on Deno and on Node.
// They need root, Debian's packages of test/interop/packages and about 45 minutes; what is missing
// fails, nothing is skipped. Arguments choose files by a part of their name, --runtime one runtime.
import { execFileSync } from "node:child_process";
import {
  accessSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const interop = join(root, "test", "interop");
const system = join(root, "test", "system");
const FILE_TIMEOUT_MS = 15 * 60_000;
const RUNTIMES = ["deno", "node"];
/** Files that choose the runtime themselves, or start nothing. */
const ONCE = [
  "22-stock-lns",
  "46-package",
  "47-codec-everywhere",
  "56-service",
  "90-tshark",
  "91-decode",
  "95-worlds",
  "96-orders",
  "97-fuzz",
];

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
  return chosen.sort();
}

/** A file in `directory` for each test file and runtime: it sets the runtime and loads the tests. */
function onRuntimes(
  directory: string,
  files: readonly string[],
  runtimes: readonly string[],
): string[] {
  mkdirSync(directory);
  return files.flatMap((file) => {
    const name = file.replace(".test.ts", "");
    const once = ONCE.includes(name);
    return (once ? [""] : runtimes).map((runtime) => {
      const path = join(directory, once ? `${name}.mjs` : `${name}-${runtime}.mjs`);
      writeFileSync(path, entry(once ? name : `${name} on ${runtime}`, runtime, file));
      return path;
    });
  });
}

function entry(title: string, runtime: string, file: string): string {
  const url = pathToFileURL(join(system, file)).href;
  return `import { describe } from "node:test";
${runtime === "" ? "" : `process.env.SIMPLON_RUNTIME = ${JSON.stringify(runtime)};`}
describe(${JSON.stringify(title)}, async () => {
  await import(${JSON.stringify(url)});
});
`;
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

function runTests(names: readonly string[], runtimes: readonly string[]): void {
  const directory = mkdtempSync(join(tmpdir(), "simplon-system-"));
  const captures = join(directory, "captures");
  process.env.SIMPLON_CAPTURES = captures;
  const files = onRuntimes(join(directory, "tests"), names, runtimes);
  const tests = run({ files, concurrency: 1, timeout: FILE_TIMEOUT_MS });
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
    else rmSync(directory, { recursive: true, force: true });
  });
  tests.compose(spec).pipe(process.stdout);
}

function chosenRuntimes(name: string | undefined): string[] {
  if (name !== undefined && !RUNTIMES.includes(name)) {
    fail(`--runtime is one of ${RUNTIMES.join(", ")}`);
  }
  return name === undefined ? RUNTIMES : [name];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runtime: { type: "string" } },
});
const runtimes = chosenRuntimes(values.runtime);
const reasons = problems();
if (reasons.length > 0) fail(reasons.join("\ntest:system: "));
const files = testFiles(positionals);
if (files.length === 0) fail("no test file of that name");
const on = `on ${runtimes.join(" and ")}, on ${availableParallelism()} processors`;
process.stdout.write(`${files.length} files ${on}\n`);
prepare();
runTests(files, runtimes);
