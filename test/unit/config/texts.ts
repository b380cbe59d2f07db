/** A configuration that is in order, and what the loader makes of one. */
import assert from "node:assert/strict";
import type { Config } from "../../../src/config/config.ts";
import { formatConfigError } from "../../../src/config/errors.ts";
import { parseConfig } from "../../../src/config/load.ts";

export const NETWORK = `[[network]]
name = "default"
tun = "simplon0"
gateway = "10.64.0.1"
pool = ["10.64.0.0/16"]
`;

export const USER = '[[user]]\nname = "u"\npassword = "p"\nnetwork = "default"\n';

export function parsed(text: string): Config {
  const result = parseConfig(text, "simplon.toml");
  assert.ok(!Array.isArray(result), JSON.stringify(result));
  return result;
}

export function errors(text: string): string[] {
  const result = parseConfig(text, "simplon.toml");
  assert.ok(Array.isArray(result), "taken without an error");
  return result.map(formatConfigError);
}

/** The network above with one line changed or added. */
export function withNetwork(line: string): string {
  const [key = ""] = line.split(" ");
  const others = NETWORK.split("\n").filter((existing) => !existing.startsWith(`${key} `));
  return [...others.slice(0, -1), line, ""].join("\n");
}
