/** Values of options that benchmarks share. @module */
import { misuse } from "../src/cli/usage.ts";

/**
 * A list of names with commas between them, in the order of `names`.
 *
 * @throws CommandError
 */
export function choices<Name extends string>(
  option: string,
  text: string | undefined,
  names: readonly Name[],
): Name[] {
  const wanted = text?.split(",") ?? [];
  const wrong = wanted.find((name) => !names.includes(name as Name));
  if (wrong === undefined) return names.filter((name) => wanted.includes(name));
  throw misuse(`${option}: expected ${names.join(", ")}, got ${JSON.stringify(wrong)}`);
}

/** @throws CommandError */
export function whole(
  option: string,
  text: string | undefined,
  usual: number,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const value = text === undefined ? usual : Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  const range = `a whole number from ${min} to ${max}`;
  throw misuse(`${option}: expected ${range}, got ${JSON.stringify(text)}`);
}
