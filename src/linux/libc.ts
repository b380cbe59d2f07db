/**
 * The libc that simplon calls, as one interface over the runtimes' bindings.
 *
 * An address is a number of 64 bits and always travels as a BigInt: a number argument costs
 * twenty times as much on Deno. Nothing behind this interface checks an address or a length.
 * Addresses come from two places only: `address()` of a buffer that the caller keeps alive, and
 * the vectors that the WebAssembly code lays out.
 *
 * @module
 */

/** What a worker calls per batch or per packet; each is one system call. -1 means `errno()`. */
export interface PacketCalls {
  errno(): number;
  poll(fds: bigint, count: bigint, timeoutMs: number): number;
  recvmmsg(fd: number, messages: bigint, count: number, flags: number): number;
  sendmmsg(fd: number, messages: bigint, count: number, flags: number): number;
  readv(fd: number, vectors: bigint, count: number): number;
  writev(fd: number, vectors: bigint, count: number): number;
  eventfdWrite(fd: number, value: bigint): number;
  eventfdRead(fd: number, value: bigint): number;
}

/** What set-up and the control thread need besides. */
export interface Libc extends PacketCalls {
  /** Address of the first octet of `bytes`, which must stay referenced while it is used. */
  address(bytes: Uint8Array): bigint;
  /** `poll` on another thread, so that the event loop goes on. */
  pollAsync(fds: bigint, count: bigint, timeoutMs: number): Promise<number>;
  open(path: string, flags: number): number;
  close(fd: number): number;
  ioctl(fd: number, request: bigint, argument: Uint8Array): number;
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number;
  send(fd: number, bytes: Uint8Array): number;
  recv(fd: number, bytes: Uint8Array): number;
  eventfd(): number;
}
