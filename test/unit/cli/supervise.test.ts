import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, type TestContext, test } from "node:test";
import { FAILURE_EXIT_MS, SIGNAL_ECHO_MS } from "../../../src/limits.ts";
import { pathOf, RUNTIMES, start } from "./process.ts";

/** Sends each signal when its time has come; what was said, the exit code, and how long it took. */
async function supervise(
  t: TestContext,
  runtime: string,
  args: readonly string[],
  signals: readonly [NodeJS.Signals, number][],
) {
  const child = start(runtime, "test/unit/cli/supervised.ts", args);
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  const ready = args.includes("late") ? "ready" : "running";
  await new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes(ready)) resolve();
    });
  });
  const began = performance.now();
  for (const [signal, after] of signals) setTimeout(() => child.kill(signal), after);
  const [code] = (await once(child, "close")) as [number | null];
  return { said: said.trim().split("\n"), code, took: performance.now() - began };
}

// Most of the time is waiting, so they wait together.
describe("supervision", { concurrency: true }, () => {
  for (const runtime of Object.keys(RUNTIMES)) {
    test(`${runtime}: a signal stops the daemon in order`, async (t) => {
      for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
        const { said, code } = await supervise(t, runtime, ["quick"], [[signal, 0]]);
        assert.deepEqual({ said, code }, { said: ["ready", "running", "stop", "down"], code: 0 });
      }
    });

    test(`${runtime}: a signal that comes too early is kept`, async (t) => {
      const { said, code } = await supervise(t, runtime, ["quick", "late"], [["SIGTERM", 0]]);
      assert.deepEqual({ said, code }, { said: ["ready", "stop", "down"], code: 0 });
    });

    test(`${runtime}: the echo of a signal is not a second one`, async (t) => {
      const signals: [NodeJS.Signals, number][] = [
        ["SIGINT", 0],
        ["SIGINT", 30],
        ["SIGTERM", 60],
      ];
      const { said, code } = await supervise(t, runtime, ["slow"], signals);
      assert.deepEqual({ said, code }, { said: ["ready", "running", "stop", "down"], code: 0 });
    });

    test(`${runtime}: a second signal ends the process at once`, async (t) => {
      const signals: [NodeJS.Signals, number][] = [
        ["SIGTERM", 0],
        ["SIGINT", SIGNAL_ECHO_MS + 150],
      ];
      const { said, code } = await supervise(t, runtime, ["stuck"], signals);
      assert.deepEqual({ said, code }, { said: ["ready", "running", "stop"], code: 130 });
    });

    test(`${runtime}: an error that nobody caught takes the daemon down`, async (t) => {
      const thrown = await supervise(t, runtime, ["quick"], [["SIGUSR1", 0]]);
      assert.equal(thrown.code, 1);
      assert.deepEqual(thrown.said.slice(2), ["fail Error: thrown", "down"]);
      const rejected = await supervise(t, runtime, ["quick"], [["SIGUSR2", 0]]);
      assert.equal(rejected.code, 1);
      assert.deepEqual(rejected.said.slice(2), ["fail Error: rejected", "down"]);
    });

    test(`${runtime}: the process ends in time even if that hangs`, async (t) => {
      const { said, code, took } = await supervise(t, runtime, ["stuck"], [["SIGUSR2", 0]]);
      assert.equal(code, 1);
      assert.deepEqual(said.slice(2), ["fail Error: rejected"]);
      assert.ok(took >= FAILURE_EXIT_MS - 50, `${took} ms`);
    });
  }

  // Deno leaves the disposition as it was inherited; Node resets it at its start.
  test("deno: who is told to ignore SIGHUP, as by nohup, does", async (t) => {
    const argv = [...(RUNTIMES.deno ?? []), pathOf("test/unit/cli/supervised.ts"), "quick"];
    const child = spawn("sh", ["-c", 'trap "" HUP; exec "$@"', "sh", ...argv], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => child.kill("SIGKILL"));
    let said = "";
    await new Promise<void>((resolve) => {
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (said.endsWith("running\n")) resolve();
      });
    });
    child.kill("SIGHUP");
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual([child.exitCode, child.signalCode], [null, null]);
    assert.doesNotMatch(said, /stop/);
  });
});
