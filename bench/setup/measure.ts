/** One run: an LNS of its own, sessions that come up, and what they took. @module */
import { cpuSeconds, residentKib } from "../forward/figures.ts";
import { LNS_CORE } from "../forward/lab.ts";
import { sleep } from "../forward/lines.ts";
import { openPlace, ROLE } from "../forward/places.ts";
import type { Program } from "../forward/program.ts";
import { runtimeOf, writeConfiguration } from "../forward/programs.ts";
import type { Case } from "./cases.ts";
import type { LnsSettings } from "./lns.ts";
import type { Runtime } from "./options.ts";
import { type Dialled, type GeneratorQuestion, SOURCES } from "./settings.ts";

/** One run of a case. */
export interface Measured {
  readonly runtime: Runtime;
  readonly name: string;
  readonly sessions: number;
  /** Sessions a second. */
  readonly rate: number;
  /** CPU time of the LNS, for a session. */
  readonly cpu: number;
  /** How much of its core the LNS used, and the generator of its own, 0 to 1. */
  readonly busy: number;
  readonly generatorBusy: number;
  /** Octets that each session but the first added to what is resident. */
  readonly memory: number;
}

const SETTLE_MS = 300;
const KIBI = 1_024;

export function measure(
  runtime: Runtime,
  { name, sessions, tunnels, atOnce }: Case,
  warm: number,
): Promise<Measured> {
  return openPlace(async ({ folder, lab, run, role, close }) => {
    lab.addSources(SOURCES);
    const { client, lns } = lab.names;
    const settings: LnsSettings = { config: writeConfiguration(folder, { method: "chap" }) };
    const command = [...runtimeOf(runtime), ROLE, "lns", JSON.stringify(settings)];
    const program = run(lns, LNS_CORE, command);
    await program.line();
    const generator = role(client, "generator");
    await generator.line();
    const ask = <Answer>(question: GeneratorQuestion) => generator.ask<Answer>(question);
    // The compilers of the runtime have done their best when it counts.
    await ask({ do: "dial", tunnels: 1, calls: warm, atOnce });
    await ask({ do: "leave" });
    await ask({ do: "dial", tunnels: 1, calls: 1, atOnce: 1 });
    const kibBefore = await settled(program);
    const more = sessions - 1;
    const before = cpuSeconds(program.pid);
    const dial = { do: "dial", tunnels: tunnels - 1, calls: more, atOnce } as const;
    const { seconds, cpu: generatorCpu } = await ask<Dialled>(dial);
    const cpu = cpuSeconds(program.pid) - before;
    const kib = (await settled(program)) - kibBefore;
    await close();
    return {
      ...{ runtime, name, sessions, rate: more / seconds, cpu: cpu / more, busy: cpu / seconds },
      ...{ generatorBusy: generatorCpu / seconds, memory: (kib * KIBI) / more },
    };
  });
}

/** Resident memory in KiB without garbage; what is freed late is freed by the second time. */
async function settled(program: Program): Promise<number> {
  for (const _ of [1, 2]) {
    await program.ask({ do: "collect" });
    await sleep(SETTLE_MS);
  }
  return residentKib(program.pid);
}
