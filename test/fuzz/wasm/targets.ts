/**
 * What is fuzzed of WebAssembly.
 *
 * @module
 */
import type { Target } from "../target.ts";
import { codecTargets } from "./codec.ts";

export const wasmTargets: readonly Target[] = [...codecTargets];
