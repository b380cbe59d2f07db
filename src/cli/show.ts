/** `simplon show`: what the running daemon holds, as a table or as JSON. @module */
import {
  type Answers,
  type ClientRow,
  type Filter,
  isNumberOfRows,
  isText,
  ROWS_MAX,
  type SessionRow,
  SUBJECTS,
  type Subject,
  type TunnelRow,
  type WorkerRow,
} from "../daemon/api-messages.ts";
import type { Entry } from "../history/entry.ts";
import { visible } from "../observe/format.ts";
import type { Offloads } from "../offloads.ts";
import { formatRate } from "../rate.ts";
import { ask, askCounters } from "./ask.ts";
import { findPlace, openPast } from "./past.ts";
import { print } from "./print.ts";
import { findSocket } from "./settings.ts";
import { type Column, formatAge, formatCount, formatOctets, formatTable } from "./table.ts";
import { misuse, parseCommand } from "./usage.ts";

/** Entries of the history that are shown where nothing else is asked for. */
const LAST = 100;

export async function show(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    config: { type: "string", short: "c" },
    json: { type: "boolean" },
    user: { type: "string" },
    last: { type: "string" },
  });
  const [name, ...more] = positionals;
  const subject = SUBJECTS.find((candidate) => candidate === name);
  if (subject === undefined) {
    const got = name === undefined ? "nothing" : JSON.stringify(name);
    throw misuse(`show: expected one of ${SUBJECTS.join(", ")}, got ${got}`);
  }
  if (more.length > 0) throw misuse(`unexpected argument ${JSON.stringify(more[0])}`);
  const filter = readFilter(subject, values);
  const isJson = values.json === true;
  if (subject === "counters") {
    const { counters, offloads } = await askCounters(await findSocket(values.config));
    const asJson = () => `${JSON.stringify({ ...counters, offloads })}\n`;
    print(isJson ? asJson() : `${formatOffloads(offloads)}${format(subject, counters)}`);
    return 0;
  }
  const answer =
    subject === "history"
      ? await history(values.config, filter)
      : await ask(await findSocket(values.config, subject), subject);
  print(isJson ? `${JSON.stringify(answer)}\n` : format(subject, answer));
  return 0;
}

function readFilter(
  subject: Subject,
  { user, last }: { readonly user?: string | undefined; readonly last?: string | undefined },
): Filter {
  if (subject !== "history") {
    if (user !== undefined) throw misuse(`show ${subject}: --user is for history`);
    if (last !== undefined) throw misuse(`show ${subject}: --last is for history`);
    return {};
  }
  const count = last === undefined ? LAST : /^\d+$/.test(last) ? Number(last) : Number.NaN;
  if (!isNumberOfRows(count)) {
    throw misuse(`show history: --last expects a number from 1 to ${ROWS_MAX}`);
  }
  if (user === undefined) return { last: count };
  if (!isText(user)) throw misuse("show history: --user expects the name of a user");
  return { user, last: count };
}

/** The newest last: that is what stands at the end of a terminal. */
async function history(file: string | undefined, filter: Filter): Promise<Entry[]> {
  const { past, absence } = await openPast(await findPlace(file));
  if (absence !== undefined) {
    process.stderr.write(`${absence}\nsimplon: this is what its history file holds\n`);
  }
  return (await past(filter)).reverse();
}

/** A table of `answer`, for a person. */
export function format(subject: Subject, answer: Answers[Subject]): string {
  if (subject === "counters") return formatCounters(answer as Answers["counters"]);
  if (subject === "history") return formatHistory(answer as Answers["history"]);
  if (subject === "clients") return formatTable(clientColumns, answer as Answers["clients"]);
  if (subject === "workers") return formatTable(workerColumns, answer as Answers["workers"]);
  const rows = answer as Answers["tunnels"] | Answers["sessions"];
  if (rows.length === 0) return `no ${subject}\n`;
  return subject === "tunnels"
    ? formatTable(tunnelColumns, rows as TunnelRow[])
    : formatTable(sessionColumns, rows as SessionRow[]);
}

function left<Row>(title: string, value: (row: Row) => string): Column<Row> {
  return { title, align: "left", value: (row) => visible(value(row)) };
}

function right<Row>(title: string, value: (row: Row) => string): Column<Row> {
  return { title, align: "right", value };
}

const tunnelColumns: readonly Column<TunnelRow>[] = [
  right("TUNNEL", (row) => String(row.tunnelId)),
  right("PEER TUNNEL", (row) => String(row.peerTunnelId)),
  left("PEER", (row) => row.peer),
  left("HOST NAME", (row) => row.hostName),
  left("STATE", (row) => row.state),
  right("SESSIONS", (row) => formatCount(row.sessions)),
  right("AGE", (row) => formatAge(row.seconds)),
];

