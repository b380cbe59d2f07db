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
import { looksLikeControl, unmerge } from "./look.ts";
import { u16 } from "./octets.ts";
import type { Datagram, Endpoint, Frame } from "./types.ts";

const L2TP_PORT = 1701;
const UDP_HEADER = 8;
const NONE: readonly Datagram[] = [];

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

  /** The datagrams of L2TP in a frame, or the one that it completes. */
  of(frame: Frame): readonly Datagram[] {
    if (frame.link === Link.Datagram) return [bare(frame)];
    if (!isKnownLink(frame.link)) {
      this.unknownLinks.add(frame.link);
      return NONE;
    }
    const octets = packetOf(frame.link, frame.octets);
    const packet = octets && readIp(octets);
    if (packet === undefined || packet.protocol !== UDP) return NONE;
    const { fragment } = packet;
    const whole =
      fragment === undefined
        ? { payload: packet.payload, frames: [] }
        : this.#fragments.add(packet, fragment, frame.number);
    const datagram = whole && this.#datagram(frame, packet, whole.payload, whole.frames);
    return datagram === undefined ? NONE : apart(datagram);
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
      place: undefined,
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
    place: undefined,
  };
}

function apart(datagram: Datagram): readonly Datagram[] {
  const parts = datagram.missing > 0 ? [] : unmerge(datagram.payload);
  if (parts.length < 2) return [datagram];
  return parts.map((payload, index) => ({
    ...datagram,
    payload,
    place: `${index + 1} of ${parts.length}`,
  }));
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
