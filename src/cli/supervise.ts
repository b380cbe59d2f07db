/** What ends a running daemon from outside: signals, and errors that nobody caught. @module */
import { constants } from "node:os";
import type { Running } from "../daemon/daemon.ts";
import { FAILURE_EXIT_MS, SIGNAL_ECHO_MS } from "../limits.ts";

type Stoppable = Pick<Running, "stop" | "fail">;

/**
 * SIGTERM, SIGINT and SIGHUP stop the daemon in order; a second signal ends the process at once. One
 * that comes while the daemon still starts is kept until it can be stopped. SIGHUP stays ignored
 * where the process was started so, as by nohup.
 *
 * An error that nobody caught is a bug: the daemon is taken down, and the process ends in time even
 * if that hangs.
 */
export class Supervisor {
  readonly #exit: (code: number) => void;
  #running: Stoppable | undefined;
  #firstSignal: number | undefined;
  #hasFailed = false;

  /** Listens from now on, until `exit` ends the process. */
  constructor(isIgnored: (signal: number) => boolean, exit: (code: number) => void) {
    this.#exit = exit;
    // With its first listener Deno takes over SIGHUP and dies of it, even where it was ignored: so
    // this is asked before, and an ignored one gets a listener too.
    const isHangUpIgnored = isIgnored(constants.signals.SIGHUP);
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      const isOff = signal === "SIGHUP" && isHangUpIgnored;
      process.on(signal, () => isOff || this.#receive(128 + constants.signals[signal]));
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
      this.#exit(exitCode);
    }
  }

  #fail(running: Stoppable, error: unknown): void {
    // The first error is the one that explains the others.
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    setTimeout(() => this.#exit(1), FAILURE_EXIT_MS).unref();
    void running.fail(error);
  }
}
