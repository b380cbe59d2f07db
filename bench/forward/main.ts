/**
 * Packet rates of a whole LNS: `npm run bench -- forward [--seconds N] [--rounds N] [--sessions N]
 * [--idle N] [--json]`. Needs root, iproute2, nftables and two cores.
 *
 * The LNS runs on core 0; what sends runs on core 1, one packet a datagram, as fast as it can. A
 * figure is the LNS's own: packets that it passed on, and the CPU time of its process, in which the
 * kernel's work for its system calls is included.
 *
 * @module
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ask } from "../../src/cli/ask.ts";
import { type Column, formatTable } from "../../src/cli/table.ts";
import { cpuSeconds, machine, residentKib } from "./figures.ts";
import { HOST_ADDRESS, Lab, LNS_ADDRESS, type Program } from "./lab.ts";

const SIZES = [64, 200, 1400];
const DIRECTIONS = ["up", "down"] as const;
const LNS_CORE = 0;
const LOAD_CORE = 1;
/** Long enough for queues to drain and for what the set-up left behind to be collected. */
const SETTLE_MS = 3_000;

interface Row {
  readonly direction: (typeof DIRECTIONS)[number];
  readonly size: number;
  readonly offered: number;
  readonly passed: number;
  readonly gbits: number;
  readonly cpuNs: number;
}

interface Bench {
  readonly lns: Program;
  readonly client: Program;
  readonly host: Program;
  readonly socket: string;
  readonly addresses: readonly string[];
}

export async function forward(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "3" },
      rounds: { type: "string", default: "3" },
      sessions: { type: "string", default: "10" },
      idle: { type: "string", default: "10000" },
      json: { type: "boolean", default: false },
    },
  });
  const rows = await rates(Number(values.sessions), Number(values.rounds), Number(values.seconds));
  const memory = await idleMemory(Number(values.idle));
  const result = { machine: machine(), deno: Deno.version.deno, rows, memory };
  console.log(values.json ? JSON.stringify(result, undefined, 2) : describe(result));
  return 0;
}

/** Each round measures every direction and size once, so that noise falls on all alike. */
async function rates(sessions: number, rounds: number, seconds: number): Promise<Row[]> {
  const measured: Row[] = [];
  await withBench(sessions, async (bench) => {
    for (let round = 1; round <= rounds; round++) {
      for (const direction of DIRECTIONS) {
        for (const size of SIZES) {
          progress(`round ${round} of ${rounds}: ${direction}, ${size} octets`);
          measured.push(await measure(bench, direction, size, seconds));
        }
      }
    }
  });
  return DIRECTIONS.flatMap((direction) =>
    SIZES.map((size) => {
      const same = measured.filter((row) => row.direction === direction && row.size === size);
      const median = (pick: (row: Row) => number) =>
        same.map(pick).sort((a, b) => a - b)[Math.floor(same.length / 2)] ?? 0;
      const figures = { offered: median((r) => r.offered), passed: median((r) => r.passed) };
      return {
        direction,
        size,
        ...figures,
        gbits: median((r) => r.gbits),
        cpuNs: median((r) => r.cpuNs),
      };
    }),
  );
}

async function measure(
  bench: Bench,
  direction: Row["direction"],
  size: number,
  seconds: number,
): Promise<Row> {
  const before = await look(bench, direction);
  const { addresses } = bench;
  const { sent } =
    direction === "up"
      ? await bench.client.ask<{ sent: number }>({ size, seconds, to: HOST_ADDRESS })
      : await bench.host.ask<{ sent: number }>({ size, seconds, addresses });
  await sleep(SETTLE_MS / 10);
  const after = await look(bench, direction);
  const passed = after.packets - before.packets;
  return {
    direction,
    size,
    offered: sent / seconds,
    passed: passed / seconds,
    gbits: (passed * size * 8) / seconds / 1e9,
    cpuNs: ((after.cpu - before.cpu) * 1e9) / passed,
  };
}

async function look({ lns, socket }: Bench, direction: Row["direction"]) {
  const counters = await ask(socket, "counters");
  return { packets: counters[`${direction}.packets`] ?? 0, cpu: cpuSeconds(lns.pid) };
}

/** KiB of resident memory that each further idle session costs. */
async function idleMemory(sessions: number) {
  const resident: number[] = [];
  for (const count of [1, sessions]) {
    progress(`memory of ${count} idle session${count === 1 ? "" : "s"}`);
    await withBench(count, async ({ lns }) => {
      await sleep(SETTLE_MS);
      resident.push(residentKib(lns.pid));
    });
  }
  const [one = 0, many = 0] = resident;
  return { sessions, oneKib: one, manyKib: many, perSessionKib: (many - one) / (sessions - 1) };
}

async function withBench(sessions: number, work: (bench: Bench) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "simplon-bench-"));
  const lab = new Lab();
  try {
    const socket = join(folder, "simplon.sock");
    writeFileSync(join(folder, "simplon.toml"), configuration(socket));
    const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
    const deno = [Deno.execPath(), "run", "-A"];
    const config = ["lns", "-c", join(folder, "simplon.toml")];
    const lns = lab.start(lab.names.lns, LNS_CORE, [...deno, main, ...config]);
    await waitFor(() => existsSync(socket));
    const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));
    const clientArgs = [script("client.ts"), LNS_ADDRESS, `${sessions}`];
    const client = lab.start(lab.names.client, LOAD_CORE, [...deno, ...clientArgs]);
    const host = lab.start(lab.names.host, LOAD_CORE, [...deno, script("sender.ts")]);
    const { addresses } = JSON.parse(await client.line()) as { addresses: string[] };
    await work({ lns, client, host, socket, addresses });
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true });
  }
}

function configuration(socket: string): string {
  return `
[lns]
socket = ${JSON.stringify(socket)}
[[network]]
name = "default"
tun = "simplon0"
gateway = "10.64.0.1"
pool = ["10.64.0.0/14"]
[auth]
methods = ["pap"]
[[user]]
name = "bench"
password = "bench"
network = "default"
[log]
level = "warn"
`;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "direction", align: "left", value: (row) => row.direction },
  { title: "octets", align: "right", value: (row) => `${row.size}` },
  { title: "offered/s", align: "right", value: (row) => row.offered.toFixed(0) },
  { title: "passed/s", align: "right", value: (row) => row.passed.toFixed(0) },
  { title: "Gbit/s", align: "right", value: (row) => row.gbits.toFixed(2) },
  { title: "CPU-ns/packet", align: "right", value: (row) => row.cpuNs.toFixed(0) },
];

function describe({
  machine,
  deno,
  rows,
  memory,
}: {
  machine: string;
  deno: string;
  rows: readonly Row[];
  memory: Awaited<ReturnType<typeof idleMemory>>;
}): string {
  const table = formatTable(COLUMNS, rows);
  const { sessions, oneKib, manyKib, perSessionKib } = memory;
  return `${machine}, Deno ${deno}\n\n${table}\n
resident with 1 session: ${oneKib} KiB, with ${sessions}: ${manyKib} KiB: ${perSessionKib.toFixed(2)} KiB a session`;
}

function progress(what: string): void {
  console.error(`bench forward: ${what}`);
}

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 200) throw new Error("the LNS does not start");
    await sleep(50);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
