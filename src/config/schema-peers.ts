/** The shapes of [[peer]], [[client]] and [[forward]]: LNSs, and what goes there. @module */
import { z } from "zod";
import {
  AUTH_NAME_MAX,
  MTU_MAX,
  MTU_MIN,
  NETWORK_NAME_MAX,
  PEER_TEXT_MAX,
  PEER_WEIGHT_MAX,
  REALM_MAX,
  ROUTES_PER_CLIENT_MAX,
  SECRET_MAX,
  TUN_NAME_MAX,
} from "../limits.ts";
import { HOST, isHostAddress, isHostName, parsePeer } from "./address.ts";
import { AUTH_METHODS } from "./config.ts";
import {
  choice,
  flag,
  IPV4,
  IPV6,
  integer,
  isDeviceName,
  isNetworkName,
  isPrintable,
  isWay,
  NAME,
  octets,
  RESERVED_DEVICES,
  text,
} from "./shapes.ts";

const name = (described: string) =>
  text(
    `1 to ${NETWORK_NAME_MAX} letters, digits, ".", "_" or "-", a letter or digit first`,
    isNetworkName,
    { pattern: `^${NAME}$`, maxLength: NETWORK_NAME_MAX },
  ).describe(described);

const peerName = z.string("the name of a [[peer]]");

/** One host: not the address that means all of them. */
function isPeerAddress(value: string): boolean {
  const { address } = parsePeer(value) ?? { address: "::" };
  if (isHostName(address)) return true;
  return address.includes(":") ? address !== "::" : isHostAddress(address) || isLoopback(address);
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.");
}

export const peer = z.strictObject(
  {
    name: name("Name of an LNS, or of a LAC for outgoing calls; tables of one name are a list."),
    address: text(
      'an address and port such as "192.0.2.1:1701", "[2001:db8::1]:1701" or "lns.example.net:1701"',
      isPeerAddress,
      { pattern: `^(${IPV4}|\\[${IPV6}\\]|${HOST}):[1-9]\\d{0,4}$` },
    ).describe("Address, or name, and UDP port of it; a name is resolved at the start."),
    secret: octets(0, SECRET_MAX)
      .default("")
      .describe('Shared tunnel secret; "" means no tunnel authentication.'),
    priority: integer(0, PEER_WEIGHT_MAX)
      .default(1)
      .describe("Of a list of LNSs the lowest priority is tried first."),
    weight: integer(1, PEER_WEIGHT_MAX)
      .default(1)
      .describe("Among LNSs of one priority, the share of the calls that this one gets."),
    "hide-avps": flag()
      .default(false)
      .describe("Whether values that may be hidden are sent hidden; needs a secret."),
  },
  "a table [[peer]]",
);

const methodsExpected = `one or more of ${AUTH_METHODS.map((each) => `"${each}"`).join(", ")}`;
const wayExpected = 'a prefix such as "10.8.0.0/24", "0.0.0.0/0" or "::/0", host bits zero';
const waysExpected = `at most ${ROUTES_PER_CLIENT_MAX} prefixes, such as ["10.8.0.0/24"]`;
const numberExpected = `at most ${PEER_TEXT_MAX} printable ASCII characters without spaces`;

const number = (described: string) =>
  text(numberExpected, (value) => value === "" || isPrintable(value, PEER_TEXT_MAX), {
    pattern: `^[!-~]{0,${PEER_TEXT_MAX}}$`,
  })
    .default("")
    .describe(described);

export const client = z.strictObject(
  {
    name: name("Name of the connection, for the log and for show."),
    peer: peerName.describe("Name of the [[peer]] that is dialled."),
    tun: text(
      `a device name of 1 to ${TUN_NAME_MAX} letters, digits, ".", "_" or "-", such as "office0"`,
      isDeviceName,
      { pattern: `^${NAME}$`, maxLength: TUN_NAME_MAX, not: { enum: RESERVED_DEVICES } },
    ).describe("Network device that is made at the start and goes at the end."),
    user: octets(1, AUTH_NAME_MAX).describe("User name that the LNS is told."),
    password: octets(1, AUTH_NAME_MAX).describe("Its password."),
    methods: z
      .array(choice(AUTH_METHODS), methodsExpected)
      .min(1, methodsExpected)
      .refine((methods) => new Set(methods).size === methods.length, "each method once")
      .meta({ uniqueItems: true })
      .default(["mschapv2", "chap"])
      .describe("Ways of proving the password that are taken; pap tells it as clear text."),
    ipv6: flag().default(true).describe("Whether IPv6 is asked for too."),
    mtu: integer(MTU_MIN, MTU_MAX, " (octets)")
      .default(1_400)
      .describe("Largest packet inside the tunnel, in octets."),
    routes: z
      .array(text(wayExpected, isWay, { pattern: `^(${IPV4}|${IPV6})/\\d{1,3}$` }), waysExpected)
      .max(ROUTES_PER_CLIENT_MAX, waysExpected)
      .default([])
      .describe("What is reached through the connection while it is up."),
    dns: flag()
      .default(false)
      .describe("Whether this host asks the name servers that the LNS names while it is up."),
    number: number(
      "Called Number that the LNS is told; its calls to this number are answered too.",
    ),
    "calling-number": number("Calling Number that the LNS is told."),
    "sub-address": number("Sub-Address that the LNS is told beside the Called Number."),
  },
  "a table [[client]]",
);

const realmExpected = `1 to ${REALM_MAX} printable ASCII characters without spaces and "@"`;

export const forward = z.strictObject(
  {
    realm: text(realmExpected, (value) => isPrintable(value, REALM_MAX) && !value.includes("@"), {
      pattern: `^[!-?A-~]{1,${REALM_MAX}}$`,
    })
      .optional()
      .describe('Calls of users of this realm: of "user@realm" what follows the last "@".'),
    called: text(numberExpected, (value) => isPrintable(value, PEER_TEXT_MAX), {
      pattern: `^[!-~]{1,${PEER_TEXT_MAX}}$`,
    })
      .optional()
      .describe("Calls to this Called Number."),
    peer: peerName.describe("Name of the [[peer]] that they go on to."),
  },
  "a table [[forward]]",
);
