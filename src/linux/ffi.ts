/**
 * libc on the runtime that this is.
 *
 * @module
 */
import * as deno from "./ffi.deno.ts";
import * as node from "./ffi.node.ts";
import type { Libc } from "./libc.ts";

/**
 * Opens a binding of this thread's own.
 *
 * @throws {LibcUnavailable} on a runtime without a way to call libc.
 */
export function openLibc(): Libc {
  return "Deno" in globalThis ? deno.openLibc() : node.openLibc();
}
