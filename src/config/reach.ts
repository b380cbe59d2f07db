/**
 * Whether the address of each [[peer]] has a place on the socket that dials it, and is not that socket
 * itself. A name has neither fault: it is resolved to addresses that have a place.
 *
 * @module
 */
import { isIpv4 } from "../net.ts";
import { isHostName, parseListen, parsePeer } from "./address.ts";
import { type ConfigError, expectedError, type Source } from "./errors.ts";
import type { ConfigFile } from "./schema.ts";

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export function reachErrors(source: Source, file: ConfigFile): ConfigError[] {
  return file.peer.flatMap((peer, index) => {
    const place = parsePeer(peer.address) as Endpoint;
    if (isHostName(place.address)) return [];
    for (const table of diallersOf(peer.name, file)) {
      const expected = expectedOf(place, table, file[table].listen);
      if (expected !== undefined)
        return [expectedError(source, ["peer", index, "address"], expected)];
    }
    return [];
  });
}

/** Any that no client has may be called by `simplon call`, which asks the server. */
function diallersOf(name: string, { client, forward, user, network }: ConfigFile) {
  const isLacs = client.some(({ peer }) => peer === name);
  const goesOn =
    forward.some(({ peer }) => peer === name) || user.some((each) => each.forward === name);
  const isLnss = goesOn || (!isLacs && network.length > 0);
  return [...(isLnss ? ["lns" as const] : []), ...(isLacs ? ["lac" as const] : [])];
}

/** What is expected in the place of `peer`; `undefined` when it is in order. */
function expectedOf(peer: Endpoint, table: "lns" | "lac", listen: string): string | undefined {
  const own = parseListen(listen) as Endpoint;
  const shown = `[${table}] listen is ${JSON.stringify(listen)}`;
  if (own.address !== "::" && isIpv4(own.address) !== isIpv4(peer.address)) {
    const family = isIpv4(own.address) ? "IPv4" : "IPv6";
    return `an ${family} address, as ${shown} (one of "[::]" has both families)`;
  }
  const isOurs = own.address === peer.address || (isWildcard(own) && isLoopback(peer));
  return isOurs && own.port === peer.port ? `an LNS other than this one, as ${shown}` : undefined;
}

function isWildcard({ address }: Endpoint): boolean {
  return address === "0.0.0.0" || address === "::";
}

function isLoopback({ address }: Endpoint): boolean {
  return address.startsWith("127.") || address === "::1";
}
