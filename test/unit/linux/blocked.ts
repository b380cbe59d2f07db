// A process whose output nobody reads: a thread of its runtime waits in write(2) when it ends.
import { openLibc } from "../../../src/linux/ffi.ts";
import { stdoutWrite } from "../../../src/observe/sink.ts";

const libc = openLibc();
void stdoutWrite()(new Uint8Array(4_000_000));
setTimeout(() => libc.exit(9), 200);
