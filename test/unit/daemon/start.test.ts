import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Config } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { descriptors, openDevices } from "../../../src/daemon/devices.ts";
import { startLac } from "../../../src/daemon/lac.ts";
import { openLibc } from "../../../src/daemon/libc.ts";
import { startLns } from "../../../src/daemon/lns.ts";
import { createLog } from "../../../src/observe/log.ts";

const libc = openLibc();

function config(t: TestContext, socket: string, port: number): Config {
  const directory = mkdtempSync(join(tmpdir(), "simplon-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "simplon.toml");
  writeFileSync(
    file,
    `[lns]
listen = "127.0.0.1:${port}"
socket = "${join(directory, socket)}"
history = ""
[[network]]
name = "default"
tun = "simplon0"
gateway = "10.64.0.1"
pool = ["10.64.0.0/24"]
`,
  );
  const loaded = loadConfig(file);
  assert.ok(!Array.isArray(loaded), JSON.stringify(loaded));
  return loaded;
}

const log = createLog({ level: "silent", human: false, sink: { write: () => undefined } });

test("a start that fails leaves nothing open", async (t) => {
  const unservable = config(t, "nowhere/api.sock", 21_701);
  await openDevices(libc, unservable, "none").then((devices) => {
    for (const fd of descriptors(devices)) libc.close(fd);
  });
  const before = readdirSync("/proc/self/fd");
  for (const [what, broken] of [
    ["no control socket", {}],
    ["no first eventfd", { eventfd: () => -1 }],
    ["no second eventfd", { eventfd: after(1, libc.eventfd) }],
  ] as const) {
    const devices = await openDevices(libc, unservable, "none");
    await assert.rejects(startLns({ ...libc, ...broken }, { config: unservable, devices }, log));
    assert.deepEqual(readdirSync("/proc/self/fd"), before, what);
  }
});

test("the key at fault is one of the table that the operator has", async (t) => {
  const unservable = config(t, "nowhere/api.sock", 21_703);
  for (const [start, key] of [
    [startLns, /the path is \[lns\] socket$/],
    [startLac, /the path is \[lac\] socket$/],
  ] as const) {
    const devices = await openDevices(libc, unservable, "none");
    await assert.rejects(start(libc, { config: unservable, devices }, log), key);
  }
});

test("polls that fail each time end the daemon, and some do not", async (t) => {
  const servable = config(t, "api.sock", 21_702);
  for (const [failures, code] of [
    [Number.POSITIVE_INFINITY, 1],
    [50, 0],
  ] as const) {
    const devices = await openDevices(libc, servable, "none");
    let left = failures;
    const pollAsync: typeof libc.pollAsync = (fds, count, timeoutMs) =>
      left-- > 0 ? Promise.resolve(-1) : libc.pollAsync(fds, count, timeoutMs);
    const daemon = await startLns({ ...libc, pollAsync }, { config: servable, devices }, log);
    if (code === 0) setTimeout(() => void daemon.stop(), 200);
    assert.equal(await daemon.done, code);
  }
});

/** `call` for so many times, and then failure. */
function after(times: number, call: () => number): () => number {
  let left = times;
  return () => (left-- > 0 ? call() : -1);
}
