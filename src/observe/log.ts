/**
 * The log of the daemon: JSON lines on stdout, or short lines for a person at a terminal.
 *
 * Values are fields, the message is constant text. All that is logged passes `sanitize`, wherever
 * it stands in the call: merged object, format argument, child binding. What happens to a single
 * packet is logged at "trace" only.
 *
 * @module
 */
import { type Logger as PinoLogger, pino, stdTimeFunctions } from "pino";
import { LOG_FLUSH_MS } from "../limits.ts";
import { formatLine } from "./format.ts";
import { sanitize } from "./sanitize.ts";

export type Logger = PinoLogger;

/** Where lines go. */
export interface Sink {
  write(line: string): void;
  /** Calls back when all lines so far are written. */
  flush?(done: () => void): void;
}

export interface LogOptions {
  readonly level: string;
  /** Short lines for a person instead of JSON. */
  readonly human: boolean;
  readonly sink: Sink;
}

export function createLog({ level, human, sink }: LogOptions): Logger {
  const stream = human ? new HumanSink(sink) : sink;
  const log = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Errors are plain objects when they arrive here; see `sanitize`.
      serializers: { err: (error: unknown) => error },
      hooks: {
        logMethod(args, method) {
          method.apply(this, args.map(cleanArgument) as Parameters<typeof method>);
        },
      },
    },
    stream,
  );
  cleanBindings(log);
  return log;
}

/** Bindings pass no hook of pino. Children inherit these methods, and theirs in turn. */
function cleanBindings(log: Logger): void {
  const { child, setBindings } = log;
  log.child = function (this: Logger, bindings, options) {
    return child.call(this, sanitize(bindings) as object, options);
  } as typeof child;
  log.setBindings = function (this: Logger, bindings) {
    setBindings.call(this, sanitize(bindings) as object);
  };
}

/** Waits until all lines are written, but not long for a reader that does not read. */
export async function flushLog(log: Logger): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LOG_FLUSH_MS);
  });
  const flushed = new Promise<void>((resolve) => {
    log.flush(() => resolve());
  });
  await Promise.race([flushed, patience]);
  clearTimeout(timer);
}

/** An Error as the only argument is the field `err`, as pino has it. */
function cleanArgument(argument: unknown, index: number, args: readonly unknown[]): unknown {
  if (index === 0 && argument instanceof Error) {
    return args.length > 1
      ? { err: sanitize(argument) }
      : { err: sanitize(argument), msg: argument.message };
  }
  return sanitize(argument);
}

/** Rewrites JSON lines for a person. */
class HumanSink implements Sink {
  readonly #sink: Sink;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  write(line: string): void {
    this.#sink.write(formatLine(line));
  }

  flush(done: () => void): void {
    if (this.#sink.flush === undefined) done();
    else this.#sink.flush(done);
  }
}
