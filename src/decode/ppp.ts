/**
 * PPP frames in words: control protocols with their options, authentication, packets in a line.
 *
 * @module
 */
import { parsePpp } from "../codec/index.ts";
import { CHAP, IP, IPCP, IPV6, IPV6CP, LCP, PAP } from "../ppp/protocols.ts";
import { readChap, readEap, readPap } from "./authentication.ts";
import { password } from "./avps.ts";
import { hex, hex32, octetsText, quoted, shortHex, u16, u32, utf8 } from "./octets.ts";
import {
  CCP_OPTIONS,
  IPCP_OPTIONS,
  IPV6CP_OPTIONS,
  LCP_OPTIONS,
  type Options,
  readOptions,
} from "./options.ts";
import { summarize } from "./packet.ts";
import { CBCP, CCP, EAP, ECP, protocolName } from "./protocols.ts";
import type { ControlPacket, Field, Ppp, Said } from "./types.ts";

export const PACKET_HEADER = 4;
/** Protocols from here on configure links and networks: Code, Identifier, Length, Data. */
const CONTROL = 0x8000;
/** Those of the link begin here; before are network control protocols. */
const LINK = 0xc000;
const LQR = 0xc025;

/** Codes of the Option Negotiation Automaton, which network control protocols have (RFC 1661 5). */
const CODES: readonly string[] = [
  "Vendor-Specific",
  "Configure-Request",
  "Configure-Ack",
  "Configure-Nak",
  "Configure-Reject",
  "Terminate-Request",
  "Terminate-Ack",
  "Code-Reject",
];

/** RFC 1661 5, RFC 1570 2. */
const LCP_CODES: readonly string[] = [
  ...CODES,
  "Protocol-Reject",
  "Echo-Request",
  "Echo-Reply",
  "Discard-Request",
  "Identification",
  "Time-Remaining",
];

const PAP_CODES = ["", "Authenticate-Request", "Authenticate-Ack", "Authenticate-Nak"];
const CHAP_CODES = ["", "Challenge", "Response", "Success", "Failure"];
const EAP_CODES = ["", "Request", "Response", "Success", "Failure"];
const CBCP_CODES = ["", "Callback-Request", "Callback-Response", "Callback-Ack"];
/** RFC 1962 3. */
const RESETS: Readonly<Record<number, string>> = { 14: "Reset-Request", 15: "Reset-Ack" };

const LINK_CODES: Readonly<Record<number, readonly string[]>> = {
  [LCP]: LCP_CODES,
  [PAP]: PAP_CODES,
  [CHAP]: CHAP_CODES,
  [EAP]: EAP_CODES,
  [CBCP]: CBCP_CODES,
};

const OPTIONS: Readonly<Record<number, Options>> = {
  [LCP]: LCP_OPTIONS,
  [IPCP]: IPCP_OPTIONS,
  [IPV6CP]: IPV6CP_OPTIONS,
  [CCP]: CCP_OPTIONS,
};

/** Whose packets may hold a password, also those that are sent back. */
const HAS_PASSWORDS: readonly number[] = [PAP, EAP];

export function readPpp(payload: Uint8Array, isPasswordShown: boolean): Ppp | undefined {
  const frame = parsePpp(payload);
  if (typeof frame === "string") return undefined;
  const { protocol, information } = frame;
  const name = protocolName(protocol);
  if (protocol === IP || protocol === IPV6) {
    return { protocol, name, summary: summarize(information, protocol === IPV6), fields: [] };
  }
  if (protocol < CONTROL || protocol === LQR) {
    return { protocol, name, summary: octetsText(information.length), fields: [] };
  }
  return readControl(protocol, name, information, isPasswordShown);
}

function readControl(
  protocol: number,
  name: string,
  information: Uint8Array,
  isPasswordShown: boolean,
): Ppp {
  if (information.length < PACKET_HEADER) {
    const fault = `${octetsText(information.length)}, fewer than Code, Identifier and Length have`;
    return { protocol, name, summary: "", fields: [], fault };
  }
  const [number = 0, identifier = 0] = information;
  const length = u16(information, 2);
  const isLengthRight = length >= PACKET_HEADER && length <= information.length;
  const data = information.subarray(PACKET_HEADER, isLengthRight ? length : undefined);
  const codeName = nameOf(protocol, number);
  const code = { number, name: codeName, identifier };
  const said = read(protocol, { code: number, data }, isPasswordShown);
  const fault = isLengthRight
    ? said.fault
    : `Length ${length}, and ${octetsText(information.length)} are there`;
  const result = { protocol, name, code, summary: said.summary, fields: said.fields };
  return fault === undefined ? result : { ...result, fault };
}

