/**
 * What the data plane does with one packet, once more and as plainly as it can be said: what
 * dataplane.wasm is compared with. Addresses are lists of octets, sessions an array that is searched.
 *
 * @module
 */
import { checkIpv4, checkIpv6, parseFrame, parseHeader } from "./codec.ts";
import { clamped } from "./mss.ts";
import { fragments } from "./too-big.ts";

export interface ModelSession {
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly peerTunnelId: number;
  readonly peerSessionId: number;
  /** Socket address of the peer. */
  readonly name: readonly number[];
  readonly network: number;
  /** Four octets; none while IPv4 is closed. */
  readonly address?: readonly number[] | undefined;
  /** Eight octets; none while IPv6 is closed. */
  readonly prefix?: readonly number[] | undefined;
  readonly mtu: number;
  readonly acfc: boolean;
  readonly pfc: boolean;
  /** Whether its network lowers the segment size of a SYN. */
  readonly clamps?: boolean;
  /** Data messages to the peer carry Ns, which counts (RFC 2661 5.4). */
  readonly sequence?: { ns: number };
}

/** Where a packet ends, and as what. */
export interface Verdict {
  readonly counter: string;
  readonly session?: ModelSession;
  readonly network?: number;
  readonly octets?: Uint8Array;
  /** Octets of the headers before the packet. */
  readonly room?: number;
}

/** Octets of the largest frame that the control thread takes. */
const PUNTED_MAX = 1984;
const IPV4 = 0x0021;
const IPV6 = 0x0057;
const ICMPV6 = 58;

export function up(
  sessions: readonly ModelSession[],
  datagram: Uint8Array,
  name: readonly number[],
): Verdict {
  const header = parseHeader(datagram);
  if (header === "version") return { counter: "up.version" };
  if (typeof header === "string") return { counter: "up.malformed" };
  if (header.bits >= 0x8000) return { counter: "up.control-message" };
  const session = sessions.find(
    ({ tunnelId, sessionId }) => tunnelId === header.tunnelId && sessionId === header.sessionId,
  );
  if (session === undefined) return { counter: "up.no-session" };
  if (!equal(session.name, name)) return { counter: "up.wrong-peer", session };
  const { payloadAt, payloadLength } = header;
  const whole = datagram.slice(payloadAt, payloadAt + payloadLength);
  const frame = parseFrame(whole);
  if (typeof frame === "string") return { counter: "up.ppp-header", session };
  const packet = whole.slice(frame.informationAt);
  const room = payloadAt + frame.informationAt;
  if (frame.protocol === IPV4) return { ...up4(sessions, session, packet), session, room };
  if (frame.protocol === IPV6) return { ...up6(sessions, session, packet, whole), session, room };
  return punted(session, whole);
}

function punted(session: ModelSession, octets: Uint8Array): Verdict {
  if (octets.length > PUNTED_MAX) return { counter: "up.truncated", session };
  return { counter: "up.punted", session, octets };
}

function up4(
  sessions: readonly ModelSession[],
  session: ModelSession,
  packet: Uint8Array,
): Verdict {
  const { address, network } = session;
  if (address === undefined) return { counter: "up.not-open" };
  if (checkIpv4(packet) !== "ok") return { counter: "up.ip-header" };
  if (!equal(packet.slice(12, 16), address)) return { counter: "up.source-address" };
  const destination = packet.slice(16, 20);
  const isOthers = (other: ModelSession) =>
    other.network !== network && other.address !== undefined && equal(other.address, destination);
  if (sessions.some(isOthers)) return { counter: "up.other-network" };
  const octets = treated(session, packet.slice(0, 256 * at(packet, 2) + at(packet, 3)));
  return { counter: "up.packets", session, network, octets };
}

