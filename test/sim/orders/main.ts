// node test/sim/orders/main.ts [--record]
// node test/sim/orders/main.ts --state "lns incoming call established" --order "ICRQ CDN+1"
// Fifteen inputs in every order up to length 4 and a million orders of length 5, from every state of
// a tunnel and a session; or one order again, from one state.
import { parseArgs } from "node:util";
import { record } from "../../../scripts/reliability.ts";
import { FINISHES, parse, runOrder } from "./order.ts";
import { runAll } from "./section.ts";
import { STATES } from "./states.ts";

const print = (line: string) => process.stdout.write(`${line}\n`);

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
  const { section, failures } = await runAll(print);
  const seconds = Math.round((performance.now() - began) / 1_000);
  for (const failure of failures) print(failure);
  for (const { columns, rows } of section.tables) {
    for (const row of [columns, ...rows]) print(line(row));
  }
  print(section.summary);
  const { user, system } = process.cpuUsage();
  print(`${seconds} s, of processors ${Math.round((user + system) / 1_000_000)} s`);
  if (failures.length > 0) process.exitCode = 1;
  else if (values.record) record("orders", section);
}

function line([role, state, ...figures]: readonly (string | number)[]): string {
  const right = figures.map((each) => each.toLocaleString("en").padStart(16));
  return `${role} ${String(state).padEnd(40)}${right.join("")}`;
}

function again(name: string, order: string): void {
  const state = STATES.find((each) => `${each.role} ${each.name}` === name);
  if (state === undefined) {
    const names = STATES.map((each) => `  ${each.role} ${each.name}`);
    throw new RangeError(`no state "${name}"; there are\n${names.join("\n")}`);
  }
  for (const finish of FINISHES) print(`${finish}: ${runOrder(state, parse(order), finish)}`);
}
