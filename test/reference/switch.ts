/**
 * What becomes of a datagram whose session is switched, once more and as plainly as it can be said:
 * what dataplane.wasm is compared with.
 *
 * @module
 */
import { parseHeader } from "./codec.ts";
import type { Verdict } from "./forwarding.ts";

export interface SwitchedSession {
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly peerTunnelId: number;
  readonly peerSessionId: number;
  /** Socket address of the peer. */
  readonly name: readonly number[];
  /** Where its frames go on; nowhere without one. */
  partner?: SwitchedSession | undefined;
  /** Its data messages carry Ns both ways: the next one sent, and the one that is due. */
  readonly sequence?: { ns: number; due: number };
}

export interface Switched extends Omit<Verdict, "session"> {
  /** The session that it came in. */
  readonly from?: SwitchedSession;
  readonly to?: SwitchedSession;
}

/** `datagram` is what `name` has sent; Ns is the one that is due, or comes before it. */
export function switched(
  sessions: readonly SwitchedSession[],
  datagram: Uint8Array,
  name: readonly number[],
): Switched {
  const header = parseHeader(datagram);
  if (header === "version") return { counter: "up.version" };
  if (typeof header === "string") return { counter: "up.malformed" };
  if (header.bits >= 0x8000) return { counter: "up.control-message" };
  const from = sessions.find(
    ({ tunnelId, sessionId }) => tunnelId === header.tunnelId && sessionId === header.sessionId,
  );
  if (from === undefined) return { counter: "up.no-session" };
  if (from.name.join() !== name.join()) return { counter: "up.wrong-peer", from };
  const isNumbered = (header.bits & 0x0800) !== 0;
  if (isNumbered && from.sequence !== undefined) {
    if (header.ns !== from.sequence.due) return { counter: "up.late", from };
    from.sequence.due = (from.sequence.due + 1) % 0x10000;
  }
  const to = from.partner;
  if (to === undefined) return { counter: "up.no-partner", from };
  const { payloadAt, payloadLength } = header;
  const frame = datagram.slice(payloadAt, payloadAt + payloadLength);
  return {
    counter: "up.switched",
    from,
    to,
    octets: onward(to, frame, payloadAt),
    room: payloadAt,
  };
}

/** Length is left out where there is room before the frame without it alone. */
function onward(to: SwitchedSession, frame: Uint8Array, room: number): Uint8Array {
  const { peerTunnelId, peerSessionId, sequence } = to;
  const numbers = sequence === undefined ? [] : [sequence.ns++ % 0x10000, 0];
  const size = 8 + 2 * numbers.length;
  const hasLength = room >= size || room < size - 2;
  const bits = 2 + (hasLength ? 0x4000 : 0) + (sequence === undefined ? 0 : 0x0800);
  const length = hasLength ? [size + frame.length] : [];
  const words = [bits, ...length, peerTunnelId, peerSessionId, ...numbers];
  return Uint8Array.of(...words.flatMap((word) => [word >> 8, word & 0xff]), ...frame);
}
