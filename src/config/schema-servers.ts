/** The shapes of [lns] and [lac]: who we are, where we listen, how we insist. @module */
import { z } from "zod";
import {
  HELLO_MAX_MS,
  HISTORY_PATH_MAX,
  HOST_NAME_MAX,
  HOST_NAME_WITH_SECRET_MAX,
  RETRANSMIT_CAP_MAX_MS,
  RETRANSMIT_CAP_MIN_MS,
  RETRANSMIT_CAP_MS,
  RETRANSMIT_COUNT,
  RETRANSMIT_COUNT_MAX,
  SECRET_MAX,
  SESSIONS_MAX,
  SOCKET_PATH_MAX,
  TUNNELS_MAX,
  WORKERS_MAX,
} from "../limits.ts";
import { OFFLOADS } from "../offloads.ts";
import { parseListen } from "./address.ts";
import {
  DEFAULT_HISTORY,
  DEFAULT_LAC_HISTORY,
  DEFAULT_LAC_SOCKET,
  DEFAULT_SOCKET,
  STEERS,
} from "./config.ts";
import {
  choice,
  flag,
  IPV4,
  IPV6,
  integer,
  isAbsolute,
  isPrintable,
  octets,
  text,
} from "./shapes.ts";

const SECOND_MS = 1_000;

const offloadsExpected = `a list of ${OFFLOADS.map((name) => `"${name}"`).join(", ")}`;

function listen() {
  return text(
    'an address and port such as "0.0.0.0:1701", or "[::]:1701" for both families',
    (value) => parseListen(value) !== undefined,
    { pattern: `^(${IPV4}|\\[${IPV6}\\]):[1-9]\\d{0,4}$` },
  ).default("0.0.0.0:1701");
}

function hostname() {
  return text(
    `1 to ${HOST_NAME_MAX} printable ASCII characters without spaces`,
    (value) => isPrintable(value, HOST_NAME_MAX),
    { pattern: `^[!-~]{1,${HOST_NAME_MAX}}$` },
  )
    .default("simplon")
    .describe(
      "Host Name that peers see; also the name in CHAP challenges. " +
        `With a secret at most ${HOST_NAME_WITH_SECRET_MAX} characters.`,
    );
}

/** What both have: how packets move, and how the peer is asked for what it does not answer. */
function common() {
  return {
    workers: integer(1, WORKERS_MAX)
      .default(1)
      .describe("Threads that move packets; at most one for each processor is of use."),
    "hide-avps": flag()
      .default(false)
      .describe(
        "Whether values that may be hidden are sent hidden in tunnels that peers open; needs a secret.",
      ),
    hello: integer(1, HELLO_MAX_MS / SECOND_MS, " (seconds)")
      .default(60)
      .describe("Seconds of silence of a peer before it is asked with a HELLO."),
    offloads: z
      .array(choice(OFFLOADS), offloadsExpected)
      .refine((offloads) => new Set(offloads).size === offloads.length, "each offload once")
      .meta({ uniqueItems: true })
      .default([...OFFLOADS])
      .describe("Offloads that are used where the kernel has them; one that is left out is not."),
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
  };
}

/** `usual` is root's; others have `beside` in the directory of the file. */
function socket(usual: string, beside: string) {
  return text(
    `an absolute path of at most ${SOCKET_PATH_MAX} octets`,
    (value) => isAbsolute(value, SOCKET_PATH_MAX),
    { pattern: "^/", maxLength: SOCKET_PATH_MAX },
  )
    .optional()
    .describe(
      `Unix socket that "simplon show" asks; only this user may. Without it ${usual} ` +
        `for root, ${beside} beside this file for others.`,
    );
}

function history(usual: string, beside: string) {
  return text(
    `an absolute path of at most ${HISTORY_PATH_MAX} octets, or "" for none`,
    (value) => value === "" || isAbsolute(value, HISTORY_PATH_MAX),
    { pattern: "^(/|$)", maxLength: HISTORY_PATH_MAX },
  )
    .optional()
    .describe(
      'File that keeps how tunnels and sessions ended; "" keeps it in memory only. Without it ' +
        `${usual} for root, ${beside} beside this file for others.`,
    );
}

export const lns = z.strictObject(
  {
    listen: listen().describe(
      'Address and UDP port of the L2TP server; "[::]:1701" serves both families.',
    ),
    hostname: hostname(),
    secret: octets(0, SECRET_MAX)
      .default("")
      .describe('Shared tunnel secret; "" means no tunnel authentication.'),
    steer: choice(STEERS)
      .default("tunnel")
      .describe(
        'What a worker is chosen by: "tunnel" keeps all sessions of a peer together, "session" ' +
          "spreads those of one tunnel and receives its datagrams one by one (no udp-gro).",
      ),
    socket: socket(DEFAULT_SOCKET, "simplon.sock"),
    history: history(DEFAULT_HISTORY, "simplon.history"),
    "follow-port": flag()
      .default(true)
      .describe("Whether a tunnel goes on when the peer's UDP port changes (NAT)."),
    "proxy-authentication": flag()
      .default(true)
      .describe(
        "Whether a LAC that knows the secret may authenticate users in our place (RFC 2661 4.4.5); " +
          "without a secret none may.",
      ),
    "max-tunnels": integer(1, TUNNELS_MAX).default(TUNNELS_MAX).describe("Tunnels in all."),
    "max-sessions": integer(1, SESSIONS_MAX).default(SESSIONS_MAX).describe("Sessions in all."),
    ...common(),
  },
  "a table [lns]",
);

export const lac = z.strictObject(
  {
    listen: listen().describe(
      "Our own address and UDP port; another than that of [lns] where one host runs both.",
    ),
    hostname: hostname(),
    secret: octets(0, SECRET_MAX)
      .default("")
      .describe("Secret of tunnels that an LNS opens to us, for outgoing calls."),
    socket: socket(DEFAULT_LAC_SOCKET, "simplon-lac.sock"),
    history: history(DEFAULT_LAC_HISTORY, "simplon-lac.history"),
    ...common(),
  },
  "a table [lac]",
);
