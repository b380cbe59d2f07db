/** What of set-up is measured, and what is to be reached. @module */

export interface Case {
  readonly name: string;
  readonly title: string;
  readonly sessions: number;
  /** One for all sessions, or one for each. */
  readonly tunnels: number;
  /** Sessions that come up at the same time. */
  readonly atOnce: number;
}

/** Sessions a second, at the least. */
export const RATE_REACH = 2_000;
/** Rate with few sessions over the one with many. */
export const SCALE_REACH = 1.2;
/** Octets of memory for a session. */
export const MEMORY_REACH = 4_096;
/** The rates are compared with the one of this case. */
export const COMMON = "1000";
/** With fewer sessions the noise of a heap is more than what they take. */
export const MEMORY_FROM = 10_000;
/** Part of a core from which on the generator is taken to be what bounds the rate. */
export const SATURATED = 0.9;

/** A window that no queue on the way overflows. */
const AT_ONCE = 64;

export const CASES: readonly Case[] = [
  ...[1_000, 10_000, 60_000].map((sessions) => inOneTunnel(sessions)),
  {
    ...{ name: "tunnels", title: "10,000 tunnels of one session" },
    ...{ sessions: 10_000, tunnels: 10_000, atOnce: AT_ONCE },
  },
  { ...inOneTunnel(100, 1), name: "1", title: "one after the other" },
];

export function inOneTunnel(sessions: number, atOnce = AT_ONCE): Case {
  const title = `${sessions.toLocaleString("en")} sessions in one tunnel`;
  return { name: `${sessions}`, title, sessions, tunnels: 1, atOnce };
}

/** What a first look has. */
export const QUICK: readonly Case[] = [
  inOneTunnel(1_000),
  { ...inOneTunnel(20, 1), name: "1", title: "one after the other" },
  {
    ...{ name: "tunnels", title: "200 tunnels of one session" },
    ...{ sessions: 200, tunnels: 200, atOnce: AT_ONCE },
  },
];
