/**
 * What tables of [[peer]], [[client]], [[forward]] and [[user]] say about each other.
 *
 * @module
 */
import { HOST_NAME_WITH_SECRET_MAX, MTU6_MIN } from "../limits.ts";
import { parseListen, parsePeer } from "./address.ts";
import { type ConfigError, expectedError, keyError, type Source } from "./errors.ts";
import { reachErrors } from "./reach.ts";
import type { ConfigFile } from "./schema.ts";

export function peerErrors(source: Source, file: ConfigFile): ConfigError[] {
  return [
    ...listErrors(source, file),
    ...reachErrors(source, file),
    ...hidingErrors(source, file),
    ...unknownPeers(source, file),
    ...clientErrors(source, file),
    ...forwardErrors(source, file),
    ...userErrors(source, file),
    ...hostNameErrors(source, file),
  ];
}

/** Tables of one name are a list, in which an LNS stands once. */
function listErrors(source: Source, { peer }: ConfigFile): ConfigError[] {
  return peer.flatMap(({ name, address }, index) => {
    const earlier = peer.findIndex((other) => other.name === name && other.address === address);
    if (earlier === index) return [];
    const line = source.lines.of(["peer", earlier, "address"]);
    const expected = `an LNS that ${JSON.stringify(name)} does not have already in line ${line}`;
    return [expectedError(source, ["peer", index, "address"], expected)];
  });
}

/** Values are hidden with the secret (RFC 2661 4.3). */
function hidingErrors(source: Source, { lns, lac, peer }: ConfigFile): ConfigError[] {
  const tables = [
    { path: ["lns"], table: lns },
    { path: ["lac"], table: lac },
    ...peer.map((table, index) => ({ path: ["peer", index], table })),
  ];
  return tables
    .filter(({ table }) => table["hide-avps"] && table.secret === "")
    .map(({ path }) => {
      const message = "expected a secret, which values are hidden with";
      return keyError(source, [...path, "hide-avps"], message);
    });
}

function unknownPeers(source: Source, { peer, client, forward, user }: ConfigFile): ConfigError[] {
  const names = [...new Set(peer.map(({ name }) => name))];
  const expected = `the name of a [[peer]] (${names.join(", ") || "there is none"})`;
  const used = [
    ...client.map((each, index) => ({ path: ["client", index, "peer"], name: each.peer })),
    ...forward.map((each, index) => ({ path: ["forward", index, "peer"], name: each.peer })),
    ...user.map((each, index) => ({ path: ["user", index, "forward"], name: each.forward })),
  ];
  return used.flatMap(({ path, name }) =>
    name === undefined || names.includes(name) ? [] : [expectedError(source, path, expected)],
  );
}

function clientErrors(source: Source, { client, peer, network }: ConfigFile): ConfigError[] {
  return client.flatMap((each, index) => {
    const path = ["client", index];
    const lnss = peer.filter(({ name }) => name === each.peer);
    const errors: ConfigError[] = [];
    for (const [at, route] of each.routes.entries()) {
      const lns = lnss.find(({ address }) => isHostRoute(route, address));
      if (lns !== undefined) {
        const expected = `a route that does not send the tunnel to ${lns.address} into itself`;
        errors.push(expectedError(source, [...path, "routes", at], expected));
      } else if (route.includes(":") && !each.ipv6) {
        const expected = "an IPv4 prefix, as ipv6 is false";
        errors.push(expectedError(source, [...path, "routes", at], expected));
      }
    }
    const clash = network.findIndex(({ tun }) => tun === each.tun);
    if (clash >= 0) {
      const line = source.lines.of(["network", clash, "tun"]);
      const expected = `a device of its own, which that of line ${line} is not`;
      errors.push(expectedError(source, [...path, "tun"], expected));
    }
    if (each.ipv6 && each.mtu < MTU6_MIN) {
      const expected = `at least ${MTU6_MIN}, which IPv6 needs (or ipv6 = false)`;
      errors.push(expectedError(source, [...path, "mtu"], expected));
    }
    return errors;
  });
}

/** Any wider prefix may hold the LNS: the way to it alone is more specific, and stays. */
function isHostRoute(route: string, endpoint: string): boolean {
  const { address } = parsePeer(endpoint) as { address: string };
  const [first = "", length] = route.split("/");
  const isHost = length === (address.includes(":") ? "128" : "32");
  return (
    isHost && parseListen(first.includes(":") ? `[${first}]:1` : `${first}:1`)?.address === address
  );
}

function forwardErrors(source: Source, { forward }: ConfigFile): ConfigError[] {
  return forward.flatMap(({ realm, called }, index) =>
    (realm === undefined) === (called === undefined)
      ? [keyError(source, ["forward", index], "expected either realm or called")]
      : [],
  );
}

/** A user belongs to a network, or is another LNS's. */
function userErrors(source: Source, { user }: ConfigFile): ConfigError[] {
  return user.flatMap(({ forward, ...own }, index) => {
    const path = ["user", index];
    if (forward === undefined) {
      return [
        ...(own.password === undefined
          ? [expectedError(source, [...path, "password"], "its password, or forward")]
          : []),
        ...(own.network === undefined
          ? [expectedError(source, [...path, "network"], "the name of a [[network]], or forward")]
          : []),
      ];
    }
    const keys = ["password", "network", "rate-down", "rate-up"] as const;
    const extra = keys.filter((key) => own[key] !== undefined);
    const message = "expected none beside forward: the other LNS knows it";
    return [
      ...extra.map((key) => keyError(source, [...path, key], message)),
      ...(own.routes.length > 0 ? [keyError(source, [...path, "routes"], message)] : []),
    ];
  });
}

/** As of an LNS: our answer to a stranger has to stay small. */
function hostNameErrors(source: Source, { lac }: ConfigFile): ConfigError[] {
  if (lac.secret === "" || lac.hostname.length <= HOST_NAME_WITH_SECRET_MAX) return [];
  const expected = `at most ${HOST_NAME_WITH_SECRET_MAX} characters (secret is set)`;
  return [expectedError(source, ["lac", "hostname"], expected)];
}
