/**
 * What the kernel has dropped of datagrams for a socket: its buffer was full.
 *
 * @module
 */
import type { Libc } from "./libc.ts";

const SOL_SOCKET = 1;
const SO_MEMINFO = 55; // Linux 4.12
/** SK_MEMINFO_DROPS is the last of nine u32 (linux/sock_diag.h). */
const MEMINFO_SIZE = 36;
const DROPS = 32;

/** Of all of them; 0 where the kernel does not tell. */
export function droppedBySockets(libc: Libc, fds: readonly number[]): number {
  const value = new Uint8Array(MEMINFO_SIZE);
  const view = new DataView(value.buffer);
  return fds.reduce((sum, fd) => {
    const length = new Uint8Array(new Int32Array([MEMINFO_SIZE]).buffer);
    const isTold = libc.getsockopt(fd, SOL_SOCKET, SO_MEMINFO, value, length) >= 0;
    return sum + (isTold ? view.getUint32(DROPS, true) : 0);
  }, 0);
}
