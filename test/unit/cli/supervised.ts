// A daemon that only ends: `supervised.ts quick|slow|stuck [late]`. "late" starts after SIGTERM.
import { Supervisor } from "../../../src/cli/supervise.ts";
import { isIgnored, openLibc } from "../../../src/daemon/libc.ts";

const [, , mode = "", late = ""] = process.argv;
const hold = setInterval(() => undefined, 1_000);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const end = (code: number): void => {
  say("down");
  clearInterval(hold);
  process.exit(code);
};

const libc = openLibc();
const exit = (code: number) => libc.exit(code);
const supervisor = new Supervisor((signal) => isIgnored(libc, signal), exit);
say("ready");
if (late === "late") await new Promise((resolve) => process.once("SIGTERM", resolve));
supervisor.watch({
  async stop() {
    say("stop");
    if (mode === "quick") end(0);
    if (mode === "slow") setTimeout(() => end(0), 1_000);
  },
  async fail(error) {
    say(`fail ${String(error)}`);
    if (mode !== "stuck") end(1);
  },
});
process.on("SIGUSR1", () => {
  throw new Error("thrown");
});
process.on("SIGUSR2", () => {
  void Promise.reject(new Error("rejected"));
  void Promise.reject(new Error("rejected again"));
});
say("running");
