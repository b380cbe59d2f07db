/**
 * What a call of libc costs without a system call: that of `abs`, declared as recvmmsg is in
 * src/linux/ffi.deno.ts and ffi.node.ts, whose further arguments it does not look at. A type that
 * leaves the fast path of the runtime costs twenty times as much.
 *
 * @module
 */
import { createRequire } from "node:module";
import { nsPerRun } from "./clock.ts";

/** Nanoseconds that a call may take: twice what it takes where nothing is wrong, and more. */
const LIMIT_NS = { deno: 25, node: 150 } as const;

export interface Ffi {
  readonly limitNs: number;
  /** Nanoseconds per call, over so many seconds. */
  measure(seconds: number): number;
}

type Abs = (value: number, a: bigint, b: number, c: number, d: bigint) => number;

interface Koffi {
  load(path: string): { func(name: string, result: string, parameters: string[]): Abs };
}

/** So many in one run. */
const CALLS = 1_000;
const ADDRESS = 0x7fff_0000_0000n;

/** Undefined where libc cannot be called: on a Node without koffi. */
export function openFfi(): Ffi | undefined {
  const isDeno = "Deno" in globalThis;
  const abs = isDeno ? openOnDeno() : openOnNode();
  if (abs === undefined) return undefined;
  const limitNs = isDeno ? LIMIT_NS.deno : LIMIT_NS.node;
  return { limitNs, measure: (seconds) => nsPerCall(abs, seconds) };
}

function openOnDeno(): Abs {
  const { symbols } = Deno.dlopen("libc.so.6", {
    abs: { parameters: ["i32", "u64", "i32", "i32", "u64"], result: "i32" },
  });
  return (value, a, b, c, d) => symbols.abs(value, a, b, c, d);
}

function openOnNode(): Abs | undefined {
  try {
    const koffi = createRequire(import.meta.url)("koffi") as Koffi;
    const [int, word] = ["int32_t", "uint64_t"];
    return koffi.load("libc.so.6").func("abs", int, [int, word, int, int, word]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

function nsPerCall(abs: Abs, seconds: number): number {
  const work = () => {
    let sum = 0;
    for (let i = 0; i < CALLS; i++) sum += abs(-1, ADDRESS, 0, 0, 0n);
    return sum;
  };
  return nsPerRun(work, seconds) / CALLS;
}
