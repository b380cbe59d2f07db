/** Datagrams to a Unix socket, whose name is a path or, with "@" in front, an abstract one. @module */
import { checked } from "./errno.ts";
import type { Libc } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
const FAMILY_SIZE = 2;
/** Octets of `sun_path` (unix(7)). */
const NAME_MAX = 108;

/** A sockaddr_un; `undefined` for what names no socket. */
export function encodeUnixAddress(name: string): Uint8Array<ArrayBuffer> | undefined {
  const isAbstract = name.startsWith("@");
  if (!isAbstract && !name.startsWith("/")) return undefined;
  const octets = new TextEncoder().encode(isAbstract ? `\0${name.slice(1)}` : `${name}\0`);
  // Every octet of an abstract name counts, so nothing may stand behind it; a path ends with NUL.
  if (octets.length > NAME_MAX || octets.length < 2) return undefined;
  const address = new Uint8Array(FAMILY_SIZE + octets.length);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(octets, FAMILY_SIZE);
  return address;
}

/** One datagram, from a socket of its own; never waits. @throws {SystemError} */
export function sendToUnix(
  libc: Libc,
  address: Uint8Array<ArrayBuffer>,
  bytes: Uint8Array<ArrayBuffer>,
): void {
  const fd = checked(libc, "socket", libc.socket(AF_UNIX, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0));
  try {
    checked(libc, "connect", libc.connect(fd, address));
    checked(libc, "send", libc.send(fd, bytes));
  } finally {
    libc.close(fd);
  }
}
