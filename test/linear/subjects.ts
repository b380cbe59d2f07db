/**
 * All whose time is measured.
 *
 * @module
 */
import { FILES } from "./files.ts";
import type { Subject } from "./measure.ts";
import { PARSERS } from "./parsers.ts";
import { TABLES } from "./tables.ts";

export const SUBJECTS: readonly Subject[] = [...PARSERS, ...FILES, ...TABLES];
