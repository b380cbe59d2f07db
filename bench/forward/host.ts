/**
 * The host behind the LNS, a process of its own: told on standard input, it sends UDP to the
 * clients' addresses, or takes stamped packets from them.
 *
 * @module
 */
import { checked } from "../../src/linux/errno.ts";
import { openLibc } from "../../src/linux/ffi.ts";
import { encodeSockaddr } from "../../src/linux/sockaddr.ts";
import { Latencies } from "./latencies.ts";
import { answerLines } from "./lines.ts";
import { downward } from "./loads.ts";
import { downwardStamped, pace } from "./paced.ts";
import { STAMPED } from "./packets.ts";
import type { Ring } from "./ring.ts";
import type { HostQuestion } from "./settings.ts";

const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const BUFFER = 8_388_608;

/** Runs until standard input ends. */
export async function host(): Promise<void> {
  const libc = openLibc();
  const sender = checked(libc, "socket", libc.socket(AF_INET, 2, 0));
  const receiver = checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0));
  const size = new Uint8Array(new Int32Array([BUFFER]).buffer);
  checked(libc, "setsockopt", libc.setsockopt(receiver, SOL_SOCKET, SO_RCVBUFFORCE, size));
  checked(libc, "bind", libc.bind(receiver, encodeSockaddr("0.0.0.0", STAMPED)));
  const rings = new Map<string, Ring>();
  console.log("ready");

  await answerLines<HostQuestion>(async (question) => {
    if (question.do === "listen")
      return new Latencies(libc, receiver, false).listen(question.seconds);
    const { addresses, seconds } = question;
    if (question.do === "pace") {
      const ring = downwardStamped(libc, question.size, addresses);
      return { sent: await pace(ring, sender, seconds, question.rate) };
    }
    const key = JSON.stringify(question.load);
    const ring = rings.get(key) ?? downward(libc, question.load, addresses);
    rings.set(key, ring);
    return { sent: ring.blast(sender, seconds) };
  });
}
