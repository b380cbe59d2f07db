/** `simplon workers`: threads are added, drained and restarted while traffic runs. @module */
import { CHANGES, type WorkerChange } from "../daemon/api-messages.ts";
import { changeWorkers } from "./ask.ts";
import { print } from "./print.ts";
import { findSocket } from "./settings.ts";
import { format } from "./show.ts";
import { misuse, parseCommand } from "./usage.ts";

export async function workers(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    config: { type: "string", short: "c" },
    json: { type: "boolean" },
  });
  const change = readChange(positionals);
  const rows = await changeWorkers(await findSocket(values.config), change);
  print(values.json === true ? `${JSON.stringify(rows)}\n` : format("workers", rows));
  return 0;
}

function readChange([name, index, ...more]: readonly string[]): WorkerChange {
  const change = CHANGES.find((candidate) => candidate === name);
  if (change === undefined) {
    const got = name === undefined ? "nothing" : JSON.stringify(name);
    throw misuse(`workers: expected one of ${CHANGES.join(", ")}, got ${got}`);
  }
  const extra = change === "add" ? index : more[0];
  if (extra !== undefined) throw misuse(`unexpected argument ${JSON.stringify(extra)}`);
  if (change === "add") return { change };
  if (index === undefined || !/^\d{1,3}$/.test(index)) {
    throw misuse(`workers ${change}: expected the index of a worker, as "show workers" has it`);
  }
  return { change, index: Number(index) };
}
