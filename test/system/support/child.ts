/** Child processes: their output as lines, what to wait for, and a sure end. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Whether `write` is used. */
  readonly input?: boolean;
}

/** What a process that does not end by itself is given before SIGKILL. */
const PATIENCE_MS = 5_000;

export class Child {
  readonly lines: string[] = [];
  readonly exited: Promise<Exit>;
  exit: Exit | undefined;
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #watchers = new Set<() => void>();

  constructor(command: string, args: readonly string[], options: ChildOptions = {}) {
    const { input, ...spawning } = options;
    this.#name = [command, ...args].join(" ");
    // A group of its own, so that a shell and all it started get the signal.
    this.#process = spawn(command, args, {
      ...spawning,
      detached: true,
      stdio: [input === true ? "pipe" : "ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", (line) => this.#add(line));
    }
    this.exited = new Promise((resolve, reject) => {
      this.#process.on("error", reject);
      this.#process.on("close", (code, signal) => {
        this.exit = { code, signal };
        this.#wake();
        resolve(this.exit);
      });
    });
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error(`${this.#name} did not start`);
    return this.#process.pid;
  }

  get text(): string {
    return this.lines.join("\n");
  }

  /** The first line that matches, past or to come. */
  async line(pattern: RegExp, ms: number): Promise<string> {
    await this.#until(() => this.lines.some((line) => pattern.test(line)), ms, `${pattern}`);
    return this.lines.find((line) => pattern.test(line)) ?? "";
  }

  async ended(ms: number): Promise<Exit> {
    await this.#until(() => this.exit !== undefined, ms, "its end");
    return this.exited;
  }

  /** Sends text to its standard input. */
  write(text: string): void {
    this.#process.stdin?.write(text);
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Ends the process and all it started, whatever state they are in. */
  async end(): Promise<Exit> {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (this.exit === undefined) killGroup(this.pid, signal);
      const isOver = await this.ended(PATIENCE_MS).then(
        () => true,
        () => false,
      );
      if (isOver) break;
    }
    return this.exited;
  }

  #add(line: string): void {
    this.lines.push(line);
    this.#wake();
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #until(holds: () => boolean, ms: number, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        done();
        reject(new Error(`${this.#name}: ${why} ${what}; its last lines:\n${tail(this.lines)}`));
      };
      const check = () => {
        if (holds()) {
          done();
          resolve();
        } else if (this.exit) {
          fail(`ended (${this.exit.code ?? this.exit.signal}) before`);
        }
      };
      const timer = setTimeout(() => fail(`${ms} ms without`), ms);
      const done = () => {
        clearTimeout(timer);
        this.#watchers.delete(check);
      };
      this.#watchers.add(check);
      check();
    });
  }
}

/** Runs a command to its end, whatever its exit code is. */
export async function run(
  command: string,
  args: readonly string[],
  options: ChildOptions & { readonly ms?: number } = {},
): Promise<{ readonly code: number | null; readonly text: string; readonly lines: string[] }> {
  const child = new Child(command, args, options);
  try {
    const { code } = await child.ended(options.ms ?? 60_000);
    return { code, text: child.text, lines: child.lines };
  } catch (error) {
    if (child.exit === undefined) await child.end();
    throw error;
  }
}

/** Runs a command that has to succeed. */
export async function must(
  command: string,
  args: readonly string[],
  options: ChildOptions & { readonly ms?: number } = {},
): Promise<string> {
  const { code, text, lines } = await run(command, args, options);
  if (code !== 0) throw new Error(`${[command, ...args].join(" ")}: ${code}\n${tail(lines)}`);
  return text;
}

export async function poll(
  what: string,
  ms: number,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${ms} ms without ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function tail(lines: readonly string[]): string {
  return lines.slice(-30).join("\n");
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
