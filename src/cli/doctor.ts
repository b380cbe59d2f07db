/** `simplon doctor`: looks at the host, changes nothing, and says what to do. @module */
import { existsSync } from "node:fs";
import { type Config, DEFAULT_FILE } from "../config/config.ts";
import { openLibc } from "../daemon/libc.ts";
import { probe } from "../daemon/probe.ts";
import { StartError } from "../daemon/start-error.ts";
import { askCounters, NoServerError } from "./ask.ts";
import { hardware } from "./doctor/hardware.ts";
import { type Finding, type Host, openHost } from "./doctor/host.ts";
import { kernel } from "./doctor/kernel.ts";
import { network } from "./doctor/network.ts";
import { queues } from "./doctor/queues.ts";
import { resources } from "./doctor/resources.ts";
import { print } from "./print.ts";
import { readConfig } from "./settings.ts";
import { misuse, parseCommand } from "./usage.ts";

const CHECKS = [kernel, network, queues, resources, hardware];

export async function doctor(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    config: { type: "string", short: "c" },
    json: { type: "boolean" },
  });
  if (positionals.length > 0) throw misuse(`unexpected argument ${JSON.stringify(positionals[0])}`);
  const config = await findConfig(values.config);
  const findings = examine(await lookAt(config), config);
  print(values.json === true ? `${JSON.stringify(findings)}\n` : format(findings));
  return findings.some(({ level }) => level === "problem") ? 1 : 0;
}

export function examine(host: Host, config: Config): Finding[] {
  return CHECKS.flatMap((check) => check(host, config));
}

/** A line each, and what mends it below. */
export function format(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.map(({ check, level, text, mend }) => {
    const todo = mend === undefined ? "" : `; ${mend}`;
    return `${level.padEnd(7)}  ${check.padEnd(width)}  ${text}${todo}`;
  });
  const count = (wanted: Finding["level"]) =>
    findings.filter(({ level }) => level === wanted).length;
  const problems = count("problem") === 1 ? "1 problem" : `${count("problem")} problems`;
  const sum = `${problems}, advice: ${count("advice")}`;
  const hidden = count("unseen");
  return `${lines.join("\n")}\n\n${sum}${hidden > 0 ? `, not seen: ${hidden}` : ""}\n`;
}

/** Without a file: what the first start would write. */
async function findConfig(path: string | undefined): Promise<Config> {
  if (path !== undefined || existsSync(DEFAULT_FILE)) return readConfig(path ?? DEFAULT_FILE);
  const { parseConfig } = await import("../config/load.ts");
  const parsed = parseConfig(USUAL, DEFAULT_FILE);
  if (Array.isArray(parsed)) throw new Error("the usual configuration cannot be read");
  return parsed;
}

const USUAL = `[[network]]
name = "default"
tun = "simplon0"
gateway = "10.64.0.1"
pool = ["10.64.0.0/16"]
`;

async function lookAt(config: Config): Promise<Host> {
  const running = await runningIn(config);
  try {
    return openHost({ probe: probe(openLibc(), config), unprobed: "", running });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return openHost({ probe: undefined, unprobed: error.message, running });
  }
}

async function runningIn({ lns }: Config): Promise<Host["running"]> {
  try {
    return (await askCounters(lns.socket)).offloads;
  } catch (error) {
    if (error instanceof NoServerError) return undefined;
    throw error;
  }
}
