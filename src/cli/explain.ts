/** Answers "why" in sentences: what is now, what happened, what to do about it. @module */
import type { ClientRow, SessionRow, TunnelRow } from "../daemon/api-messages.ts";
import { CODES, type Code, fill } from "../history/codes.ts";
import { type Entry, isFault, newestFirst } from "../history/entry.ts";
import { resultWords } from "../history/results.ts";
import type { Subject } from "../history/subject.ts";
import { WHY_FAILURE_GROUPS_MAX, WHY_FAILURES_MS, WHY_GROUPS_MAX } from "../limits.ts";
import { visible } from "../observe/format.ts";
import { formatAge, formatCount, formatOctets } from "./table.ts";

/** All that is known of a subject. */
export interface Case {
  readonly subject: Subject;
  /** Who is asked: a server, or the side that dials. */
  readonly side: Side;
  /** What is up now; `undefined` when the program does not run. */
  readonly live: { readonly sessions: SessionRow[]; readonly tunnels: TunnelRow[] } | undefined;
  /** Entries about the subject. */
  readonly entries: readonly Entry[];
  /** Of a LAC that runs, its client of that name. */
  readonly client?: ClientRow | undefined;
  /** Entries about the program itself. */
  readonly runs: readonly Entry[];
  /** Tunnels of whomever that failed: one may be that of a subject that was never seen. */
  readonly failures: readonly Entry[];
  /** Whether the configuration has a user, or a client, of that name; `undefined` where it cannot be told. */
  readonly isConfigured: boolean | undefined;
  /** "0.0.0.0:1701". */
  readonly listen: string;
  /** Of a LAC: where its calls go. */
  readonly lnss: readonly string[];
  readonly now: number;
}

/** Endings of one kind; the newest is their example. */
export interface Group {
  readonly code: Code;
  readonly count: number;
  readonly first: number;
  readonly users: number;
  readonly last: Entry;
}

type Side = "lns" | "lac";

/** The same facts, as each side sees them. */
const WORDS: Readonly<Record<Side, Words>> = {
  lns: {
    program: "The LNS",
    who: "user",
    way: (peer) => `from ${peer}`,
    inside: "in network",
    opening: "is dialling in",
  },
  lac: {
    program: "simplon lac",
    who: "client",
    way: (peer) => `to ${peer}`,
    inside: "on device",
    opening: "is connecting",
  },
};

interface Words {
  readonly program: string;
  readonly who: string;
  /** Where the peer is. */
  readonly way: (peer: string) => string;
  /** Before a network, which of a LAC is a device. */
  readonly inside: string;
  readonly opening: string;
}

const WIDTH = 96;
const INDENT = "  ";

/** The same kind of ending together, the most recent kind first. */
export function groupEntries(entries: readonly Entry[]): Group[] {
  const kinds = Map.groupBy(newestFirst(entries), ({ what, code }) => `${what} ${code}`);
  return [...kinds.values()].flatMap((kind) => {
    const [last] = kind;
    if (last === undefined) return [];
    const count = kind.reduce((sum, entry) => sum + entry.count, 0);
    const first = Math.min(...kind.map((entry) => (entry.count > 1 ? entry.since : entry.at)));
    const users = new Set(kind.map(({ user }) => user).filter((user) => user !== "")).size;
    return [{ code: last.code, count, first, users, last }];
  });
}

export function isKnown({ live, entries }: Case): boolean {
  const up = (live?.sessions.length ?? 0) + (live?.tunnels.length ?? 0);
  return up > 0 || entries.length > 0;
}

/** The whole answer, for a person. */
export function explain(about: Case): string {
  const paragraphs = [...tellNow(about), ...tellRuns(about), ...tellEndings(about)];
  if (!isKnown(about)) paragraphs.push(...tellNothing(about));
  return `${paragraphs.join("\n\n")}\n`;
}

