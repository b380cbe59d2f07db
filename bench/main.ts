/** `simplon bench codec|forward|setup|plot`: measures what the documents print. @module */
import { misuse } from "../src/cli/usage.ts";
import { answering } from "./report.ts";

type Benchmark = (args: readonly string[]) => Promise<number>;

/** Each is loaded when it is asked for. */
const benchmarks: Readonly<Record<string, () => Promise<Benchmark>>> = {
  codec: async () => (await import("./codec.ts")).codec,
  forward: async () => (await import("./forward/main.ts")).forward,
  setup: async () => (await import("./setup/main.ts")).setup,
  plot: async () => (await import("./plot.ts")).plot,
};

/** Runs the one that is named first; the exit code. */
export function bench([what, ...args]: readonly string[]): Promise<number> {
  return answering(async () => {
    const names = Object.keys(benchmarks).join(", ");
    if (what === undefined) throw misuse(`bench: say which, ${names}`);
    const load = Object.hasOwn(benchmarks, what) ? benchmarks[what] : undefined;
    if (load === undefined) throw misuse(`bench: expected ${names}, got ${JSON.stringify(what)}`);
    return (await load())(args);
  });
}
