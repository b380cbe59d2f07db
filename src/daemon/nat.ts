/**
 * Masquerading for virtual networks: one nftables table per network, made whole and taken away
 * whole.
 *
 * The daemon drops the capability that this needs, so a keeper takes the tables away: a small
 * process that waits for the end of a pipe which nobody writes to. The daemon holds the other end,
 * so the tables go when it closes that, and also when it is killed.
 *
 * @module
 */
import { spawn, spawnSync } from "node:child_process";
import type { NetworkConfig } from "../config/config.ts";
import { NAT_REMOVAL_MS } from "../limits.ts";
import { openPipe } from "../linux/descriptor.ts";
import type { Libc } from "../linux/libc.ts";
import { StartError } from "./start-error.ts";

export interface Keeper {
  readonly pid: number;
  /** Its end is what the keeper waits for. */
  readonly pipe: number;
}

const SHELL = "/bin/sh";
const WNOHANG = 1;
const WAIT_STEP_MS = 10;
/** Exit code of a shell whose command is not there. */
const NOT_FOUND = 127;
/** The keeper outlives signals to the daemon's session; what is left to do, it does at the end. */
const KEEPER = `trap "" INT TERM HUP QUIT
while read -r _; do :; done
status=0
for table; do nft delete table ip "$table" || status=1; done
exit $status`;

/** Reads the rules in any case: a writer whose reader is gone learns nothing else of its end. */
const NFT = `command -v nft >/dev/null || { while read -r _; do :; done; exit ${NOT_FOUND}; }
exec nft -f -`;

/** Makes the keeper of `tables`, which need not be there yet. */
export function startKeeper(libc: Libc, tables: readonly string[]): Keeper {
  const [end, pipe] = openPipe(libc);
  const keeper = spawn(SHELL, ["-c", KEEPER, "simplon-nat", ...tables], {
    stdio: [end, "ignore", "ignore"],
    detached: true,
    cwd: "/",
    env: environment(),
  });
  keeper.on("error", () => undefined); // told below, by its having no id
  keeper.unref();
  libc.close(end);
  if (keeper.pid !== undefined) return { pid: keeper.pid, pipe };
  libc.close(pipe);
  throw new StartError(`nat = true needs a shell, and ${SHELL} cannot be started`);
}

/** Lets the keeper take its tables away. False when it has not done so in time. */
export async function endKeeper(libc: Libc, { pid, pipe }: Keeper): Promise<boolean> {
  libc.close(pipe);
  const status = new Uint8Array(4);
  for (let waited = 0; waited < NAT_REMOVAL_MS; waited += WAIT_STEP_MS) {
    const ended = libc.waitpid(pid, status, WNOHANG);
    // Before the drop the runtime itself may have taken note of the end: then it is no child.
    if (ended !== 0) return ended < 0 || new DataView(status.buffer).getInt32(0, true) === 0;
    await new Promise((resolve) => setTimeout(resolve, WAIT_STEP_MS));
  }
  return false;
}

/**
 * Makes the table of this `run`, and takes those away in the same transaction that earlier runs
 * left behind for the same device: that is ours, so nobody uses them.
 */
export function addMasquerade(network: NetworkConfig, run: string): void {
  const { name, tun, pool } = network;
  try {
    // Each is added before, for another keeper may have deleted it meanwhile.
    const old = olderTables(tun, nft("list tables ip"));
    nft(`
    ${old.map((table) => `add table ip ${table}; delete table ip ${table}`).join("\n    ")}
    table ip ${tableName(tun, run)} {
      chain postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr { ${pool.join(", ")} } oifname != "${tun}" masquerade
      }
    }`);
  } catch (error) {
    if (!(error instanceof NftError)) throw error;
    throw new StartError(
      `network "${name}" has nat = true, but nft cannot set up masquerading: ${error.message}; ` +
        "install nftables and run with CAP_NET_ADMIN, or set nat = false",
    );
  }
}

/**
 * Device names are unique on a host, but nftables takes fewer characters than they may have: any
 * other is written as its code, so that two devices never share a table. `run` tells apart those
 * of one device: the keeper of a run that was killed may be late, and deletes by name. What stands
 * before it is no code.
 */
export function tableName(tun: string, run: string): string {
  return `${tablePrefix(tun)}_r${run}`;
}

function tablePrefix(tun: string): string {
  const code = (char: string) => `_${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return `simplon_${tun.replace(/[^A-Za-z0-9]/g, code)}`;
}

/** The tables of a device in what nft lists. */
function olderTables(tun: string, listed: string): string[] {
  const pattern = new RegExp(`^table ip (${tablePrefix(tun)}(?:_r[0-9a-f]+)?)$`, "gm");
  return Array.from(listed.matchAll(pattern), ([, table = ""]) => table);
}

class NftError extends Error {}

/** Runs nft; returns what it prints. @throws {NftError} what went wrong in one line */
function nft(commands: string): string {
  const options = { input: commands, encoding: "utf8", env: environment() } as const;
  const { error, status, signal, stdout, stderr } = spawnSync(SHELL, ["-c", NFT], options);
  if (error !== undefined) throw new NftError(`${SHELL} cannot be started`);
  if (status === 0) return stdout;
  if (status === NOT_FOUND) throw new NftError("nft is not installed");
  const [line] = stderr.trim().split("\n");
  throw new NftError(line || `nft ended with ${signal ?? status}`);
}

/** Nothing but what finds programs; the C locale, whose messages are those that are documented. */
export function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
}