const sessionColumns: readonly Column<SessionRow>[] = [
  right("TUNNEL", (row) => String(row.tunnelId)),
  right("SESSION", (row) => String(row.sessionId)),
  left("PEER", (row) => row.peer),
  left("USER", (row) => row.user),
  left("NETWORK", (row) => row.network),
  left("ADDRESS", (row) => row.address),
  left("PREFIX", (row) => row.prefix6),
  left("PHASE", (row) => (row.forwardedTo === "" ? row.phase : `to ${row.forwardedTo}`)),
  right("AGE", (row) => formatAge(row.seconds)),
  right("IDLE", (row) => formatAge(row.idle)),
  left("DOWN/UP", formatRates),
  right("RX PACKETS", (row) => formatCount(row.rxPackets)),
  right("RX", (row) => formatOctets(row.rxOctets)),
  right("TX PACKETS", (row) => formatCount(row.txPackets)),
  right("TX", (row) => formatOctets(row.txOctets)),
  right("DROPS", (row) => formatCount(row.drops)),
];

const clientColumns: readonly Column<ClientRow>[] = [
  left("CLIENT", (row) => row.name),
  left("DEVICE", (row) => row.tun),
  left("STATE", (row) => row.state),
  left("LNS", (row) => row.lns),
  left("ADDRESS", (row) => row.address),
  left("IPV6", (row) => row.address6),
  right("SINCE", (row) => formatAge(row.seconds)),
  right("NEXT", (row) => (row.state === "waiting" ? formatAge(row.next) : "")),
  right("RX", (row) => formatOctets(row.rxOctets)),
  right("TX", (row) => formatOctets(row.txOctets)),
  right("DROPS", (row) => formatCount(row.drops)),
  left("PROBLEM", (row) => row.problem),
];

const workerColumns: readonly Column<WorkerRow>[] = [
  right("WORKER", (row) => String(row.index)),
  left("STATE", (row) => row.state),
  left("SLOTS", (row) => row.slots.join(" ")),
  right("PACKETS", (row) => formatCount(row.packets)),
  right("DROPS", (row) => formatCount(row.drops)),
  right("LOST", (row) => formatCount(row.losses)),
];

/** "10M/512k"; a dash where only the other way has a bound, nothing where none has. */
function formatRates({ rateDown, rateUp }: SessionRow): string {
  if (rateDown === 0 && rateUp === 0) return "";
  return [rateDown, rateUp].map((bits) => formatRate(bits / 8) || "-").join("/");
}

function formatHistory(entries: Answers["history"]): string {
  return entries.length === 0 ? "no history\n" : formatTable(historyColumns, entries);
}

const historyColumns: readonly Column<Entry>[] = [
  left("TIME (UTC)", ({ at }) => new Date(at).toISOString().slice(0, 19).replace("T", " ")),
  left("WHAT", ({ what }) => what),
  left("USER", ({ user }) => user),
  left("PEER", ({ peer, what }) => (peer === "" && what !== "lns" ? "many" : peer)),
  left("HOST NAME", ({ hostName }) => hostName),
  right("TUNNEL", ({ tunnelId }) => (tunnelId === 0 ? "" : String(tunnelId))),
  right("LASTED", lasted),
  left("PHASE", ({ phase, what }) => (what === "session" ? phase : "")),
  right("TIMES", ({ count }) => formatCount(count)),
  left("CODE", ({ code }) => code),
  left("WORDS", ({ words, result }) => (words === "" ? (result?.text ?? "") : words)),
];

function lasted({ at, since, count, what }: Entry): string {
  return count > 1 || what === "lns" ? "" : formatAge((at - since) / 1000);
}

/** A block above those of the counters; none when the server tells of none. */
export function formatOffloads(offloads: Offloads): string {
  if (offloads.length === 0) return "";
  const width = Math.max(...offloads.map(({ offload }) => offload.length));
  const lines = offloads.map(({ offload, runs, why }) => {
    return `  ${offload.padEnd(width)}  ${runs ? "runs" : `off: ${visible(why)}`}`;
  });
  return `offloads\n${lines.join("\n")}\n\n`;
}

/** A block a group, the reasons below its name. */
function formatCounters(counters: Answers["counters"]): string {
  const groups = new Map<string, [string, string][]>();
  for (const [name, count] of Object.entries(counters)) {
    const dot = name.indexOf(".");
    const group = dot < 0 ? "" : name.slice(0, dot);
    const reasons = groups.get(group) ?? [];
    groups.set(group, reasons);
    reasons.push([name.slice(dot + 1), formatCount(count)]);
  }
  if (groups.size === 0) return "no counters\n";
  const all = [...groups.values()].flat();
  const nameWidth = Math.max(...all.map(([reason]) => reason.length));
  const countWidth = Math.max(...all.map(([, count]) => count.length));
  const blocks = [...groups].map(([group, reasons]) => {
    const lines = reasons.map(
      ([reason, count]) => `  ${reason.padEnd(nameWidth)}  ${count.padStart(countWidth)}`,
    );
    return `${[visible(group), ...lines].join("\n")}\n`;
  });
  return blocks.join("\n");
}
