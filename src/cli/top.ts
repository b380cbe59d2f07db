/** `simplon top`: what goes through the running server, live. @module */
import { BUSY_ORDERS, type BusyOrder } from "../daemon/api-messages.ts";
import { BUSIEST_MAX, TOP_INTERVAL } from "../limits.ts";
import { ask, askBusiest } from "./ask.ts";
import { print } from "./print.ts";
import { findSocket } from "./settings.ts";
import { render } from "./top/render.ts";
import { Screen } from "./top/screen.ts";
import { type Sample, type View, viewOf } from "./top/view.ts";
import { misuse, parseCommand } from "./usage.ts";

/** A page where there is no terminal. */
const PLAIN = { columns: 120, rows: 48, isPaused: false } as const;
/** Ctrl-C, which is a key like any other while the terminal is ours. */
const INTERRUPT = "\u0003";

export async function top(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    config: { type: "string", short: "c" },
    interval: { type: "string" },
    json: { type: "boolean" },
    once: { type: "boolean" },
  });
  if (positionals.length > 0) throw misuse(`unexpected argument ${JSON.stringify(positionals[0])}`);
  const intervalMs = readInterval(values.interval) * 1_000;
  const source = new Source(await findSocket(values.config));
  const isOnce = values.once === true;
  if (values.json === true) return printLines(source, intervalMs, isOnce);
  if (isOnce || !process.stdout.isTTY) {
    await source.start();
    await sleep(intervalMs);
    const lines = render(await source.next(), { ...PLAIN, sort: source.order });
    print(`${lines.join("\n")}\n`);
    return 0;
  }
  return live(source, intervalMs);
}

function readInterval(text = String(TOP_INTERVAL.usual)): number {
  const seconds = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= TOP_INTERVAL.min && seconds <= TOP_INTERVAL.max) return seconds;
  const { min, max } = TOP_INTERVAL;
  throw misuse(`top: --interval expects seconds from ${min} to ${max}`);
}

async function printLines(source: Source, intervalMs: number, isOnce: boolean): Promise<number> {
  await source.start();
  do {
    await sleep(intervalMs);
    const { history: _, ...view } = await source.next();
    print(`${JSON.stringify({ time: new Date().toISOString(), ...view })}\n`);
  } while (!isOnce);
  return 0;
}

async function live(source: Source, intervalMs: number): Promise<number> {
  let view = await source.start();
  let isPaused = false;
  let isEnding = false;
  let wake: () => void = () => undefined;
  const draw = () => {
    const { size } = screen;
    source.rows = Math.min(BUSIEST_MAX, size.rows);
    screen.draw(render(view, { ...size, sort: source.order, isPaused }));
  };
  const end = () => {
    isEnding = true;
    wake();
  };
  const onKey = (key: string) => {
    if (key === "q" || key === INTERRUPT) return end();
    if (key === "p") isPaused = !isPaused;
    if (key === "s") source.turnOrder();
    draw();
  };
  const screen = new Screen(process.stdin, process.stdout, { onKey, onRedraw: draw, onEnd: end });
  try {
    draw();
    while (!isEnding) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, intervalMs);
      });
      if (isPaused || isEnding) continue;
      view = await source.next();
      if (!isPaused) draw();
    }
  } finally {
    screen.close();
  }
  // A question or a pause that is under way is not waited for.
  process.exit(0);
}

/** Asks the server and keeps what rates are computed from. */
class Source {
  order: BusyOrder = BUSY_ORDERS[0];
  /** Sessions that are asked for: each costs the server some microseconds. */
  rows: number = PLAIN.rows;
  readonly #socket: string;
  #before: Sample | undefined;
  #history: readonly number[] = [];

  constructor(socket: string) {
    this.#socket = socket;
  }

  turnOrder(): void {
    this.order =
      BUSY_ORDERS[(BUSY_ORDERS.indexOf(this.order) + 1) % BUSY_ORDERS.length] ?? "octets";
  }

  /** The first answer: there are no rates yet. */
  async start(): Promise<View> {
    this.#before = await this.#sample();
    return viewOf(this.#before, this.#before, []);
  }

  async next(): Promise<View> {
    const now = await this.#sample();
    const view = viewOf(this.#before ?? now, now, this.#history);
    this.#before = now;
    this.#history = view.history;
    return view;
  }

  async #sample(): Promise<Sample> {
    const busiest = await askBusiest(this.#socket, this.order, this.rows);
    const at = performance.now();
    return { at, busiest, workers: await ask(this.#socket, "workers") };
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
