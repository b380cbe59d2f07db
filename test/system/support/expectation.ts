/**
 * What tshark has to print for a datagram: the values that simplon's codec reads from the same
 * octets, under tshark's names for them.
 */
import {
  type Avp,
  AvpType,
  parseControlMessage,
  parseHeader,
  parsePpp,
} from "../../../src/codec/index.ts";
import { formatIpv6 } from "../../../src/net.ts";
import { parseOptions, parsePacket } from "../../../src/ppp/options.ts";
import type { Datagram } from "./pcap.ts";
import { messageName } from "./traffic.ts";

export interface Expectation {
  /** What kind of message or frame this is, to count them by. */
  readonly kind: string;
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Frames that carry what was rejected: tshark dissects that too, so only first values count. */
  readonly isNested: boolean;
}

const LCP = 0xc021;
const IPCP = 0x8021;
const IPV6 = 0x0057;
const IPV6CP = 0x8057;
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

/** Values in the order in which they stand in the frame. */
class Values {
  readonly #lists = new Map<string, string[]>();

  add(field: string, value: number | string): void {
    const list = this.#lists.get(field);
    if (list) list.push(String(value));
    else this.#lists.set(field, [String(value)]);
  }

  get map(): ReadonlyMap<string, readonly string[]> {
    return this.#lists;
  }
}

type AvpReader = (value: Uint8Array, values: Values) => void;

const number16 =
  (field: string): AvpReader =>
  (value, values) =>
    values.add(field, u16(value));
const number32 =
  (field: string): AvpReader =>
  (value, values) =>
    values.add(field, u32(value));
const text =
  (field: string): AvpReader =>
  (value, values) =>
    values.add(field, utf8(value));
const octets =
  (field: string): AvpReader =>
  (value, values) =>
    values.add(field, hex(value));
/** Two flags in the lowest bits of four octets, as in Framing and Bearer Capabilities. */
const flags =
  (second: string, first: string): AvpReader =>
  (value, values) => {
    values.add(second, (u32(value) >> 1) & 1);
    values.add(first, u32(value) & 1);
  };

const AVP_READERS: ReadonlyMap<number, AvpReader> = new Map<number, AvpReader>([
  [AvpType.MessageType, number16("l2tp.avp.message_type")],
  [AvpType.ResultCode, readResultCode],
  [AvpType.ProtocolVersion, readProtocolVersion],
  [
    AvpType.FramingCapabilities,
    flags("l2tp.avp.async_framing_supported", "l2tp.avp.sync_framing_supported"),
  ],
  [
    AvpType.BearerCapabilities,
    flags("l2tp.avp.analog_access_supported", "l2tp.avp.digital_access_supported"),
  ],
  [AvpType.FirmwareRevision, number16("l2tp.avp.firmware_revision")],
  [AvpType.HostName, text("l2tp.avp.host_name")],
  [AvpType.VendorName, text("l2tp.avp.vendor_name")],
  [AvpType.AssignedTunnelId, number16("l2tp.avp.assigned_tunnel_id")],
  [AvpType.ReceiveWindowSize, number16("l2tp.avp.receive_window_size")],
  [AvpType.Challenge, octets("l2tp.avp.chap_challenge")],
  [AvpType.ChallengeResponse, octets("l2tp.avp.chap_challenge_response")],
  [AvpType.AssignedSessionId, number16("l2tp.avp.assigned_session_id")],
  [AvpType.CallSerialNumber, number32("l2tp.avp.call_serial_number")],
  [AvpType.TxConnectSpeed, number32("l2tp.avp.connect_speed")],
  [AvpType.RxConnectSpeed, number32("l2tp.avp.rx_connect_speed")],
  [AvpType.BearerType, flags("l2tp.avp.analog_bearer_type", "l2tp.avp.digital_bearer_type")],
  [AvpType.FramingType, flags("l2tp.avp.async_framing_type", "l2tp.avp.sync_framing_type")],
]);

const OPTION_FIELDS: Readonly<Record<number, Readonly<Record<number, readonly string[]>>>> = {
  [LCP]: {
    1: ["u16 lcp.opt.mru"],
    2: ["u32 lcp.opt.asyncmap"],
    3: ["u16 lcp.opt.auth_protocol", "u8 lcp.opt.algorithm"],
    5: ["u32 lcp.opt.magic_number"],
    7: [],
    8: [],
    19: ["u8 lcp.opt.ep_disc_class"],
  },
  [IPCP]: {
    2: ["u16 ipcp.opt.compress_proto", "u8 ipcp.opt.max_slot_id", "u8 ipcp.opt.comp_slot_id"],
    3: ["ip ipcp.opt.ip_address"],
    129: ["ip ipcp.opt.pri_dns_address"],
    130: ["ip ipcp.opt.pri_nbns_address"],
    131: ["ip ipcp.opt.sec_dns_address"],
    132: ["ip ipcp.opt.sec_nbns_address"],
  },
  [IPV6CP]: { 1: ["octets ipv6cp.interface_identifier"] },
};

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

