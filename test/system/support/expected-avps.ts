/** What tshark has to print for the AVPs of a message. */
import { type Avp, AvpType } from "../../../src/codec/index.ts";
import { LCP, readOptions } from "./expected-options.ts";
import { hex, u16, u32, utf8, type Values } from "./expected-values.ts";

/** PPP Disconnect Cause Code (RFC 3145). */
const DISCONNECT_CAUSE = 46;
const AVP_HEADER = 6;
const CALL_ERRORS = [
  ...["crc_errors", "framing_errors", "hardware_overruns", "buffer_overruns"].map(avpField),
  ...["time_out_errors", "alignment_errors"].map(avpField),
];

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

/** Numbers of four octets one after the other, behind octets that are reserved. */
const numbers32 =
  (reserved: number, fields: readonly string[]): AvpReader =>
  (value, values) => {
    for (const [index, field] of fields.entries()) {
      values.add(field, u32(value, reserved + 4 * index));
    }
  };
/** Options of a Configure-Request: tshark shows the octets, and then each option. */
const proxyLcp =
  (field: string): AvpReader =>
  (value, values) => {
    values.add(field, hex(value));
    if (!readOptions(LCP, value, values)) throw new Error(`${field}: an option not compared`);
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
  [AvpType.TieBreaker, octets("l2tp.tie_breaker")],
  [AvpType.Q931CauseCode, readCauseCode],
  [AvpType.MinimumBps, number32("l2tp.avp.minimum_bps")],
  [AvpType.MaximumBps, number32("l2tp.avp.maximum_bps")],
  [AvpType.CalledNumber, text("l2tp.avp.called_number")],
  [AvpType.CallingNumber, text("l2tp.avp.calling_number")],
  [AvpType.SubAddress, text("l2tp.avp.sub_address")],
  [AvpType.PhysicalChannelId, number32("l2tp.avp.physical_channel")],
  [AvpType.InitialReceivedLcpConfreq, proxyLcp("l2tp.avp.initial_received_lcp_confreq")],
  [AvpType.LastSentLcpConfreq, proxyLcp("l2tp.avp.last_sent_lcp_confreq")],
  [AvpType.LastReceivedLcpConfreq, proxyLcp("l2tp.avp.last_received_lcp_confreq")],
  [AvpType.ProxyAuthenType, number16("l2tp.avp.proxy_authen_type")],
  [AvpType.ProxyAuthenName, text("l2tp.avp.proxy_authen_name")],
  [AvpType.ProxyAuthenChallenge, octets("l2tp.avp.proxy_authen_challenge")],
  [
    AvpType.ProxyAuthenId,
    (value, values) => values.add("l2tp.avp.proxy_authen_id", u16(value) & 255),
  ],
  [AvpType.ProxyAuthenResponse, octets("l2tp.avp.proxy_authen_response")],
  [AvpType.CallErrors, numbers32(2, CALL_ERRORS)],
  [AvpType.Accm, numbers32(2, ["l2tp.avp.send_accm", "l2tp.avp.receive_accm"])],
  [AvpType.RandomVector, octets("l2tp.avp.random_vector")],
  [AvpType.PrivateGroupId, octets("l2tp.avp.private_group_id")],
  [AvpType.SequencingRequired, () => undefined],
  [DISCONNECT_CAUSE, readDisconnectCause],
  // tshark has no names for those of RFC 3308.
  [AvpType.Ccds, () => undefined],
  [AvpType.Sds, () => undefined],
]);

/** What is hidden stays so: of such an AVP tshark prints the length and no more. */
export function readAvp(avp: Avp, values: Values): void {
  values.add("l2tp.avp.mandatory", avp.mandatory ? 1 : 0);
  values.add("l2tp.avp.hidden", avp.hidden ? 1 : 0);
  values.add("l2tp.avp.length", AVP_HEADER + avp.value.length);
  if (avp.hidden) return;
  values.add("l2tp.avp.vendor_id", avp.vendor);
  values.add("l2tp.avp.type", avp.type);
  const read = AVP_READERS.get(avp.type);
  if (!read || avp.vendor !== 0) throw new Error(`AVP ${avp.vendor}/${avp.type} is not compared`);
  read(avp.value, values);
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

function readCauseCode(value: Uint8Array, values: Values): void {
  values.add("l2tp.avp.cause_code", u16(value));
  values.add("l2tp.avp.cause_msg", value[2] ?? 0);
  if (value.length > 3) values.add("l2tp.avp.advisory_msg", utf8(value.subarray(3)));
}

function readDisconnectCause(value: Uint8Array, values: Values): void {
  values.add("l2tp.avp.disconnect_code", u16(value));
  values.add("l2tp.avp.control_protocol_number", u16(value.subarray(2)));
  values.add("l2tp.avp.cause_code_direction", value[4] ?? 0);
  if (value.length > 5) values.add("l2tp.avp.cause_code_message", utf8(value.subarray(5)));
}

function avpField(name: string): string {
  return `l2tp.avp.${name}`;
}

export const AVP_FIELDS: readonly string[] = [
  "l2tp.result_code",
  "l2tp.tie_breaker",
  ...["mandatory", "hidden", "length", "vendor_id", "type", "message_type"].map(avpField),
  ...["error_code", "error_message", "protocol_version", "protocol_revision"].map(avpField),
  ...["async_framing_supported", "sync_framing_supported"].map(avpField),
  ...["analog_access_supported", "digital_access_supported"].map(avpField),
  ...["firmware_revision", "host_name", "vendor_name", "assigned_tunnel_id"].map(avpField),
  ...["receive_window_size", "chap_challenge", "chap_challenge_response"].map(avpField),
  ...["assigned_session_id", "call_serial_number", "minimum_bps", "maximum_bps"].map(avpField),
  ...["connect_speed", "rx_connect_speed", "analog_bearer_type"].map(avpField),
  ...["digital_bearer_type", "async_framing_type", "sync_framing_type"].map(avpField),
  ...["called_number", "calling_number", "sub_address", "physical_channel"].map(avpField),
  ...["initial_received_lcp_confreq", "last_sent_lcp_confreq"].map(avpField),
  ...["last_received_lcp_confreq", "proxy_authen_type", "proxy_authen_name"].map(avpField),
  ...["proxy_authen_challenge", "proxy_authen_id", "proxy_authen_response"].map(avpField),
  ...CALL_ERRORS,
  ...["send_accm", "receive_accm", "random_vector", "private_group_id"].map(avpField),
  ...["cause_code", "cause_msg", "advisory_msg", "disconnect_code"].map(avpField),
  ...["control_protocol_number", "cause_code_direction", "cause_code_message"].map(avpField),
];

/** Fields that are octets: tshark prints them with or without colons, and one as a number. */
export const OCTET_FIELDS: readonly string[] = [
  "l2tp.tie_breaker",
  ...["chap_challenge", "chap_challenge_response", "random_vector"].map(avpField),
  ...["private_group_id", "proxy_authen_challenge", "proxy_authen_response"].map(avpField),
  ...["initial_received_lcp_confreq", "last_sent_lcp_confreq"].map(avpField),
  "l2tp.avp.last_received_lcp_confreq",
  "chap.value",
  "ipv6cp.interface_identifier",
];
