/**
 * simplon as a subject whose threads are chosen: how many workers it has, and how long they sleep.
 * Its sessions are dealt out to clients of different UDP ports, and so to different workers.
 *
 * @module
 */
import { SLOT_COUNT } from "../../assembly/layout.ts";
import { share } from "../../src/dataplane/owners.ts";
import type { LnsSettings } from "../setup/lns.ts";
import { LNS_CORE } from "./lab.ts";
import type { Loaded } from "./measure.ts";
import { openPlace, type Place, ROLE } from "./places.ts";
import type { Program } from "./program.ts";
import { runtimeOf, writeConfiguration } from "./programs.ts";
import type { ClientSettings } from "./settings.ts";

export interface DaemonOptions {
  readonly workers: number;
  /** Longest sleep of a worker; the program's own without it. */
  readonly sleepMs?: number;
  readonly clients: number;
  /** Of each client. */
  readonly sessions: number;
}

export interface Daemon extends Loaded {
  readonly name: "deno" | "node";
  close(): Promise<void>;
}

interface Client {
  readonly program: Program;
  readonly addresses: readonly string[];
  /** Id of its tunnel at the LNS. */
  readonly tunnelId: number;
}

const FIRST_PORT = 1_701;
/** Tunnels until one is another worker's: so many are one worker's once in a million times. */
const TRIES = 20;

export function startDaemon(name: Daemon["name"], options: DaemonOptions): Promise<Daemon> {
  return openPlace(async (place) => {
    const { folder, lab, run, role, close } = place;
    const { workers, sleepMs } = options;
    const settings: LnsSettings = {
      config: writeConfiguration(folder, { workers }),
      ...(sleepMs !== undefined && { sleepMs }),
    };
    const command = [...runtimeOf(name), ROLE, "lns", JSON.stringify(settings)];
    const program = run(lab.names.lns, LNS_CORE, command);
    await program.line();
    const host = role(lab.names.host, "host");
    await host.line();
    const clients = await startClients(place, options);
    const addresses = Array.from({ length: options.sessions }, (_, index) =>
      clients.map((each) => each.addresses[index] as string),
    ).flat();
    const client = {
      ask: async <Answer>(question: unknown) => {
        const answers = await Promise.all(clients.map((each) => each.program.ask(question)));
        return answers[0] as Answer;
      },
    };
    return { name, lab, program, host, addresses, client, close };
  });
}

/** As many clients of one worker as of another. */
async function startClients(place: Place, { clients, workers, sessions }: DaemonOptions) {
  const owners = share(
    [],
    Array.from({ length: workers }, (_, index) => index),
  );
  const found: Client[] = [];
  for (let port = FIRST_PORT; found.length < clients; port++) {
    if (port === FIRST_PORT + TRIES) throw new Error("all tunnels are those of one worker");
    const client = await startClient(place, sessions, port);
    const isWanted = owners[client.tunnelId % SLOT_COUNT] === found.length % workers;
    if (isWanted) found.push(client);
    else await client.program.end();
  }
  return found;
}

async function startClient({ lab, role }: Place, sessions: number, port: number): Promise<Client> {
  const { client, host } = lab.names;
  const settings: ClientSettings = { sessions, isFixed: false, hostNamespace: host, port };
  const program = role(client, "client", JSON.stringify(settings));
  const answer = JSON.parse(await program.line()) as Omit<Client, "program">;
  return { program, ...answer };
}
