// node test/sim/orders/main.ts [--record]
// node test/sim/orders/main.ts --state "lns incoming call established" --order "ICRQ CDN+1"
// Fifteen inputs in every order up to length 4 and a million orders of length 5, from every state of
// a tunnel and a session; or one order again, from one state.
import { parseArgs } from "node:util";
import { record, type Section } from "../../../scripts/reliability.ts";
import { ENDS, parse, runOrder } from "./order.ts";
import { runTasks } from "./pool.ts";
import { STATES } from "./states.ts";
import { add, everyOrder, noTally, sample, type Tally } from "./tasks.ts";

const LENGTH = 4;
const SAMPLED = 1_000_000;

const print = (line: string) => process.stdout.write(`${line}\n`);
const number = (value: number) => value.toLocaleString("en");

const { values } = parseArgs({
  options: {
    state: { type: "string" },
    order: { type: "string", default: "" },
    record: { type: "boolean", default: false },
  },
});
if (values.state === undefined) await all();
else again(values.state, values.order);

async function all(): Promise<void> {
  const began = performance.now();
  const tallies = STATES.map(noTally);
  await runTasks([...everyOrder(LENGTH), ...sample(SAMPLED)], tallies, print);
  const total = noTally();
  for (const tally of tallies) add(total, tally);
  const seconds = Math.round((performance.now() - began) / 1_000);
  for (const failure of total.failures) print(failure);
  const section = sectionOf(tallies, total);
  for (const { columns, rows } of section.tables) {
    for (const row of [columns, ...rows]) print(line(row));
  }
  print(section.summary);
  const { user, system } = process.cpuUsage();
  print(`${seconds} s, of processors ${Math.round((user + system) / 1_000_000)} s`);
  if (total.failures.length > 0) process.exitCode = 1;
  else if (values.record) record("orders", section);
}

function line([role, state, ...figures]: readonly (string | number)[]): string {
  const right = figures.map((each) =>
    (typeof each === "number" ? number(each) : each).padStart(16),
  );
  return `${role} ${String(state).padEnd(40)}${right.join("")}`;
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
exception, and what is not final has a timer that lies ahead. In the end the operator closes all and the peer
acknowledges, or nobody does anything: then no tunnel, session, id or timer is left, seen by that each place can be
taken again, and each session was said to be down once. Orders up to length 3 end in both ways, longer ones the first,
and those that are drawn by turns. ${total.failures.length} failures.`,
      "How they stood before that, by the state that they began in; those that end in both ways count twice:",
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

function again(name: string, order: string): void {
  const state = STATES.find((each) => `${each.role} ${each.name}` === name);
  if (state === undefined) {
    const names = STATES.map((each) => `  ${each.role} ${each.name}`);
    throw new RangeError(`no state "${name}"; there are\n${names.join("\n")}`);
  }
  for (const finish of ["closed", "left alone"] as const) {
    print(`${finish}: ${runOrder(state, parse(order), finish)}`);
  }
}
