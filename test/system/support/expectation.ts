/**
 * What tshark has to print for a datagram: the values that simplon's codec reads from the same
 * octets, under tshark's names for them.
 */
import { parseControlMessage, parseHeader, parsePpp } from "../../../src/codec/index.ts";
import { formatIpv6 } from "../../../src/net.ts";
import { parsePacket } from "../../../src/ppp/options.ts";
import { AVP_FIELDS, readAvp } from "./expected-avps.ts";
import { IPCP, IPV6CP, LCP, OPTION_FIELD_NAMES, readOptions } from "./expected-options.ts";
import { hex, u16, u32, utf8, Values } from "./expected-values.ts";
import type { Datagram } from "./pcap.ts";
import { messageName } from "./traffic.ts";

export interface Expectation {
  /** What kind of message or frame this is, to count them by. */
  readonly kind: string;
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Frames that carry what was rejected: tshark dissects that too, so only first values count. */
  readonly isNested: boolean;
}

const IPV6 = 0x0057;
/** A Next Header and a type of its messages. */
const IPV4_HEADER = 20;
const ICMPV6 = 58;
const ROUTER_ADVERTISEMENT = 134;
const PAP = 0xc023;
const CHAP = 0xc223;
const IP = 0x0021;

const CONTROL_CODES = [
  "",
  "Configure-Request",
  "Configure-Ack",
  "Configure-Nak",
  "Configure-Reject",
  "Terminate-Request",
  "Terminate-Ack",
  "Code-Reject",
  "Protocol-Reject",
  "Echo-Request",
  "Echo-Reply",
  "Discard-Request",
];
const PAP_CODES = ["", "Authenticate-Request", "Authenticate-Ack", "Authenticate-Nak"];
const CHAP_CODES = ["", "Challenge", "Response", "Success", "Failure"];

export function expectationOf(datagram: Datagram): Expectation {
  const header = parseHeader(datagram.payload);
  if (typeof header === "string") throw new Error(`frame ${datagram.frame}: ${header}`);
  const values = new Values();
  const flag = (value: unknown) => (value === undefined || value === false ? 0 : 1);
  values.add("ip.src", datagram.source);
  values.add("ip.dst", datagram.destination);
  values.add("l2tp.type", flag(header.control));
  values.add("l2tp.length_bit", flag(header.length));
  values.add("l2tp.seq_bit", flag(header.ns));
  values.add("l2tp.offset_bit", flag(header.offsetSize));
  values.add("l2tp.priority", flag(header.priority));
  values.add("l2tp.version", 2);
  values.add("l2tp.tunnel", header.tunnelId);
  values.add("l2tp.session", header.sessionId);
  if (header.length !== undefined) values.add("l2tp.length", header.length);
  if (header.ns !== undefined) values.add("l2tp.Ns", header.ns);
  if (header.nr !== undefined) values.add("l2tp.Nr", header.nr);
  const { kind, isNested } = header.control
    ? readControl(datagram, values)
    : readPpp(datagram, header.payload, values);
  return { kind, isNested, values: values.map };
}

type Kind = Omit<Expectation, "values">;

function readControl(datagram: Datagram, values: Values): Kind {
  const message = parseControlMessage(datagram.payload);
  if (typeof message === "string") throw new Error(`frame ${datagram.frame}: ${message}`);
  for (const avp of message.avps) readAvp(avp, values);
  return { kind: messageName(message), isNested: false };
}

function readPpp(datagram: Datagram, payload: Uint8Array, values: Values): Kind {
  const frame = parsePpp(payload);
  if (typeof frame === "string") throw new Error(`frame ${datagram.frame}: ${frame}`);
  values.add("ppp.protocol", frame.protocol);
  if (payload[0] === 0xff && payload[1] === 0x03) {
    values.add("ppp.address", 0xff);
    values.add("ppp.control", 0x03);
  }
  if (frame.protocol === IP) return readIp(frame.information, values);
  if (frame.protocol === IPV6) return readIpv6(frame.information, values);
  // Above are control protocols, whose packets have a Code and a Length (RFC 1661 2).
  if (frame.protocol < 0x8000)
    return { kind: `protocol ${frame.protocol.toString(16)}`, isNested: false };
  const packet = parsePacket(frame.information, frame.information.length);
  if (!packet) throw new Error(`frame ${datagram.frame}: a packet whose Length is wrong`);
  const { code, identifier, data } = packet;
  if (frame.protocol === PAP) return readPap(code, identifier, data, values);
  if (frame.protocol === CHAP) return readChap(code, identifier, data, values);
  values.add("ppp.code", code);
  values.add("ppp.identifier", identifier);
  values.add("ppp.length", 4 + data.length);
  const name = CONTROL_CODES[code] ?? `code ${code}`;
  if (frame.protocol === LCP) return readLcp(name, data, values);
  if (frame.protocol === IPCP) return readConfigure(IPCP, `IPCP ${name}`, data, values);
  if (frame.protocol === IPV6CP) return readConfigure(IPV6CP, `IPV6CP ${name}`, data, values);
  // CCP of the client, which we reject: header only.
  return { kind: `protocol ${frame.protocol.toString(16)}`, isNested: true };
}

