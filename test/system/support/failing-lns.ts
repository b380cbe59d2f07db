/**
 * The LNS of the configuration in the first argument, started as `simplon lns` starts it, but with
 * a bug of the kind in the second argument, which SIGUSR2 sets off.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import { lns } from "../../../src/cli/lns.ts";
import { Lns } from "../../../src/l2tp/index.ts";
import { openLibc } from "../../../src/linux/ffi.ts";

const PORT_1701 = ":06A5";
const UDP_LOCAL = 1;
const UDP_INODE = 9;

const [config = "", kind = ""] = process.argv.slice(2);

const bugs: Readonly<Record<string, () => void>> = {
  timer: () => setTimeout(fail, 0),
  rejection: () => void Promise.reject(new Error("broken on purpose")),
  machine: () => {
    Lns.prototype.pollTransmit = fail;
  },
  worker: () => {
    openLibc().close(dataSocket());
  },
};

process.on("SIGUSR2", () => bugs[kind]?.());
process.exitCode = await lns(["-c", config]);

function fail(): never {
  throw new Error("broken on purpose");
}

/** Of the two sockets on the port the one that was made later, so with the larger inode. */
function dataSocket(): number {
  const rows = readFileSync("/proc/self/net/udp", "utf8").split("\n").slice(1);
  const inodes = rows
    .map((row) => row.trim().split(/\s+/))
    .filter((columns) => columns[UDP_LOCAL]?.endsWith(PORT_1701))
    .map((columns) => Number(columns[UDP_INODE]));
  const wanted = `socket:[${Math.max(...inodes)}]`;
  const fd = readdirSync("/proc/self/fd").find((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === wanted;
    } catch {
      return false; // the descriptor of the directory that is being read
    }
  });
  if (fd === undefined) throw new Error("no data socket");
  return Number(fd);
}
