/**
 * From the frames of a capture to the datagrams of L2TP in it: port 1701, or what looks like L2TP
 * on another one, since an LNS may answer from any (RFC 2661 8.1).
 *
 * @module
 */
import { DECODE_TUNNELS_MAX } from "../limits.ts";
import { Fragments } from "./fragments.ts";
import { type IpPacket, readIp, UDP } from "./ip.ts";
import { isKnownLink, Link, packetOf } from "./link.ts";
import { looksLikeControl } from "./look.ts";
import { u16 } from "./octets.ts";
import type { Datagram, Endpoint, Frame } from "./types.ts";

const L2TP_PORT = 1701;
const UDP_HEADER = 8;

export class Datagrams {
  /** Link types that are not read, in the order of their first packets. */
  readonly unknownLinks = new Set<number>();
  readonly #fragments = new Fragments();
  /** Pairs of endpoints that spoke L2TP on other ports. */
  readonly #pairs = new Set<string>();

  /** Datagrams whose IP fragments are not all there. */
  get incomplete(): number {
    return this.#fragments.incomplete;
  }

  /** The datagram of L2TP that a frame is, or completes. */
  of(frame: Frame): Datagram | undefined {
    if (frame.link === Link.Datagram) return bare(frame);
    if (!isKnownLink(frame.link)) {
      this.unknownLinks.add(frame.link);
      return undefined;
    }
    const octets = packetOf(frame.link, frame.octets);
    const packet = octets && readIp(octets);
    if (packet === undefined || packet.protocol !== UDP) return undefined;
    if (packet.fragment === undefined) return this.#datagram(frame, packet, packet.payload, []);
    const whole = this.#fragments.add(packet, packet.fragment, frame.number);
    return whole && this.#datagram(frame, packet, whole.payload, whole.frames);
  }

  #datagram(
    frame: Frame,
    packet: IpPacket,
    udp: Uint8Array,
    fragments: readonly number[],
  ): Datagram | undefined {
    if (udp.length < UDP_HEADER) return undefined;
    const claimed = Math.max(packet.length, udp.length);
    // As with the length of the packet: 0 when it is left to the device.
    const length = Math.min(u16(udp, 4) || claimed, claimed);
    const payload = udp.subarray(UDP_HEADER, length);
    const datagram: Datagram = {
      frame: frame.number,
      time: frame.time,
      source: { address: packet.source, port: u16(udp, 0) },
      destination: { address: packet.destination, port: u16(udp, 2) },
      payload,
      missing: Math.max(0, length - UDP_HEADER - payload.length),
      fragments,
    };
    return length >= UDP_HEADER && this.#isL2tp(datagram) ? datagram : undefined;
  }

  #isL2tp({ source, destination, payload }: Datagram): boolean {
    if (source === undefined || destination === undefined) return false;
    if (source.port === L2TP_PORT || destination.port === L2TP_PORT) return true;
    const isControl = looksLikeControl(payload);
    if (!isControl && this.#pairs.size === 0) return false;
    const pair = [keyOf(source), keyOf(destination)].sort().join(" ");
    if (!isControl) return this.#pairs.has(pair);
    const [oldest] = this.#pairs;
    if (this.#pairs.size >= DECODE_TUNNELS_MAX && oldest !== undefined) this.#pairs.delete(oldest);
    this.#pairs.add(pair);
    return true;
  }
}

function bare(frame: Frame): Datagram {
  return {
    frame: frame.number,
    time: frame.time,
    source: undefined,
    destination: undefined,
    payload: frame.octets,
    missing: 0,
    fragments: [],
  };
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
