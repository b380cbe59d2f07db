/** The generators of this directory as children of a test. @module */
import { join } from "node:path";
import { type Child, must } from "../support/child.ts";
import { type Lab, LNS_ADDRESS, type Place, root } from "../support/lab.ts";
import { deno } from "../support/runtime.ts";

/** Addresses of the generators: all of them are local where these run. */
const SOURCES = "10.9.128.0/17";

export async function addSources(lab: Lab): Promise<void> {
  const lac = lab.namespace("lac");
  await must("ip", ["-n", lac, "route", "add", "local", SOURCES, "dev", "lo", "table", "local"]);
}

/** Ends with the lab at the latest, whatever becomes of the test. */
export function generator(lab: Lab, file: string, ...args: readonly string[]): Child {
  return generatorIn(lab, "lac", file, LNS_ADDRESS, ...args);
}

export function generatorIn(
  lab: Lab,
  place: Place,
  file: string,
  ...args: readonly string[]
): Child {
  const argv = [deno, "run", "-A", join(root, "test", "system", "load", file), ...args];
  return lab.startInside(place, argv, { input: true });
}
