/**
 * What is to happen in a world, drawn from its seed before it begins: plain data.
 *
 * @module
 */
import type { AuthMethod } from "../../src/ppp/index.ts";
import type { Quality } from "./link.ts";
import { Random } from "./random.ts";

/** While it lasts the network is bad and things happen to the nodes; then all heals. */
export const STRESS_MS = 90_000;
export const PEERS = 3;

/** A subscriber behind a LAC. */
export interface LinePlan {
  readonly user: string;
  readonly password: string;
  /** The LNS knows the user, and by this password. */
  readonly isWelcome: boolean;
  readonly accepts: readonly AuthMethod[];
  readonly hasIpv6: boolean;
}

export interface PeerPlan {
  readonly startAt: number;
  readonly secret: string;
  /** Its Receive Window Size. */
  readonly window: number;
  readonly lines: readonly LinePlan[];
  readonly toLns: Quality;
  readonly fromLns: Quality;
}

export type Deed = {
  readonly at: number;
  readonly peer: number;
  readonly line: number;
  readonly what:
    | "hang up"
    | "dial"
    | "stop"
    | "start"
    | "crash"
    | "port changes"
    | "outage to LNS"
    | "outage from LNS"
    | "operator closes session"
    | "operator closes tunnel";
};

export interface Plan {
  readonly seed: number;
  readonly secret: string;
  /** Answers of AAA take up to this long, ms. */
  readonly aaaDelay: number;
  readonly authMethods: readonly AuthMethod[];
  readonly hello: number;
  readonly peers: readonly PeerPlan[];
  readonly deeds: readonly Deed[];
  /** At the end the LNS says goodbye to the peers, or they to the LNS. */
  readonly firstToLeave: "LNS" | "peers";
}

export const USERS = [
  { name: "ann", password: "ann's word", network: "default" },
  { name: "bob", password: "bob's word", network: "default" },
];

const DEEDS = [
  "hang up",
  "hang up",
  "dial",
  "dial",
  "stop",
  "start",
  "start",
  "crash",
  "port changes",
  "outage to LNS",
  "outage from LNS",
  "operator closes session",
  "operator closes session",
  "operator closes tunnel",
] as const;

export function drawPlan(seed: number): Plan {
  const random = new Random(seed, "plan");
  const secret = random.chance(0.5) ? "tunnel secret" : "";
  const peers = Array.from({ length: PEERS }, () => drawPeer(random, secret));
  const deeds = Array.from({ length: random.between(0, 12) }, () => drawDeed(random, peers));
  return {
    seed,
    secret,
    peers,
    aaaDelay: random.pick([0, 20, 200, 4_000]),
    authMethods: random.pick([["mschapv2", "chap", "pap"], ["pap"], ["pap", "chap"]] as const),
    hello: random.pick([20_000, 60_000]),
    deeds: deeds.sort((a, b) => a.at - b.at),
    firstToLeave: random.pick(["LNS", "peers"] as const),
  };
}

function drawPeer(random: Random, secret: string): PeerPlan {
  return {
    startAt: random.between(0, 5_000),
    secret,
    window: random.pick([1, 2, 8]),
    lines: Array.from({ length: random.between(1, 3) }, () => drawLine(random)),
    toLns: drawQuality(random),
    fromLns: drawQuality(random),
  };
}

function drawLine(random: Random): LinePlan {
  const { name, password } = random.pick(USERS);
  const isWelcome = random.chance(0.85);
  return {
    user: isWelcome || random.chance(0.5) ? name : "nobody",
    password: isWelcome ? password : "wrong",
    isWelcome,
    accepts: random.pick([["mschapv2", "pap"], ["chap", "pap"], ["pap"]] as const),
    hasIpv6: random.chance(0.5),
  };
}

/** One in five is as good as it should be; the others lose up to 30 %. */
function drawQuality(random: Random): Quality {
  const isGood = random.chance(0.2);
  const up = (to: number) => (isGood ? 0 : random.fraction() * to);
  return {
    loss: up(0.3),
    duplication: up(0.2),
    reordering: up(0.3),
    delay: random.between(0, 120),
    late: random.between(1, 1_500),
    ...(!isGood &&
      random.chance(0.25) && { burst: { begins: 0.02, ends: random.pick([0.1, 0.3]) } }),
    ...(!isGood &&
      random.chance(0.1) && { rate: { octets: 4_000, queue: random.pick([1_000, 4_000]) } }),
  };
}

function drawDeed(random: Random, peers: readonly PeerPlan[]): Deed {
  const peer = random.between(0, peers.length - 1);
  const line = random.between(0, (peers[peer]?.lines.length ?? 1) - 1);
  return { at: random.between(0, STRESS_MS), peer, line, what: random.pick(DEEDS) };
}
