/**
 * IP packets in the tunnel, a line each.
 *
 * @module
 */
import { formatEndpoint } from "../net.ts";
import { readIp, UDP } from "./ip.ts";
import { octetsText, u16, u32 } from "./octets.ts";

const ICMP = 1;
const TCP = 6;
const ICMPV6 = 58;

const PROTOCOLS: Readonly<Record<number, string>> = {
  [ICMP]: "ICMP",
  2: "IGMP",
  4: "IPv4",
  [TCP]: "TCP",
  [UDP]: "UDP",
  41: "IPv6",
  47: "GRE",
  50: "ESP",
  51: "AH",
  [ICMPV6]: "ICMPv6",
  89: "OSPF",
  115: "L2TPv3",
  132: "SCTP",
};

const TCP_FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [0x02, "SYN"],
  [0x10, "ACK"],
  [0x08, "PSH"],
  [0x01, "FIN"],
  [0x04, "RST"],
  [0x20, "URG"],
  [0x40, "ECE"],
  [0x80, "CWR"],
];

/** RFC 792, RFC 1191. */
const ICMP_TYPES: Readonly<Record<number, string>> = {
  0: "echo reply",
  3: "destination unreachable",
  5: "redirect",
  8: "echo request",
  11: "time exceeded",
  12: "parameter problem",
};
const ICMP_UNREACHABLE: readonly string[] = [
  "network unreachable",
  "host unreachable",
  "protocol unreachable",
  "port unreachable",
  "fragmentation needed",
];

/** RFC 4443, RFC 4861, RFC 3810. */
const ICMPV6_TYPES: Readonly<Record<number, string>> = {
  1: "destination unreachable",
  2: "packet too big",
  3: "time exceeded",
  4: "parameter problem",
  128: "echo request",
  129: "echo reply",
  130: "listener query",
  133: "Router Solicitation",
  134: "Router Advertisement",
  135: "Neighbor Solicitation",
  136: "Neighbor Advertisement",
  137: "Redirect",
  143: "listener report",
};

/** "10.0.0.1:443 → 10.0.0.2:5000 TCP SYN ACK, 60 octets". */
export function summarize(octets: Uint8Array, isIpv6: boolean): string {
  const packet = readIp(octets);
  if (packet === undefined || (octets[0] ?? 0) >> 4 !== (isIpv6 ? 6 : 4)) {
    return `no such packet, ${octetsText(octets.length)}`;
  }
  const { source, destination, protocol, payload, total, fragment } = packet;
  const size = octetsText(total);
  const name = PROTOCOLS[protocol] ?? `protocol ${protocol}`;
  if (fragment !== undefined) {
    const place = `fragment at ${fragment.at} of ${fragment.id}`;
    return `${source} → ${destination} ${name} ${place}, ${size}`;
  }
  if ((protocol === TCP || protocol === UDP) && payload.length >= 4) {
    const from = formatEndpoint(source, u16(payload, 0));
    const to = formatEndpoint(destination, u16(payload, 2));
    const flags = protocol === TCP ? tcpFlags(payload[13] ?? 0) : "";
    return `${from} → ${to} ${name}${flags}, ${size}`;
  }
  const detail = protocol === ICMP ? icmp(payload) : protocol === ICMPV6 ? icmpv6(payload) : "";
  return `${source} → ${destination} ${name}${detail}, ${size}`;
}

function tcpFlags(bits: number): string {
  return TCP_FLAGS.filter(([bit]) => (bits & bit) !== 0)
    .map(([, name]) => ` ${name}`)
    .join("");
}

function icmp(payload: Uint8Array): string {
  const [type = 0, code = 0] = payload;
  if (type === 3) {
    const mtu = code === 4 ? ` (MTU ${u16(payload, 6)})` : "";
    return ` ${ICMP_UNREACHABLE[code] ?? ICMP_TYPES[type]}${mtu}`;
  }
  const isEcho = type === 0 || type === 8;
  return ` ${ICMP_TYPES[type] ?? `type ${type}`}${isEcho ? echo(payload) : ""}`;
}

function icmpv6(payload: Uint8Array): string {
  const [type = 0] = payload;
  const isEcho = type === 128 || type === 129;
  const detail = isEcho ? echo(payload) : type === 2 ? ` (MTU ${u32(payload, 4)})` : "";
  return ` ${ICMPV6_TYPES[type] ?? `type ${type}`}${detail}`;
}

function echo(payload: Uint8Array): string {
  return ` ${u16(payload, 4)}/${u16(payload, 6)}`;
}
