/**
 * Tunnel switching: what a client sends goes on to the host as data messages. Each program has a
 * network of its own, as elsewhere.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { progress } from "../report.ts";
import { CLIENT_ADDRESS, HOST_ADDRESS, L2TP_PORT, LNS_ADDRESS, LNS_CORE } from "./lab.ts";
import { type Loaded, measureSwitch } from "./measure.ts";
import type { Options } from "./options.ts";
import { closeAll, openPlace, ROLE } from "./places.ts";
import { REFERENCE, runtimeOf, type SubjectName } from "./programs.ts";
import { type Measured, SWITCH_SCENARIOS } from "./scenarios.ts";
import { type ClientSettings, FIXED, ONWARD } from "./settings.ts";
import { TITLES } from "./subjects.ts";

type Switch = Pick<Loaded, "name" | "lab" | "program" | "client">;

export async function measureSwitches(
  names: readonly SubjectName[],
  { rounds, seconds, sessions }: Options,
): Promise<Measured[]> {
  const found: Measured[] = [];
  const switches: Switch[] = [];
  // l2tpns is not asked: its release does not go on to other servers.
  for (const name of names) {
    if (name === "l2tpns") continue;
    progress(`starting ${TITLES[name]} as a switch`);
    switches.push(await startSwitch(name, sessions));
  }
  for (let round = 1; round <= rounds; round++) {
    for (const scenario of SWITCH_SCENARIOS) {
      for (const subject of switches) {
        progress(`round ${round} of ${rounds}: ${scenario.title}: ${TITLES[subject.name]}`);
        found.push(await measureSwitch(subject, scenario, seconds));
      }
    }
  }
  await closeAll();
  return found;
}

function startSwitch(name: Exclude<SubjectName, "l2tpns">, sessions: number): Promise<Switch> {
  return openPlace(async ({ folder, lab, run, role }) => {
    lab.sinkOnward();
    const { lns, client: clients, host: hostNamespace } = lab.names;
    const command = name === "reference" ? reference(folder, sessions) : simplon(name, sessions);
    const program = run(lns, LNS_CORE, command);
    await program.line();
    const settings: ClientSettings = { sessions, isFixed: true, hostNamespace };
    const client = role(clients, "client", JSON.stringify(settings));
    await client.line();
    return { name, lab, program, client };
  });
}

function simplon(name: "deno" | "node", sessions: number): string[] {
  return [...runtimeOf(name), ROLE, "switch", JSON.stringify({ sessions })];
}

function reference(folder: string, sessions: number): string[] {
  const file = join(folder, "sessions");
  const end = (tunnel: number, peer: number, address: string, session: number) =>
    `${tunnel} ${session} ${peer} ${session} ${address} ${L2TP_PORT} 0.0.0.0\n`;
  const lines = Array.from({ length: sessions }, (_, index) =>
    [
      end(FIXED.lnsTunnel, FIXED.clientTunnel, CLIENT_ADDRESS, index + 1),
      end(ONWARD.tunnel, ONWARD.peerTunnel, HOST_ADDRESS, index + 1),
    ].join(""),
  );
  writeFileSync(file, lines.join(""));
  const listen = `${LNS_ADDRESS}:${L2TP_PORT}`;
  return [REFERENCE, "--listen", listen, "--switch", "--sessions", file];
}
