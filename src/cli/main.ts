/** The program `simplon`: finds the verb and runs it. @module */
import { fileURLToPath } from "node:url";
import { outputFailed, print } from "./print.ts";
import { CommandError, HELP, misuse, VERSION } from "./usage.ts";

/** Each verb is loaded when it is asked for: `show` needs nothing of what `lns` needs. */
const verbs: Readonly<Record<string, () => Promise<(args: readonly string[]) => Promise<number>>>> =
  {
    lns: async () => {
      const { lns } = await import("./lns.ts");
      return (args) => lns(args, [fileURLToPath(import.meta.url), "lns"]);
    },
    lac: async () => {
      const { lac } = await import("./lac.ts");
      return (args) => lac(args, [fileURLToPath(import.meta.url), "lac"]);
    },
    check: async () => (await import("./check.ts")).check,
    show: async () => (await import("./show.ts")).show,
    workers: async () => (await import("./workers.ts")).workers,
    call: async () => (await import("./call.ts")).call,
    top: async () => (await import("./top.ts")).top,
    doctor: async () => (await import("./doctor.ts")).doctor,
    why: async () => (await import("./why.ts")).why,
    decode: async () => (await import("./decode.ts")).decode,
    bench: async () => (await import("./bench.ts")).bench,
  };

async function main(args: readonly string[]): Promise<number> {
  const [first, ...rest] = args;
  const isHelp = first === "--help" || first === "-h" || first === "help";
  if (isHelp || rest.includes("--help") || rest.includes("-h")) return answer(HELP);
  if (first === "--version" || first === "-V") return answer(VERSION);
  if (first === undefined) throw misuse("a command is missing");
  const verb = Object.hasOwn(verbs, first) ? verbs[first] : undefined;
  if (verb === undefined) throw misuse(`unknown command ${JSON.stringify(first)}`);
  return (await verb())(rest);
}

function answer(text: string): number {
  print(text);
  return 0;
}

process.stdout.on("error", outputFailed);

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode;
}
