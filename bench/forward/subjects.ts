/**
 * The programs under test, each in a network of its own, with the same processes around it.
 *
 * @module
 */
import { type Lab, LNS_CORE } from "./lab.ts";
import { openPlace, type Place } from "./places.ts";
import type { Program } from "./program.ts";
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

/** Starts the program and its surroundings; all sessions are up when it returns. */
export function startSubject(name: SubjectName, sessions: number): Promise<Subject> {
  return openPlace(async (place) => {
    const surroundings = await surround(name, sessions, place);
    return { name, lab: place.lab, ...surroundings, close: place.close };
  });
}

async function surround(name: SubjectName, sessions: number, { folder, lab, run, role }: Place) {
  const names = lab.names;
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
