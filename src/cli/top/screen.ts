/** The terminal while `simplon top` has it: another screen, no cursor, keys without a line feed. @module */
import type { ReadStream, WriteStream } from "node:tty";

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J";
const LEAVE = "\x1b[?2026l\x1b[?25h\x1b[?1049l";
/** What is between these two a terminal shows at once, where it knows them. */
const [BEGIN, END] = ["\x1b[?2026h\x1b[H", "\x1b[J\x1b[?2026l"];
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface ScreenEvents {
  readonly onKey: (key: string) => void;
  /** The size has changed, or the process goes on after a stop. */
  readonly onRedraw: () => void;
  readonly onEnd: () => void;
}

export class Screen {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  #isOpen = true;

  constructor(input: ReadStream, output: WriteStream, { onKey, onRedraw, onEnd }: ScreenEvents) {
    this.#input = input;
    this.#output = output;
    // Whatever ends the process, the terminal is given back.
    process.on("exit", () => this.close());
    for (const signal of SIGNALS) process.on(signal, onEnd);
    process.on("SIGCONT", () => {
      this.#take();
      onRedraw();
    });
    output.on("resize", onRedraw);
    input.on("data", (keys: Buffer | string) => {
      for (const key of String(keys)) onKey(key);
    });
    input.on("end", onEnd);
    this.#take();
  }

  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.#output.columns || 80, rows: this.#output.rows || 24 };
  }

  /** Each line over the one that was there: nothing is blank in between. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    const text = lines.map((line) => `${line}\x1b[K`).join("\r\n");
    this.#output.write(`${BEGIN}${text}${END}`);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#output.write(LEAVE);
    if (this.#input.isTTY) this.#input.setRawMode(false);
    this.#input.pause();
  }

  #take(): void {
    if (!this.#isOpen) return;
    if (this.#input.isTTY) this.#input.setRawMode(true);
    this.#output.write(ENTER);
  }
}