function up6(
  sessions: readonly ModelSession[],
  session: ModelSession,
  packet: Uint8Array,
  frame: Uint8Array,
): Verdict {
  if (checkIpv6(packet) !== "ok") return { counter: "up.ip-header" };
  const source = packet.slice(8, 24);
  const destination = packet.slice(24, 40);
  const isFromLink = isLinkLocal(source) || source.every((octet) => octet === 0);
  if (isLinkLocal(destination) || isLinkMulticast(destination)) {
    return punted(session, frame);
  }
  if (isFromLink && packet[6] === ICMPV6) return punted(session, frame);
  const { prefix, network } = session;
  if (prefix === undefined) return { counter: "up.not-open" };
  if (!equal(source.slice(0, 8), prefix)) return { counter: "up.source-address" };
  const subnet = destination.slice(0, 8);
  if (equal(subnet, prefix)) return { counter: "up.own-subnet" };
  const isOthers = (other: ModelSession) =>
    other.network !== network && other.prefix !== undefined && equal(other.prefix, subnet);
  if (sessions.some(isOthers)) return { counter: "up.other-network" };
  const octets = treated(session, packet.slice(0, 40 + 256 * at(packet, 4) + at(packet, 5)));
  return { counter: "up.packets", session, network, octets };
}

export function down(
  sessions: readonly ModelSession[],
  network: number,
  packet: Uint8Array,
): Verdict {
  const four = checkIpv4(packet);
  const six = checkIpv6(packet);
  if (four === "ip-version" && six === "ip-version") return { counter: "down.not-ip" };
  if (four !== "ok" && six !== "ok") return { counter: "down.ip-header" };
  const destination = six === "ok" ? packet.slice(24, 40) : packet.slice(16, 20);
  if (six === "ok" && (destination[0] === 0xff || isLinkLocal(destination))) {
    return { counter: "down.not-routable" };
  }
  const session = sessions.find(({ network: its, address, prefix }) => {
    const own = six === "ok" ? prefix : address;
    return its === network && own !== undefined && equal(destination.slice(0, own.length), own);
  });
  if (session === undefined) return { counter: "down.no-route" };
  const field = six === "ok" ? 4 : 2;
  const length = (six === "ok" ? 40 : 0) + 256 * at(packet, field) + at(packet, field + 1);
  if (length > session.mtu) return { counter: "down.too-big", session };
  const protocol = six === "ok" ? IPV6 : IPV4;
  const ppp = [...(session.acfc ? [] : [0xff, 0x03]), ...(session.pfc ? [] : [0x00]), protocol];
  const { peerTunnelId, peerSessionId, sequence } = session;
  const size = (sequence === undefined ? 8 : 12) + ppp.length + length;
  const bits = sequence === undefined ? 0x4002 : 0x4802;
  const words = [bits, size, peerTunnelId, peerSessionId];
  if (sequence !== undefined) words.push(sequence.ns++ % 0x10000, 0);
  const octets = new Uint8Array(size);
  octets.set([...words.flatMap((word) => [word >> 8, word & 0xff]), ...ppp]);
  octets.set(treated(session, packet.slice(0, length)), size - length);
  return { counter: "down.packets", session, octets, room: size - length };
}

/** `down` of a packet that may be too large, and may then go as fragments. */
export function downWhole(
  sessions: readonly ModelSession[],
  network: number,
  packet: Uint8Array,
): Verdict[] {
  const verdict = down(sessions, network, packet);
  const { session, counter } = verdict;
  const parts =
    counter === "down.too-big" && session !== undefined ? fragments(packet, session.mtu) : [];
  if (parts.length === 0) return [verdict];
  return [{ counter: "down.fragmented" }, ...parts.map((part) => down(sessions, network, part))];
}

/** What is done to a packet that goes on. */
function treated({ clamps = false, mtu }: ModelSession, packet: Uint8Array): Uint8Array {
  return clamps ? clamped(packet, mtu) : packet;
}

/** fe80::/10 (RFC 4291 2.4). */
function isLinkLocal(address: Uint8Array): boolean {
  const [first, second = 0] = address;
  return first === 0xfe && second >= 0x80 && second <= 0xbf;
}

/** Multicast whose scope, the last four bits of its second octet, is the link (RFC 4291 2.7). */
function isLinkMulticast(address: Uint8Array): boolean {
  const [first, second = 0] = address;
  return first === 0xff && second % 16 === 2;
}

function equal(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

function at(octets: Uint8Array, index: number): number {
  return octets[index] ?? 0;
}
