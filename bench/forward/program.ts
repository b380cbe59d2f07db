/**
 * Programs of a measurement: started in a namespace on one core, asked by lines of JSON.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export class Program {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #gone: Promise<unknown>;
  readonly #what: string;

  constructor(namespace: string, core: number, command: readonly string[]) {
    this.#what = command.slice(0, 3).join(" ");
    const argv = ["netns", "exec", namespace, "taskset", "-c", `${core}`, ...command];
    this.#child = spawn("ip", argv, { stdio: ["pipe", "pipe", "inherit"] });
    this.#gone = once(this.#child, "exit");
    if (this.#child.stdout === null) throw new Error("no standard output");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** `ip netns exec` and `taskset` replace themselves by the program: the pid is its own. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`${this.#what} ended early`);
    return value;
  }

  async ask<Answer>(question: unknown): Promise<Answer> {
    this.#child.stdin?.write(`${JSON.stringify(question)}\n`);
    return JSON.parse(await this.line()) as Answer;
  }

  async end(): Promise<void> {
    if (this.hasEnded) return;
    // At once: an LNS would first wait for its peer, which is ended too.
    process.kill(this.pid, "SIGKILL");
    await this.#gone;
  }
}
