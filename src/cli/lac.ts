/** `simplon lac`: dials LNSs for the clients of the configuration until it is told to stop. @module */
import { existsSync } from "node:fs";
import { asLac } from "../config/as-lac.ts";
import { type Config, DEFAULT_FILE } from "../config/config.ts";
import { openLacDevices } from "../daemon/devices.ts";
import { openLibc } from "../daemon/libc.ts";
import { run } from "./run.ts";
import { readConfig, withAddresses } from "./settings.ts";
import { CommandError, MISUSE, misuse, parseCommand } from "./usage.ts";

/** `program` is what the runtime is given to come here again: a path, and arguments before ours. */
export async function lac(args: readonly string[], program: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    config: { type: "string", short: "c" },
    handover: { type: "string" },
  });
  if (positionals.length > 0) throw misuse(`unexpected argument ${JSON.stringify(positionals[0])}`);
  return run({
    program,
    handover: values.handover,
    config: async () => withAddresses(asLac(await findConfig(values.config)), values.config),
    open: (config) => openLacDevices(openLibc(), config),
    start: async () => (await import("../daemon/lac.ts")).startLac,
  });
}

async function findConfig(path: string | undefined): Promise<Config> {
  if (path !== undefined || existsSync(DEFAULT_FILE)) {
    return readConfig(path ?? DEFAULT_FILE, "lac");
  }
  throw new CommandError(`simplon: there is no ${DEFAULT_FILE}; ${EXAMPLE}`, MISUSE);
}

const EXAMPLE = `write one like this, or name another with -c FILE:

[[peer]]                       # the L2TP server
name = "office"
address = "192.0.2.1:1701"     # its address and UDP port
secret = ""                    # its tunnel secret; "" is none

[[client]]                     # a connection to it, on a network device of its own
name = "office"
peer = "office"
tun = "office0"
user = "USER"
password = "PASSWORD"
routes = ["10.8.0.0/24"]       # what is reached through it; ["0.0.0.0/0", "::/0"] is all
dns = false                    # true: its name servers are asked while it is up`;
