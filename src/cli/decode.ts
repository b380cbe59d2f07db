/** `simplon decode`: a capture or hex in words. @module */
import { createReadStream } from "node:fs";
import {
  Capture,
  Datagrams,
  type Filter,
  type Frame,
  formatJson,
  type Message,
  Messages,
  parseFilter,
  TERMS,
  TextPrinter,
} from "../decode/index.ts";
import { print } from "./print.ts";
import { formatCount } from "./table.ts";
import { failure, misuse, parseCommand } from "./usage.ts";

/** Text that is written at once; what is read in one piece is written in the end, too. */
const OUTPUT_SIZE = 65_536;
const CHUNK_SIZE = 1_048_576;

export async function decode(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    brief: { type: "boolean" },
    json: { type: "boolean" },
    secret: { type: "string" },
    passwords: { type: "boolean" },
    filter: { type: "string" },
  });
  const [file, ...more] = positionals;
  if (file === undefined) throw misuse("decode: a file is missing, or - for standard input");
  if (more.length > 0) throw misuse(`unexpected argument ${JSON.stringify(more[0])}`);
  const isJson = values.json === true;
  const printer = new TextPrinter({ hasColours: hasColours(), isBrief: values.brief === true });
  const messages = new Messages({ secret: values.secret, isPasswordShown: values.passwords });
  const format = isJson ? formatJson : (message: Message) => printer.format(message);
  const run = new Run(messages, readFilter(values.filter), format);
  const isUnread = await run.read(file);
  if (!isJson) process.stderr.write(`${run.count()}\n`);
  return isUnread ? 1 : 0;
}

/** https://no-color.org */
function hasColours(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR;
}

function readFilter(text: string | undefined): Filter {
  const filter = parseFilter(text ?? "");
  if (typeof filter === "function") return filter;
  throw misuse(`decode: --filter has no ${JSON.stringify(filter.wrong)}; it takes ${TERMS}`);
}

class Run {
  readonly #capture = new Capture();
  readonly #datagrams = new Datagrams();
  readonly #messages: Messages;
  readonly #filter: Filter;
  readonly #format: (message: Message) => string;
  #output = "";
  #packets = 0;
  #found = 0;
  #shown = 0;
  #malformed = 0;
  #refused = 0;

  constructor(messages: Messages, filter: Filter, format: (message: Message) => string) {
    this.#messages = messages;
    this.#filter = filter;
    this.#format = format;
  }

  /** Prints all that is wanted; answers whether the file could not be read, or not to its end. */
  async read(file: string): Promise<boolean> {
    const name = file === "-" ? "standard input" : file;
    const input =
      file === "-" ? process.stdin : createReadStream(file, { highWaterMark: CHUNK_SIZE });
    try {
      for await (const chunk of input) {
        await this.#take(this.#capture.push(chunk as Uint8Array));
        if (this.#capture.fault !== undefined) break;
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw failure(`${name} cannot be read (${code ?? message})`);
    }
    await this.#take(this.#capture.end());
    for (const link of this.#datagrams.unknownLinks) {
      process.stderr.write(`simplon: ${name}: packets of link type ${link} are not read\n`);
    }
    const { fault } = this.#capture;
    if (fault !== undefined) process.stderr.write(`simplon: ${name}: ${fault}\n`);
    const isUnread = this.#found === 0 && this.#datagrams.unknownLinks.size > 0;
    return fault !== undefined || isUnread;
  }

  /** "12 packets, 10 messages of L2TP, 1 malformed". */
  count(): string {
    const { incomplete } = this.#datagrams;
    const parts = [
      this.#packets === 1 ? "1 packet" : `${formatCount(this.#packets)} packets`,
      this.#found === 1 ? "1 message of L2TP" : `${formatCount(this.#found)} messages of L2TP`,
      this.#shown === this.#found ? "" : `${formatCount(this.#shown)} shown`,
      this.#malformed === 0 ? "" : `${formatCount(this.#malformed)} malformed`,
      this.#refused === 0 ? "" : `${formatCount(this.#refused)} to be refused`,
      incomplete === 0 ? "" : `${formatCount(incomplete)} whose IP fragments are not all there`,
    ];
    return parts.filter((part) => part !== "").join(", ");
  }

  async #take(frames: Iterable<Frame>): Promise<void> {
    for (const frame of frames) {
      this.#packets++;
      for (const datagram of this.#datagrams.of(frame)) this.#show(this.#messages.read(datagram));
      if (this.#output.length >= OUTPUT_SIZE) await this.#flush();
    }
    await this.#flush();
  }

  #show(message: Message): void {
    this.#found++;
    if (message.kind === "malformed") this.#malformed++;
    if (message.isRefused) this.#refused++;
    if (!this.#filter(message)) return;
    this.#shown++;
    this.#output += this.#format(message);
  }

  /** Waits for a slow reader, so that no more than this is kept for it. */
  async #flush(): Promise<void> {
    const text = this.#output;
    this.#output = "";
    if (text === "") return;
    print(text);
    if (process.stdout.writableNeedDrain) {
      await new Promise((resolve) => process.stdout.once("drain", resolve));
    }
  }
}
