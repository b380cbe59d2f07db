/**
 * The rules of the house that a reader of the imports can check: which room knows which, what a
 * pure core may touch, where packet bytes are accessed, how long a file may be.
 *
 * @module
 */
import { posix } from "node:path";

/** What the modules of a room may import. "net" and the like are the files directly in src/. */
interface Room {
  readonly knows: readonly string[];
  readonly packages?: readonly string[];
  /** A pure core: no clock, timer, random source, socket, file, nor global of one runtime. */
  readonly isPure?: true;
}

const COMMON = ["limits", "net", "offloads", "rate"];
const CORE = ["codec", "sansio", ...COMMON];
const HASHES = ["@noble/hashes"];

/** One way: codec ← l2tp | ppp ← aaa | dial ← history ← daemon ← cli; daemon wires the leaves. */
const ROOMS: Readonly<Record<string, Room>> = {
  limits: { knows: [], isPure: true },
  net: { knows: [], packages: ["ipaddr.js"], isPure: true },
  offloads: { knows: [], isPure: true },
  rate: { knows: ["limits"], isPure: true },
  index: { knows: [...CORE, "l2tp", "ppp"], isPure: true },
  sansio: { knows: COMMON, isPure: true },
  codec: { knows: [...COMMON, "assembly", "build"], isPure: true },
  l2tp: { knows: CORE, packages: HASHES, isPure: true },
  ppp: { knows: CORE, packages: HASHES, isPure: true },
  ipv6: { knows: CORE, isPure: true },
  dial: { knows: [...CORE, "l2tp"], isPure: true },
  host: { knows: ["codec", ...COMMON], isPure: true },
  aaa: { knows: [...CORE, "l2tp", "ppp"], packages: [...HASHES, "des.js", "js-md4"] },
  history: { knows: [...CORE, "l2tp", "ppp", "aaa"], isPure: true },
  decode: { knows: [...CORE, "l2tp", "ppp"], packages: HASHES, isPure: true },
  linux: { knows: COMMON, packages: ["node:", "koffi"] },
  dataplane: { knows: [...COMMON, "linux", "assembly", "build"], packages: ["node:"] },
  observe: { knows: COMMON, packages: ["node:", "pino"] },
  config: { knows: COMMON, packages: ["node:", "zod", "smol-toml"] },
  daemon: {
    knows: [
      ...CORE,
      "assembly",
      "l2tp",
      "ppp",
      "ipv6",
      "dial",
      "aaa",
      "history",
      "host",
      "linux",
      "dataplane",
      "observe",
      "config",
    ],
    packages: ["node:", "msgpackr"],
  },
  cli: {
    knows: [...COMMON, "codec", "config", "history", "observe", "decode", "daemon", "package.json"],
    packages: ["node:"],
  },
};

const IMPURE_NAMES = [
  ["Date\\.now", "new Date", "performance", "Math\\.random", "crypto\\."],
  ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"],
  ["process\\.", "Deno\\.", "Bun\\.", "Buffer", "console\\."],
];
const IMPURE = new RegExp(`\\b(?:${IMPURE_NAMES.flat().join("|")})`);
const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g;
const RAW_ACCESS = /\b(?:load|store)\s*<|\b(?:v128|i8|i16|i32|i64|f32|f64)\.(?:load|store)/;
const LINES_MAX = 400;
/** One table that two languages read, and that for this cannot import another file. */
const TABLE = "assembly/layout.ts";

/** What breaks the rules, a line each; `files` are texts by path from the project's root. */
export function violations(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, text]) => {
    const code = withoutComments(text);
    return [
      ...tooLong(path, text),
      ...(path.startsWith("src/") ? [...wrongArrows(path, code), ...impurities(path, code)] : []),
      ...(path.startsWith("assembly/") ? rawAccess(path, code) : []),
    ];
  });
}

function wrongArrows(path: string, code: string): string[] {
  const name = roomOf(path);
  const room = ROOMS[name];
  if (room === undefined) return [`${path}: is in no room of the plan`];
  const imports = [...code.matchAll(IMPORT)].map((match) => match[1] ?? "");
  return imports
    .filter((target) => !isAllowed(path, name, room, target))
    .map((target) => `${path}: ${name} must not import ${target}`);
}

function isAllowed(path: string, name: string, room: Room, target: string): boolean {
  if (target.startsWith(".")) {
    const other = roomOf(posix.join(posix.dirname(path), target));
    return other === name || room.knows.includes(other);
  }
  return (room.packages ?? []).some(
    (known) => target === known || target.startsWith(known.endsWith(":") ? known : `${known}/`),
  );
}

/** `src/l2tp/lns.ts` is in "l2tp", `src/limits.ts` is "limits", `build/codec.ts` in "build". */
function roomOf(path: string): string {
  const [top = "", room = ""] = path.split("/");
  return top === "src" ? room.replace(/\.ts$/, "") : top;
}

function impurities(path: string, code: string): string[] {
  if (ROOMS[roomOf(path)]?.isPure !== true) return [];
  const found = IMPURE.exec(code)?.[0];
  return found === undefined ? [] : [`${path}: a pure core must not use ${found}`];
}

function rawAccess(path: string, code: string): string[] {
  const isAllowedHere = path === "assembly/bytes.ts" || !RAW_ACCESS.test(code);
  return isAllowedHere ? [] : [`${path}: only assembly/bytes.ts may load and store`];
}

function tooLong(path: string, text: string): string[] {
  const count = text.trimEnd().split("\n").length;
  return count <= LINES_MAX || path === TABLE
    ? []
    : [`${path}: has ${count} lines, more than ${LINES_MAX}`];
}

/** Comments may name what code must not use. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "");
}
