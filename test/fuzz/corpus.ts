/**
 * Corpora: the inputs of a target that reach its branches, one a line in hexadecimal; and the ceilings,
 * how many branches they leave unreached.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Executor } from "./target.ts";

const CEILINGS = new URL("ceilings.json", import.meta.url);

export function readCorpus(target: string): Uint8Array[] {
  const file = fileOf(target);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "latin1").split("\n").slice(0, -1);
  return lines.map((line) => Uint8Array.from(Buffer.from(line, "hex")));
}

export function writeCorpus(target: string, inputs: readonly Uint8Array[]): void {
  const lines = inputs.map((input) => `${Buffer.from(input).toString("hex")}\n`);
  writeFileSync(fileOf(target), lines.join(""));
}

function fileOf(target: string): URL {
  return new URL(`corpus/${target}.txt`, import.meta.url);
}

/** Of many inputs those that reach something which a shorter one does not; in a fresh executor. */
export async function smallest(
  executor: Executor,
  inputs: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const sorted = inputs.toSorted((a, b) => a.length - b.length);
  return [...(await executor.execute(sorted))];
}

/** Branches that a target's corpus leaves unreached, by name of the target. */
export function readCeilings(file = CEILINGS): Record<string, number> {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Whether it was written: no ceiling becomes higher that is not raised on purpose. */
export function writeCeiling(
  target: string,
  unreached: number,
  isRaised: boolean,
  file = CEILINGS,
): boolean {
  const before = readCeilings(file);
  if (!isRaised && unreached > (before[target] ?? unreached)) return false;
  const ceilings = Object.entries({ ...before, [target]: unreached });
  const sorted = Object.fromEntries(ceilings.sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
  return true;
}
