/**
 * Rates: bits of IP a second as an operator writes them, octets a second as packets are counted.
 *
 * @module
 */
import { RATE_MAX, RATE_MIN } from "./limits.ts";

const UNITS = { G: 1e9, M: 1e6, k: 1e3 } as const;
type Unit = keyof typeof UNITS;

export const RATE_PATTERN = "^([0-9]{1,11}([.][0-9]{1,3})?[kMG]?)?$";

/** Octets a second of "10M", 0 of "", `undefined` of what is no rate or out of bounds. */
export function parseRate(text: string): number | undefined {
  if (text === "") return 0;
  if (!new RegExp(RATE_PATTERN).test(text)) return undefined;
  const unit = UNITS[text.at(-1) as Unit];
  const number = unit === undefined ? text : text.slice(0, -1);
  const octets = Math.round((Number(number) * (unit ?? 1)) / 8);
  return octets >= RATE_MIN && octets <= RATE_MAX ? octets : undefined;
}

/** As an operator would write it: three decimals of the largest unit at most; "" for 0. */
export function formatRate(octets: number): string {
  if (octets === 0) return "";
  const bits = octets * 8;
  const [unit, size] = Object.entries(UNITS).find(([, size]) => bits >= size) ?? ["", 1];
  return `${Number((bits / size).toFixed(3))}${unit}`;
}
