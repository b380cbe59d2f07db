import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "smol-toml";
import { firstConfig } from "../../../src/config/first.ts";
import { configJsonSchema } from "../../../src/config/json-schema.ts";
import { parseConfig } from "../../../src/config/load.ts";
import { KNOWN_KEYS } from "../../../src/config/schema.ts";

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: Node;
  readonly uniqueItems?: boolean;
}

type Keyword = (limit: never, value: never, node: Node) => boolean;
type Table = Readonly<Record<string, unknown>>;

/** The keywords of JSON Schema that ours has, as an editor applies them. */
const KEYWORDS: Readonly<Record<string, Keyword>> = {
  $schema: () => true,
  title: () => true,
  description: () => true,
  default: () => true,
  type: (type: string, value: unknown) => {
    if (type === "array") return Array.isArray(value);
    if (type === "integer") return Number.isInteger(value);
    return typeof value === type && !Array.isArray(value);
  },
  const: (limit: unknown, value: unknown) => value === limit,
  enum: (limit: unknown[], value: unknown) => limit.includes(value),
  anyOf: (limit: Node[], value: unknown) => limit.some((node) => isValid(node, value)),
  not: (limit: Node, value: unknown) => !isValid(limit, value),
  pattern: (limit: string, value: string) => new RegExp(limit, "u").test(value),
  minLength: (limit: number, value: string) => [...value].length >= limit,
  maxLength: (limit: number, value: string) => [...value].length <= limit,
  minimum: (limit: number, value: number) => value >= limit,
  maximum: (limit: number, value: number) => value <= limit,
  minItems: (limit: number, value: unknown[]) => value.length >= limit,
  maxItems: (limit: number, value: unknown[]) => value.length <= limit,
  uniqueItems: (limit: boolean, value: unknown[]) => !limit || new Set(value).size === value.length,
  items: (limit: Node, value: unknown[]) => value.every((item) => isValid(limit, item)),
  required: (limit: string[], value: Table) => limit.every((key) => key in value),
  properties: (limit: Record<string, Node>, value: Table) =>
    Object.entries(limit).every(([key, node]) => !(key in value) || isValid(node, value[key])),
  additionalProperties: (limit: boolean, value: Table, node) =>
    limit || Object.keys(value).every((key) => key in (node.properties ?? {})),
};

function isValid(node: Node, value: unknown): boolean {
  // What is of another type is not asked what only its own type could answer.
  if (node.type !== undefined && KEYWORDS.type?.(node.type as never, value as never, node) !== true)
    return false;
  return Object.entries(node).every(([name, limit]) => {
    const keyword = KEYWORDS[name];
    if (keyword === undefined) throw new Error(`an editor may not know ${name}`);
    return keyword(limit as never, value as never, node);
  });
}

const schema = configJsonSchema() as Node;

/** Keys of a table, whether it is one or one of many. */
function keysOf(table: string): Readonly<Record<string, Node>> {
  const node = schema.properties?.[table];
  return node?.properties ?? node?.items?.properties ?? {};
}

const TABLES = ["lns", "network", "auth", "user", "lac", "peer", "client", "forward", "log"];
const GOOD = `[lns]
listen = "[::]:1701"
secret = "s"
history = ""
[[network]]
name = "default"
tun = "simplon0"
gateway = "10.64.0.1"
pool = ["10.64.0.0/16"]
pool6 = ["2001:db8:64::/48"]
dns = ["192.0.2.53"]
rate-down = "1.5G"
dscp = "copy"
[auth]
methods = ["pap"]
[[user]]
name = "jürgen"
password = "grüße"
network = "default"
routes = ["192.168.7.0/24", "2001:db8:1::/56"]
[lac]
listen = "[::]:1702"
[[peer]]
name = "upstream"
address = "[2001:db8::1]:1701"
weight = 5
[[client]]
name = "office"
peer = "upstream"
tun = "office0"
user = "demo"
password = "demo"
routes = ["0.0.0.0/0"]
number = "5551234"
[[forward]]
realm = "example.net"
peer = "upstream"
`;

