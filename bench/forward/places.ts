/**
 * Where a program is measured: a network, a folder and processes, which end together.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { placeOf } from "../place.ts";
import { Lab, LOAD_CORE } from "./lab.ts";
import { Program } from "./program.ts";

const isSource = import.meta.url.endsWith(".ts");
const INTERRUPTED = 130;

export interface Place {
  readonly folder: string;
  readonly lab: Lab;
  readonly run: (namespace: string, core: number, command: readonly string[]) => Program;
  /** A process of the measurement (role.ts), on the core of the load. */
  readonly role: (namespace: string, ...argv: readonly string[]) => Program;
  readonly close: () => Promise<void>;
}

type Close = () => Promise<void>;

/** Of everything that is open, from its first namespace on. */
const open = new Set<Close>();
let made = 0;

/** Makes a place and what `work` puts there; without success nothing is left. */
export async function openPlace<Made>(work: (place: Place) => Promise<Made>): Promise<Made> {
  const folder = mkdtempSync(join(tmpdir(), "simplon-bench-"));
  const programs: Program[] = [];
  let lab: Lab | undefined;
  const close = once(async () => {
    for (const program of programs.reverse()) await program.end();
    lab?.close();
    rmSync(folder, { recursive: true, force: true });
    open.delete(close);
  });
  open.add(close);
  try {
    lab = new Lab(made++);
    const run: Place["run"] = (namespace, core, command) => {
      const program = new Program(namespace, core, command);
      programs.push(program);
      return program;
    };
    const role: Place["role"] = (namespace, ...argv) => {
      return run(namespace, LOAD_CORE, [...thisRuntime(), ROLE, ...argv]);
    };
    return await work({ folder, lab, run, role, close });
  } catch (error) {
    await close();
    throw error;
  }
}

/** Ends everything that was started, also what is not up yet. */
export async function closeAll(): Promise<void> {
  for (const close of open) await close();
}

/** Does `work`; a signal ends it in order. */
export async function untilInterrupted(work: () => Promise<number>): Promise<number> {
  let hasLeft = false;
  const leave = () => {
    hasLeft = true;
    void closeAll().finally(() => process.exit(INTERRUPTED));
  };
  process.once("SIGINT", leave);
  process.once("SIGTERM", leave);
  try {
    return await work();
  } catch (error) {
    if (!hasLeft) throw error;
    await new Promise(() => undefined); // it fails because it is taken down: that ends the process
    return INTERRUPTED;
  } finally {
    process.off("SIGINT", leave);
    process.off("SIGTERM", leave);
    await closeAll();
  }
}

/** Entry of the processes of a measurement. */
export const ROLE = placeOf(isSource ? "bench/forward/role.ts" : "dist/bench-role.js");

function thisRuntime(): string[] {
  const isDeno = process.versions.deno !== undefined;
  return [process.execPath, ...(isDeno ? ["run", "-A"] : [])];
}

/** `work`, which all that ask for it share. */
function once(work: Close): Close {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