/** Sessions say more than the normal ends of the tunnels that carried them. */
export function endings({ entries }: Pick<Case, "entries">): Group[] {
  const hasSessions = entries.some(({ what }) => what === "session");
  const telling = entries.filter(
    (entry) => !hasSessions || entry.what === "session" || isFault(entry),
  );
  return groupEntries(telling);
}

function tellNow({ subject, side, live, client }: Case): string[] {
  const words = WORDS[side];
  if (live === undefined) {
    return [`${words.program} is not running. What follows is from its history file.`];
  }
  const { sessions, tunnels } = live;
  const isUserKnown = subject.kind === "name" && sessions.length > 0;
  const tellRow = (row: SessionRow) => tellSession(row, words);
  const lines = [...sessions.map(tellRow), ...(isUserKnown ? [] : tunnels.map(tellTunnel))];
  if (lines.length > 0) return [lines.flatMap((line) => wrap(visible(line), "")).join("\n")];
  const text = visible(subject.text);
  switch (subject.kind) {
    case "tunnel":
      return [`Tunnel ${text} is not up.`];
    case "address":
      return [`Nobody is connected ${words.way(text)} or has it inside.`];
    case "name":
      if (client !== undefined) return [wrap(visible(tellClient(client)), "").join("\n")];
      return [`${quoted(subject.text)} is not connected.`];
  }
}

const DOING: Readonly<Record<string, string>> = {
  network: "has been connected for",
  terminate: "is being hung up after",
};

/** A client without a session. */
function tellClient({ name, state, lns, next, problem }: ClientRow): string {
  const doing =
    state === "waiting"
      ? `is not connected, and dials again in ${formatAge(next)}`
      : `is not connected yet, and dials ${lns}`;
  const last = problem === "" ? "" : ` The last attempt: ${problem}.`;
  return `${quoted(name)} ${doing}.${last}`;
}

function tellSession(row: SessionRow, { opening, way, inside }: Words): string {
  const { user, phase, peer, seconds, network, tunnelId, sessionId } = row;
  const who = user === "" ? "A user who has not told a name yet" : quoted(user);
  const doing = DOING[phase] ?? `${opening}, in phase ${phase}, for`;
  const has = [row.address, row.prefix6].filter((each) => each !== "");
  const address =
    has.length === 0 ? "" : `, has ${has.join(" and ")} ${inside} ${visible(network)}`;
  return `${who} ${doing} ${formatAge(seconds)}, ${way(peer)}${address} (tunnel ${tunnelId}, session ${sessionId}).`;
}

function tellTunnel({ tunnelId, peer, hostName, seconds, sessions }: TunnelRow): string {
  const carries = sessions === 1 ? "1 session" : `${sessions} sessions`;
  const host = hostName === "" ? "" : ` (${quoted(hostName)})`;
  return `Tunnel ${tunnelId} to ${peer}${host} has been up for ${formatAge(seconds)}, with ${carries}.`;
}

/** What had no goodbye has no entry of its own. */
function tellRuns({ runs, entries, live, now }: Case): string[] {
  if (live !== undefined && live.sessions.length > 0) return [];
  const newest = Math.max(0, ...entries.map(({ at }) => at));
  const [last] = runs.filter((run) => isFault(run) && run.at >= newest).sort((a, b) => b.at - a.at);
  if (last === undefined) return [];
  const span = last.since < last.at ? `Between ${clock(last.since, now)} and ` : "At ";
  const { what, advice } = CODES[last.code];
  return [
    [
      `${span}${clock(last.at, now)}: ${last.code}`,
      ...wrap(what),
      ...(last.words === "" ? [] : wrap(`Its error: ${quoted(last.words)}.`)),
      ...wrap(`To do: ${advice}`),
    ].join("\n"),
  ];
}

function tellEndings(about: Case): string[] {
  const groups = endings(about);
  const told = groups.slice(0, WHY_GROUPS_MAX).map((group) => tellGroup(group, about));
  const hidden = groups.length - told.length;
  return hidden > 0
    ? [...told, `And ${hidden} more kinds of endings: simplon show history.`]
    : told;
}

