/**
 * The programs under test, each in a network of its own, with the same processes around it.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { placeOf } from "../place.ts";
import { Lab, LNS_CORE, LOAD_CORE } from "./lab.ts";
import { Program } from "./program.ts";
import { type SubjectName, startProgram } from "./programs.ts";
import type { ClientSettings } from "./settings.ts";

export { SUBJECTS, type SubjectName } from "./programs.ts";

/** What tables call them. */
export const TITLES: Readonly<Record<SubjectName, string>> = {
  deno: "simplon, Deno",
  node: "simplon, Node",
  reference: "C reference",
  l2tpns: "l2tpns",
};

const isSource = import.meta.url.endsWith(".ts");

/** A program that serves, and what loads it. */
export interface Subject {
  readonly name: SubjectName;
  readonly lab: Lab;
  readonly program: Program;
  readonly client: Program;
  readonly host: Program;
  readonly tcpClient: Program;
  readonly tcpHost: Program;
  /** Inner addresses of the sessions, in their order. */
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

type Close = () => Promise<void>;

/** Of everything that is open, from its first namespace on. */
const open = new Set<Close>();
let made = 0;

/** Starts the program and its surroundings; all sessions are up when it returns. */
export async function startSubject(name: SubjectName, sessions: number): Promise<Subject> {
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
    const run = (namespace: string, core: number, command: readonly string[]) => {
      const program = new Program(namespace, core, command);
      programs.push(program);
      return program;
    };
    const surroundings = await surround(name, { folder, lab, run, sessions });
    return { name, lab, ...surroundings, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Ends everything that was started, also what is not up yet. */
export async function closeAll(): Promise<void> {
  for (const close of open) await close();
}

interface Surroundings {
  readonly folder: string;
  readonly lab: Lab;
  readonly run: (namespace: string, core: number, command: readonly string[]) => Program;
  readonly sessions: number;
}

async function surround(name: SubjectName, { folder, lab, run, sessions }: Surroundings) {
  const names = lab.names;
  const role = (namespace: string, ...argv: string[]) => run(namespace, LOAD_CORE, roleOf(argv));
  const start = (command: readonly string[]) => run(names.lns, LNS_CORE, command);
  if (name === "l2tpns") await role(names.lns, "radius").line();
  const program = await startProgram(name, { folder, lns: names.lns, sessions, start });
  const host = role(names.host, "host");
  const tcpHost = role(names.host, "tcp");
  const tcpClient = role(names.client, "tcp");
  for (const each of [host, tcpHost, tcpClient]) await each.line();
  await tcpHost.ask({ do: "serve" });
  const isFixed = name === "reference";
  const settings: ClientSettings = { sessions, isFixed, hostNamespace: names.host };
  const client = role(names.client, "client", JSON.stringify(settings));
  const { addresses } = JSON.parse(await client.line()) as { addresses: string[] };
  return { program, client, host, tcpClient, tcpHost, addresses };
}

/** `work`, which all that ask for it share. */
function once(work: Close): Close {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

/** The command of a process of the measurement, on the runtime that this is. */
function roleOf(argv: readonly string[]): string[] {
  const entry = placeOf(isSource ? "bench/forward/role.ts" : "dist/bench-role.js");
  const isDeno = process.versions.deno !== undefined;
  return [process.execPath, ...(isDeno ? ["run", "-A"] : []), entry, ...argv];
}
