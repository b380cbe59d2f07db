/**
 * The gateway of a virtual network without a device: answers echo requests (RFC 792, RFC 4443) to
 * its own addresses and nothing else. What it does not answer is dropped and counted.
 *
 * @module
 */
import { checkIpv4, checkIpv6, checksum } from "../codec/index.ts";
import { formatIpv4, formatIpv6 } from "../net.ts";

export interface GatewayOptions {
  readonly gateway: string;
  readonly gateway6?: string | undefined;
}

export interface GatewayCounters {
  "host-answered": number;
  /** Neither IPv4 nor IPv6, or a header or a checksum that is wrong. */
  "host-malformed": number;
  /** To an address that is not the gateway's: there is no network behind it. */
  "host-no-route": number;
  /** To the gateway, but no echo request; or a fragment of one. */
  "host-not-echo": number;
}

const ICMP = 1;
const ICMP_ECHO_REPLY = 0;
const ICMP_ECHO_REQUEST = 8;
const ICMPV6 = 58;
const ICMPV6_ECHO_REQUEST = 128;
const ICMPV6_ECHO_REPLY = 129;
const ICMP_HEADER_SIZE = 8;
const IPV4_HEADER_SIZE = 20;
const IPV6_HEADER_SIZE = 40;
const HOP_LIMIT = 64;
/** More Fragments and the offset: of these none may be set. */
const FRAGMENT = 0x3fff;

export class Gateway {
  readonly counters: GatewayCounters;
  readonly #gateway: string;
  readonly #gateway6: string | undefined;

  /** Several gateways may share their counters. */
  constructor(options: GatewayOptions, counters: GatewayCounters = gatewayCounters()) {
    this.#gateway = options.gateway;
    this.#gateway6 = options.gateway6;
    this.counters = counters;
  }

  /** The answer to a packet, if it draws one. */
  answer(packet: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    const version = (packet[0] ?? 0) >> 4;
    const result =
      version === 4 ? this.#answer4(packet) : version === 6 ? this.#answer6(packet) : "malformed";
    if (typeof result === "string") {
      this.counters[`host-${result}`]++;
      return undefined;
    }
    this.counters["host-answered"]++;
    return result;
  }

  #answer4(packet: Uint8Array): Uint8Array<ArrayBuffer> | Refusal {
    if (checkIpv4(packet) !== "ok") return "malformed";
    const request = viewOf(packet);
    if (formatIpv4(request.getUint32(16)) !== this.#gateway) return "no-route";
    const header = (request.getUint8(0) & 0xf) * 4;
    const message = packet.subarray(header, request.getUint16(2));
    const isWhole = (request.getUint16(6) & FRAGMENT) === 0;
    if (request.getUint8(9) !== ICMP || !isWhole) return "not-echo";
    if (!isEcho(message, ICMP_ECHO_REQUEST)) return "not-echo";
    if (checksum(message) !== 0) return "malformed";

    const reply = new Uint8Array(IPV4_HEADER_SIZE + message.length); // options are not sent back
    const view = viewOf(reply);
    view.setUint8(0, 0x45);
    view.setUint16(2, reply.length);
    view.setUint8(8, HOP_LIMIT);
    view.setUint8(9, ICMP);
    view.setUint32(12, request.getUint32(16));
    view.setUint32(16, request.getUint32(12));
    view.setUint16(10, checksum(reply.subarray(0, IPV4_HEADER_SIZE)));
    const echo = echoed(message, ICMP_ECHO_REPLY);
    viewOf(echo).setUint16(2, checksum(echo));
    reply.set(echo, IPV4_HEADER_SIZE);
    return reply;
  }

  #answer6(packet: Uint8Array): Uint8Array<ArrayBuffer> | Refusal {
    if (checkIpv6(packet) !== "ok") return "malformed";
    const request = viewOf(packet);
    if (formatIpv6(packet.subarray(24, 40)) !== this.#gateway6) return "no-route";
    const length = request.getUint16(4);
    const message = packet.subarray(IPV6_HEADER_SIZE, IPV6_HEADER_SIZE + length);
    if (request.getUint8(6) !== ICMPV6) return "not-echo";
    if (!isEcho(message, ICMPV6_ECHO_REQUEST)) return "not-echo";
    if (checksum(withPseudoHeader(packet, message)) !== 0) return "malformed";

    const reply = packet.slice(0, IPV6_HEADER_SIZE + length);
    reply.set(packet.subarray(24, 40), 8);
    reply.set(packet.subarray(8, 24), 24);
    viewOf(reply).setUint8(7, HOP_LIMIT);
    const echo = echoed(message, ICMPV6_ECHO_REPLY);
    viewOf(echo).setUint16(2, checksum(withPseudoHeader(reply, echo)));
    reply.set(echo, IPV6_HEADER_SIZE);
    return reply;
  }
}

export function gatewayCounters(): GatewayCounters {
  return { "host-answered": 0, "host-malformed": 0, "host-no-route": 0, "host-not-echo": 0 };
}

type Refusal = "malformed" | "no-route" | "not-echo";

function isEcho(message: Uint8Array, type: number): boolean {
  return message.length >= ICMP_HEADER_SIZE && message[0] === type && message[1] === 0;
}

/** The message of another type, without its checksum. */
function echoed(message: Uint8Array, type: number): Uint8Array {
  const echo = message.slice();
  echo[0] = type;
  echo.fill(0, 2, 4);
  return echo;
}

/** Source, destination, length and next header before the message (RFC 8200 8.1). */
function withPseudoHeader(packet: Uint8Array, message: Uint8Array): Uint8Array {
  const octets = new Uint8Array(IPV6_HEADER_SIZE + message.length);
  octets.set(packet.subarray(8, 40));
  viewOf(octets).setUint32(32, message.length);
  viewOf(octets).setUint32(36, ICMPV6);
  octets.set(message, IPV6_HEADER_SIZE);
  return octets;
}

function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.length);
}
