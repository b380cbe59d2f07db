/** Sockets of a measurement. @module */
import { checked } from "../../src/linux/errno.ts";
import type { Libc } from "../../src/linux/libc.ts";
import { encodeSockaddr } from "../../src/linux/sockaddr.ts";

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const BUFFER = 8_388_608;
const CLONE_NEWNET = 0x4000_0000;
const OWN_NAMESPACE = "/proc/thread-self/ns/net";

/** For UDP to anywhere. */
export function openSender(libc: Libc): number {
  return checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM, 0));
}

/** For UDP to `port`; it holds much, as it is looked at now and then only. */
export function openReceiver(libc: Libc, port: number): number {
  const fd = checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0));
  const size = new Uint8Array(new Int32Array([BUFFER]).buffer);
  checked(libc, "setsockopt", libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size));
  checked(libc, "bind", libc.bind(fd, encodeSockaddr("0.0.0.0", port)));
  return fd;
}

/** Does `work` in another network namespace: a socket stays in the one that it was opened in. */
export function inNamespace<Result>(libc: Libc, name: string, work: () => Result): Result {
  const own = checked(libc, "open", libc.open(OWN_NAMESPACE, 0));
  const other = checked(libc, "open", libc.open(`/var/run/netns/${name}`, 0));
  try {
    checked(libc, "setns", libc.setns(other, CLONE_NEWNET));
    return work();
  } finally {
    checked(libc, "setns", libc.setns(own, CLONE_NEWNET));
    libc.close(own);
    libc.close(other);
  }
}
