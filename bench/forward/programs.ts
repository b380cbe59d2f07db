/**
 * How each program under test is started, and what it is told.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { findDeno } from "../../src/cli/launch.ts";
import { formatIpv4, ipv4 } from "../../src/net.ts";
import { placeOf } from "../place.ts";
import { CLIENT_ADDRESS, inside, LNS_ADDRESS } from "./lab.ts";
import { sleep } from "./lines.ts";
import type { Program } from "./program.ts";
import { RADIUS_SECRET } from "./radius.ts";
import { FIXED } from "./settings.ts";

export const SUBJECTS = ["deno", "node", "reference", "l2tpns"] as const;
export type SubjectName = (typeof SUBJECTS)[number];

const isSource = import.meta.url.endsWith(".ts");
export const REFERENCE = placeOf("build/reference/forward");
const L2TPNS = "/usr/sbin/l2tpns";
const START_TRIES = 400;
const START_MS = 50;

/** Why a program cannot be measured here; "" when it can. */
export function missing(name: SubjectName): string {
  if (name === "deno") return denoPath() === undefined ? "no Deno: npm install deno" : "";
  if (name === "node") return nodePath() === undefined ? "no Node in PATH" : "";
  if (name === "l2tpns") return existsSync(L2TPNS) ? "" : "not installed: apt-get install l2tpns";
  try {
    // Each time: never one of older sources.
    execFileSync("sh", [placeOf("bench/reference/build.sh")], { stdio: "pipe" });
    return "";
  } catch (error) {
    const [line = ""] = String(error instanceof Error ? error.message : error).split("\n");
    return `cannot be built (${line}): it needs a C compiler`;
  }
}

export interface Start {
  readonly folder: string;
  readonly lns: string;
  readonly sessions: number;
  readonly start: (command: readonly string[]) => Program;
}

export function startProgram(name: SubjectName, how: Start): Promise<Program> {
  if (name === "reference") return startReference(how);
  if (name === "l2tpns") return startL2tpns(how);
  return startSimplon(name, how);
}

async function startSimplon(name: "deno" | "node", { folder, start }: Start): Promise<Program> {
  const socket = join(folder, "simplon.sock");
  const file = writeConfiguration(folder);
  const program = placeOf(isSource ? "src/cli/main.ts" : "dist/cli.js");
  const started = start([...runtimeOf(name), program, "lns", "-c", file]);
  await until(started, () => existsSync(socket));
  return started;
}

async function startReference({ folder, lns, sessions, start }: Start): Promise<Program> {
  const file = join(folder, "sessions");
  const { lnsTunnel, clientTunnel, firstAddress } = FIXED;
  const lines = Array.from({ length: sessions }, (_, index) => {
    const address = formatIpv4(ipv4(firstAddress) + index);
    const ids = `${lnsTunnel} ${index + 1} ${clientTunnel} ${index + 1}`;
    return `${ids} ${CLIENT_ADDRESS} 1701 ${address}\n`;
  });
  writeFileSync(file, lines.join(""));
  const command = ["--listen", `${LNS_ADDRESS}:1701`, "--tun", "tun0", "--sessions", file];
  const started = start([REFERENCE, ...command]);
  await started.line();
  inside(lns, "ip", "addr", "add", "10.64.0.1/14", "dev", "tun0");
  inside(lns, "ip", "link", "set", "tun0", "mtu", "1400", "up");
  return started;
}

/** Its configuration folder is compiled in: ours is bound over it, in a mount namespace of its own. */
async function startL2tpns({ folder, lns, start }: Start): Promise<Program> {
  const etc = join(folder, "etc");
  mkdirSync(etc);
  const log = join(folder, "l2tpns.log");
  writeFileSync(log, "");
  writeFileSync(join(etc, "startup-config"), l2tpnsConfiguration(log, join(folder, "pid")));
  writeFileSync(join(etc, "ip_pool"), "10.64.0.0/16\n");
  writeFileSync(join(etc, "users"), "admin:admin\n");
  const script = `mount --bind "$1" /etc/l2tpns && exec ${L2TPNS}`;
  // When it ends it ends its whole process group: that has to be one of its own.
  const started = start(["setsid", "sh", "-c", script, "sh", etc]);
  const isUp = () => inside(lns, "ip", "-o", "link", "show").includes(": tun");
  const isBound = () => inside(lns, "ss", "-Hlun", "sport = :1701") !== "";
  await until(started, () => isUp() && isBound());
  await sleep(1_000); // it serves only once it has elected itself master of its cluster
  return started;
}

/** How a runtime is started; ours is able to collect its garbage when it is told to. */
export function runtimeOf(name: "deno" | "node"): string[] {
  const flags = ["run", "-A", "--v8-flags=--expose-gc"];
  return name === "deno" ? [denoPath() ?? "", ...flags] : [nodePath() ?? ""];
}

export interface Configuration {
  readonly method?: "pap" | "chap";
  readonly workers?: number;
}

/** Writes the configuration of an LNS into `folder`; its path. */
export function writeConfiguration(
  folder: string,
  { method = "pap", workers = 1 }: Configuration = {},
): string {
  const file = join(folder, "simplon.toml");
  const text = `[lns]
socket = ${JSON.stringify(join(folder, "simplon.sock"))}
history = ""
workers = ${workers}
[[network]]
name = "default"
tun = "simplon0"
gateway = "10.64.0.1"
pool = ["10.64.0.0/14"]
[auth]
methods = ["${method}"]
[[user]]
name = "bench"
password = "bench"
network = "default"
[log]
level = "warn"
`;
  writeFileSync(file, text);
  return file;
}

/** What its manual gives for speed: no debug output, accounting, throttling or anti-spoofing. */
function l2tpnsConfiguration(log: string, pid: string): string {
  return `set debug 0
set log_file "${log}"
set pid_file "${pid}"
set hostname "l2tpns"
set bind_address ${LNS_ADDRESS}
set peer_address 10.11.0.1
set primary_radius 127.0.0.1
set primary_radius_port 1812
set radius_secret "${RADIUS_SECRET}"
set radius_authtypes "pap"
set radius_accounting no
set allow_duplicate_users yes
set cli_bind_address 127.0.0.1
set cluster_interface "lo"
set cluster_hb_interval 5
set cluster_hb_timeout 15
set send_garp no
set multi_read_count 200
set throttle_speed 0
set packet_limit 0
set icmp_rate 0
set echo_timeout 600
set idle_echo_timeout 6000
set lock_pages yes
set disable_no_spoof yes
`;
}

async function until(program: Program, condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (program.hasEnded || tries > START_TRIES) throw new Error("a program does not start");
    await sleep(START_MS);
  }
}

function denoPath(): string | undefined {
  if (process.versions.deno !== undefined) return process.execPath;
  return findDeno(new URL(import.meta.url));
}

/** This one, the one of the package `node`, or the first in PATH. */
function nodePath(): string | undefined {
  if (process.versions.deno === undefined) return process.execPath;
  const directories = (process.env.PATH ?? "").split(delimiter);
  return [...packagedNode(), ...directories.map((path) => join(path, "node"))].find(isExecutable);
}

function packagedNode(): string[] {
  try {
    const require = createRequire(import.meta.url);
    return [join(dirname(require.resolve("node/package.json")), "bin", "node")];
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