function tellGroup({ code, count, first, users, last }: Group, { side, now }: Case): string {
  const ago = `${clock(last.at, now)}, ${formatAge((now - last.at) / 1000)} ago`;
  const often =
    count === 1 ? `Once, at ${ago}` : `${times(count)} since ${clock(first, now)}, last at ${ago}`;
  const { what, advice } = CODES[code];
  const slots = { user: last.user, peer: last.peer, phase: last.phase };
  return [
    `${often}: ${code}`,
    ...wrap(visible(fill(what, slots))),
    ...wrap(visible(`${tellWho(last, users, count, side)}.`)),
    ...tellWords(last).flatMap((line) => wrap(visible(line))),
    ...wrap(visible(`To do: ${fill(advice, slots)}`)),
  ].join("\n");
}

/** Which it was, and how far it came. */
function tellWho(entry: Entry, users: number, count: number, side: Side): string {
  const { who, way, inside } = WORDS[side];
  const [sent, got] =
    side === "lns" ? [entry.rxOctets, entry.txOctets] : [entry.txOctets, entry.rxOctets];
  const { what, user, peer, hostName, callingNumber, tunnelId, sessionId, phase, network } = entry;
  const seconds = (entry.at - entry.since) / 1000;
  const name =
    what === "session" ? `Session ${sessionId} in tunnel ${tunnelId}` : `Tunnel ${tunnelId}`;
  const isUp = entry.addresses.length > 0;
  const facts = [
    `${users > 1 ? `${users} ${who}s, the last one` : count > 1 ? "The last one" : ""}`,
    sessionId + tunnelId === 0 ? "" : name,
    user === "" ? "" : `${who} ${quoted(user)}`,
    way(peer === "" ? "many addresses" : peer),
    hostName === "" ? "" : `host name ${quoted(hostName)}`,
    callingNumber === "" ? "" : `calling from ${quoted(callingNumber)}`,
    what === "session" ? `reached phase ${phase}` : "",
    isUp ? `had ${entry.addresses.join(" and ")} ${inside} ${network}` : "",
    entry.count === 1 && seconds >= 1 ? `lasted ${formatAge(seconds)}` : "",
    isUp ? `sent ${formatOctets(sent)}, got ${formatOctets(got)}` : "",
  ].filter((fact) => fact !== "");
  const [first = "", ...rest] = facts;
  const isIntroduced = users > 1 || count > 1;
  if (isIntroduced) return `${first}: ${lowerFirst(rest.join(", "))}`;
  return [first.charAt(0).toUpperCase() + first.slice(1), ...rest].join(", ");
}

/** What was said, by whom. */
function tellWords({ words, result }: Entry): string[] {
  const text = result?.text ?? "";
  const own = words === "" || words === text ? [] : [quoted(words)];
  if (result === undefined) return own.map((said) => `The peer said: ${said}.`);
  const formal = `${resultWords(result)}${text === "" ? "" : `, ${quoted(text)}`}`;
  if (result.by === "peer") return [`The peer said: ${[...own, formal].join(", then ")}.`];
  return [...own.map((said) => `The peer said: ${said}.`), `The peer was told: ${formal}.`];
}

