/** `simplon lac` in the namespace of the guests, dialling the LNS of the lab. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { poll } from "./child.ts";
import { type Lab, LNS_ADDRESS } from "./lab.ts";
import { type ClientRow, type Keys, Simplon, simplonArgs, table, writeTables } from "./simplon.ts";

export interface LacSettings {
  readonly lac?: Keys;
  /** More keys of the LNS, or several LNSs. */
  readonly peers?: readonly Keys[];
  readonly client?: Keys;
}

/** A configuration with one client, "office", in a new directory; answers its path. */
export function writeLacConfig(lab: Lab, { lac, peers = [{}], client }: LacSettings = {}): string {
  const directory = mkdtempSync(join(lab.directory, "lac-"));
  const places = { socket: join(directory, "socket"), history: join(directory, "history") };
  const usual = { name: "office", peer: "office", tun: "office0", user: "bob", password: "bobpw" };
  return writeTables(directory, [
    table("[lac]", { listen: "0.0.0.0:1701", ...places, ...lac }),
    ...peers.map((keys) => {
      return table("[[peer]]", { name: "office", address: `${LNS_ADDRESS}:1701`, ...keys });
    }),
    table("[[client]]", { ...usual, methods: ["mschapv2", "chap", "pap"], ...client }),
    table("[log]", { level: "debug" }),
  ]);
}

export async function startLac(lab: Lab, settings: LacSettings = {}): Promise<Simplon> {
  const config = writeLacConfig(lab, settings);
  return Simplon.startWith(lab, config, simplonArgs("lac", "-c", config), "lac");
}

/** Waits until the client is as wanted; how it is then. */
export async function clientIs(
  lac: Simplon,
  what: string,
  holds: (row: ClientRow) => boolean,
  ms = 30_000,
): Promise<ClientRow> {
  let row: ClientRow | undefined;
  const isSo = async () => {
    [row] = await lac.clients();
    return row !== undefined && holds(row);
  };
  await poll(what, ms, isSo).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(row)}\n${lac.child.text}`);
  });
  return row as ClientRow;
}

export function isConnected({ state, address }: ClientRow): boolean {
  return state === "connected" && address !== "";
}
