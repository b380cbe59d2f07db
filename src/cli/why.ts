/** `simplon why`: what became of a user, an address or a tunnel, and what to do. @module */
import type { Config } from "../config/config.ts";
import { CODES, fill } from "../history/codes.ts";
import { parseSubject } from "../history/subject.ts";
import { SUBJECT_MAX, WHY_ENTRIES_MAX, WHY_FAILURES_MAX, WHY_RUNS_MAX } from "../limits.ts";
import { formatEndpoint } from "../net.ts";
import { ask } from "./ask.ts";
import { type Case, endings, explain, isKnown } from "./explain.ts";
import { findPlace, type Opened, openPast, type Place } from "./past.ts";
import { print } from "./print.ts";
import { misuse, NOTHING_FOUND, parseCommand } from "./usage.ts";

export async function why(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    config: { type: "string", short: "c" },
    json: { type: "boolean" },
  });
  const [text, ...more] = positionals;
  if (text === undefined || text === "")
    throw misuse("why: a user, an address or a tunnel is missing");
  if (text.length > SUBJECT_MAX) throw misuse("why: that is too long for a user or an address");
  if (more.length > 0) throw misuse(`unexpected argument ${JSON.stringify(more[0])}`);
  const place = await findPlace(values.config);
  const found = await investigate(text, place, await openPast(place));
  print(values.json === true ? `${JSON.stringify(toJson(found))}\n` : explain(found));
  return isKnown(found) ? 0 : NOTHING_FOUND;
}

async function investigate(
  text: string,
  { socket, config }: Place,
  { past, absence }: Opened,
): Promise<Case> {
  const subject = parseSubject(text);
  const isRunning = absence === undefined;
  // One connection after the other: the daemon takes few at once, and others ask too.
  const sessions = isRunning ? await ask(socket, "sessions", { about: text }) : [];
  const tunnels = isRunning ? await ask(socket, "tunnels", { about: text }) : [];
  const entries = await past({ about: text, last: WHY_ENTRIES_MAX });
  const runs = await past({ what: "lns", last: WHY_RUNS_MAX });
  const failures = await past({ what: "tunnel", last: WHY_FAILURES_MAX });
  const side = sideOf(config);
  const clients = isRunning && side === "lac" ? await ask(socket, "clients") : [];
  const names = side === "lac" ? config?.clients : config?.users;
  return {
    subject,
    side,
    client: clients.find(({ name }) => name === text),
    live: isRunning ? { sessions, tunnels } : undefined,
    entries,
    runs,
    failures,
    isConfigured: names?.some(({ name }) => name === text),
    listen: listenOf(config),
    lnss: lnssOf(config, text),
    now: Date.now(),
  };
}

/** Whose daemon is asked, as `daemonOf` has it. */
function sideOf(config: Config | undefined): Case["side"] {
  return config === undefined || config.networks.length > 0 ? "lns" : "lac";
}

/** Where calls of that client go; those of all, when there is none of that name. */
function lnssOf(config: Config | undefined, client: string): string[] {
  const { clients = [], peers = [] } = config ?? {};
  const list = clients.find(({ name }) => name === client)?.peer;
  const lnss = peers.filter(({ name }) => list === undefined || name === list);
  return lnss.map(({ address, port }) => formatEndpoint(address, port));
}

function listenOf(config: Config | undefined): string {
  return config === undefined
    ? "0.0.0.0:1701"
    : formatEndpoint(config.lns.address, config.lns.port);
}

function toJson(found: Case): unknown {
  const { subject, live, entries } = found;
  return {
    subject: subject.text,
    kind: subject.kind,
    isRunning: live !== undefined,
    isKnown: isKnown(found),
    sessions: live?.sessions ?? [],
    tunnels: live?.tunnels ?? [],
    endings: endings({ entries }).map(({ code, count, first, users, last }) => ({
      code,
      count,
      first,
      users,
      last,
      what: fill(CODES[code].what, last),
      advice: fill(CODES[code].advice, last),
    })),
    text: explain(found),
  };
}
