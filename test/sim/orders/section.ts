/**
 * The whole run, and what it has to say on the page of figures: the same on every machine.
 *
 * @module
 */
import type { Section } from "../../../scripts/reliability.ts";
import { ENDS } from "./order.ts";
import { runTasks } from "./pool.ts";
import { STATES } from "./states.ts";
import { add, everyOrder, noTally, sample, type Tally } from "./tasks.ts";

const LENGTH = 4;
const SAMPLED = 1_000_000;

/** Every order up to length 4 and a million of length 5: what came of them, and what failed. */
export async function runAll(
  print: (line: string) => void,
): Promise<{ section: Section; failures: readonly string[] }> {
  const tallies = STATES.map(noTally);
  await runTasks([...everyOrder(LENGTH), ...sample(SAMPLED)], tallies, print);
  const total = noTally();
  for (const tally of tallies) add(total, tally);
  return { section: sectionOf(tallies, total), failures: total.failures };
}

function sectionOf(tallies: readonly Tally[], total: Tally): Section {
  const lengths = total.orders.map((count) => count);
  const every = lengths.slice(0, LENGTH + 1).reduce((sum, count) => sum + count, 0);
  const sampled = lengths[LENGTH + 1] ?? 0;
  const summary =
    `${number(every)} orders of up to ${LENGTH} of 15 inputs from ${STATES.length} states, every one there is, ` +
    `and ${number(sampled)} of ${LENGTH + 1}: ${total.failures.length} failures`;
  return {
    order: 3,
    title: "Control messages in every order",
    summary,
    command: "npm run sim:orders -- --record",
    text: [
      `The fourteen control messages of RFC 2661 with the AVPs that they have to have, and ZLB, in every order up to length
${LENGTH} from every state of a control connection and a session in either role: ${number(every)} orders, and ${number(sampled)}
drawn of length ${LENGTH + 1}, in which one message in eight has an Ns of the past or the future. After each message: no
exception, and an endpoint with a tunnel has a timer that lies ahead. Each order comes to one of three ends. The
operator closes all and the peer acknowledges; or nobody does anything; or the peer acknowledges all that it hears,
HELLO too, for longer than anything may take to be set up: then each tunnel and each session is established or gone,
and the operator closes what is left. In the end no tunnel, session, id or timer is left, seen by that each place can
be taken again, and each session was said to be down once. Orders up to length 2 come to all three ends, those of 3 to
the first two, those of 4 to the first, and those that are drawn by turns. ${total.failures.length} failures.`,
      "How they stood before that, by the state that they began in; an order counts once for each end that it comes to:",
    ],
    tables: [
      {
        columns: ["role", "state", "orders", ...ENDS],
        rows: tallies.map((tally, at) => [
          STATES[at]?.role ?? "",
          STATES[at]?.name ?? "",
          tally.orders.reduce((sum, count) => sum + count, 0),
          ...ENDS.map((end) => tally.ends[end]),
        ]),
      },
    ],
  };
}

function number(value: number): string {
  return value.toLocaleString("en");
}
