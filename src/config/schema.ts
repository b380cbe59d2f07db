/**
 * The shape of a configuration file, as zod sees it. The message of every check says what is
 * expected; `errors.ts` puts file, line, key and what was found around it.
 *
 * @module
 */
import { z } from "zod";
import {
  AUTH_NAME_MAX,
  HELLO_MAX_MS,
  HISTORY_PATH_MAX,
  MTU_MAX,
  MTU_MIN,
  NAME_SERVERS_MAX,
  NETWORK_NAME_MAX,
  NETWORKS_MAX,
  PEER_TEXT_MAX,
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
  SECRET_MAX,
  SESSIONS_MAX,
  SOCKET_PATH_MAX,
  TUN_NAME_MAX,
  TUNNELS_MAX,
  USERS_MAX,
} from "../limits.ts";
import { isHostAddress, parseHostPrefix, parseHostPrefix6, parseListen } from "./address.ts";
import { AUTH_METHODS, LOG_LEVELS } from "./config.ts";

const SECOND_MS = 1_000;

function text(expected: string, holds: (value: string) => boolean) {
  return z.string(expected).refine(holds, expected);
}

function octets(min: number, max: number) {
  return text(`a string of ${min} to ${max} octets`, (value) => {
    const length = Buffer.byteLength(value);
    return min <= length && length <= max;
  });
}

function integer(min: number, max: number, unit = "") {
  const expected = `an integer from ${min} to ${max}${unit}`;
  return z.int(expected).min(min, expected).max(max, expected);
}

function choice<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, `one of ${values.map((value) => JSON.stringify(value)).join(", ")}`);
}

function isPrintable(value: string, max: number): boolean {
  return /^[\x21-\x7e]+$/.test(value) && value.length <= max;
}

/** The kernel also takes stranger names; these are safe in paths, nft rules and `%d` templates. */
function isDeviceName(value: string): boolean {
  const isReserved = ["all", "default", "lo"].includes(value);
  return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value) && value.length <= TUN_NAME_MAX && !isReserved;
}

function isNetworkName(value: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value) && value.length <= NETWORK_NAME_MAX;
}

function isPool6(value: string): boolean {
  const length = parseHostPrefix6(value)?.length ?? 0;
  return POOL6_PREFIX_MIN <= length && length <= POOL6_PREFIX_MAX;
}

/** A path that the kernel takes as it stands. */
function isAbsolute(value: string, max: number): boolean {
  return value.startsWith("/") && !value.includes("\0") && Buffer.byteLength(value) <= max;
}

function isPool(value: string): boolean {
  const length = parseHostPrefix(value)?.length ?? 0;
  return POOL_PREFIX_MIN <= length && length <= POOL_PREFIX_MAX;
}

const prefixExpected =
  `an IPv4 prefix such as "10.64.0.0/16" (host bits zero, ` +
  `/${POOL_PREFIX_MIN} to /${POOL_PREFIX_MAX})`;

const workersExpected = "1 (this version runs exactly one worker)";

const nameServersExpected = `at most ${NAME_SERVERS_MAX} IPv4 addresses, such as ["192.0.2.53"]`;

const nameServers = z
  .array(text('an IPv4 address such as "192.0.2.53"', isHostAddress), nameServersExpected)
  .max(NAME_SERVERS_MAX, nameServersExpected)
  .default([]);

const lns = z.strictObject(
  {
    listen: text(
      'an address and port such as "0.0.0.0:1701", or "[::]:1701" for both families',
      (value) => parseListen(value) !== undefined,
    ).default("0.0.0.0:1701"),
    hostname: text(`1 to ${PEER_TEXT_MAX} printable ASCII characters without spaces`, (value) =>
      isPrintable(value, PEER_TEXT_MAX),
    ).default("simplon"),
    secret: octets(0, SECRET_MAX).default(""),
    workers: z.literal(1, workersExpected).default(1),
    hello: integer(1, HELLO_MAX_MS / SECOND_MS, " (seconds)").default(60),
    socket: text(`an absolute path of at most ${SOCKET_PATH_MAX} octets`, (value) =>
      isAbsolute(value, SOCKET_PATH_MAX),
    ).optional(), // its place depends on the user: places.ts
    history: text(
      `an absolute path of at most ${HISTORY_PATH_MAX} octets, or "" for none`,
      (value) => value === "" || isAbsolute(value, HISTORY_PATH_MAX),
    ).optional(),
    "follow-port": z.boolean("true or false").default(true),
    "retransmit-cap": integer(
      RETRANSMIT_CAP_MIN_MS / SECOND_MS,
      RETRANSMIT_CAP_MAX_MS / SECOND_MS,
      " (seconds; RFC 2661 5.8 forbids less)",
    ).default(RETRANSMIT_CAP_MS / SECOND_MS),
    "retransmit-count": integer(1, RETRANSMIT_COUNT_MAX).default(RETRANSMIT_COUNT),
    "max-tunnels": integer(1, TUNNELS_MAX).default(TUNNELS_MAX),
    "max-sessions": integer(1, SESSIONS_MAX).default(SESSIONS_MAX),
  },
  "a table [lns]",
);

const poolExpected = `1 to ${POOLS_PER_NETWORK_MAX} IPv4 prefixes, such as ["10.64.0.0/16"]`;

const prefix6Expected =
  `an IPv6 prefix such as "2001:db8:64::/48" (host bits zero, ` +
  `/${POOL6_PREFIX_MIN} to /${POOL6_PREFIX_MAX})`;
const pool6Expected = `at most ${POOLS_PER_NETWORK_MAX} IPv6 prefixes, such as ["2001:db8:64::/48"]`;

const network = z.strictObject(
  {
    name: text(
      `1 to ${NETWORK_NAME_MAX} letters, digits, ".", "_" or "-", a letter or digit first`,
      isNetworkName,
    ),
    tun: text(
      `a device name of 1 to ${TUN_NAME_MAX} letters, digits, ".", "_" or "-", such as "simplon0"`,
      isDeviceName,
    ),
    gateway: text('an IPv4 address such as "10.64.0.1"', isHostAddress),
    pool: z
      .array(text(prefixExpected, isPool), poolExpected)
      .min(1, poolExpected)
      .max(POOLS_PER_NETWORK_MAX, poolExpected),
    pool6: z
      .array(text(prefix6Expected, isPool6), pool6Expected)
      .max(POOLS_PER_NETWORK_MAX, pool6Expected)
      .default([]),
    dns: nameServers,
    nbns: nameServers,
    mtu: integer(MTU_MIN, MTU_MAX, " (octets)").default(1_400),
    nat: z.boolean("true or false").default(false),
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
      .default([...AUTH_METHODS]),
  },
  "a table [auth]",
);

const user = z.strictObject(
  {
    name: octets(1, AUTH_NAME_MAX),
    password: octets(1, AUTH_NAME_MAX),
    network: z.string("the name of a [[network]]"),
  },
  "a table [[user]]",
);

const log = z.strictObject({ level: choice(LOG_LEVELS).default("info") }, "a table [log]");

const networksExpected = `1 to ${NETWORKS_MAX} tables [[network]]`;
const usersExpected = `at most ${USERS_MAX} tables [[user]]`;

export const fileSchema = z.strictObject({
  lns: lns.prefault({}),
  network: z
    .array(network, networksExpected)
    .min(1, networksExpected)
    .max(NETWORKS_MAX, networksExpected),
  auth: auth.prefault({}),
  user: z.array(user, usersExpected).max(USERS_MAX, usersExpected).default([]),
  log: log.prefault({}),
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
