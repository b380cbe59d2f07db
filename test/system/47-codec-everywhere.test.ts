/** simplon/codec as others get it: packed, installed, and used in Node, in Deno and in a browser. */
import assert from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { must } from "./support/child.ts";
import { root } from "./support/root.ts";
import { deno } from "./support/runtime.ts";

/** The oldest that the codec promises to run on. */
const OLD_NODE = "20.0.0";
const oldNode = `node-linux-${process.arch}`;
const INSTALL_MS = 300_000;
/** Where the picture of the page stays. */
const pictures = process.env.SIMPLON_PICTURES ?? join(root, "build", "pictures");

const USE = `
import {
  AvpType, Batch, buildControlMessage, buildPpp, MessageType, makeAvp, parseControlMessage,
  parsePpp, readAvp,
} from "simplon/codec";

const built = buildControlMessage({
  tunnelId: 0, sessionId: 0, ns: 0, nr: 0,
  avps: [
    makeAvp(AvpType.MessageType, MessageType.SCCRQ),
    makeAvp(AvpType.HostName, "lac.example"),
  ],
});
const message = parseControlMessage(built);
if (typeof message === "string") throw new Error(message);
const frame = parsePpp(buildPpp(0xc021, Uint8Array.of(1, 2)));
if (typeof frame === "string") throw new Error(frame);
const batch = new Batch({ packets: 2, octets: 100 });
batch.add(built);
batch.parseHeaders();
const name: string | undefined = readAvp(message.avps, AvpType.HostName);
console.log(JSON.stringify([built.length, name, frame.protocol, batch.status(0)]));
`;
const SAID = [37, "lac.example", 0xc021, "ok"];

let directory: string;
let folder: string;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "simplon-codec-"));
  folder = join(directory, "empty");
  mkdirSync(folder);
  const destination = ["--pack-destination", directory];
  const packed = await must("npm", ["pack", "--json", ...destination], { cwd: root, ms: 120_000 });
  const [, filename = ""] = /"filename": "([^"]+)"/.exec(packed) ?? [];
  const what = [join(directory, filename), `${oldNode}@${OLD_NODE}`];
  const install = ["install", "--no-audit", "--no-fund", "--omit=optional", ...what];
  await must("npm", install, { cwd: folder, ms: INSTALL_MS });
  writeFileSync(join(folder, "use.ts"), USE);
  writeFileSync(join(folder, "use.mjs"), USE.replace(": string | undefined", ""));
});
after(() => rmSync(directory, { recursive: true, force: true }));

async function says(command: string, ...args: readonly string[]): Promise<unknown> {
  return JSON.parse(await must(command, args, { cwd: folder }));
}

it("in Node, the pinned one", async () => {
  assert.deepEqual(await says(process.execPath, "use.mjs"), SAID);
});

it(`in Node ${OLD_NODE}`, async () => {
  const node = join(folder, "node_modules", oldNode, "bin", "node");
  assert.equal(await must(node, ["--version"]), `v${OLD_NODE}`);
  assert.deepEqual(await says(node, "use.mjs"), SAID);
});

it("in Deno, without any permission", async () => {
  const args = ["run", "--no-prompt", "--node-modules-dir=manual", "use.mjs"];
  assert.deepEqual(await says(deno, ...args), SAID);
});

it("for TypeScript, under its strictest rules", async () => {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    target: "es2022",
    lib: ["es2022", "dom"],
    module: "nodenext",
    types: [],
  };
  const check = (file: string) => {
    const config = { compilerOptions, files: [file] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    return must(process.execPath, [tsc, "-p", "."], { cwd: folder });
  };
  await check("use.ts");
  const wrong = USE.replace('HostName, "lac.example"', "HostName, 7");
  writeFileSync(join(folder, "wrong.ts"), wrong);
  await assert.rejects(check("wrong.ts"), /TS2345/);
});

it("as a file, for runtimes that compile none", async () => {
  const program = `
    import { readFileSync } from "node:fs";
    import { load, parseHeader } from "simplon/codec";
    const file = new URL(import.meta.resolve("simplon/codec.wasm"));
    load(new WebAssembly.Module(readFileSync(file)));
    console.log(JSON.stringify(parseHeader(Uint8Array.of(0x40))));`;
  writeFileSync(join(folder, "load.mjs"), program);
  assert.equal(await says(process.execPath, "load.mjs"), "short");
});

describe("in a page in Chromium, bundled without a plugin", () => {
  let server: Server;
  let address: string;
  let page: string;

  before(async () => {
    page = join(folder, "page");
    cpSync(join(root, "examples", "browser"), page, { recursive: true });
    const esbuild = join(root, "node_modules", ".bin", "esbuild");
    const args = ["page/main.ts", "--bundle", "--format=esm", "--outfile=page/main.js"];
    await must(esbuild, args, { cwd: folder });
    server = serve(page);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  function chromium(...args: readonly string[]): Promise<string> {
    const fixed = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
    const profile = `--user-data-dir=${join(directory, "profile")}`;
    return must("chromium", [...fixed, profile, ...args], { ms: 120_000 });
  }

  async function shown(hex: string): Promise<string> {
    const hash = hex === "" ? "" : `#${encodeURIComponent(hex)}`;
    return chromium("--dump-dom", `${address}/${hash}`);
  }

  it("builds an SCCRQ and reads it", async () => {
    const dom = await shown("");
    assert.match(dom, /<p id="verdict"[^>]*>Control message: SCCRQ</);
    for (const cells of [
      ["ns", "0"],
      ["Message Type", "M", "SCCRQ", "00 01"],
      ["Host Name", "M", "lac.example", "6c 61 63 2e 65 78 61 6d 70 6c 65"],
      ["Assigned Tunnel ID", "M", "4711", "12 67"],
    ]) {
      const row = `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
      assert.ok(dom.includes(row), `${row} in ${dom}`);
    }
  });

  it("reads a data message, and says what is wrong with one", async () => {
    const good = "40 02 00 14 00 07 00 09  ff 03 c0 21  09 01 00 08 00 00 00 00";
    assert.match(await shown(good), /<p id="verdict"[^>]*>Data message: LCP</);
    const long = good.replace("00 14", "00 15");
    assert.match(await shown(long), /<p id="verdict"[^>]*class="fault"[^>]*>Its Length field/);
    assert.match(await shown("not hex"), /<p id="verdict"[^>]*class="fault"[^>]*>This is not hex/);
  });

  it("can be seen", async (context) => {
    mkdirSync(pictures, { recursive: true });
    const file = join(pictures, "codec-in-chromium.png");
    rmSync(file, { force: true });
    await chromium("--window-size=1000,1150", `--screenshot=${file}`, `${address}/`);
    assert.ok(statSync(file).size > 10_000, "a picture of something");
    context.diagnostic(`picture of the page: ${file}`);
  });
});

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
};

function serve(directory: string): Server {
  return createServer((request, response) => {
    const path = request.url === "/" ? "/index.html" : (request.url ?? "");
    const type = TYPES[extname(path)];
    try {
      const body = readFileSync(join(directory, path));
      response.writeHead(200, { "content-type": type ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
}
