// Builds what runs. Always: the two WebAssembly modules, each as build/NAME.wasm and as
// build/NAME.ts, which carries it inlined. With --dist also the published JavaScript. With
// --if-missing nothing is done when build/ is newer than all its sources.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const targets = ["codec", "dataplane"];

function isFresh(): boolean {
  const built = targets.map((target) => modified(join(root, "build", `${target}.ts`)));
  const sources = readdirSync(join(root, "assembly"), { recursive: true, encoding: "utf8" });
  const changed = ["asconfig.json", ...sources.map((name) => join("assembly", name))];
  return Math.min(...built) > Math.max(...changed.map((name) => modified(join(root, name))));
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function compile(target: string): void {
  const wasm = join("build", `${target}.wasm`);
  const asc = join("node_modules", "assemblyscript", "bin", "asc.js");
  const source = join("assembly", `${target}.ts`);
  execFileSync(process.execPath, [asc, source, "--target", target, "--outFile", wasm], {
    cwd: root,
    stdio: "inherit",
  });
  const base64 = readFileSync(join(root, wasm)).toString("base64");
  writeFileSync(join(root, "build", `${target}.ts`), `export default "${base64}";\n`);
}

if (!process.argv.includes("--if-missing") || !isFresh()) {
  mkdirSync(join(root, "build"), { recursive: true });
  for (const target of targets) compile(target);
}
if (process.argv.includes("--dist")) await (await import("./dist.ts")).buildDist(root);
