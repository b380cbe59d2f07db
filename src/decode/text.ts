/**
 * Messages for a person: a line each, and below it what it consists of.
 *
 * The end that was seen first stands on the left throughout, so that a conversation reads as one.
 *
 * @module
 */
import { formatEndpoint } from "../net.ts";
import { hex16, quoted } from "./octets.ts";
import type { AvpFields, Endpoint, Field, HeaderFields, Ids, Message, Ppp, Time } from "./types.ts";

export interface TextOptions {
  readonly hasColours: boolean;
  /** One line a message. */
  readonly isBrief: boolean;
}

const INDENT = " ".repeat(8);
const L2TP_PORT = 1701;
const NUMBER_WIDTH = 6;
const TIME_WIDTH = 11;
/** "192.0.2.7 → 192.0.2.1" and "tunnel 16542/18808 session 49154/56270": columns grow from here. */
const ENDS_WIDTH = 21;
const IDS_WIDTH = 38;
const COLUMN_MAX = 90;
/** "Authentication-Protocol". */
const LABEL_WIDTH = 23;

/** Colours by what they stand for (ECMA-48). */
const COLOURS = {
  plain: "",
  dim: "\x1b[2m",
  control: "\x1b[1;32m",
  end: "\x1b[1;33m",
  link: "\x1b[36m",
  fault: "\x1b[1;31m",
  note: "\x1b[33m",
} as const;
const RESET = "\x1b[0m";

type Colour = keyof typeof COLOURS;

const ENDS: readonly string[] = ["StopCCN", "CDN"];
const QUIET: readonly string[] = ["ZLB", "HELLO"];

export class TextPrinter {
  readonly #options: TextOptions;
  #endsWidth = ENDS_WIDTH;
  #idsWidth = IDS_WIDTH;

  constructor(options: TextOptions) {
    this.#options = options;
  }

  /** The lines of a message, each with its line feed. */
  format(message: Message): string {
    const head = this.#headline(message);
    if (this.#options.isBrief) {
      const { fault, notes } = message;
      const said = [...(fault ? [fault.text] : []), ...notes].join("; ");
      return said === "" ? `${head}\n` : `${head}  ${this.#paint("fault", said)}\n`;
    }
    return `${[head, ...this.#details(message)].join("\n")}\n`;
  }

  #headline(message: Message): string {
    const { datagram, begin, name, summary, isRepeated, user, kind } = message;
    const parts = [String(datagram.frame).padStart(NUMBER_WIDTH)];
    if (datagram.time !== undefined) {
      parts.push(elapsed(begin ?? datagram.time, datagram.time).padStart(TIME_WIDTH));
    }
    const place = this.#place(message);
    const title = this.#paint(colourOf(message), name);
    const again = isRepeated ? this.#paint("note", " (repeated)") : "";
    const said = user === undefined || summary.includes(quoted(user));
    const whom = kind === "data" && !said ? this.#paint("dim", `  ${quoted(user)}`) : "";
    const sequence = this.#options.isBrief ? this.#paint("dim", sequenceOf(message)) : "";
    const rest = summary === "" ? "" : `  ${summary}`;
    return `${this.#paint("dim", parts.join(" "))}  ${place}${title}${again}${rest}${whom}${sequence}`;
  }

  #place({ datagram, isFromLeft, tunnel, session, header }: Message): string {
    const { source, destination } = datagram;
    if (source === undefined || destination === undefined) {
      return this.#options.isBrief ? `${idsText(undefined, undefined, header)}  ` : "";
    }
    const [left, right] = isFromLeft ? [source, destination] : [destination, source];
    const ends = `${endpoint(left)} ${isFromLeft ? "→" : "←"} ${endpoint(right)}`;
    const ids = idsText(tunnel, session, header);
    this.#endsWidth = Math.min(COLUMN_MAX, Math.max(this.#endsWidth, ends.length));
    this.#idsWidth = Math.min(COLUMN_MAX, Math.max(this.#idsWidth, ids.length));
    return `${ends.padEnd(this.#endsWidth)}  ${this.#paint("dim", ids.padEnd(this.#idsWidth))}  `;
  }

  #details(message: Message): string[] {
    const { header, avps, ppp, fault, notes } = message;
    const rows: (readonly [label: string, bits: string, text: string])[] = [
      ["Header", "", headerText(header)],
      ...avps.map(avpRow),
      ...(ppp === undefined ? [] : pppRows(ppp)),
    ];
    const width = Math.max(LABEL_WIDTH, ...rows.map(([label]) => label.length));
    const hasBits = rows.some(([, bits]) => bits !== "");
    const lines = rows.map(([label, bits, text]) => {
      const column = this.#paint("dim", label.padEnd(width));
      const flags = hasBits ? `  ${bits.padEnd(2)}` : "";
      return `${INDENT}${column}${flags}  ${text}`.trimEnd();
    });
    if (fault !== undefined)
      lines.push(`${INDENT}${this.#paint("fault", `Malformed: ${fault.text}`)}`);
    for (const note of notes) lines.push(`${INDENT}${this.#paint("note", `Note: ${note}`)}`);
    return lines;
  }

  #paint(colour: Colour, text: string): string {
    return this.#options.hasColours && text !== "" ? `${COLOURS[colour]}${text}${RESET}` : text;
  }
}

