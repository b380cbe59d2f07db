import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { violations } from "./layering.rules.ts";

const root = new URL("../../", import.meta.url);

function sources(): Map<string, string> {
  const files = new Map<string, string>();
  for (const directory of ["src", "assembly", "scripts", "test", "bench"]) {
    const names = readdirSync(new URL(directory, root), { recursive: true, encoding: "utf8" });
    for (const name of names.filter((each) => each.endsWith(".ts"))) {
      const path = `${directory}/${name}`;
      files.set(path, readFileSync(new URL(path, root), "utf8"));
    }
  }
  return files;
}

test("the source keeps the rules of the house", () => {
  const files = sources();
  assert.ok(files.size > 40, "the sources were found");
  assert.deepEqual(violations(files), []);
});

test("each rule is seen when it is broken", () => {
  const cases: [string, string, RegExp][] = [
    ["src/l2tp/x.ts", 'import { Link } from "../ppp/index.ts";', /l2tp must not import \.\.\/ppp/],
    ["src/ppp/auth/x.ts", 'import "../../l2tp/index.ts";', /ppp must not import/],
    ["src/codec/x.ts", 'import { Lns } from "../l2tp/index.ts";', /codec must not import/],
    ["src/codec/x.ts", 'import { md5 } from "@noble/hashes/legacy.js";', /codec must not import/],
    ["src/aaa/x.ts", 'export * from "../daemon/lns.ts";', /aaa must not import/],
    ["src/daemon/x.ts", 'const x = await import("../cli/main.ts");', /daemon must not import/],
    ["src/config/x.ts", 'import type { A } from "../daemon/api.ts";', /config must not import/],
    ["src/linux/x.ts", 'import { A } from "../dataplane/loop.ts";', /linux must not import/],
    ["src/l2tp/x.ts", 'import { readFileSync } from "node:fs";', /l2tp must not import node:fs/],
    ["src/config/x.ts", 'import { pino } from "pino";', /config must not import pino/],
    ["src/observe/x.ts", 'import { Packr } from "msgpackr";', /observe must not import msgpackr/],
    ["src/cli/x.ts", 'import { parse } from "smol-toml";', /cli must not import smol-toml/],
    ["src/attic/x.ts", "", /no room/],
    ["src/l2tp/x.ts", "const now = Date.now();", /pure core must not use Date\.now/],
    ["src/ppp/x.ts", "const id = Math.random();", /pure core must not use Math\.random/],
    ["src/ipv6/x.ts", "setTimeout(f, 1);", /pure core must not use setTimeout/],
    ["src/l2tp/x.ts", "const now = performance.now();", /pure core must not use performance/],
    ["src/codec/x.ts", "const text = Buffer.from(x);", /pure core must not use Buffer/],
    ["assembly/x.ts", "const t = load<u8>(p);", /only assembly\/bytes\.ts/],
    ["assembly/l2tp/x.ts", "store<u16>(p, 1);", /only assembly\/bytes\.ts/],
    ["assembly/x.ts", "const v = v128.load(p);", /only assembly\/bytes\.ts/],
    ["src/net.ts", "\n".repeat(400).concat("x"), /401 lines/],
  ];
  for (const [path, text, expected] of cases) {
    const found = violations(new Map([[path, text]]));
    assert.equal(found.length, 1, `${path}: ${text.slice(0, 60)} gives ${found.join("; ")}`);
    assert.match(found[0] ?? "", expected);
  }
});

test("what is allowed is not complained about", () => {
  const good: [string, string][] = [
    ["src/l2tp/x.ts", 'import { md5 } from "@noble/hashes/legacy.js"; // not Date.now()'],
    ["src/l2tp/x.ts", 'import { a } from "../codec/index.ts";\n/* node:fs, setTimeout */'],
    ["src/ppp/auth/x.ts", 'import { a } from "../options.ts";'],
    ["src/codec/x.ts", 'import wasm from "../../build/codec.ts";'],
    ["src/daemon/x.ts", 'import { Lns } from "../l2tp/index.ts";'],
    ["src/cli/x.ts", 'import p from "../../package.json" with { type: "json" };'],
    ["assembly/bytes.ts", "const t = load<u8>(p);"],
    ["src/limits.ts", "x\n".repeat(400)],
  ];
  for (const [path, text] of good) assert.deepEqual(violations(new Map([[path, text]])), []);
});
