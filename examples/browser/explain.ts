/**
 * A datagram in words: tables of text, whatever was pasted.
 *
 * @module
 */
import {
  type Avp,
  AvpType,
  avpTypeName,
  callResultText,
  checkIpv4,
  decodeAvp,
  errorText,
  type Fault,
  MessageType,
  messageTypeName,
  type ParsedHeader,
  parseControlMessage,
  parseHeader,
  parsePpp,
  type ResultCode,
  readAvp,
  stopResultText,
} from "simplon/codec";

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Explanation {
  readonly verdict: string;
  readonly isFault: boolean;
  readonly tables: readonly Table[];
}

const FAULTS: Readonly<Record<Fault, string>> = {
  short: "It ends within its own header.",
  version: "Ver is not 2: this is not L2TPv2.",
  length: "Its Length field does not fit the octets that are there.",
  offset: "Its Offset Size reaches past the end.",
  "control-bits": "A control message needs L and S, and has neither O nor P.",
  "avp-length": "An AVP reaches past the end of the message, or is shorter than its header.",
  "too-many": "It has more AVPs than any message of RFC 2661.",
  capacity: "There is no room for it.",
  "ip-version": "It is no IPv4 packet.",
  "ip-header": "The lengths of its IP header do not fit.",
  "ip-checksum": "The checksum of its IP header is wrong.",
};

const PROTOCOLS: Readonly<Record<number, string>> = {
  33: "IPv4",
  87: "IPv6",
  32801: "IPCP",
  32855: "IPV6CP",
  49185: "LCP",
  49187: "PAP",
  49699: "CHAP",
};

export function explain(datagram: Uint8Array): Explanation {
  const header = parseHeader(datagram);
  if (typeof header === "string") return { verdict: FAULTS[header], isFault: true, tables: [] };
  const tables = [headerTable(header)];
  return header.control ? control(datagram, tables) : data(header, tables);
}

function control(datagram: Uint8Array, tables: readonly Table[]): Explanation {
  const message = parseControlMessage(datagram);
  if (typeof message === "string") return { verdict: FAULTS[message], isFault: true, tables };
  const type = readAvp(message.avps, AvpType.MessageType);
  if (message.avps.length === 0) return { verdict: "Control message: ZLB", isFault: false, tables };
  const name = type === undefined ? "of no type" : (messageTypeName(type) ?? `of type ${type}`);
  const rows = message.avps.map((avp) => [
    nameOf(avp),
    flagsOf(avp),
    describe(avp, type),
    hex(avp.value),
  ]);
  const avps = { title: "AVPs", head: ["AVP", "", "Value", "Octets"], rows };
  return { verdict: `Control message: ${name}`, isFault: false, tables: [...tables, avps] };
}

function data(header: ParsedHeader, tables: readonly Table[]): Explanation {
  const frame = parsePpp(header.payload);
  if (typeof frame === "string") return { verdict: FAULTS[frame], isFault: true, tables };
  const name = PROTOCOLS[frame.protocol] ?? `protocol 0x${frame.protocol.toString(16)}`;
  const rows = [
    ["Protocol", name],
    ["Information", hex(frame.information)],
  ];
  if (name === "IPv4") rows.push(["IPv4 header", checkIpv4(frame.information)]);
  const table = { title: "PPP frame", head: ["Field", "Value"], rows };
  return { verdict: `Data message: ${name}`, isFault: false, tables: [...tables, table] };
}

function headerTable(header: ParsedHeader): Table {
  const { payload, ...fields } = header;
  const rows = Object.entries(fields).map(([name, value]) => [name, String(value)]);
  rows.push(["payload", `${payload.length} octets`]);
  return { title: "Header", head: ["Field", "Value"], rows };
}

function nameOf({ vendor, type }: Avp): string {
  if (vendor !== 0) return `${type} of vendor ${vendor}`;
  return avpTypeName(type) ?? `unknown ${type}`;
}

function flagsOf({ mandatory, hidden }: Avp): string {
  return `${mandatory ? "M" : ""}${hidden ? "H" : ""}`;
}

function describe(avp: Avp, messageType: number | undefined): string {
  if (avp.hidden) return "hidden";
  const value = decodeAvp(avp);
  if (value === undefined) return avp.vendor === 0 ? "malformed" : "";
  if (value instanceof Uint8Array) return `${value.length} octets`;
  if (avp.vendor === 0 && avp.type === AvpType.MessageType && typeof value === "number") {
    return messageTypeName(value) ?? String(value);
  }
  if (avp.vendor === 0 && avp.type === AvpType.ResultCode) {
    return result(value as ResultCode, messageType === MessageType.StopCCN);
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function result({ code, error, message }: ResultCode, isStop: boolean): string {
  const text = isStop ? stopResultText(code) : callResultText(code);
  const parts = [`${text ?? "unknown"} (${code})`];
  // Beside this one the Error Code is a version (RFC 2661 4.4.2).
  const isVersion = isStop && code === 5;
  if (error !== undefined && isVersion) parts.push(`version ${error >> 8}.${error & 0xff}`);
  else if (error !== undefined) parts.push(`${errorText(error) ?? "unknown"} (${error})`);
  if (message) parts.push(JSON.stringify(message));
  return parts.join("; ");
}

export function hex(octets: Uint8Array): string {
  return [...octets].map((octet) => octet.toString(16).padStart(2, "0")).join(" ");
}

/** `undefined` for text that is not pairs of hex digits. Offsets and ASCII of a dump are not taken. */
export function parseHex(text: string): Uint8Array | undefined {
  const digits = text.replaceAll(/0x|[\s:,-]/gi, "");
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) return undefined;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
