/**
 * The LNS of the configuration in the first argument, started as `simplon lns` starts it, but with
 * a bug of the kind in the second argument, which SIGUSR2 sets off.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { lns } from "../../../src/cli/lns.ts";
import { Endpoint } from "../../../src/l2tp/index.ts";
import { descriptorToText } from "../../../src/linux/descriptor.ts";
import { openLibc } from "../../../src/linux/ffi.ts";

const [config = "", kind = "", ...secondRun] = process.argv.slice(2);
const F_DUPFD_CLOEXEC = 1_030;
/** More than passes between two pings of the client, and less than is taken for a hang. */
const UNWELL_MS = 700;
const libc = openLibc();
/** What the second run takes over; the first has opened nothing yet. */
const [, descriptor] = secondRun;
const inherited = descriptor === undefined ? "{}" : descriptorToText(libc, Number(descriptor));

const bugs: Readonly<Record<string, () => void>> = {
  timer: () => setTimeout(fail, 0),
  rejection: () => void Promise.reject(new Error("broken on purpose")),
  machine: () => {
    Endpoint.prototype.pollTransmit = fail;
  },
  worker: () => {
    // Not only closed: the next event loop of a thread would get the number for its own epoll.
    const nothing = libc.open("/dev/null", 0);
    for (const fd of JSON.parse(inherited).devices.sockets.data) replace(fd, nothing);
  },
  "worker-once": () => {
    const sockets: readonly number[] = JSON.parse(inherited).devices.sockets.data;
    const kept = sockets.map((fd) => libc.fcntl(fd, F_DUPFD_CLOEXEC, fd));
    const nothing = libc.open("/dev/null", 0);
    for (const fd of sockets) replace(fd, nothing);
    // The control thread sees none of it before all is well again, so the next worker begins well.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, UNWELL_MS);
    for (const [place, fd] of sockets.entries()) replace(fd, kept[place] ?? -1);
    for (const fd of [...kept, nothing]) libc.close(fd);
  },
};

process.on("SIGUSR2", () => bugs[kind]?.());
const args = secondRun.length > 0 ? secondRun : ["-c", config];
process.exitCode = await lns(args, [fileURLToPath(import.meta.url), config, kind]);

function fail(): never {
  throw new Error("broken on purpose");
}

/** The descriptor `fd` is another name of `other` from here on. */
function replace(fd: number, other: number): void {
  libc.close(fd);
  // A thread that loads its files may have the number for a moment.
  for (let made = -1; made !== fd; ) {
    made = libc.fcntl(other, F_DUPFD_CLOEXEC, fd);
    if (made !== fd) libc.close(made);
  }
}