test("it knows the tables and keys that the loader knows, and no others", () => {
  assert.deepEqual(Object.keys(schema.properties ?? {}).sort(), [...TABLES].sort());
  assert.equal(schema.additionalProperties, false);
  for (const table of TABLES) {
    assert.deepEqual(Object.keys(keysOf(table)), KNOWN_KEYS[table]);
    const node = schema.properties?.[table];
    assert.equal((node?.items ?? node)?.additionalProperties, false, table);
  }
});

test("each table and each key is described in a sentence", () => {
  for (const table of TABLES) {
    const nodes = { "": schema.properties?.[table], ...keysOf(table) };
    for (const [key, node] of Object.entries(nodes)) {
      assert.match(node?.description ?? "", /^[A-Z].+\.$/, `${table} ${key}`);
    }
  }
});

test("only what has no default is required", () => {
  assert.equal(schema.required, undefined);
  const network = schema.properties?.network?.items;
  assert.deepEqual(network?.required, ["name", "tun", "gateway", "pool"]);
  assert.deepEqual(schema.properties?.user?.items?.required, ["name"]);
  assert.deepEqual(schema.properties?.peer?.items?.required, ["name", "address"]);
  const needed = ["name", "peer", "tun", "user", "password"];
  assert.deepEqual(schema.properties?.client?.items?.required, needed);
  assert.deepEqual(schema.properties?.forward?.items?.required, ["peer"]);
  for (const table of ["lns", "lac", "auth", "log"]) {
    assert.equal(schema.properties?.[table]?.required, undefined, table);
  }
  assert.deepEqual(keysOf("auth").methods?.default, ["mschapv2", "chap", "pap"]);
  assert.equal(keysOf("lns")["follow-port"]?.default, true);
  assert.deepEqual(keysOf("lns").offloads?.default, ["udp-gro", "udp-gso", "tso", "uso"]);
});

test("an editor that reads it takes what the loader takes, and refuses wrong shapes", () => {
  const takes = (text: string) => isValid(schema, parse(text));
  assert.ok(!Array.isArray(parseConfig(GOOD, "x")));
  assert.ok(takes(GOOD));
  for (const [from, to] of [
    ["[::]:1701", "1701"],
    ["[::]:1701", "10.0.0.256:1701"],
    ['history = ""', 'history = "relative"'],
    ['secret = "s"', "secret = 1"],
    ['secret = "s"', 'offloads = ["gro"]'],
    ['secret = "s"', 'offloads = ["tso", "tso"]'],
    ['secret = "s"', 'sercet = "s"'],
    ["simplon0", "lo"],
    ["simplon0", "a/b"],
    ['"default"\ntun', '"-"\ntun'],
    ["10.64.0.1", "gateway.example"],
    ["10.64.0.0/16", "10.64.0.0"],
    ["2001:db8:64::/48", "2001:db8:64::"],
    ['["192.0.2.53"]', '["192.0.2.1", "192.0.2.2", "192.0.2.3"]'],
    ['"1.5G"', '"1.5 Gbit"'],
    ['"1.5G"', "1500000"],
    ['"copy"', '"ef"'],
    ['"copy"', "64"],
    ['"192.168.7.0/24"', '"192.168.7.0"'],
    ['secret = "s"', "workers = 9"],
    ['["pap"]', '["eap"]'],
    ['["pap"]', "[]"],
    ['["pap"]', '["pap", "pap"]'],
    ['password = "grüße"', 'password = ""'],
    ["[auth]", "[atuh]"],
    ['"[2001:db8::1]:1701"', '"lns_example:1701"'],
    ["weight = 5", "weight = 0"],
    ["weight = 5", "hide-avps = 1"],
    ['"office0"', '"all"'],
    ['["0.0.0.0/0"]', '["0.0.0.0"]'],
    ['"5551234"', '"555 1234"'],
    ['"example.net"', '"user@example.net"'],
  ] as const) {
    const bad = GOOD.replace(from, to);
    assert.notEqual(bad, GOOD);
    assert.ok(Array.isArray(parseConfig(bad, "x")), `the loader takes ${to}`);
    assert.ok(!takes(bad), `the schema takes ${to}`);
  }
});

test("the first configuration passes", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "simplon-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "simplon.toml");
  assert.equal(firstConfig(path), undefined);
  assert.ok(isValid(schema, parse(readFileSync(path, "utf8"))));
});
