/**
 * What is measured, and what is to be reached.
 *
 * @module
 */
import type { Direction, Load } from "./settings.ts";
import type { SubjectName } from "./subjects.ts";

/** Largest ratio of CPU time to another program's. */
export type Reach = Partial<Record<"reference" | "l2tpns", Readonly<Record<Direction, number>>>>;

interface Common {
  readonly name: string;
  readonly title: string;
  readonly reach: Reach;
}

export interface UdpScenario extends Common {
  readonly kind: "udp";
  readonly load: Load;
}

export interface TcpScenario extends Common {
  readonly kind: "tcp";
  readonly flows: number;
  /** The access concentrator sends one packet a call, without offloads. */
  readonly isPlain: boolean;
}

export type Scenario = UdpScenario | TcpScenario;

/** Sessions that a program has when nothing else is said. */
export const SESSIONS = 10;
/** CPU time of many sessions over that of one session with as many flows. */
export const MANY_REACH = 1.15;
/** No packet finds another of its flow near it: a ring of messages has one of each. */
const FLOWS = 6_000;

const LIMIT: Reach = { reference: { up: 1, down: 1.05 } };
const SINGLES: Reach["reference"] = { up: 1.05, down: 1.05 };

const SWITCHED: Reach = { reference: { up: 1.1, down: 1.1 } };

export const SCENARIOS: readonly Scenario[] = [
  {
    ...{ kind: "tcp", name: "tcp", title: "TCP, 1 flow", flows: 1, isPlain: false },
    reach: { ...LIMIT, l2tpns: { up: 1 / 12, down: 1 / 7 } },
  },
  {
    ...{ kind: "tcp", name: "tcp-64", title: "TCP, 64 flows", flows: 64, isPlain: false },
    reach: { ...LIMIT, l2tpns: { up: 1 / 12, down: 1 / 7 } },
  },
  {
    ...{ kind: "tcp", name: "tcp-plain", title: "TCP, 1 flow, peer sends one a call" },
    ...{ flows: 1, isPlain: true },
    reach: { l2tpns: { up: 0.42, down: 1 / 7 } },
  },
  singles("udp-200", "UDP 200, 10 flows", 200, SESSIONS, {
    reference: SINGLES,
    l2tpns: { up: 0.5, down: 0.36 },
  }),
  singles("udp-200-flows", "UDP 200, each packet its flow", 200, FLOWS, {
    reference: SINGLES,
    l2tpns: { up: 1, down: 1 },
  }),
  singles("udp-64", "UDP 64, 10 flows", 64, SESSIONS),
  singles("udp-1400-single", "UDP 1400, 10 flows", 1_400, SESSIONS),
  {
    ...{
      kind: "udp",
      name: "udp-1400",
      title: "UDP 1400, segmented",
      reach: { reference: SINGLES },
    },
    load: { size: 1_400, flows: SESSIONS, isSegmented: true, isShuffled: false },
  },
];

/** What goes on from a switch. */
export const SWITCH_SCENARIOS: readonly UdpScenario[] = [
  singles("switch-200", "switched, UDP 200, 10 flows", 200, SESSIONS, SWITCHED),
  {
    ...{ kind: "udp", name: "switch-1400", title: "switched, UDP 1400, segmented" },
    reach: SWITCHED,
    load: { size: 1_400, flows: SESSIONS, isSegmented: true, isShuffled: false },
  },
];

/** Packets that arrive one by one. */
export function singles(
  name: string,
  title: string,
  size: number,
  flows: number,
  reach: Reach = {},
): UdpScenario {
  const load = { size, flows, isSegmented: false, isShuffled: false };
  return { kind: "udp", name, title, load, reach };
}

/** One run of a scenario with one program. */
export interface Measured {
  readonly subject: SubjectName;
  readonly scenario: string;
  readonly direction: Direction;
  /** CPU-ns per packet, or CPU-s per GiB. */
  readonly cost: number;
  /** Packets a second, or Gbit/s. */
  readonly rate: number;
  /** How much of its core the program used, 0 to 1. */
  readonly busy: number;
}
