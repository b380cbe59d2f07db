/**
 * What a long run has to say on the page of figures.
 *
 * @module
 */
import type { Section } from "../../scripts/reliability.ts";
import { faultRows, type Totals, virtualHours } from "./totals.ts";

const WHAT = `Whole networks in virtual time, one seed each: LACs, a switch and LNSs made of the program's own cores and
its own WebAssembly with stepped workers, LACs and PPP clients that share nothing with them but the codec, an operator, and a
network behind. Half of the worlds stay as bad as they are to the end; in the other half all heals, and then
everyone who may has to be in, with answers to his packets, and nothing may change any more. In the end nothing may be
left of anything.`;
const CHECKED = `In each world: control messages are delivered once and in order, acknowledged in time, within the
window; who has not shown that he is there gets six small answers to a request at most, and all such answers stay within
the rates of \`src/limits.ts\`; no address is given to two; no packet passes of a session that is not
authenticated, by another one's address or to another one's; whatever waits has a timer, and each session its own;
nothing is on its way for ever; both ends know of the same tunnels and sessions; what has ended stands in the history
once and as long as it lasted, also when the clock on the wall steps; the same seed gives the same world; records, grants,
rings, queues and timers are empty in the end. Of each of these checks one deliberate fault is known that it finds
(\`test/sim/oracles.test.ts\`).`;
const WAITS = `What is not in these worlds: a configuration that is read again and workers that are added or drained at
runtime, as nothing of that is wired here; the offloads of a kernel (GRO, GSO, TSO), a TUN device that takes no packet, a
datagram that is longer than its buffer. What reached letters of a tunnel damaged excuses that tunnel, not the next.`;

/** `isLong`: as many worlds as an hour takes, from where chance begins; else those of CI. */
export function section(
  totals: Totals,
  seconds: number,
  command: string,
  isLong: boolean,
): Section {
  const { worlds, failures, repeated, datagrams, tunnels, sessions, forwarded, pings } = totals;
  const hours = virtualHours(totals);
  const faults = Object.values(totals.faults).reduce((sum, count) => sum + count, 0);
  const say = (count: number) => count.toLocaleString("en");
  return {
    order: isLong ? 1.5 : 1,
    title: isLong ? "Simulator, for an hour" : "Simulator",
    summary: `${say(worlds)} worlds, ${say(hours)} virtual hours, ${say(faults)} faults put in, ${failures.length} checks failed`,
    command,
    text: [WHAT, CHECKED, WAITS],
    tables: [
      {
        columns: ["what", "how much"],
        rows: [
          ["worlds in order", worlds],
          ["worlds in which a check failed", failures.length],
          ["virtual hours", hours],
          ["seconds that it took", Math.round(seconds)],
          ["worlds gone through twice, with the same trace", repeated],
          ["datagrams", datagrams],
          ["tunnels established", tunnels],
          ["sessions established", sessions],
          ["calls that a switch passed on", forwarded],
          ["pings answered", pings],
          ["faults put in", faults],
        ],
      },
      { columns: ["fault", "times"], rows: faultRows(totals) },
    ],
  };
}
