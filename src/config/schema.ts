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
  HOST_NAME_MAX,
  HOST_NAME_WITH_SECRET_MAX,
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
  SECRET_MAX,
  SESSIONS_MAX,
  SOCKET_PATH_MAX,
  TUN_NAME_MAX,
  TUNNELS_MAX,
  USERS_MAX,
} from "../limits.ts";
import { OFFLOADS } from "../offloads.ts";
import { isHostAddress, parseHostPrefix, parseHostPrefix6, parseListen } from "./address.ts";
import { AUTH_METHODS, DEFAULT_HISTORY, DEFAULT_SOCKET, LOG_LEVELS } from "./config.ts";

const SECOND_MS = 1_000;

/** What JSON Schema can say of a string where zod has a function: a necessary condition. */
interface Shape {
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly not?: { readonly enum: readonly string[] };
}

const BYTE = "(25[0-5]|2[0-4]\\d|1?\\d?\\d)";
const IPV4 = `(${BYTE}\\.){3}${BYTE}`;
const IPV6 = "[0-9A-Fa-f:.]{2,45}";
/** Names that /proc/sys/net and the kernel have given already. */
const RESERVED_DEVICES: readonly string[] = ["all", "default", "lo"];
const NAME = "[A-Za-z0-9][A-Za-z0-9._-]*";

function text(expected: string, holds: (value: string) => boolean, shape: Shape = {}) {
  return z
    .string(expected)
    .refine(holds, expected)
    .meta({ ...shape });
}

/** Of characters there are at most as many as octets. */
function octets(min: number, max: number) {
  const holds = (value: string) => {
    const length = Buffer.byteLength(value);
    return min <= length && length <= max;
  };
  const shape = { ...(min > 0 && { minLength: 1 }), maxLength: max };
  return text(`a string of ${min} to ${max} octets`, holds, shape);
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
  const isReserved = RESERVED_DEVICES.includes(value);
  return new RegExp(`^${NAME}$`).test(value) && value.length <= TUN_NAME_MAX && !isReserved;
}

function isNetworkName(value: string): boolean {
  return new RegExp(`^${NAME}$`).test(value) && value.length <= NETWORK_NAME_MAX;
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
    workers: z
      .literal(1, workersExpected)
      .default(1)
      .describe("Threads that move packets; this version runs exactly one."),
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
    "follow-port": z
      .boolean("true or false")
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
    nat: z
      .boolean("true or false")
      .default(false)
      .describe("Whether clients reach other networks under this host's IPv4 address."),
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