function tellNothing(about: Case): string[] {
  const { subject, side, isConfigured, failures, now } = about;
  if (subject.kind === "tunnel") {
    const fact = `The history knows no tunnel ${subject.text}, and no user of that name.`;
    return [`${fact} Every tunnel has another id; look for its user or its address.`];
  }
  const text = subject.kind === "name" ? quoted(subject.text) : visible(subject.text);
  const why = side === "lns" ? "it never got through to this LNS" : "no call of it has ended yet";
  const paragraphs = [`The history has nothing about ${text}: ${why}.`];
  if (subject.kind === "name" && isConfigured !== undefined) {
    paragraphs.push(
      isConfigured
        ? `The configuration has a ${FOUND[side].replace("*", text)}`
        : `The configuration has no ${WORDS[side].who} ${text}: is the name right? Upper and lower case count.`,
    );
  }
  // A LAC has no other clients than those of its configuration.
  if (side === "lac" && isConfigured === false) return paragraphs;
  const recent = failures.filter((entry) => isFault(entry) && now - entry.at < WHY_FAILURES_MS);
  if (recent.length > 0) paragraphs.push(tellFailures(recent, about));
  const checks = side === "lns" ? lnsChecks(about) : lacChecks(about);
  const lines = checks.flatMap((check) =>
    wrap(check, "    ").map((line, index) => (index === 0 ? `  - ${line.trimStart()}` : line)),
  );
  return [...paragraphs, ["What to check:", ...lines].join("\n")];
}

const FOUND: Readonly<Record<Side, string>> = {
  lns: "user *, so the name is right; no client has told it yet.",
  lac: "client *, so the name is right; no LNS has answered it yet.",
};

function lnsChecks({ listen }: Case): string[] {
  const port = portOf(listen);
  return [
    `Does the client dial this host, at ${port}? The LNS listens on ${listen}. Whether anything ` +
      `comes: tcpdump -ni any ${port.toLowerCase()}`,
    `Does a firewall on the way or on this host let ${port} in and out?`,
    "Does the client speak L2TP without IPsec? With IPsec it sends to UDP ports 500 and 4500, and " +
      "nothing comes through before an IPsec gateway in front has let it.",
  ];
}

function lacChecks({ lnss }: Case): string[] {
  const [first = ":1701"] = lnss;
  const port = portOf(first);
  return [
    `Is there an L2TP server at ${lnss.join(", ") || "the address of the [[peer]]"}? Whether it ` +
      `answers: tcpdump -ni any ${port.toLowerCase()}`,
    `Does a firewall on the way or on this host let ${port} out, and the answers in?`,
    "Does the server want IPsec first? Then it answers nobody who has not set that up with it: " +
      "simplon itself speaks L2TP without IPsec.",
  ];
}

function portOf(endpoint: string): string {
  return `UDP port ${endpoint.slice(endpoint.lastIndexOf(":") + 1)}`;
}

/** Nobody tells a user's name before the tunnel is up, so any of these may be the one. */
function tellFailures(failures: readonly Entry[], { side, now }: Case): string {
  const groups = groupEntries(failures).slice(0, WHY_FAILURE_GROUPS_MAX);
  const lines = groups.flatMap(({ code, count, last }) => [
    `  ${code}, ${times(count)}, last at ${clock(last.at, now)} ` +
      WORDS[side].way(last.peer === "" ? "many addresses" : last.peer) +
      `${last.hostName === "" ? "" : ` (${quoted(last.hostName)})`}`,
    ...wrap(`To do: ${fill(CODES[code].advice, last)}`, "    "),
  ]);
  return [FAILURES[side], ...lines].map(visible).join("\n");
}

const FAILURES: Readonly<Record<Side, string>> = {
  lns: "In the last hour these tunnels failed before a name could be told; one may be it:",
  lac: "In the last hour these tunnels failed; its call may have waited for one:",
};

/** UTC, as in the log; with the date if it is not today's. */
export function clock(at: number, now: number): string {
  const [date = "", time = ""] = new Date(at).toISOString().split("T");
  const [today = ""] = new Date(now).toISOString().split("T");
  const short = `${time.slice(0, 8)} UTC`;
  return date === today ? short : `${date} ${short}`;
}

function quoted(text: string): string {
  return visible(JSON.stringify(text));
}

function times(count: number): string {
  return count === 1 ? "once" : `${formatCount(count)} times`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Lines that fit a terminal. */
function wrap(text: string, indent = INDENT): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, indent + line];
}
