/**
 * Configuration limits. A long text went into a short array, and options were added up past the end of
 * an integer.
 *
 * Every text, number and list of our configuration has a bound in its shape. What is over it is
 * refused with its line; what the values mean is in test/unit/config/.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { configJsonSchema } from "../../src/config/json-schema.ts";
import { errors, NETWORK, USER } from "../unit/config/texts.ts";

const NUMBERS = ["-1", "70000.5", "4294967297", "9223372036854775807", "1e300", "inf", "nan"];

interface Node {
  readonly type?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly maxLength?: number;
  readonly maximum?: number;
  readonly minimum?: number;
  readonly maxItems?: number;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
}

/** Every value of a file, by its path; `$schema` is for editors and read by nobody. */
function* leaves(node: Node, path: string): Iterable<readonly [string, Node]> {
  if (node.type === "object") {
    for (const [key, value] of Object.entries(node.properties ?? {})) {
      yield* leaves(value, `${path}.${key}`);
    }
    return;
  }
  if (node.anyOf !== undefined) {
    for (const one of node.anyOf) yield* leaves(one, path);
    return;
  }
  yield [path, node];
  if (node.items !== undefined) yield* leaves(node.items, `${path}[]`);
}

/** Whether a pattern alone bounds a text. */
function isBounding(pattern: string | undefined): boolean {
  return (
    pattern?.endsWith("$") === true && !/[*+]|\{\d+,\}/.test(pattern.replaceAll(/\[[^\]]*\]/g, "x"))
  );
}

function isBounded(node: Node): boolean {
  switch (node.type) {
    case "boolean":
      return true;
    case "integer":
      return node.minimum !== undefined && node.maximum !== undefined;
    case "string":
      return (
        [node.enum, node.const, node.maxLength].some((bound) => bound !== undefined) ||
        isBounding(node.pattern)
      );
    case "array":
      return node.maxItems !== undefined || node.items?.enum !== undefined;
    default:
      return false;
  }
}

/** Names of what is elsewhere in the file, and an address, whose name DNS bounds: 253 octets. */
const ELSEWHERE = [
  ...[".user[].network", ".user[].forward", ".client[].peer", ".forward[].peer"],
  ".peer[].address",
];

test("every text, number and list of a configuration has a bound", () => {
  const all = [...leaves(configJsonSchema() as Node, "")].filter(([path]) => path !== ".$schema");
  assert.ok(all.length > 80, `${all.length} values`);
  const unbounded = all.filter(([, node]) => !isBounded(node)).map(([path]) => path);
  assert.deepEqual(unbounded.toSorted(), ELSEWHERE.toSorted());
  const name = "x".repeat(254);
  const long = [
    `${NETWORK}${USER.replace('"default"', `"${name}"`)}`,
    `${NETWORK}[[peer]]\nname = "a"\naddress = "${name}:1701"\n`,
    `${NETWORK}[[forward]]\nrealm = "a"\npeer = "${name}"\n`,
    `[[client]]\nuser = "u"\npassword = "p"\npeer = "${name}"\n`,
  ];
  for (const text of long) assert.ok(errors(text).length > 0, text);
});

test("numbers that no integer of 16, 32 or 53 bits holds are refused, each with its line", () => {
  const { lns } = (configJsonSchema() as Node).properties ?? {};
  const keys = Object.entries(lns?.properties ?? {}).filter(([, { type }]) => type === "integer");
  assert.ok(keys.length > 5, "there are such keys");
  for (const [key] of keys) {
    for (const value of NUMBERS) {
      const [error = "taken", ...others] = errors(`[lns]\n${key} = ${value}\n${NETWORK}`);
      assert.match(error, /^simplon\.toml:2: /, `${key} = ${value}`);
      assert.deepEqual(others, []);
    }
  }
});
