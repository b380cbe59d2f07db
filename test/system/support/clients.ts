/** `simplon lac` in one of the namespaces: clients with devices of their own, dialling LNSs. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { must, poll, run } from "./child.ts";
import type { Lab, Place } from "./lab.ts";
import { type Keys, Simplon, simplonArgs, table, writeTables } from "./simplon.ts";

export interface LacSettings {
  readonly lac?: Keys;
  /** Keys of each [[peer]]; all of them are named "office" if they say nothing else. */
  readonly peers: readonly Keys[];
  /** Keys of each [[client]], if they are to be others than those of one that is bob. */
  readonly clients?: readonly Keys[];
}

/** Device of the client, when there is one. */
export const DEVICE = "office0";

export function startLac(lab: Lab, settings: LacSettings, place?: Place): Promise<Simplon> {
  const directory = mkdtempSync(join(lab.directory, "lac-"));
  const lac = {
    listen: "0.0.0.0:1701",
    socket: join(directory, "socket"),
    history: join(directory, "history"),
    ...settings.lac,
  };
  const client = { name: "office", peer: "office", tun: DEVICE, user: "bob", password: "bobpw" };
  const config = writeTables(directory, [
    table("[lac]", lac),
    ...settings.peers.map((keys) => table("[[peer]]", { name: "office", ...keys })),
    ...(settings.clients ?? [{}]).map((keys) => table("[[client]]", { ...client, ...keys })),
    table("[log]", { level: "debug" }),
  ]);
  return Simplon.startWith(lab, config, simplonArgs("lac", "-c", config), place);
}

/** The IPv4 address of a device; "" when it has none, or is not there. */
export async function addressOf(lab: Lab, device = DEVICE, place: Place = "lns") {
  const args = ["-n", lab.namespace(place), "-4", "-o", "addr", "show", "dev", device];
  return /inet ([\d.]+)/.exec((await run("ip", args)).text)?.[1] ?? "";
}

/** Waits until a client has an address; answers it. */
export async function up(lab: Lab, ms = 15_000, device = DEVICE, place: Place = "lns") {
  let address = "";
  await poll(`an address of ${device}`, ms, async () => {
    address = await addressOf(lab, device, place);
    return address !== "";
  });
  return address;
}

export async function down(lab: Lab, ms = 10_000, device = DEVICE, place: Place = "lns") {
  const hasNone = async () => (await addressOf(lab, device, place)) === "";
  await poll(`${device} without an address`, ms, hasNone);
}

export interface Fetched {
  readonly want: string;
  readonly down: string;
  readonly up: string;
  /** Address that the server saw. */
  readonly seenFrom: string;
}

/**
 * A file of the servers of the lab down by TCP and up again, through one device whatever the routes say,
 * with its SHA-256 at both ends.
 */
export async function fetch(lab: Lab, server: string, device = DEVICE, place: Place = "lns") {
  const file = join(lab.directory, `fetched-${device}`);
  const script = `
set -eu
to() { echo "TCP4:$1:$2,connect-timeout=5,so-bindtodevice=$3"; }
socat -u "$(to "$1" 7003 "$2")" -
timeout 60 socat -u "$(to "$1" 7001 "$2")" "CREATE:$3"
sha256sum <"$3" | cut -d' ' -f1
timeout 60 socat -t 30 - "$(to "$1" 7002 "$2")" <"$3" | cut -d' ' -f1
socat -u "$(to "$1" 7004 "$2")" -`;
  const argv = ["sh", "-c", script, "sh", server, device, file];
  const [command, args] = lab.inside(place, argv);
  const lines = (await must(command, args, { ms: 150_000 })).trim().split("\n");
  const [want = "", below = "", above = "", seenFrom = ""] = lines;
  return { want, down: below, up: above, seenFrom } satisfies Fetched;
}
