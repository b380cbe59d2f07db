/** The system calls of a worker, and which of their errors are no fault. @module */
import {
  EAGAIN,
  EBADF,
  EFAULT,
  EINTR,
  EINVAL,
  EIO,
  EMSGSIZE,
  ENOBUFS,
  ENOTSOCK,
} from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";

export type PacketCalls = Pick<
  Libc,
  | "errno"
  | "epollCreate"
  | "epollControl"
  | "epollWait"
  | "close"
  | "recvmmsg"
  | "sendmmsg"
  | "readv"
  | "writev"
  | "usleep"
  | "eventfdWrite"
  | "eventfdRead"
>;

export const INTERRUPTED: readonly number[] = [EINTR];
export const NOTHING_YET: readonly number[] = [EAGAIN, EINTR];
/** A frame and its headers exceed the path MTU, or the path encrypts (ip_udp_send_skb). */
export const UNSEGMENTABLE: readonly number[] = [EINVAL, EMSGSIZE, EIO];
/** Only a mistake of ours is answered so; a full buffer or a vanished route is the network's. */
const OUR_BUGS: readonly number[] = [EBADF, EFAULT, ENOTSOCK];

/** Throws when the last call has failed with another error than these. */
export function tolerate(
  calls: Pick<PacketCalls, "errno">,
  call: string,
  expected: readonly number[],
): void {
  const errno = calls.errno();
  if (!expected.includes(errno)) throw new Error(`${call} failed with error ${errno}`);
}

/** True when a buffer is full; throws when the error can only be our own mistake. */
export function isFull(calls: Pick<PacketCalls, "errno">, call: string): boolean {
  const errno = calls.errno();
  if (OUR_BUGS.includes(errno)) throw new Error(`${call} failed with error ${errno}`);
  return errno === EAGAIN || errno === ENOBUFS;
}
