/**
 * The shape of a configuration file, as zod sees it; the tables that name other hosts are in
 * `schema-servers.ts` and `schema-peers.ts`. The message of every check says what is
 * expected; `errors.ts` puts file, line, key and what was found around it.
 *
 * @module
 */
import { z } from "zod";
import {
  AUTH_NAME_MAX,
  CLIENTS_MAX,
  DSCP_MAX,
  FORWARDS_MAX,
  IDLE_MAX_MS,
  MTU_MAX,
  MTU_MIN,
  NAME_SERVERS_MAX,
  NETWORK_NAME_MAX,
  NETWORKS_MAX,
  PEERS_MAX,
  POOL_PREFIX_MAX,
  POOL_PREFIX_MIN,
  POOL6_PREFIX_MAX,
  POOL6_PREFIX_MIN,
  POOLS_PER_NETWORK_MAX,
  ROUTE_PREFIX_MIN,
  ROUTE6_PREFIX_MAX,
  ROUTE6_PREFIX_MIN,
  ROUTES_PER_USER_MAX,
  TUN_NAME_MAX,
  USERS_MAX,
} from "../limits.ts";
import { isHostAddress } from "./address.ts";
import { AUTH_METHODS, LOG_LEVELS } from "./config.ts";
import { client, forward, peer } from "./schema-peers.ts";
import { lac, lns } from "./schema-servers.ts";
import {
  choice,
  flag,
  IPV4,
  IPV6,
  integer,
  isDeviceName,
  isNetworkName,
  isPool,
  isPool6,
  isRoute,
  NAME,
  octets,
  RESERVED_DEVICES,
  rate,
  text,
} from "./shapes.ts";

const SECOND_MS = 1_000;

const prefixExpected =
  `an IPv4 prefix such as "10.64.0.0/16" (host bits zero, ` +
  `/${POOL_PREFIX_MIN} to /${POOL_PREFIX_MAX})`;

const nameServersExpected = `at most ${NAME_SERVERS_MAX} IPv4 addresses, such as ["192.0.2.53"]`;

const nameServers = z
  .array(
    text('an IPv4 address such as "192.0.2.53"', isHostAddress, { pattern: `^${IPV4}$` }),
    nameServersExpected,
  )
  .max(NAME_SERVERS_MAX, nameServersExpected)
  .default([]);

const poolExpected = `1 to ${POOLS_PER_NETWORK_MAX} IPv4 prefixes, such as ["10.64.0.0/16"]`;

const prefix6Expected =
  `an IPv6 prefix such as "2001:db8:64::/48" (host bits zero, ` +
  `/${POOL6_PREFIX_MIN} to /${POOL6_PREFIX_MAX})`;
const dscpExpected = `"copy" or an integer from 0 to ${DSCP_MAX}`;
const routeExpected =
  `a prefix such as "192.168.7.0/24" (/${ROUTE_PREFIX_MIN} to /32) or "2001:db8:1::/56" ` +
  `(/${ROUTE6_PREFIX_MIN} to /${ROUTE6_PREFIX_MAX}), host bits zero`;
const routesExpected = `at most ${ROUTES_PER_USER_MAX} prefixes, such as ["192.168.7.0/24"]`;
const pool6Expected = `at most ${POOLS_PER_NETWORK_MAX} IPv6 prefixes, such as ["2001:db8:64::/48"]`;

const network = z.strictObject(
  {
    name: text(
      `1 to ${NETWORK_NAME_MAX} letters, digits, ".", "_" or "-", a letter or digit first`,
      isNetworkName,
      { pattern: `^${NAME}$`, maxLength: NETWORK_NAME_MAX },
    ).describe("Name of the network, for users and for the log."),
    tun: text(
      `a device name of 1 to ${TUN_NAME_MAX} letters, digits, ".", "_" or "-", such as "simplon0"`,
      isDeviceName,
      { pattern: `^${NAME}$`, maxLength: TUN_NAME_MAX, not: { enum: RESERVED_DEVICES } },
    ).describe("Network device that is made at the start and goes at the end."),
    gateway: text('an IPv4 address such as "10.64.0.1"', isHostAddress, {
      pattern: `^${IPV4}$`,
    }).describe("Our address in this network; never given to a client."),
    pool: z
      .array(text(prefixExpected, isPool, { pattern: `^${IPV4}/\\d{1,2}$` }), poolExpected)
      .min(1, poolExpected)
      .max(POOLS_PER_NETWORK_MAX, poolExpected)
      .describe("Addresses for clients, but for the first and last of each prefix."),
    pool6: z
      .array(text(prefix6Expected, isPool6, { pattern: `^${IPV6}/\\d{2}$` }), pool6Expected)
      .max(POOLS_PER_NETWORK_MAX, pool6Expected)
      .default([])
      .describe("IPv6 prefixes of which each session gets a /64; [] means no IPv6."),
    dns: nameServers.describe("At most two name servers; [] means none is offered."),
    nbns: nameServers.describe("At most two NetBIOS name servers."),
    mtu: integer(MTU_MIN, MTU_MAX, " (octets)")
      .default(1_400)
      .describe("Largest packet inside the tunnel, in octets."),
    nat: flag()
      .default(false)
      .describe("Whether clients reach other networks under this host's IPv4 address."),
    "rate-down": rate()
      .default("")
      .describe('Bits of IP a second to each client at most, such as "10M"; "" is no bound.'),
    "rate-up": rate()
      .default("")
      .describe('Bits of IP a second from each client at most; "" is no bound.'),
    "mss-clamp": flag()
      .default(true)
      .describe("Whether the MSS of TCP connections is lowered to what the MTU holds."),
    dscp: z
      .union(
        [z.literal("copy"), z.int(dscpExpected).min(0, dscpExpected).max(DSCP_MAX, dscpExpected)],
        dscpExpected,
      )
      .default(0)
      .describe(
        'DSCP of the packets that carry the tunnel; "copy" takes that of the packet inside.',
      ),
    ecn: flag()
      .default(false)
      .describe("Whether ECN passes between the packet inside and the one that carries it."),
    sequencing: flag()
      .default(false)
      .describe("Whether data messages to clients are numbered, so that their LACs number too."),
    idle: integer(0, IDLE_MAX_MS / SECOND_MS, " (seconds; 0 is never)")
      .default(0)
      .describe("Seconds without a packet after which a session is ended; 0 is never."),
  },
  "a table [[network]]",
);

