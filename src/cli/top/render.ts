/** A page of `simplon top`, as lines: no more and no wider than the terminal has. @module */
import { visible } from "../../observe/format.ts";
import { formatAge, formatCount } from "../table.ts";
import { fit, formatShort, sparkline } from "./text.ts";
import type { SessionView, View, WorkerView } from "./view.ts";

export interface Page {
  readonly columns: number;
  readonly rows: number;
  /** What the sessions are sorted by. */
  readonly sort: string;
  readonly isPaused: boolean;
}

interface Column<Row> {
  readonly title: string;
  readonly width: number;
  readonly align: "left" | "right";
  /** Those with the lowest go first where there is no room. */
  readonly weight: number;
  readonly value: (row: Row) => string;
}

const GAP = "  ";

const SESSIONS: readonly Column<SessionView>[] = [
  { title: "USER", width: 18, align: "left", weight: 9, value: (row) => visible(row.user) },
  { title: "ADDRESS", width: 15, align: "left", weight: 5, value: (row) => visible(row.address) },
  { title: "NETWORK", width: 10, align: "left", weight: 1, value: (row) => visible(row.network) },
  right("DOWN b/s", 8, 8, (row) => formatShort(row.downBits)),
  right("UP b/s", 8, 7, (row) => formatShort(row.upBits)),
  right("DOWN p/s", 8, 3, (row) => formatShort(row.downPackets)),
  right("UP p/s", 8, 2, (row) => formatShort(row.upPackets)),
  right("DROPS/s", 8, 6, (row) => formatShort(row.drops)),
  right("IDLE", 6, 4, (row) => formatAge(row.idle)),
];

const WORKERS: readonly Column<WorkerView>[] = [
  right("WORKER", 6, 9, (row) => String(row.index)),
  { title: "STATE", width: 8, align: "left", weight: 8, value: (row) => row.state },
  { title: "SLOTS", width: 15, align: "left", weight: 2, value: (row) => row.slots.join(" ") },
  right("PACKETS/s", 9, 7, (row) => formatShort(row.packets)),
  right("DROPS/s", 8, 6, (row) => formatShort(row.drops)),
  right("OF DROPS", 8, 3, (row) => `${Math.round(row.share * 100)}%`),
  right("LOST", 5, 4, (row) => formatCount(row.losses)),
];

function right<Row>(
  title: string,
  width: number,
  weight: number,
  value: (row: Row) => string,
): Column<Row> {
  return { title, width, align: "right", weight, value };
}

export function render(view: View, page: Page): string[] {
  const { columns, rows } = page;
  const lines = [
    ...head(view, page),
    "",
    ...table(WORKERS, view.workers, columns),
    "",
    ...table(SESSIONS, view.busiest, columns),
  ];
  return lines.slice(0, rows).map((line) => cut(line, columns));
}

function head(view: View, { columns, sort, isPaused }: Page): string[] {
  const { sessions, tunnels, setUps, total, reasons, history } = view;
  const one = (count: number, what: string) =>
    `${formatCount(count)} ${what}${count === 1 ? "" : "s"}`;
  const facts = [
    "simplon",
    one(sessions, "session"),
    one(tunnels, "tunnel"),
    `${formatShort(setUps)} set-ups/s`,
    `by ${sort}`,
    ...(isPaused ? ["paused"] : []),
  ];
  const drops = reasons.map(([reason, rate]) => `${visible(reason)} ${formatShort(rate)}`);
  const down = flow("down", total.downBits, total.downPackets);
  return [
    facts.join(GAP),
    `${down}${GAP}${sparkline(history, columns - down.length - GAP.length)}`,
    flow("up", total.upBits, total.upPackets),
    [`drops ${formatShort(total.drops).padStart(6)}/s`, ...drops].join(GAP),
  ];
}

function flow(way: string, bits: number, packets: number): string {
  return `${way.padEnd(5)} ${formatShort(bits).padStart(6)} bit/s ${formatShort(packets).padStart(6)} packets/s`;
}

function table<Row>(all: readonly Column<Row>[], rows: readonly Row[], width: number): string[] {
  const columns = fitting(all, width);
  const line = (cell: (column: Column<Row>) => string) =>
    columns.map((column) => fit(cell(column), column.width, column.align)).join(GAP);
  return [line(({ title }) => title), ...rows.map((row) => line(({ value }) => value(row)))];
}

function fitting<Row>(all: readonly Column<Row>[], width: number): readonly Column<Row>[] {
  const taken = all.reduce((sum, column) => sum + column.width + GAP.length, -GAP.length);
  if (taken <= width || all.length <= 1) return all;
  const lightest = Math.min(...all.map(({ weight }) => weight));
  return fitting(
    all.filter(({ weight }) => weight !== lightest),
    width,
  );
}

/** Names are cut in their cells; what is left to cut is the last of a line. */
function cut(line: string, columns: number): string {
  return fit(line, columns).trimEnd();
}
