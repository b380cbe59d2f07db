/** `simplon show`: what the running daemon holds, as a table or as JSON. @module */
import {
  type Answers,
  type SessionRow,
  SUBJECTS,
  type Subject,
  type TunnelRow,
} from "../daemon/api-messages.ts";
import { visible } from "../observe/format.ts";
import { ask } from "./ask.ts";
import { print } from "./print.ts";
import { findSocket } from "./settings.ts";
import { type Column, formatAge, formatCount, formatOctets, formatTable } from "./table.ts";
import { misuse, parseCommand } from "./usage.ts";

export async function show(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    config: { type: "string", short: "c" },
    json: { type: "boolean" },
  });
  const [name, ...more] = positionals;
  const subject = SUBJECTS.find((candidate) => candidate === name);
  if (subject === undefined) {
    const got = name === undefined ? "nothing" : JSON.stringify(name);
    throw misuse(`show: expected one of ${SUBJECTS.join(", ")}, got ${got}`);
  }
  if (more.length > 0) throw misuse(`unexpected argument ${JSON.stringify(more[0])}`);
  const answer = await ask(await findSocket(values.config), subject);
  print(values.json === true ? `${JSON.stringify(answer)}\n` : format(subject, answer));
  return 0;
}

/** A table of `answer`, for a person. */
export function format(subject: Subject, answer: Answers[Subject]): string {
  if (subject === "counters") return formatCounters(answer as Answers["counters"]);
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
  left("PHASE", (row) => row.phase),
  right("AGE", (row) => formatAge(row.seconds)),
  right("RX PACKETS", (row) => formatCount(row.rxPackets)),
  right("RX", (row) => formatOctets(row.rxOctets)),
  right("TX PACKETS", (row) => formatCount(row.txPackets)),
  right("TX", (row) => formatOctets(row.txOctets)),
  right("DROPS", (row) => formatCount(row.drops)),
];

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
