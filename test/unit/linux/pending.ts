// A process with a poll that another thread still waits in, for as long as the first argument says:
// it ends by itself, or by process.exit when the second argument is "exit".
import { openLibc } from "../../../src/linux/ffi.ts";
import { Memory } from "./memory.ts";

const [ms = "", way] = process.argv.slice(2);
const libc = openLibc();
const memory = new Memory(libc);
const polls = memory.pollfds(libc.eventfd());
void libc.pollAsync(memory.address(polls), 1n, Number(ms)).then((ready) => {
  process.stdout.write(`ready ${ready}\n`);
});
if (way === "exit") setTimeout(() => process.exit(7), 20);
