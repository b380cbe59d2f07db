// A history at a path that nothing can be made at: `unwritable.ts PATH`. Prints what came of it.
import { History } from "../../../src/daemon/history.ts";
import { ended, NOON } from "./entries.ts";

const [, , path = ""] = process.argv;
let warnings = 0;
const history = new History({ path, clock: () => NOON, warn: () => warnings++ });
await history.open();
history.add(ended());
await history.close();
const codes = history.entries().map(({ code }) => code);
const failed = history.counters["write-failed"];
process.stdout.write(JSON.stringify({ warnings, failed, codes: codes.toSorted() }));
