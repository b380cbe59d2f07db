// Builds what is published, from src/ to dist/:
//   codec.js     simplon/codec: one file without imports, for every JavaScript runtime
//   index.js     simplon: the public API
//   cli.js       the program; worker.js the entry of its threads. Packages stay imports.
//   bench.js     what "simplon bench" loads; bench-role.js the entry of its processes
//   launch.js    finds the runtime for the program; simplon.js is the bin that starts it
//   simplon.schema.json  JSON Schema of the configuration
//   types/       declarations of the two libraries
import { execFileSync } from "node:child_process";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build, type Metafile } from "esbuild";
import { configJsonSchema } from "../src/config/json-schema.ts";

/** The oldest Node that the bin runs on. */
const NODE_MIN = 22;

export async function buildDist(root: string, outdir = "dist"): Promise<void> {
  rmSync(join(root, outdir), { recursive: true, force: true });
  const common: BuildOptions = {
    absWorkingDir: root,
    outdir,
    bundle: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  };
  const codec = await build({
    ...common,
    entryPoints: { codec: "src/codec/index.ts" },
    platform: "neutral",
  });
  assertNoImports(codec.metafile, `${outdir}/codec.js`);
  const node: BuildOptions = { ...common, platform: "node", packages: "external" };
  await build({ ...node, entryPoints: { index: "src/index.ts" } });
  const entryPoints = {
    cli: "src/cli/main.ts",
    launch: "src/cli/launch.ts",
    worker: "src/daemon/worker.ts",
    bench: "bench/main.ts",
    "bench-role": "bench/forward/role.ts",
  };
  // Split, so that a verb loads only what it needs; side by side, so that "./worker.js" is found.
  await build({ ...node, entryPoints, splitting: true, chunkNames: "[name]-[hash]" });
  writeTypes(root, join(outdir, "types"));
  writeBin(join(root, outdir, "simplon.js"));
  writeSchema(join(root, outdir, "simplon.schema.json"));
}

/** Of the configuration, for editors. */
function writeSchema(path: string): void {
  writeFileSync(path, `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
}

function writeTypes(root: string, outDir: string): void {
  const tsc = join("node_modules", "typescript", "bin", "tsc");
  const argv = [tsc, "-p", join("scripts", "tsconfig.types.json"), "--outDir", outDir];
  execFileSync(process.execPath, argv, { cwd: root, stdio: "inherit" });
}

function assertNoImports(metafile: Metafile | undefined, output: string): void {
  const imports = metafile?.outputs[output]?.imports ?? [];
  if (imports.length > 0) {
    throw new Error(`${output} imports ${imports.map(({ path }) => path).join(", ")}`);
  }
}

/** Only syntax that any Node reads, so that an old one says what it lacks instead of a stack. */
function writeBin(bin: string): void {
  writeFileSync(
    bin,
    `#!/usr/bin/env node
var version = process.versions.node;
if (parseInt(version, 10) < ${NODE_MIN}) {
  console.error("simplon: needs Node ${NODE_MIN} or newer, this is Node " + version);
  process.exit(1);
}
import("./launch.js").then(function (module) {
  return module.launch("./cli.js", process.argv.slice(2));
});
`,
  );
  chmodSync(bin, 0o755);
}
