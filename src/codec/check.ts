/**
 * Checks of what the caller hands to a builder. Here an error is our own side's, so it throws.
 *
 * @module
 */

export function uint16(value: number | undefined, name: string): number {
  if (value === undefined || !Number.isInteger(value) || value < 0 || value > 0xffff) {
    throw new RangeError(`${name} must be an integer from 0 to 65535, not ${value}`);
  }
  return value;
}
