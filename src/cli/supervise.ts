/** What ends a running daemon from outside: signals, and errors that nobody caught. @module */
import { constants } from "node:os";
import type { RunningLns } from "../daemon/lns.ts";
import { FAILURE_EXIT_MS, SIGNAL_ECHO_MS } from "../limits.ts";

type Stoppable = Pick<RunningLns, "stop" | "fail">;

/**
 * SIGTERM and SIGINT stop the daemon in order; a second signal ends the process at once. One that
 * comes while the daemon still starts is kept until it can be stopped.
 *
 * An error that nobody caught is a bug: the daemon is taken down, and the process ends in time even
 * if that hangs.
 */
export class Supervisor {
  #running: Stoppable | undefined;
  #firstSignal: number | undefined;
  #hasFailed = false;

  /** Listens from now on, until the process ends. */
  constructor() {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => this.#receive(128 + constants.signals[signal]));
    }
  }

  watch(running: Stoppable): void {
    this.#running = running;
    for (const event of ["uncaughtException", "unhandledRejection"] as const) {
      process.on(event, (error: unknown) => this.#fail(running, error));
    }
    if (this.#firstSignal !== undefined) void running.stop();
  }

  #receive(exitCode: number): void {
    const now = performance.now();
    if (this.#firstSignal === undefined) {
      this.#firstSignal = now;
      void this.#running?.stop();
    } else if (now - this.#firstSignal > SIGNAL_ECHO_MS) {
      process.exit(exitCode);
    }
  }

  #fail(running: Stoppable, error: unknown): void {
    // The first error is the one that explains the others.
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    setTimeout(() => process.exit(1), FAILURE_EXIT_MS).unref();
    void running.fail(error);
  }
}
