/**
 * Error numbers of Linux that simplon tells apart, and the error that carries one.
 *
 * @module
 */
export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EINTR = 4;
export const EIO = 5;
export const EBADF = 9;
export const EAGAIN = 11;
export const EACCES = 13;
export const EFAULT = 14;
export const EBUSY = 16;
export const EEXIST = 17;
export const ENODEV = 19;
export const EINVAL = 22;
export const EBADFD = 77;
export const ENOTSOCK = 88;
export const EMSGSIZE = 90;
export const ENOPROTOOPT = 92;
export const EAFNOSUPPORT = 97;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ENOBUFS = 105;
export const ECONNREFUSED = 111;

/** A system call that failed. `errno` is positive. */
export class SystemError extends Error {
  readonly call: string;
  readonly errno: number;

  constructor(call: string, errno: number) {
    super(`${call} failed with error ${errno}`);
    this.name = "SystemError";
    this.call = call;
    this.errno = errno;
  }
}

/** Passes a result through; throws when it says that the call failed. */
export function checked(libc: { errno(): number }, call: string, result: number): number {
  if (result < 0) throw new SystemError(call, libc.errno());
  return result;
}
