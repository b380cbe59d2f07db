/** The generators of this directory as children of a test. @module */
import { join } from "node:path";
import { type Child, must } from "../support/child.ts";
import { type Lab, LNS_ADDRESS, root } from "../support/lab.ts";
import { deno } from "../support/runtime.ts";

/** Addresses of the generators: all of them are local where these run. */
const SOURCES = "10.9.128.0/17";

export async function addSources(lab: Lab): Promise<void> {
  const lac = lab.namespace("lac");
  await must("ip", ["-n", lac, "route", "add", "local", SOURCES, "dev", "lo", "table", "local"]);
}

/** Ends with the lab at the latest, whatever becomes of the test. */
export function generator(lab: Lab, file: string, ...args: readonly string[]): Child {
  const path = join(root, "test", "system", "load", file);
  const argv = [deno, "run", "-A", path, LNS_ADDRESS, ...args];
  return lab.startInside("lac", argv, { input: true });
}
