/**
 * All whose time is measured.
 *
 * @module
 */
import { FILES } from "./files.ts";
import type { Subject } from "./measure.ts";
import { PARSERS } from "./parsers.ts";
import { TABLES } from "./tables.ts";

/** Linear is 1; caches that a larger input does not fit make it a little more. */
export const EXPONENT_MAX = 1.2;

export const SUBJECTS: readonly Subject[] = [...PARSERS, ...FILES, ...TABLES];
