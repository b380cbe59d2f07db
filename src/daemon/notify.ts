/**
 * What a service manager is told, as systemd wants it (sd_notify(3)): that the daemon serves, what
 * it has, that it is alive, and that it ends.
 *
 * Each message goes through a socket of its own, so none is kept across a restart of the manager.
 *
 * @module
 */
import { SERVICE_RETRY_MS, SERVICE_STATUS_MS } from "../limits.ts";
import { SystemError } from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import { encodeUnixAddress, sendToUnix } from "../linux/unix.ts";
import type { Logger } from "../observe/log.ts";

/** Plain data, so that the run of the program that serves can take it over. */
export interface ServiceManager {
  /** Path of the socket that it listens on, or an abstract name behind "@". */
  readonly socket: string;
  /** It restarts a daemon that says nothing for so long; 0: never. */
  readonly watchdogMs: number;
}

/** How much is up. */
export interface Load {
  readonly sessions: number;
  readonly tunnels: number;
}

const VARIABLES = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] as const;

/**
 * Reads the variables and removes them: what this process starts is not to speak in its name.
 *
 * WATCHDOG_PID is not compared with this process: where the launcher cannot execute the runtime in
 * its place it is the launcher's, and who speaks for the service is the daemon in either case.
 */
export function takeServiceManager(environment: NodeJS.ProcessEnv): ServiceManager | undefined {
  const { NOTIFY_SOCKET: socket = "", WATCHDOG_USEC: interval = "" } = environment;
  for (const name of VARIABLES) {
    if (environment[name] !== undefined) delete environment[name];
  }
  if (socket === "") return undefined;
  return { socket, watchdogMs: /^\d{1,15}$/.test(interval) ? Number(interval) / 1_000 : 0 };
}

export interface NotifierOptions {
  readonly libc: Libc;
  readonly log: Pick<Logger, "warn">;
  readonly load: () => Load;
  /** Without one nothing is said. */
  readonly manager?: ServiceManager | undefined;
}

export class Notifier {
  readonly #options: NotifierOptions;
  readonly #address: Uint8Array<ArrayBuffer> | undefined;
  /** Twice within the time that the manager waits; 0: never. */
  readonly #beatMs: number;
  #state: "starting" | "ready" | "stopping" = "starting";
  #isReadyTold = false;
  #beatAt = Number.NEGATIVE_INFINITY;
  #statusAt = Number.NEGATIVE_INFINITY;
  #status = "";
  /** Nothing is said before, as the last message was not taken. */
  #retryAt = Number.NEGATIVE_INFINITY;
  #hasWarned = false;

  constructor(options: NotifierOptions) {
    const { manager } = options;
    this.#options = options;
    this.#address = manager === undefined ? undefined : encodeUnixAddress(manager.socket);
    this.#beatMs = (manager?.watchdogMs ?? 0) / 2;
    if (manager !== undefined && this.#address === undefined) {
      this.#warn("NOTIFY_SOCKET is neither a path nor an abstract name");
    }
  }

  /** From now on the daemon serves. */
  ready(now: number): void {
    this.#state = "ready";
    this.#tell(now, false);
  }

  /**
   * To be called in each turn of the control thread: a thread that does not turn any more says
   * nothing, and neither does one whose workers do not answer.
   */
  turn(now: number, isHealthy: boolean): void {
    if (this.#state === "ready") this.#tell(now, isHealthy);
  }

  stopping(): void {
    if (this.#state === "stopping") return;
    this.#state = "stopping";
    this.#send(["STOPPING=1", "STATUS=ending sessions and tunnels"]);
  }

  #tell(now: number, isHealthy: boolean): void {
    if (this.#address === undefined || now < this.#retryAt) return;
    const isWatched = this.#beatMs > 0;
    const isBeatDue = isWatched && isHealthy && now - this.#beatAt >= this.#beatMs;
    const isStatusDue = now - this.#statusAt >= SERVICE_STATUS_MS;
    const status = isStatusDue ? this.#describe() : this.#status;
    if (isStatusDue) this.#statusAt = now;
    const lines = [
      ...(this.#isReadyTold ? [] : ["READY=1"]),
      ...(isBeatDue ? ["WATCHDOG=1"] : []),
      ...(status === this.#status ? [] : [`STATUS=${status}`]),
    ];
    if (lines.length === 0) return;
    if (!this.#send(lines)) {
      this.#retryAt = now + SERVICE_RETRY_MS;
      return;
    }
    this.#isReadyTold = true;
    this.#status = status;
    if (isBeatDue) this.#beatAt = now;
  }

  #describe(): string {
    const { sessions, tunnels } = this.#options.load();
    return `${amount(sessions, "session")} in ${amount(tunnels, "tunnel")}`;
  }

  #send(lines: readonly string[]): boolean {
    if (this.#address === undefined) return false;
    try {
      sendToUnix(this.#options.libc, this.#address, new TextEncoder().encode(lines.join("\n")));
      return true;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#warn(error.message);
      return false;
    }
  }

  #warn(why: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.log.warn({ why }, "the service manager cannot be told");
  }
}

function amount(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