function readLcp(name: string, data: Uint8Array, values: Values): Kind {
  const kind = `LCP ${name}`;
  if (name.startsWith("Configure")) return readConfigure(LCP, kind, data, values);
  if (name.startsWith("Echo") || name === "Discard-Request")
    values.add("lcp.magic_number", u32(data));
  if (name === "Protocol-Reject") values.add("lcp.rej_proto", u16(data));
  return { kind, isNested: name.endsWith("-Reject") };
}

/** IPCP, IPV6CP, and what of LCP they have in common. */
function readConfigure(protocol: number, kind: string, data: Uint8Array, values: Values): Kind {
  const hasOptions = kind.includes(" Configure-");
  // An option that we reject need not be one that we know.
  const isKnown = !hasOptions || readOptions(protocol, data, values);
  return { kind, isNested: !isKnown || kind.endsWith("Code-Reject") };
}

function readPap(code: number, identifier: number, data: Uint8Array, values: Values): Kind {
  values.add("pap.code", code);
  values.add("pap.identifier", identifier);
  values.add("pap.length", 4 + data.length);
  const name = PAP_CODES[code] ?? `code ${code}`;
  const first = data.subarray(1, 1 + (data[0] ?? 0));
  if (name === "Authenticate-Request") {
    const password = data.subarray(2 + first.length);
    values.add("pap.peer_id.length", first.length);
    if (first.length > 0) values.add("pap.peer_id", utf8(first));
    values.add("pap.password.length", password.length);
    if (password.length > 0) values.add("pap.password", utf8(password));
  } else {
    values.add("pap.message.length", first.length);
    if (first.length > 0) values.add("pap.message", utf8(first));
  }
  return { kind: `PAP ${name}`, isNested: false };
}

function readChap(code: number, identifier: number, data: Uint8Array, values: Values): Kind {
  values.add("chap.code", code);
  values.add("chap.identifier", identifier);
  values.add("chap.length", 4 + data.length);
  const name = CHAP_CODES[code] ?? `code ${code}`;
  if (code <= 2) {
    const size = data[0] ?? 0;
    values.add("chap.value_size", size);
    values.add("chap.value", hex(data.subarray(1, 1 + size)));
    values.add("chap.name", utf8(data.subarray(1 + size)));
  } else if (data.length > 0) {
    values.add("chap.message", utf8(data));
  }
  return { kind: `CHAP ${name}`, isNested: false };
}

/** A packet that ends within its header, which only a client of our own sends, has no addresses. */
function readIp(packet: Uint8Array, values: Values): Kind {
  if (packet.length < IPV4_HEADER) return { kind: "IP cut short", isNested: false };
  values.add("ip.src", packet.subarray(12, 16).join("."));
  values.add("ip.dst", packet.subarray(16, 20).join("."));
  return { kind: "IP", isNested: false };
}

function readIpv6(packet: Uint8Array, values: Values): Kind {
  values.add("ipv6.plen", u16(packet.subarray(4)));
  values.add("ipv6.hlim", packet[7] ?? 0);
  values.add("ipv6.src", formatIpv6(packet.subarray(8, 24)));
  values.add("ipv6.dst", formatIpv6(packet.subarray(24, 40)));
  const icmpType = packet[6] === ICMPV6 ? packet[40] : undefined;
  const kind = icmpType === ROUTER_ADVERTISEMENT ? "Router Advertisement" : "IPv6";
  // An ICMPv6 error has the packet that it is about in it.
  return { kind, isNested: icmpType !== undefined && icmpType < 128 };
}

/** Every field that is compared; one that tshark prints and we do not expect is a difference. */
export const COMPARED_FIELDS: readonly string[] = [
  ...["ip.src", "ip.dst"],
  ...["type", "length_bit", "seq_bit", "offset_bit", "priority", "version"].map(l2tp),
  ...["length", "tunnel", "session", "Ns", "Nr"].map(l2tp),
  ...AVP_FIELDS,
  ...["address", "control", "protocol", "code", "identifier", "length"].map(
    (name) => `ppp.${name}`,
  ),
  ...["lcp.magic_number", "lcp.rej_proto"],
  ...OPTION_FIELD_NAMES,
  ...["plen", "hlim", "src", "dst"].map((name) => `ipv6.${name}`),
  ...["code", "identifier", "length", "peer_id.length", "peer_id"].map((name) => `pap.${name}`),
  ...["password.length", "password", "message.length", "message"].map((name) => `pap.${name}`),
  ...["code", "identifier", "length", "value_size"].map((name) => `chap.${name}`),
  ...["value", "name", "message"].map((name) => `chap.${name}`),
];

function l2tp(name: string): string {
  return `l2tp.${name}`;
}
