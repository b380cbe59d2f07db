/**
 * All that is fuzzed.
 *
 * @module
 */
import type { Target } from "./target.ts";
import { typescriptTargets } from "./typescript/targets.ts";
import { wasmTargets } from "./wasm/targets.ts";

export const TARGETS: readonly Target[] = [...wasmTargets, ...typescriptTargets];

/** @throws Error when there is none of that name */
export function targetOf(name: string): Target {
  const found = TARGETS.find((target) => target.name === name);
  if (found === undefined) {
    throw new Error(`no target ${name}: ${TARGETS.map((target) => target.name).join(", ")}`);
  }
  return found;
}
