/** What a service manager is told, with a real one's socket played by Python. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openLibc } from "../../../src/daemon/libc.ts";
import { type Load, Notifier, takeServiceManager } from "../../../src/daemon/notify.ts";
import { SERVICE_RETRY_MS, SERVICE_STATUS_MS } from "../../../src/limits.ts";
import { encodeUnixAddress } from "../../../src/linux/unix.ts";
import { Manager } from "./manager.ts";

const libc = openLibc();
const directory = mkdtempSync(join(tmpdir(), "simplon-notify-"));
after(() => rmSync(directory, { recursive: true }));

describe("the variables", () => {
  test("are read once and removed, whatever else is there stays", () => {
    const environment = {
      NOTIFY_SOCKET: "/s",
      WATCHDOG_USEC: "20000000",
      WATCHDOG_PID: "1",
      A: "",
    };
    const found = takeServiceManager(environment);
    assert.deepEqual(found, { socket: "/s", watchdogMs: 20_000 });
    assert.deepEqual(environment, { A: "" });
    assert.equal(takeServiceManager(environment), undefined);
  });

  test("without a watchdog, or with what is no number, there is none", () => {
    for (const WATCHDOG_USEC of [undefined, "", "0", "-1", "soon", "1e9"]) {
      const found = takeServiceManager({ NOTIFY_SOCKET: "@s", WATCHDOG_USEC });
      assert.deepEqual(found, { socket: "@s", watchdogMs: 0 }, WATCHDOG_USEC);
    }
  });
});

test("addresses: a path ends with NUL, an abstract name begins with it and ends where it ends", () => {
  assert.deepEqual(encodeUnixAddress("/a"), Uint8Array.of(1, 0, 0x2f, 0x61, 0));
  assert.deepEqual(encodeUnixAddress("@a"), Uint8Array.of(1, 0, 0, 0x61));
  assert.equal(encodeUnixAddress(`/${"a".repeat(106)}`)?.length, 110);
  assert.equal(encodeUnixAddress(`@${"a".repeat(107)}`)?.length, 110);
  for (const none of ["", "@", "a", "vsock:2:1", `/${"a".repeat(107)}`, `@${"a".repeat(108)}`]) {
    assert.equal(encodeUnixAddress(none), undefined, none);
  }
});

for (const [kind, socket] of [
  ["a path", join(directory, "notify")],
  ["an abstract name", `@simplon-notify-${process.pid}`],
] as const) {
  describe(`a manager at ${kind}`, () => {
    let manager: Manager;
    let load: Load = { sessions: 0, tunnels: 0 };
    const warnings: unknown[] = [];
    const log = { warn: (...said: unknown[]) => void warnings.push(said) };
    const open = (watchdogMs: number) =>
      new Notifier({ libc, log, load: () => load, manager: { socket, watchdogMs } });

    before(async () => {
      manager = await Manager.listen(socket);
    });
    after(() => manager.close());

    test("hears that the daemon serves, then that it is alive, twice in its time", async () => {
      const notifier = open(20_000);
      notifier.turn(0, true);
      notifier.ready(1_000);
      assert.equal(await manager.next(), "READY=1\nSTATUS=0 sessions in 0 tunnels");
      for (let now = 1_000; now < 40_000; now += 500) notifier.turn(now, true);
      notifier.stopping();
      notifier.turn(99_000, true);
      const rest = [await manager.next(), await manager.next(), await manager.next()];
      assert.deepEqual(rest, ["WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]);
      assert.equal(await manager.next(), "WATCHDOG=1");
      assert.match(await manager.next(), /^STOPPING=1\n/);
      assert.equal(await manager.silence(), "");
    });

    test("hears no beat while a worker does not answer", async () => {
      const notifier = open(20_000);
      notifier.ready(0);
      await manager.next();
      notifier.turn(10_000, false);
      notifier.turn(20_000, false);
      assert.equal(await manager.silence(), "");
      notifier.turn(20_500, true);
      assert.equal(await manager.next(), "WATCHDOG=1");
    });

    test("hears what is up when that has changed, not more often than it should", async () => {
      const notifier = open(0);
      notifier.ready(0);
      await manager.next();
      load = { sessions: 1, tunnels: 2 };
      notifier.turn(SERVICE_STATUS_MS - 1, true);
      notifier.turn(SERVICE_STATUS_MS, true);
      notifier.turn(2 * SERVICE_STATUS_MS, true);
      assert.equal(await manager.next(), "STATUS=1 session in 2 tunnels");
      assert.equal(await manager.silence(), "");
      load = { sessions: 0, tunnels: 0 };
    });

    test("nothing was to be warned of", () => assert.deepEqual(warnings, []));
  });
}

test("a manager that comes late is told what it has missed; one warning", async (t) => {
  const socket = join(directory, "late");
  const warnings: unknown[] = [];
  const log = { warn: (...said: unknown[]) => void warnings.push(said) };
  const load = () => ({ sessions: 3, tunnels: 1 });
  const notifier = new Notifier({ libc, log, load, manager: { socket, watchdogMs: 0 } });
  notifier.ready(0);
  notifier.turn(SERVICE_RETRY_MS, true);
  assert.equal(warnings.length, 1);
  const manager = await Manager.listen(socket);
  t.after(() => manager.close());
  notifier.turn(SERVICE_RETRY_MS + 1, true);
  notifier.turn(2 * SERVICE_RETRY_MS, true);
  assert.equal(await manager.next(), "READY=1");
  notifier.turn(SERVICE_STATUS_MS, true);
  assert.equal(await manager.next(), "STATUS=3 sessions in 1 tunnel");
});

test("without a manager nothing is asked of the kernel", () => {
  const kernel = { socket: () => assert.fail("a socket was made") };
  const load = () => assert.fail("the load was counted");
  const notifier = new Notifier({ libc: { ...libc, ...kernel }, log: { warn: load }, load });
  notifier.ready(0);
  notifier.turn(60_000, true);
  notifier.stopping();
});
