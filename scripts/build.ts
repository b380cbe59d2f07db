// Builds what runs. Always: the two WebAssembly modules, each as build/NAME.wasm and as
// build/NAME.ts, which carries it inlined. With --dist also the published JavaScript, and how large
// the codec is. With --if-missing nothing is done when build/ is newer than all its sources.
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

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
  const transform = join(root, "scripts", "inline.ts");
  const options = ["--target", target, "--transform", transform, "--outFile", wasm];
  execFileSync(process.execPath, [asc, source, ...options], { cwd: root, stdio: "inherit" });
  const base64 = readFileSync(join(root, wasm)).toString("base64");
  writeFileSync(join(root, "build", `${target}.ts`), `export default "${base64}";\n`);
}

if (!process.argv.includes("--if-missing") || !isFresh()) {
  mkdirSync(join(root, "build"), { recursive: true });
  for (const target of targets) compile(target);
}
if (process.argv.includes("--dist")) {
  await (await import("./dist.ts")).buildDist(root);
  // simplon/codec.wasm, for runtimes that take a module only as a file.
  copyFileSync(join(root, "build", "codec.wasm"), join(root, "dist", "codec.wasm"));
  console.log(await codecSizes());
}

/** What simplon/codec adds to a page, all of it, minified as a bundler does. */
async function codecSizes(): Promise<string> {
  const { transform } = await import("esbuild");
  const source = readFileSync(join(root, "dist", "codec.js"), "utf8");
  const { code } = await transform(source, { minify: true });
  const wasm = statSync(join(root, "dist", "codec.wasm")).size;
  return (
    `simplon/codec: ${source.length} octets, ${code.length} minified, ` +
    `${gzipSync(code).length} with gzip; ${wasm} of them are WebAssembly before base64`
  );
}