function colourOf({ kind, name, isRefused, ppp }: Message): Colour {
  if (kind === "malformed" || isRefused || ppp?.fault !== undefined) return "fault";
  if (kind === "data") return ppp?.code === undefined ? "plain" : "link";
  if (ENDS.includes(name)) return "end";
  return QUIET.includes(name) ? "dim" : "control";
}

/** "0.000000", to the microsecond, or to the nanosecond where there are some. */
export function elapsed(begin: Time, end: Time): string {
  const seconds = end.seconds - begin.seconds;
  const nanoseconds = seconds * 1e9 + end.nanoseconds - begin.nanoseconds;
  const sign = nanoseconds < 0 ? "-" : "";
  const whole = Math.abs(nanoseconds);
  const fraction = String(Math.floor(whole % 1e9)).padStart(9, "0");
  const digits = fraction.endsWith("000") ? fraction.slice(0, 6) : fraction;
  return `${sign}${Math.floor(whole / 1e9)}.${digits}`;
}

function endpoint({ address, port }: Endpoint): string {
  return port === L2TP_PORT ? address : formatEndpoint(address, port);
}

/** The IDs of both ends where they are known, else the one in the header. */
function idsText(tunnel: Ids | undefined, session: Ids | undefined, header: HeaderFields): string {
  const outer = `tunnel ${pair(tunnel, header.tunnelId)}`;
  if (session === undefined && !header.sessionId) return outer;
  return `${outer} session ${pair(session, header.sessionId)}`;
}

function pair(ids: Ids | undefined, single: number | undefined): string {
  if (ids?.left !== undefined && ids.right !== undefined) return `${ids.left}/${ids.right}`;
  return String(single || (ids?.left ?? ids?.right ?? single ?? "?"));
}

function sequenceOf({ header: { ns, nr } }: Message): string {
  return ns === undefined ? "" : `  Ns ${ns} Nr ${nr ?? "?"}`;
}

function headerText(header: HeaderFields): string {
  const { bits, version, length, tunnelId, sessionId, ns, nr, offsetSize } = header;
  const fields: [string, number | undefined][] = [
    ["Ver", version === 2 ? undefined : version],
    ["Length", length],
    ["Tunnel ID", tunnelId],
    ["Session ID", sessionId],
    ["Ns", ns],
    ["Nr", nr],
    ["Offset Size", offsetSize],
  ];
  const present = fields.filter(([, value]) => value !== undefined);
  return `${bits}  ${present.map(([name, value]) => `${name} ${value}`).join(", ")}`;
}

function avpRow({ name, text, avp, isRevealed }: AvpFields): readonly [string, string, string] {
  const bits = `${avp.mandatory ? "M" : "-"}${avp.hidden || isRevealed ? "H" : "-"}`;
  return [name, bits, isRevealed ? `${text} (revealed)` : text];
}

function pppRows(ppp: Ppp): (readonly [string, string, string])[] {
  const { protocol, name, code, fields, fault } = ppp;
  const what = code === undefined ? "" : `, ${code.name}, Identifier ${code.identifier}`;
  const rows: (readonly [string, string, string])[] = [
    ["PPP", "", `${name} (${hex16(protocol)})${what}`],
    ...fields.map((field: Field) => [field.name, "", field.text] as const),
  ];
  if (fault !== undefined) rows.push(["Malformed", "", fault]);
  return rows;
}
