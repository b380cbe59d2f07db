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
  return {
    subject,
    live: isRunning ? { sessions, tunnels } : undefined,
    entries,
    runs,
    failures,
    isConfigured: config?.users.some(({ name }) => name === text),
    listen: listenOf(config),
    now: Date.now(),
  };
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
