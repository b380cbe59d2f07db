/** libc for the daemon, and what the command line asks of it: a runtime that cannot call it is a start error like any other. @module */
import { openLibc as open } from "../linux/ffi.ts";
import { type Libc, LibcUnavailable } from "../linux/libc.ts";
import { StartError } from "./start-error.ts";

export { isIgnored } from "../linux/proc.ts";

/** @throws {StartError} */
export function openLibc(): Libc {
  try {
    return open();
  } catch (error) {
    throw error instanceof LibcUnavailable ? new StartError(error.message) : error;
  }
}
