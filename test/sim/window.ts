/**
 * How long a LAC takes to have its calls established: by the loss of the network and the Receive
 * Window Size that both sides announce (RFC 2661 5.8, appendix A). Two endpoints of the program in
 * virtual time, a seed each run: the figures are the same on every machine.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { record, type Section, type Table } from "../../scripts/reliability.ts";
import { Endpoint, type EndpointEvent, type Path, type Role } from "../../src/l2tp/index.ts";
import { Faults } from "./faults.ts";
import { Link } from "./link.ts";
import { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";

export const LOSSES = [0, 5, 10, 15, 20, 25, 30] as const;
export const WINDOWS = [1, 2, 4, 8, 16, 32] as const;
export const RUNS = 200;
/** Placed at once, with the SCCRQ. */
export const CALLS = 32;
/** One way, ms. */
export const DELAY_MS = 20;
export const TABLE = new URL("window.txt", import.meta.url);
/** Nothing takes as long; a run that does is one without end. */
const END_HOURS = 10;

export interface Cell {
  readonly loss: number;
  readonly window: number;
  /** From the SCCRQ until the first session and until the last is established at the LNS, ms. */
  readonly first: Quantiles;
  readonly last: Quantiles;
  /** Control messages for each session, both ways: ZLB, retransmissions, the tunnel's own too. */
  readonly messages: number;
  /** Of a hundred calls so many were given up once and placed again. */
  readonly placedAgain: number;
}

export interface Quantiles {
  readonly median: number;
  readonly p99: number;
}

export function cells(progress: (cell: Cell) => void = () => undefined): Cell[] {
  return LOSSES.flatMap((loss) =>
    WINDOWS.map((window) => {
      const cell = measure(loss, window);
      progress(cell);
      return cell;
    }),
  );
}

export function measure(loss: number, window: number): Cell {
  const runs = Array.from({ length: RUNS }, (_, seed) =>
    new Conversation(seed, loss, window).run(),
  );
  const total = (of: (run: Run) => number) => runs.reduce((sum, run) => sum + of(run), 0);
  const sessions = RUNS * CALLS;
  return {
    loss,
    window,
    first: quantiles(runs.map(({ first }) => first)),
    last: quantiles(runs.map(({ last }) => last)),
    messages: round(total(({ messages }) => messages) / sessions),
    placedAgain: round((100 * total(({ placed }) => placed - CALLS)) / sessions),
  };
}

/** A table for each figure: losses down, windows across. */
export function tables(all: readonly Cell[]): Table[] {
  return FIGURES.map(({ title, of }) => ({
    title,
    columns: ["loss %", ...WINDOWS.map((window) => `window ${window}`)],
    rows: LOSSES.map((loss) => [
      loss,
      ...all.filter((cell) => cell.loss === loss).map((cell) => of(cell)),
    ]),
  }));
}

/** As `test/sim/window.txt` keeps it. */
export function print(all: readonly Cell[]): string {
  const line = ([first, ...others]: readonly (string | number)[]) =>
    `${String(first).padStart(6)}${others.map((each) => String(each).padStart(17)).join("")}`;
  return tables(all)
    .map(({ title, columns, rows }) => [title, line(columns), ...rows.map(line), ""].join("\n"))
    .join("\n");
}

/** What README.md names. */
const USUAL = { loss: 10, window: 16 };

export function section(all: readonly Cell[]): Section {
  const usual = all.find(({ loss, window }) => loss === USUAL.loss && window === USUAL.window);
  return {
    order: 2,
    title: "Loss and receive window",
    summary:
      `loss ${LOSSES[0]} to ${LOSSES.at(-1)} % × window ${WINDOWS[0]} to ${WINDOWS.at(-1)}, exact; at ${usual?.loss} % and a window of ` +
      `${usual?.window} the last of ${CALLS} calls is established after ${usual?.last.median} ms (99th percentile ${usual?.last.p99})`,
    command: "npm run sim:window -- --record",
    text: [
      `A LAC and an LNS of the program, ${2 * DELAY_MS} ms of round trip and nothing but loss between them, the same both
ways. The LAC places ${CALLS} calls together with its SCCRQ, and places again at once what is given up: both sides
give up a session after 60 s, and a tunnel after five retransmissions. ${RUNS} runs a cell, a seed each. They are run
again by a test of \`npm test\`, which compares for equality.`,
    ],
    tables: tables(all),
  };
}

interface Figure {
  readonly title: string;
  readonly of: (cell: Cell) => string | number;
}

const FIGURES: readonly Figure[] = [
  {
    title: "virtual ms from SCCRQ to the first session established, median / 99th percentile",
    of: ({ first }) => `${first.median} / ${first.p99}`,
  },
  {
    title: "virtual ms from SCCRQ to the last session established, median / 99th percentile",
    of: ({ last }) => `${last.median} / ${last.p99}`,
  },
  {
    title: "control messages for each session, both ways, with ZLBs and retransmissions",
    of: ({ messages }) => messages,
  },
  {
    title: "calls of a hundred that were given up and placed again",
    of: ({ placedAgain }) => placedAgain,
  },
];