const methodsExpected = `one or more of ${AUTH_METHODS.map((name) => `"${name}"`).join(", ")}`;

const auth = z.strictObject(
  {
    methods: z
      .array(choice(AUTH_METHODS), methodsExpected)
      .min(1, methodsExpected)
      .refine((methods) => new Set(methods).size === methods.length, "each method once")
      .meta({ uniqueItems: true })
      .default([...AUTH_METHODS])
      .describe("Ways in which a client may prove its password, offered in this order."),
  },
  "a table [auth]",
);

const user = z.strictObject(
  {
    name: octets(1, AUTH_NAME_MAX).describe("What the client sends as user name."),
    password: octets(1, AUTH_NAME_MAX).optional().describe("Its password, as the client types it."),
    network: z
      .string("the name of a [[network]]")
      .optional()
      .describe("Name of the [[network]] that the user belongs to."),
    forward: z
      .string("the name of a [[peer]]")
      .optional()
      .describe("In place of network and password: the [[peer]] that its calls go on to."),
    "rate-down": rate()
      .optional()
      .describe('In place of the rate-down of the network; "" is no bound.'),
    "rate-up": rate()
      .optional()
      .describe('In place of the rate-up of the network; "" is no bound.'),
    routes: z
      .array(
        text(routeExpected, isRoute, { pattern: `^(${IPV4}|${IPV6})/\\d{1,3}$` }),
        routesExpected,
      )
      .max(ROUTES_PER_USER_MAX, routesExpected)
      .default([])
      .describe("Subnets behind the client, which it may send from and is sent packets for."),
  },
  "a table [[user]]",
);

const log = z.strictObject(
  { level: choice(LOG_LEVELS).default("info").describe("Lines below this level are left out.") },
  "a table [log]",
);

/** `describe` stands last: it belongs to what is made, with its default. */
function tables<Table extends z.ZodType>(table: Table, name: string, most: number) {
  const expected = `at most ${most} tables [[${name}]]`;
  return z.array(table, expected).max(most, expected).default([]);
}

export const fileSchema = z.strictObject({
  lns: lns.prefault({}).describe("The L2TP server."),
  network: tables(network, "network", NETWORKS_MAX).describe(
    "Virtual networks: each has a device, addresses, and what its clients are told.",
  ),
  auth: auth.prefault({}).describe("How clients authenticate."),
  user: tables(user, "user", USERS_MAX).describe("Those who may dial in."),
  lac: lac.prefault({}).describe("The side that dials: simplon lac."),
  peer: tables(peer, "peer", PEERS_MAX).describe("LNSs that calls go to."),
  client: tables(client, "client", CLIENTS_MAX).describe(
    "Connections of this host: each has a device, and what is reached through it.",
  ),
  forward: tables(forward, "forward", FORWARDS_MAX).describe(
    "Calls that the server passes on to another LNS.",
  ),
  log: log.prefault({}).describe("The log on stdout."),
});

/** A file that has passed the schema. */
export type ConfigFile = z.infer<typeof fileSchema>;

/** Tables of which there may be many. */
export const MANY: readonly string[] = ["network", "user", "peer", "client", "forward"];

/** Keys that each table knows, to help with one that it does not. */
export const KNOWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(fileSchema.shape),
  lns: Object.keys(lns.shape),
  network: Object.keys(network.shape),
  auth: Object.keys(auth.shape),
  user: Object.keys(user.shape),
  lac: Object.keys(lac.shape),
  peer: Object.keys(peer.shape),
  client: Object.keys(client.shape),
  forward: Object.keys(forward.shape),
  log: Object.keys(log.shape),
};
