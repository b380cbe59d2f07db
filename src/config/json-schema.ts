/**
 * The JSON Schema of a configuration file, for editors. It says what each key is for and refuses
 * what can be refused by shape; what keys say about each other only `simplon check` knows.
 *
 * @module
 */
import { z } from "zod";
import { fileSchema } from "./schema.ts";

/** Of the keys as they are written: one that has a default may be left out. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(fileSchema, { io: "input", target: "draft-7" });
  return { $schema, title: "Configuration of simplon", ...rest };
}
