/**
 * The kinds of values of a configuration file: what holds of each, what JSON Schema can say of it,
 * and what is expected where it does not hold.
 *
 * @module
 */
import { z } from "zod";
import {
  NETWORK_NAME_MAX,
  POOL_PREFIX_MAX,
  POOL_PREFIX_MIN,
  POOL6_PREFIX_MAX,
  POOL6_PREFIX_MIN,
  RATE_MAX,
  RATE_MIN,
  ROUTE_PREFIX_MIN,
  ROUTE6_PREFIX_MAX,
  ROUTE6_PREFIX_MIN,
  TUN_NAME_MAX,
} from "../limits.ts";
import { parseIpv4Prefix, parseIpv6Prefix } from "../net.ts";
import { formatRate, parseRate, RATE_PATTERN } from "../rate.ts";
import { parseHostPrefix, parseHostPrefix6 } from "./address.ts";

/** What JSON Schema can say of a string where zod has a function: a necessary condition. */
interface Shape {
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly not?: { readonly enum: readonly string[] };
}

const BYTE = "(25[0-5]|2[0-4]\\d|1?\\d?\\d)";
export const IPV4 = `(${BYTE}\\.){3}${BYTE}`;
export const IPV6 = "[0-9A-Fa-f:.]{2,45}";
/** Names that /proc/sys/net and the kernel have given already. */
export const RESERVED_DEVICES: readonly string[] = ["all", "default", "lo"];
export const NAME = "[A-Za-z0-9][A-Za-z0-9._-]*";

export function text(expected: string, holds: (value: string) => boolean, shape: Shape = {}) {
  return z
    .string(expected)
    .refine(holds, expected)
    .meta({ ...shape });
}

/** Of characters there are at most as many as octets. */
export function octets(min: number, max: number) {
  const holds = (value: string) => {
    const length = Buffer.byteLength(value);
    return min <= length && length <= max;
  };
  const shape = { ...(min > 0 && { minLength: 1 }), maxLength: max };
  return text(`a string of ${min} to ${max} octets`, holds, shape);
}

export function integer(min: number, max: number, unit = "") {
  const expected = `an integer from ${min} to ${max}${unit}`;
  // A number that is no integer is told once, and not once more as one that is too large.
  return z.int({ error: expected, abort: true }).min(min, expected).max(max, expected);
}

export function choice<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, `one of ${values.map((value) => JSON.stringify(value)).join(", ")}`);
}

export function isPrintable(value: string, max: number): boolean {
  return /^[\x21-\x7e]+$/.test(value) && value.length <= max;
}

/** The kernel also takes stranger names; these are safe in paths, nft rules and `%d` templates. */
export function isDeviceName(value: string): boolean {
  const isReserved = RESERVED_DEVICES.includes(value);
  return new RegExp(`^${NAME}$`).test(value) && value.length <= TUN_NAME_MAX && !isReserved;
}

export function isNetworkName(value: string): boolean {
  return new RegExp(`^${NAME}$`).test(value) && value.length <= NETWORK_NAME_MAX;
}

export function isPool6(value: string): boolean {
  const length = parseHostPrefix6(value)?.length ?? 0;
  return POOL6_PREFIX_MIN <= length && length <= POOL6_PREFIX_MAX;
}

/** A path that the kernel takes as it stands. */
export function isAbsolute(value: string, max: number): boolean {
  return value.startsWith("/") && !value.includes("\0") && Buffer.byteLength(value) <= max;
}

export function isPool(value: string): boolean {
  const length = parseHostPrefix(value)?.length ?? 0;
  return POOL_PREFIX_MIN <= length && length <= POOL_PREFIX_MAX;
}

export function isRoute(value: string): boolean {
  const length = parseHostPrefix(value)?.length ?? 0;
  const length6 = parseHostPrefix6(value)?.length ?? 0;
  return (
    length >= ROUTE_PREFIX_MIN || (ROUTE6_PREFIX_MIN <= length6 && length6 <= ROUTE6_PREFIX_MAX)
  );
}

/** Any prefix, the whole Internet included: where packets go, not who may have an address. */
export function isWay(value: string): boolean {
  return parseIpv4Prefix(value) !== undefined || parseIpv6Prefix(value) !== undefined;
}

/** Bits of IP a second, as text with a unit. */
export function rate() {
  const expected =
    'a rate such as "512k", "10M" or "1.5G" (bits of IP a second, ' +
    `${formatRate(RATE_MIN)} to ${formatRate(RATE_MAX)}), or "" for none`;
  const holds = (value: string) => parseRate(value) !== undefined;
  return text(expected, holds, { pattern: RATE_PATTERN });
}

export function flag() {
  return z.boolean("true or false");
}
