/**
 * What is fuzzed of WebAssembly.
 *
 * @module
 */
import type { Target } from "../target.ts";
import { chainTarget } from "./chain.ts";
import { codecTargets } from "./codec.ts";
import { decapsulateTarget } from "./decapsulate.ts";
import { encapsulateTarget } from "./encapsulate.ts";
import { ringsTarget } from "./rings.ts";

export const wasmTargets: readonly Target[] = [
  ...codecTargets,
  decapsulateTarget,
  encapsulateTarget,
  ringsTarget,
  chainTarget,
];
