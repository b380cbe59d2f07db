// The program as a service manager starts it: by the launcher, with a socket to speak to.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathOf } from "../cli/process.ts";
import { Manager } from "./manager.ts";

const WATCHDOG_MS = 2_000;

for (const [index, runtime] of ["deno", "node"].entries()) {
  describe(`${runtime}: a service manager`, () => {
    const directory = mkdtempSync(join(tmpdir(), "simplon-service-"));
    const socket = join(directory, "notify");
    let manager: Manager;
    let server: ChildProcess;

    before(async () => {
      manager = await Manager.listen(socket);
      const file = join(directory, "simplon.toml");
      writeFileSync(file, config(directory, 21_710 + index));
      const program = pathOf("scripts/simplon.ts");
      server = spawn(process.execPath, [program, "lns", "-c", file, "--tun", "none"], {
        env: {
          ...process.env,
          SIMPLON_RUNTIME: runtime,
          NOTIFY_SOCKET: socket,
          WATCHDOG_USEC: `${WATCHDOG_MS * 1_000}`,
          WATCHDOG_PID: "1",
        },
        cwd: directory,
        stdio: ["ignore", "ignore", "inherit"],
      });
    });
    after(() => {
      server?.kill("SIGKILL");
      manager?.close();
      rmSync(directory, { recursive: true });
    });

    test("hears of the process that it started that it serves", async () => {
      assert.equal(await manager.next(), "READY=1\nSTATUS=0 sessions in 0 tunnels");
      assert.equal(manager.sender, server.pid);
    });

    test("hears beats, each in half of its time, and none while the process is stopped", async () => {
      assert.equal(await manager.next(), "WATCHDOG=1");
      const first = performance.now();
      assert.equal(await manager.next(), "WATCHDOG=1");
      const between = performance.now() - first;
      assert.ok(between > 800 && between < WATCHDOG_MS, `${between} ms`);
      server.kill("SIGSTOP");
      await new Promise((resolve) => setTimeout(resolve, WATCHDOG_MS));
      assert.equal(await manager.silence(), "");
      server.kill("SIGCONT");
      assert.equal(await manager.next(), "WATCHDOG=1");
    });

    test("is spoken to by nothing else: the variables are gone", () => {
      const environment = readFileSync(`/proc/${server.pid}/environ`, "utf8").split("\0");
      const left = environment.filter((line) => /^(?:NOTIFY|WATCHDOG)_/.test(line));
      assert.deepEqual(left, []);
    });

    test("hears that it ends", async () => {
      server.kill("SIGTERM");
      let text = await manager.next();
      while (text === "WATCHDOG=1") text = await manager.next();
      assert.match(text, /^STOPPING=1\n/);
      if (server.exitCode === null) await once(server, "exit");
      assert.equal(server.exitCode, 0);
    });
  });
}

function config(directory: string, port: number): string {
  return `[lns]
listen = "127.0.0.1:${port}"
socket = "${join(directory, "socket")}"
history = ""
[[network]]
name = "default"
tun = "simplon0"
gateway = "10.64.0.1"
pool = ["10.64.0.0/24"]
`;
}
