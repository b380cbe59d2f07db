/**
 * The shape of a configuration file, as zod sees it. The message of every check says what is
 * expected; `errors.ts` puts file, line, key and what was found around it.
 *
 * @module
 */
import { z } from "zod";
import {
  AUTH_NAME_MAX,
  DSCP_MAX,
  HELLO_MAX_MS,
  HISTORY_PATH_MAX,
  HOST_NAME_MAX,
  HOST_NAME_WITH_SECRET_MAX,
  IDLE_MAX_MS,
  MTU_MAX,
  MTU_MIN,
  NAME_SERVERS_MAX,
  NETWORK_NAME_MAX,
  NETWORKS_MAX,
  POOL_PREFIX_MAX,
  POOL_PREFIX_MIN,
  POOL6_PREFIX_MAX,
  POOL6_PREFIX_MIN,
  POOLS_PER_NETWORK_MAX,
  RETRANSMIT_CAP_MAX_MS,
  RETRANSMIT_CAP_MIN_MS,
  RETRANSMIT_CAP_MS,
  RETRANSMIT_COUNT,
  RETRANSMIT_COUNT_MAX,
  ROUTE_PREFIX_MIN,
  ROUTE6_PREFIX_MAX,
  ROUTE6_PREFIX_MIN,
  ROUTES_PER_USER_MAX,
  SECRET_MAX,
  SESSIONS_MAX,
  SOCKET_PATH_MAX,
  TUN_NAME_MAX,
  TUNNELS_MAX,
  USERS_MAX,
  WORKERS_MAX,
} from "../limits.ts";
import { OFFLOADS } from "../offloads.ts";
import { isHostAddress, parseListen } from "./address.ts";
import { AUTH_METHODS, DEFAULT_HISTORY, DEFAULT_SOCKET, LOG_LEVELS, STEERS } from "./config.ts";
import {
  choice,
  flag,
  IPV4,
  IPV6,
  integer,
  isAbsolute,
  isDeviceName,
  isNetworkName,
  isPool,
  isPool6,
  isPrintable,
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

const offloadsExpected = `a list of ${OFFLOADS.map((name) => `"${name}"`).join(", ")}`;

const lns = z.strictObject(
  {
    listen: text(
      'an address and port such as "0.0.0.0:1701", or "[::]:1701" for both families',
      (value) => parseListen(value) !== undefined,
      { pattern: `^(${IPV4}|\\[${IPV6}\\]):[1-9]\\d{0,4}$` },
    )
      .default("0.0.0.0:1701")
      .describe('Address and UDP port of the L2TP server; "[::]:1701" serves both families.'),
    hostname: text(
      `1 to ${HOST_NAME_MAX} printable ASCII characters without spaces`,
      (value) => isPrintable(value, HOST_NAME_MAX),
      { pattern: `^[!-~]{1,${HOST_NAME_MAX}}$` },
    )
      .default("simplon")
      .describe(
        "Host Name that peers see; also the name in CHAP challenges. " +
          `With a secret at most ${HOST_NAME_WITH_SECRET_MAX} characters.`,
      ),
    secret: octets(0, SECRET_MAX)
      .default("")
      .describe('Shared tunnel secret; "" means no tunnel authentication.'),
    workers: integer(1, WORKERS_MAX)
      .default(1)
      .describe("Threads that move packets; at most one for each processor is of use."),
    steer: choice(STEERS)
      .default("tunnel")
      .describe(
        'What a worker is chosen by: "tunnel" keeps all sessions of a peer together, "session" ' +
          "spreads those of one tunnel and receives its datagrams one by one (no udp-gro).",
      ),
    hello: integer(1, HELLO_MAX_MS / SECOND_MS, " (seconds)")
      .default(60)
      .describe("Seconds of silence of a peer before it is asked with a HELLO."),
    socket: text(
      `an absolute path of at most ${SOCKET_PATH_MAX} octets`,
      (value) => isAbsolute(value, SOCKET_PATH_MAX),
      { pattern: "^/", maxLength: SOCKET_PATH_MAX },
    )
      .optional()
      .describe(
        `Unix socket that "simplon show" asks; only this user may. Without it ${DEFAULT_SOCKET} ` +
          "for root, simplon.sock beside this file for others.",
      ),
    history: text(
      `an absolute path of at most ${HISTORY_PATH_MAX} octets, or "" for none`,
      (value) => value === "" || isAbsolute(value, HISTORY_PATH_MAX),
      { pattern: "^(/|$)", maxLength: HISTORY_PATH_MAX },
    )
      .optional()
      .describe(
        'File that keeps how tunnels and sessions ended; "" keeps it in memory only. Without it ' +
          `${DEFAULT_HISTORY} for root, simplon.history beside this file for others.`,
      ),
    offloads: z
      .array(choice(OFFLOADS), offloadsExpected)
      .refine((offloads) => new Set(offloads).size === offloads.length, "each offload once")
      .meta({ uniqueItems: true })
      .default([...OFFLOADS])
      .describe("Offloads that are used where the kernel has them; one that is left out is not."),
    "follow-port": flag()
      .default(true)
      .describe("Whether a tunnel goes on when the peer's UDP port changes (NAT)."),
    "retransmit-cap": integer(
      RETRANSMIT_CAP_MIN_MS / SECOND_MS,
      RETRANSMIT_CAP_MAX_MS / SECOND_MS,
      " (seconds; RFC 2661 5.8 forbids less)",
    )
      .default(RETRANSMIT_CAP_MS / SECOND_MS)
      .describe("Longest wait in seconds before a control message is sent again."),
    "retransmit-count": integer(1, RETRANSMIT_COUNT_MAX)
      .default(RETRANSMIT_COUNT)
      .describe("Retransmissions before a tunnel is given up."),
    "max-tunnels": integer(1, TUNNELS_MAX).default(TUNNELS_MAX).describe("Tunnels in all."),
    "max-sessions": integer(1, SESSIONS_MAX).default(SESSIONS_MAX).describe("Sessions in all."),
  },
  "a table [lns]",
);

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
    password: octets(1, AUTH_NAME_MAX).describe("Its password, as the client types it."),
    network: z
      .string("the name of a [[network]]")
      .describe("Name of the [[network]] that the user belongs to."),
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

const networksExpected = `1 to ${NETWORKS_MAX} tables [[network]]`;
const usersExpected = `at most ${USERS_MAX} tables [[user]]`;

export const fileSchema = z.strictObject({
  lns: lns.prefault({}).describe("The L2TP server."),
  network: z
    .array(network, networksExpected)
    .min(1, networksExpected)
    .max(NETWORKS_MAX, networksExpected)
    .describe("Virtual networks: each has a device, addresses, and what its clients are told."),
  auth: auth.prefault({}).describe("How clients authenticate."),
  user: z
    .array(user, usersExpected)
    .max(USERS_MAX, usersExpected)
    .default([])
    .describe("Those who may dial in."),
  log: log.prefault({}).describe("The log on stdout."),
});

/** A file that has passed the schema. */
export type ConfigFile = z.infer<typeof fileSchema>;

/** Keys that each table knows, to help with one that it does not. */
export const KNOWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(fileSchema.shape),
  lns: Object.keys(lns.shape),
  network: Object.keys(network.shape),
  auth: Object.keys(auth.shape),
  user: Object.keys(user.shape),
  log: Object.keys(log.shape),
};
