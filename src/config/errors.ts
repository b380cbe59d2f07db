/** Errors of a configuration: a line each, with file, line, key, and what was expected. @module */
import type { z } from "zod";
import type { KeyPath, Lines } from "./locate.ts";
import { KNOWN_KEYS, MANY } from "./schema.ts";

export interface ConfigError {
  readonly file: string;
  /** Line of the key, from 1; absent when the file as a whole is at fault. */
  readonly line?: number;
  /** Such as "[[network]] pool"; "" when no key is at fault. */
  readonly key: string;
  readonly message: string;
}

/** `simplon.toml:12: [[network]] pool: expected …, got …` */
export function formatConfigError(error: ConfigError): string {
  const place = error.line === undefined ? error.file : `${error.file}:${error.line}`;
  return [place, error.key, error.message].filter((part) => part !== "").join(": ");
}

/** What errors of one file are made with. */
export interface Source {
  readonly file: string;
  readonly lines: Lines;
  /** The parsed file before the schema: what the user wrote. */
  readonly root: unknown;
}

export function keyError(source: Source, path: KeyPath, message: string): ConfigError {
  return { file: source.file, line: source.lines.of(path), key: label(path), message };
}

export function expectedError(source: Source, path: KeyPath, expected: string): ConfigError {
  return keyError(source, path, `expected ${expected}, ${found(source.root, path)}`);
}

export function schemaErrors(source: Source, issues: readonly z.core.$ZodIssue[]): ConfigError[] {
  const errors = issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => unknownKey(source, [...issue.path, key]))
      : [expectedError(source, issue.path, issue.message)],
  );
  return errors.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

/** By table, made once: a file may have as many unknown keys as it has lines. */
const EXPECTED_KEYS: ReadonlyMap<string, string> = new Map(
  Object.entries(KNOWN_KEYS).map(([table, keys]) => {
    const known = keys.map((key) => (table === "" ? tableLabel(key) : key));
    return [table, `unknown key, expected one of ${known.join(", ")}`];
  }),
);

function unknownKey(source: Source, path: KeyPath): ConfigError {
  const table = path.length > 1 ? String(path[0]) : "";
  return keyError(source, path, EXPECTED_KEYS.get(table) ?? "unknown key");
}

/** `["network", 0, "pool", 1]` is the user's `[[network]] pool`. */
function label(path: KeyPath): string {
  const [table, ...rest] = path;
  if (table === undefined) return "";
  const isKnown = KNOWN_KEYS[""]?.includes(String(table)) ?? false;
  const head = isKnown ? tableLabel(String(table)) : printable(String(table));
  const keys = rest.filter((part) => typeof part === "string").map(printable);
  return keys.length === 0 ? head : `${head} ${keys.join(".")}`;
}

function tableLabel(table: string): string {
  return MANY.includes(table) ? `[[${table}]]` : `[${table}]`;
}

const SECRET_KEYS: readonly PropertyKey[] = ["secret", "password"];
const SHOWN_MAX = 60;

function found(root: unknown, path: KeyPath): string {
  let value = root;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  if (value === undefined) return "but it is missing";
  const isSecret = path.some((key) => SECRET_KEYS.includes(key));
  return `got ${isSecret ? kind(value) : show(value)}`;
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, SHOWN_MAX));
  if (typeof value === "object") return kind(value);
  return String(value);
}

/** What a value is, without saying its content. */
function kind(value: unknown): string {
  if (typeof value === "string") return `a string of ${Buffer.byteLength(value)} octets`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Date) return "a date";
  return typeof value === "object" ? "a table" : `a ${typeof value}`;
}

function printable(key: string): string {
  return /^[\w-]{1,60}$/.test(key) ? key : JSON.stringify(key.slice(0, SHOWN_MAX));
}
