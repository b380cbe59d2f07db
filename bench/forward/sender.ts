/**
 * The host behind the LNS, a process of its own: told on standard input, it sends UDP to the
 * clients' addresses at full rate.
 *
 *   {"size":200,"seconds":5,"addresses":["10.64.0.2"]}   sends; prints {"sent":N}
 *
 * @module
 */
import { createInterface } from "node:readline";
import { checked } from "../../src/linux/errno.ts";
import { openLibc } from "../../src/linux/ffi.ts";
import { blast } from "./blast.ts";
import { PORT, udpPayload } from "./packets.ts";

const AF_INET = 2;
const SOCK_DGRAM = 2;
const FLOWS = 64;

const libc = openLibc();
const fd = checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM, 0));
for await (const line of createInterface({ input: process.stdin })) {
  const { size, seconds, addresses } = JSON.parse(line);
  const targets = Array.from({ length: FLOWS }, (_, index) => ({
    datagram: udpPayload(size),
    address: addresses[index % addresses.length],
    port: PORT,
  }));
  console.log(JSON.stringify({ sent: blast(libc, fd, targets, seconds) }));
}
