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
    for (const fd of JSON.parse(inherited).devices.sockets.data) libc.close(fd);
  },
};

process.on("SIGUSR2", () => bugs[kind]?.());
const args = secondRun.length > 0 ? secondRun : ["-c", config];
process.exitCode = await lns(args, [fileURLToPath(import.meta.url), config, kind]);

function fail(): never {
  throw new Error("broken on purpose");
}
