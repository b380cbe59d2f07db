/** `simplon bench`: loads what measures, which is not part of the program itself. @module */

type Bench = (args: readonly string[]) => Promise<number>;

/** Beside the source in a checkout, beside this file when published. */
const ENTRY = new URL(
  import.meta.url.endsWith(".ts") ? "../../bench/main.ts" : "./bench.js",
  import.meta.url,
);

export async function bench(args: readonly string[]): Promise<number> {
  const loaded = (await import(ENTRY.href)) as { bench: Bench };
  return loaded.bench(args);
}
