/**
 * Subnets behind users: each belongs to one, and the host has one routing table, so that none may
 * overlap a pool, a gateway or another one.
 *
 * @module
 */
import { ROUTES_MAX } from "../limits.ts";
import { type Ipv4Prefix, type Ipv6Prefix, ipv4 } from "../net.ts";
import { contains, overlaps, overlaps6, parseHostPrefix, parseHostPrefix6 } from "./address.ts";
import { type ConfigError, expectedError, type Source } from "./errors.ts";
import type { KeyPath } from "./locate.ts";
import type { ConfigFile } from "./schema.ts";

interface Taken {
  readonly path: KeyPath;
  readonly text: string;
  readonly prefix: Ipv4Prefix | undefined;
  readonly prefix6: Ipv6Prefix | undefined;
}

export function routeErrors(source: Source, file: ConfigFile): ConfigError[] {
  const routes = file.user.flatMap(({ routes }, user) =>
    routes.map((text, index) => taken(text, ["user", user, "routes", index])),
  );
  if (routes.length > ROUTES_MAX) {
    const expected = `at most ${ROUTES_MAX} routes of all users`;
    return [expectedError(source, routes[ROUTES_MAX]?.path ?? [], expected)];
  }
  const pools = file.network.flatMap(({ pool, pool6 }, network) => [
    ...pool.map((text, index) => taken(text, ["network", network, "pool", index])),
    ...pool6.map((text, index) => taken(text, ["network", network, "pool6", index])),
  ]);
  return [
    ...clashes(source, pools, routes),
    ...gatewayErrors(source, file, routes),
    ...familyErrors(source, file, routes),
  ];
}

function taken(text: string, path: KeyPath): Taken {
  return { path, text, prefix: parseHostPrefix(text), prefix6: parseHostPrefix6(text) };
}

/** Each route is compared with every pool and every route before it: some thousands at most. */
function clashes(source: Source, pools: readonly Taken[], routes: readonly Taken[]): ConfigError[] {
  return routes.flatMap((route, index) => {
    const clashing = (other: Taken) => areOverlapping(other, route);
    const other = pools.find(clashing) ?? routes.slice(0, index).find(clashing);
    if (other === undefined) return [];
    const line = source.lines.of(other.path);
    const expected = `a prefix apart from ${JSON.stringify(other.text)} of line ${line}`;
    return [expectedError(source, route.path, expected)];
  });
}

function areOverlapping(a: Taken, b: Taken): boolean {
  if (a.prefix !== undefined && b.prefix !== undefined) return overlaps(a.prefix, b.prefix);
  return a.prefix6 !== undefined && b.prefix6 !== undefined && overlaps6(a.prefix6, b.prefix6);
}

function gatewayErrors(
  source: Source,
  { network }: ConfigFile,
  routes: readonly Taken[],
): ConfigError[] {
  return routes.flatMap(({ path, prefix }) => {
    if (prefix === undefined) return [];
    const own = network.find(({ gateway }) => contains(prefix, ipv4(gateway)));
    if (own === undefined) return [];
    const expected = `a prefix without the gateway of network ${JSON.stringify(own.name)}`;
    return [expectedError(source, path, expected)];
  });
}

/** A link without a /64 of its own speaks no IPv6 that could be routed. */
function familyErrors(
  source: Source,
  { network, user }: ConfigFile,
  routes: readonly Taken[],
): ConfigError[] {
  const plain = network.filter(({ pool6 }) => pool6.length === 0).map(({ name }) => name);
  return routes.flatMap(({ path, prefix6 }) => {
    const name = user[Number(path[1])]?.network ?? "";
    if (prefix6 === undefined || !plain.includes(name)) return [];
    const expected = `an IPv4 prefix, as network ${JSON.stringify(name)} has no pool6`;
    return [expectedError(source, path, expected)];
  });
}