function readAvp(avp: Avp, values: Values): void {
  values.add("l2tp.avp.mandatory", avp.mandatory ? 1 : 0);
  values.add("l2tp.avp.hidden", avp.hidden ? 1 : 0);
  values.add("l2tp.avp.length", 6 + avp.value.length);
  values.add("l2tp.avp.vendor_id", avp.vendor);
  values.add("l2tp.avp.type", avp.type);
  const read = AVP_READERS.get(avp.type);
  if (!read || avp.vendor !== 0) throw new Error(`AVP ${avp.vendor}/${avp.type} is not compared`);
  read(avp.value, values);
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
  if (frame.protocol === IPCP) return readOptions("IPCP", IPCP, name, data, values);
  if (frame.protocol === IPV6CP) return readOptions("IPV6CP", IPV6CP, name, data, values);
  // CCP of the client, which we reject: header only.
  return { kind: `protocol ${frame.protocol.toString(16)}`, isNested: true };
}

function readLcp(name: string, data: Uint8Array, values: Values): Kind {
  const kind = `LCP ${name}`;
  if (name.startsWith("Configure")) return readOptions("LCP", LCP, name, data, values);
  if (name.startsWith("Echo") || name === "Discard-Request")
    values.add("lcp.magic_number", u32(data));
  if (name === "Protocol-Reject") values.add("lcp.rej_proto", u16(data));
  return { kind, isNested: name.endsWith("-Reject") };
}

function readOptions(
  protocolName: string,
  protocol: number,
  name: string,
  data: Uint8Array,
  values: Values,
): Kind {
  const options = name.startsWith("Configure") ? parseOptions(data) : [];
  if (!options) throw new Error(`${protocolName} ${name}: options run past the end`);
  const prefix = protocolName.toLowerCase();
  let isNested = name.endsWith("Code-Reject");
  for (const option of options) {
    values.add(`${prefix}.opt.type`, option.type);
    values.add(`${prefix}.opt.length`, 2 + option.data.length);
    const fields = OPTION_FIELDS[protocol]?.[option.type];
    // An option that we reject need not be one that we know.
    if (!fields) isNested = true;
    let at = 0;
    for (const field of fields ?? []) {
      const [size, fieldName = ""] = field.split(" ");
      const rest = option.data.subarray(at);
      if (rest.length === 0) break;
      if (size === "ip") values.add(fieldName, rest.subarray(0, 4).join("."));
      else if (size === "octets") values.add(fieldName, hex(rest));
      else if (size === "u32") values.add(fieldName, u32(rest));
      else values.add(fieldName, size === "u16" ? u16(rest) : (rest[0] ?? 0));
      at += size === "u8" ? 1 : size === "u16" ? 2 : 4;
    }
  }
  return { kind: `${protocolName} ${name}`, isNested };
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

function readResultCode(value: Uint8Array, values: Values): void {
  values.add("l2tp.result_code", u16(value));
  if (value.length > 2) values.add("l2tp.avp.error_code", u16(value.subarray(2)));
  if (value.length > 4) values.add("l2tp.avp.error_message", utf8(value.subarray(4)));
}

function readProtocolVersion(value: Uint8Array, values: Values): void {
  values.add("l2tp.avp.protocol_version", value[0] ?? 0);
  values.add("l2tp.avp.protocol_revision", value[1] ?? 0);
}

function u16(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(0);
}

function u32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Every field that is compared; one that tshark prints and we do not expect is a difference. */
export const COMPARED_FIELDS: readonly string[] = [
  ...["ip.src", "ip.dst"],
  ...["type", "length_bit", "seq_bit", "offset_bit", "priority", "version"].map(l2tp),
  ...["length", "tunnel", "session", "Ns", "Nr", "result_code"].map(l2tp),
  ...["mandatory", "hidden", "length", "vendor_id", "type", "message_type"].map(l2tpAvp),
  ...["error_code", "error_message", "protocol_version", "protocol_revision"].map(l2tpAvp),
  ...["async_framing_supported", "sync_framing_supported", "analog_access_supported"].map(l2tpAvp),
  ...["digital_access_supported", "firmware_revision", "host_name", "vendor_name"].map(l2tpAvp),
  ...["assigned_tunnel_id", "receive_window_size", "chap_challenge"].map(l2tpAvp),
  ...["chap_challenge_response", "assigned_session_id", "call_serial_number"].map(l2tpAvp),
  ...["connect_speed", "rx_connect_speed", "analog_bearer_type"].map(l2tpAvp),
  ...["digital_bearer_type", "async_framing_type", "sync_framing_type"].map(l2tpAvp),
  ...["address", "control", "protocol", "code", "identifier", "length"].map(
    (name) => `ppp.${name}`,
  ),
  ...["lcp.magic_number", "lcp.rej_proto", "lcp.opt.type", "lcp.opt.length"],
  ...optionFieldNames(LCP),
  ...["ipcp.opt.type", "ipcp.opt.length"],
  ...optionFieldNames(IPCP),
  ...["ipv6cp.opt.type", "ipv6cp.opt.length"],
  ...optionFieldNames(IPV6CP),
  ...["plen", "hlim", "src", "dst"].map((name) => `ipv6.${name}`),
  ...["code", "identifier", "length", "peer_id.length", "peer_id"].map((name) => `pap.${name}`),
  ...["password.length", "password", "message.length", "message"].map((name) => `pap.${name}`),
  ...["code", "identifier", "length", "value_size"].map((name) => `chap.${name}`),
  ...["value", "name", "message"].map((name) => `chap.${name}`),
];

function l2tp(name: string): string {
  return `l2tp.${name}`;
}

function l2tpAvp(name: string): string {
  return `l2tp.avp.${name}`;
}

function optionFieldNames(protocol: number): string[] {
  const entries = Object.values(OPTION_FIELDS[protocol] ?? {}).flat();
  return entries.map((entry) => entry.split(" ")[1] ?? "");
}
