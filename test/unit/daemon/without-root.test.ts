// The program tried by somebody who is not root: no device, and a gateway that answers pings.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { OPENING_FLAGS } from "../../../src/cli/flags.ts";
import { findDeno } from "../../../src/cli/launch.ts";
import { OFFLOADS, STEERING } from "../../../src/offloads.ts";
import { address } from "../../peer/slaac.ts";
import { pathOf } from "../cli/process.ts";
import { echoRequest, sum } from "../host/echo.ts";
import { UdpClient } from "./udp-client.ts";
import { type Stranger, stranger } from "./unprivileged.ts";

const GATEWAY = "10.64.0.1";
const GATEWAY6 = address("20010db800640000 0000000000000001");
const PATIENCE_MS = 15_000;
const INTERFACE_ID = [1, 10, 0, 0, 0, 0, 0, 0, 0, 7];

const runtimes: Readonly<Record<string, readonly string[]>> = {
  deno: [findDeno(new URL(import.meta.url)) ?? "", ...OPENING_FLAGS],
  node: [process.execPath],
};

class Server {
  readonly lines: string[] = [];
  readonly #process: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(who: Stranger, runtime: string, args: readonly string[]) {
    const program = [...(runtimes[runtime] ?? []), pathOf("src/cli/main.ts"), "lns", ...args];
    const [command = "", ...rest] = who.command(program);
    this.#process = spawn(command, rest, {
      cwd: who.directory,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", (line) => this.lines.push(line));
    }
    this.ended = once(this.#process, "close").then(([code]) => code as number | null);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  async line(pattern: RegExp): Promise<string> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = this.lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      assert.ok(performance.now() < end, `no ${pattern} in:\n${this.lines.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.#process.kill(signal);
    return this.ended;
  }
}

async function freePort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return port;
}

function config(who: Stranger, port: number): string {
  const file = join(who.directory, "simplon.toml");
  writeFileSync(
    file,
    `[lns]
listen = "127.0.0.1:${port}"
[[network]]
name = "default"
tun = "simplon0"
gateway = "${GATEWAY}"
pool = ["10.64.0.0/24"]
pool6 = ["2001:db8:64::/56"]
nat = true
[[user]]
name = "demo"
password = "demo"
network = "default"
`,
  );
  return file;
}

for (const runtime of Object.keys(runtimes)) {
  describe(`${runtime}: lns --tun none as an ordinary user`, () => {
    const who = stranger();
    let server: Server;
    let client: UdpClient;

    before(async () => {
      const port = await freePort();
      server = new Server(who, runtime, ["-c", config(who, port), "--tun", "none"]);
      await server.line(/"serving"/);
      const wishes = { name: "demo", password: "demo", ipv6cp: [INTERFACE_ID] as never };
      client = new UdpClient(port, wishes);
      await client.dial();
    });
    after(async () => {
      client?.close();
      await server?.stop("SIGKILL");
      who.remove();
    });

    test("it says what it does without, each in one line", async () => {
      await server.line(/--tun none.*gateway/);
      await server.line(/nat = true has no effect/);
    });

    test("it tells which offloads run, and why the others do not", async () => {
      const { level, runs, off } = JSON.parse(await server.line(/"offloads"/));
      assert.equal(level, "info");
      const told = [...runs, ...off.map(({ offload }: { offload: string }) => offload)];
      assert.deepEqual(told.sort(), [...OFFLOADS, STEERING].sort());
      for (const offload of ["tso", "uso", STEERING]) {
        const why = "no device (--tun none)";
        assert.ok(
          off.some((each: object) => isDeepStrictEqual(each, { offload, why })),
          offload,
        );
      }
    });

    test("no thread may do anything that an ordinary process may not", () => {
      const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
      assert.match(status, /^Uid:\t[1-9]/m);
      assert.match(status, /^CapEff:\t0+$/m);
      assert.match(status, /^NoNewPrivs:\t1$/m);
    });

    test("a client comes in, and the gateway answers its pings", async () => {
      await client.until("IPCP", PATIENCE_MS, () => client.peer.ipcp.isOpened);
      const data = Uint8Array.from({ length: 1_300 }, (_, index) => index);
      const request = echoRequest(client.peer.address, GATEWAY, data);
      for (let count = 1; count <= 20; count++) {
        client.sendIpv4(request);
        await client.until("an answer", PATIENCE_MS, () => client.packets.length === count);
      }
      const reply = client.packets.at(-1) ?? new Uint8Array();
      assert.equal(sum(reply.subarray(0, 20)), 0xffff);
      assert.equal(sum(reply.subarray(20)), 0xffff);
      assert.equal(reply[20], 0);
      assert.deepEqual(reply.subarray(24), request.subarray(24));
    });

    test("and those over IPv6", async () => {
      await client.until("an address", PATIENCE_MS, () => client.peer.host?.global !== undefined);
      const host = client.peer.host;
      assert.ok(host?.global !== undefined);
      const body = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
      host.send({ source: host.global, destination: GATEWAY6, type: 128, body });
      const isReply = ({ type }: { type: number }) => type === 129;
      await client.until("an answer", PATIENCE_MS, () => host.heard.some(isReply));
      assert.deepEqual(new Uint8Array(host.heard.find(isReply)?.body ?? []), body);
    });

    test("the control socket lies beside the configuration, and show finds it", async () => {
      const socket = join(who.directory, "simplon.sock");
      assert.ok(existsSync(socket));
      const argv = [process.execPath, pathOf("src/cli/main.ts"), "show", "counters", "--json"];
      const [command = "", ...rest] = who.command(argv);
      const child = spawn(command, rest, {
        cwd: who.directory,
        stdio: ["ignore", "pipe", "inherit"],
      });
      let text = "";
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      await once(child, "close");
      const { offloads, ...counters } = JSON.parse(text);
      assert.equal(counters["control.host-answered"], 21);
      const names = offloads.map(({ offload }: { offload: string }) => offload);
      assert.deepEqual(names, [...OFFLOADS, STEERING]);
    });

    test("it ends in order", async () => {
      assert.equal(await server.stop(), 0);
      await server.line(/"stopped"/);
      assert.ok(!existsSync(join(who.directory, "simplon.sock")));
      assert.match(readFileSync(join(who.directory, "simplon.history"), "utf8"), /lns-stopped/);
      assert.equal(server.lines.filter((line) => line.includes('"serving"')).length, 1);
    });
  });

  test(`${runtime}: with a device the start fails in one line that names --tun none`, async () => {
    const who = stranger();
    try {
      const server = new Server(who, runtime, ["-c", config(who, await freePort())]);
      assert.equal(await server.ended, 1);
      assert.equal(server.lines.length, 1, server.lines.join("\n"));
      assert.match(server.lines[0] ?? "", /^simplon: .*--tun none/);
    } finally {
      who.remove();
    }
  });
}
