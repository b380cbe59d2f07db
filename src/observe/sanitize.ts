/**
 * Makes values fit for a log: no secret, no octets, no end.
 *
 * Secrets are known by the name of their key, at any depth, and all octet strings are shown by
 * their length only: PAP passwords, CHAP challenges and responses are octets.
 *
 * @module
 */
import { LOG_DEPTH_MAX, LOG_ELEMENTS_MAX } from "../limits.ts";

export const REDACTED = "[redacted]";

/** Parts of key names whose values are never shown; case and separators do not matter. */
const SECRET_PARTS = [
  "password",
  "passwd",
  "passphrase",
  "secret",
  "credential",
  "challenge",
  "response",
  "privatekey",
  "psk",
];

export function sanitize(value: unknown): unknown {
  return clean(value, 0);
}

function isSecret(key: string): boolean {
  const plain = key.toLowerCase().replaceAll(/[^a-z]/g, "");
  return SECRET_PARTS.some((part) => plain.includes(part));
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} octets]`;
  if (value instanceof ArrayBuffer) return `[${value.byteLength} octets]`;
  if (value instanceof Error) return cleanError(value, depth);
  if (depth >= LOG_DEPTH_MAX) return "[deeper]";
  if (value instanceof Map) return clean(Object.fromEntries(value), depth);
  if (Array.isArray(value) || value instanceof Set) return cleanElements([...value], depth);
  return cleanFields(Object.entries(value), depth);
}

function cleanElements(elements: readonly unknown[], depth: number): unknown[] {
  const shown = elements.slice(0, LOG_ELEMENTS_MAX).map((element) => clean(element, depth + 1));
  const hidden = elements.length - shown.length;
  return hidden > 0 ? [...shown, `[${hidden} more]`] : shown;
}

function cleanFields(fields: readonly [string, unknown][], depth: number): Record<string, unknown> {
  const shown = fields
    .slice(0, LOG_ELEMENTS_MAX)
    .map(([key, value]) => [key, cleanField(key, value, depth)]);
  const hidden = fields.length - shown.length;
  return Object.fromEntries(hidden > 0 ? [...shown, ["more", hidden]] : shown);
}

/** Flags stay readable: `{ secret: false }` tells that there is none, and no more. */
function cleanField(key: string, value: unknown, depth: number): unknown {
  const isHarmless = value === undefined || value === null || typeof value === "boolean";
  return isSecret(key) && !isHarmless ? REDACTED : clean(value, depth + 1);
}

function cleanError(error: Error, depth: number): Record<string, unknown> {
  const extra = depth < LOG_DEPTH_MAX ? cleanFields(Object.entries(error), depth) : {};
  return { type: error.name, message: error.message, stack: error.stack, ...extra };
}
