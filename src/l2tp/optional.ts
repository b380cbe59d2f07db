/**
 * AVPs that a message may have or lack, and the PHB code of CCDS and SDS (RFC 3308, 3140).
 *
 * @module
 */
import { type AvpInput, type AvpValues, makeAvp } from "../codec/index.ts";

/** A PHB that is one DSCP has it in the 6 high bits, and 0 in the others. */
const DSCP_SHIFT = 10;

export function optionalAvp<T extends keyof AvpValues>(
  type: T,
  value: AvpValues[T] | undefined,
): AvpInput[] {
  return value === undefined ? [] : [makeAvp(type, value)];
}

/** The fields that have a value. */
export function present<T>(fields: { readonly [K in keyof T]-?: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

export function phbOf(dscp: number | undefined): number | undefined {
  return dscp === undefined ? undefined : dscp << DSCP_SHIFT;
}

/** `undefined` for a PHB that is no single DSCP, and for none. */
export function readDscp(phb: number | undefined): number | undefined {
  if (phb === undefined || (phb & ((1 << DSCP_SHIFT) - 1)) !== 0) return undefined;
  return phb >> DSCP_SHIFT;
}
