/**
 * UDP packets of 200 octets to one address as fast as the kernel takes them, 64 in one message:
 *
 *   downward.ts ADDRESS
 *
 * Prints {"sent":N,"seconds":S} each second, until its end.
 *
 * @module
 */
import { Ring } from "../../../bench/forward/ring.ts";
import { checked } from "../../../src/linux/errno.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { AF_INET, encodeSockaddr } from "../../../src/linux/sockaddr.ts";

const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const DISCARD_PORT = 9;
const PAYLOAD = 172;
const SEGMENTS = 64;
const MESSAGES = 64;
const CALLS = 16;
const REPORT_MS = 1_000;

const [to = ""] = process.argv.slice(2);
const libc = openLibc();
const fd = checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0));
checked(libc, "bind", libc.bind(fd, encodeSockaddr("0.0.0.0", 0)));
const name = encodeSockaddr(to, DISCARD_PORT);
const octets = new Uint8Array(SEGMENTS * PAYLOAD);
const ring = new Ring(
  libc,
  Array.from({ length: MESSAGES }, () => ({ octets, name, segment: PAYLOAD })),
);
const began = performance.now();
let reported = began;
let sent = 0;
for (;;) {
  for (let call = 0; call < CALLS; call++) sent += ring.send(fd);
  const now = performance.now();
  if (now - reported < REPORT_MS) continue;
  reported = now;
  console.log(JSON.stringify({ sent, seconds: (now - began) / 1000 }));
}
