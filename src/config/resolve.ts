/** The names of LNSs become addresses: once, at the start, as the daemon itself asks no name server. @module */

import { lookup as ask } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { PEER_ADDRESSES_MAX } from "../limits.ts";
import { formatIpv6, isIpv4, parseIpv6 } from "../net.ts";
import { isHostName } from "./address.ts";
import type { Config, PeerConfig } from "./config.ts";
import { type ConfigError, keyError } from "./errors.ts";
import { Lines } from "./locate.ts";

/** Of a socket on IPv4, on IPv6, or on both. */
type Family = 4 | 6 | 0;
/** The addresses of a name, the best first; throws where there is none. */
export type Lookup = (name: string, family: Family) => Promise<readonly string[]>;

/**
 * `file` is where `config` comes from. Of a name with many addresses the first is dialled first, and
 * the others before any LNS of a higher `priority`.
 */
export async function resolvePeers(
  config: Config,
  file: string,
  lookup: Lookup = lookupName,
): Promise<Config | ConfigError> {
  const family = familyOf(config.lns.address);
  const peers: PeerConfig[] = [];
  for (const [index, peer] of config.peers.entries()) {
    if (!isHostName(peer.address)) {
      peers.push(peer);
      continue;
    }
    try {
      const found = (await lookup(peer.address, family)).map(canonical);
      const addresses = [...new Set(found)].slice(0, PEER_ADDRESSES_MAX);
      for (const [place, address] of addresses.entries()) {
        peers.push({ ...peer, address, priority: peer.priority + place / PEER_ADDRESSES_MAX });
      }
    } catch (error) {
      return notResolved(file, index, peer.address, error);
    }
  }
  return { ...config, peers };
}

async function lookupName(name: string, family: Family): Promise<readonly string[]> {
  const found = await ask(name, { all: true, family, order: "verbatim" });
  return found.map(({ address }) => address);
}

function notResolved(file: string, index: number, name: string, error: unknown): ConfigError {
  const { code = "no answer" } = error as NodeJS.ErrnoException;
  const source = { file, lines: new Lines(readFileSync(file, "utf8")), root: undefined };
  const message = `expected a name that has an address, ${JSON.stringify(name)} has none (${code})`;
  return keyError(source, ["peer", index, "address"], message);
}

function familyOf(listen: string): Family {
  if (isIpv4(listen)) return 4;
  return listen === "::" ? 0 : 6;
}

function canonical(address: string): string {
  const octets = isIpv4(address) ? undefined : parseIpv6(address);
  return octets === undefined ? address : formatIpv6(octets);
}