interface Run {
  readonly first: number;
  readonly last: number;
  readonly messages: number;
  readonly placed: number;
}

/** A LAC that wants so many calls, and places again what is given up, whatever gave it up. */
class Conversation {
  readonly #scheduler = new Scheduler();
  readonly #lac: Endpoint;
  readonly #lns: Endpoint;
  readonly #toLac: Link;
  readonly #toLns: Link;
  readonly #faults = new Faults();
  readonly #up = new Set<string>();
  #first = Infinity;
  #tunnelId = 0;
  #placed = 0;

  constructor(seed: number, loss: number, receiveWindow: number) {
    const quality = { loss: loss / 100, duplication: 0, reordering: 0, delay: DELAY_MS, late: 0 };
    const name = `${loss} % ${receiveWindow}`;
    const link = (to: () => Endpoint, from: string, local: string) => {
      const path: Path = { peer: from, peerPort: 1701, local };
      const random = new Random(seed, `${name} from ${from}`);
      return new Link(this.#scheduler, random, this.#faults, quality, (datagram) =>
        to().handleInput({ datagram, path }, this.#scheduler.now),
      );
    };
    this.#lac = newEndpoint("lac", new Random(seed, `${name} lac`), receiveWindow);
    this.#lns = newEndpoint("lns", new Random(seed, `${name} lns`), receiveWindow);
    this.#toLac = link(() => this.#lac, LNS, LAC);
    this.#toLns = link(() => this.#lns, LAC, LNS);
  }

  run(): Run {
    const scheduler = this.#scheduler;
    this.#dial(CALLS);
    while (this.#up.size < CALLS) {
      this.#drain();
      const [lac, lns] = [this.#lac.pollTimeout(), this.#lns.pollTimeout()];
      scheduler.now = Math.max(scheduler.now, Math.min(scheduler.next(), lac, lns));
      if (scheduler.now > END_HOURS * 3_600_000) {
        throw new Error(`${this.#up.size} sessions after ${END_HOURS} hours`);
      }
      scheduler.due()?.();
      this.#lac.handleTimeout(scheduler.now);
      this.#lns.handleTimeout(scheduler.now);
      this.#hear();
    }
    const messages = this.#toLac.sent + this.#toLns.sent;
    return { first: this.#first, last: scheduler.now, messages, placed: this.#placed };
  }

  #dial(calls: number): void {
    const { now } = this.#scheduler;
    const path = { peer: LNS, peerPort: 1701, local: "" };
    if (this.#tunnelId === 0) this.#tunnelId = this.#lac.connect({ path, role: "lac" }, now) ?? 0;
    for (let call = 0; call < calls; call++) this.#lac.placeCall(this.#tunnelId, {}, now);
    this.#placed += calls;
  }

  #drain(): void {
    const parts = [
      [this.#lac, this.#toLns],
      [this.#lns, this.#toLac],
    ] as const;
    for (const [endpoint, link] of parts) {
      for (let out = endpoint.pollTransmit(); out !== undefined; out = endpoint.pollTransmit()) {
        link.send(out.datagram);
      }
    }
  }

  #hear(): void {
    let lost = 0;
    for (const event of events(this.#lac)) {
      if (event.type === "session-down") lost++;
      if (event.type === "tunnel-down") this.#tunnelId = 0;
    }
    for (const event of events(this.#lns)) {
      if (event.type !== "session-up" && event.type !== "session-down") continue;
      const key = `${event.session.tunnelId} ${event.session.sessionId}`;
      if (event.type === "session-down") this.#up.delete(key);
      else this.#up.add(key);
      if (event.type === "session-up") this.#first = Math.min(this.#first, this.#scheduler.now);
    }
    if (lost > 0) this.#dial(lost);
  }
}

const LAC = "192.0.2.7";
const LNS = "198.51.100.1";

function newEndpoint(role: Role, random: Random, receiveWindow: number): Endpoint {
  return new Endpoint({
    role,
    hostName: role,
    secret: "",
    helloInterval: 60_000,
    retransmitCap: 8_000,
    retransmitCount: 5,
    maxTunnels: 100,
    maxSessions: 1_000,
    followPort: true,
    receiveWindow,
    random: (length) => random.octets(length),
  });
}

function* events(endpoint: Endpoint): Iterable<EndpointEvent> {
  for (let event = endpoint.pollEvent(); event !== undefined; event = endpoint.pollEvent()) {
    yield event;
  }
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return { median: at(0.5), p99: at(0.99) };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const said = ({ loss, window, last }: Cell) =>
    process.stderr.write(`loss ${loss} %, window ${window}: ${last.median} / ${last.p99} ms\n`);
  const all = cells(said);
  process.stdout.write(print(all));
  if (process.argv.includes("--record")) {
    writeFileSync(TABLE, print(all));
    record("window", section(all));
  }
}