function nameOf(protocol: number, code: number): string {
  const names = LINK_CODES[protocol] ?? (protocol < LINK ? CODES : []);
  const reset = protocol === CCP || protocol === ECP ? RESETS[code] : undefined;
  return (names[code] ?? reset) || `code ${code}`;
}

function read(protocol: number, packet: ControlPacket, isPasswordShown: boolean): Said {
  switch (protocol) {
    case PAP:
      return readPap(packet, isPasswordShown);
    case CHAP:
      return readChap(packet);
    case EAP:
      return readEap(packet, isPasswordShown);
    default:
      return readLinkPacket(protocol, nameOf(protocol, packet.code), packet.data, isPasswordShown);
  }
}

/** The codes that LCP and the network control protocols share. */
function readLinkPacket(
  protocol: number,
  name: string,
  data: Uint8Array,
  isPasswordShown: boolean,
): Said {
  if (name.startsWith("Configure")) {
    const { fields, fault } = readOptions(OPTIONS[protocol] ?? {}, data);
    return { fields, summary: fields.map(brief).join(", "), fault };
  }
  if (name.startsWith("Terminate")) {
    if (data.length === 0) return { fields: [], summary: "" };
    return one("Data", isText(data) ? quoted(utf8(data)) : shortHex(data), hex(data));
  }
  if (name === "Code-Reject") return one("Rejected-Packet", shortHex(data), hex(data));
  if (name === "Protocol-Reject" && data.length >= 2) {
    const rejected = u16(data, 0);
    const packet = data.subarray(2);
    const field = { name: "Rejected-Protocol", text: protocolName(rejected), value: rejected };
    const isSecret = HAS_PASSWORDS.includes(rejected) && !isPasswordShown;
    const words = isSecret
      ? password(packet, false)
      : { text: shortHex(packet), value: hex(packet) };
    const information = { name: "Rejected-Information", ...words };
    return { fields: [field, information], summary: field.text };
  }
  if (protocol === LCP && data.length >= 4) return readMagic(name, data);
  return data.length === 0 ? { fields: [], summary: "" } : one("Data", shortHex(data), hex(data));
}

/** Echo-Request, Echo-Reply, Discard-Request; Identification, Time-Remaining. */
function readMagic(name: string, data: Uint8Array): Said {
  const magic = u32(data, 0);
  const rest = data.subarray(4);
  const fields: Field[] = [{ name: "Magic-Number", text: hex32(magic), value: magic }];
  if (name === "Identification") {
    fields.push({ name: "Message", text: quoted(utf8(rest)), value: utf8(rest) });
  } else if (name === "Time-Remaining" && rest.length >= 4) {
    const seconds = u32(rest, 0);
    fields.push({ name: "Seconds-Remaining", text: `${seconds} s`, value: seconds });
  } else if (rest.length > 0) {
    fields.push({ name: "Data", text: shortHex(rest), value: hex(rest) });
  }
  return { fields, summary: name === "Identification" ? (fields[1]?.text ?? "") : "" };
}

function one(name: string, text: string, value: string): Said {
  return { fields: [{ name, text, value }], summary: text };
}

/** pppd says why it goes. */
function isText(data: Uint8Array): boolean {
  return data.every((octet) => octet >= 0x20 && octet < 0x7f);
}

/** Options that everybody names by their initials. */
const INITIALS: Readonly<Record<string, string>> = {
  "Maximum-Receive-Unit": "MRU",
  "Async-Control-Character-Map": "ACCM",
  "Authentication-Protocol": "auth",
  "Magic-Number": "magic",
  "Protocol-Field-Compression": "PFC",
  "Address-and-Control-Field-Compression": "ACFC",
  "Multilink-MRRU": "MRRU",
  "Multilink-Short-Sequence-Number-Header-Format": "SSNHF",
  "Multilink-Endpoint-Discriminator": "endpoint",
  "IP-Address": "address",
  "IP-Compression-Protocol": "compression",
  "Primary-DNS-Server-Address": "DNS",
  "Secondary-DNS-Server-Address": "second DNS",
  "Primary-NBNS-Server-Address": "NBNS",
  "Secondary-NBNS-Server-Address": "second NBNS",
  "Interface-Identifier": "interface",
};

function brief({ name, text }: Field): string {
  const short = INITIALS[name] ?? name;
  return text === "" ? short : `${short} ${text}`;
}
