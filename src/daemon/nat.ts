/**
 * Masquerading for a virtual network: one nftables table per network, made whole and taken away
 * whole.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import type { NetworkConfig } from "../config/config.ts";
import { StartError } from "./start-error.ts";

/** Replaces a table that an earlier run left behind, in the same transaction. */
export function addMasquerade(network: NetworkConfig): void {
  const table = tableName(network.tun);
  const rules = `
    add table ip ${table}
    delete table ip ${table}
    table ip ${table} {
      chain postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr { ${network.pool.join(", ")} } oifname != "${network.tun}" masquerade
      }
    }`;
  const problem = nft(rules);
  if (problem !== undefined) {
    throw new StartError(
      `network "${network.name}" has nat = true, but nft cannot set up masquerading: ${problem}; ` +
        "install nftables and run with CAP_NET_ADMIN, or set nat = false",
    );
  }
}

export function removeMasquerade(network: NetworkConfig): void {
  nft(`delete table ip ${tableName(network.tun)}`);
}

/**
 * Device names are unique on a host, but nftables takes fewer characters than they may have: any
 * other is written as its code, so that two devices never share a table.
 */
export function tableName(tun: string): string {
  const code = (char: string) => `_${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return `simplon_${tun.replace(/[^A-Za-z0-9]/g, code)}`;
}

/** Runs nft; returns what went wrong in one line. */
function nft(rules: string): string | undefined {
  const result = spawnSync("nft", ["-f", "-"], { input: rules, encoding: "utf8" });
  if (result.error !== undefined) return "nft is not installed";
  if (result.status === 0) return undefined;
  return result.stderr.trim().split("\n")[0] ?? `nft ended with ${result.status}`;
}
