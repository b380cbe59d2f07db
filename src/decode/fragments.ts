/**
 * IP fragments put together again (RFC 791 3.2, RFC 8200 4.5), to a bound.
 *
 * @module
 */
import { FRAGMENTED_MAX, FRAGMENTS_MAX } from "../limits.ts";
import type { Fragment, IpPacket } from "./ip.ts";

const WHOLE_MAX = 65_535;

interface Piece {
  readonly at: number;
  readonly octets: Uint8Array;
}

interface Parts {
  readonly pieces: Piece[];
  readonly frames: number[];
  octets: number;
  /** Length of the whole, once its last fragment came. */
  length: number | undefined;
}

export interface Whole {
  readonly payload: Uint8Array;
  readonly frames: readonly number[];
}

export class Fragments {
  readonly #waiting = new Map<string, Parts>();
  #lost = 0;

  /** Datagrams whose rest never came, or whose fragments contradict each other. */
  get incomplete(): number {
    return this.#lost + this.#waiting.size;
  }

  /** The whole payload when this was the last fragment that it lacked. */
  add(packet: IpPacket, fragment: Fragment, frame: number): Whole | undefined {
    const { source, destination, protocol, payload } = packet;
    const key = `${source} ${destination} ${protocol} ${fragment.id}`;
    const parts = this.#waiting.get(key) ?? this.#begin(key);
    const end = fragment.at + payload.length;
    const known = parts.pieces.find(({ at }) => at === fragment.at);
    if (known !== undefined && known.octets.length === payload.length) return undefined;
    const isWrong =
      payload.length < packet.length ||
      end > WHOLE_MAX ||
      parts.pieces.length >= FRAGMENTS_MAX ||
      (!fragment.hasMore && parts.length !== undefined) ||
      parts.pieces.some(({ at, octets }) => at < end && fragment.at < at + octets.length);
    if (isWrong) {
      this.#waiting.delete(key);
      this.#lost++;
      return undefined;
    }
    parts.pieces.push({ at: fragment.at, octets: payload.slice() });
    parts.frames.push(frame);
    parts.octets += payload.length;
    if (!fragment.hasMore) parts.length = end;
    if (parts.length !== parts.octets) return undefined;
    this.#waiting.delete(key);
    if (parts.pieces.some(({ at, octets }) => at + octets.length > parts.octets)) {
      this.#lost++;
      return undefined;
    }
    return { payload: joined(parts.pieces, parts.octets), frames: parts.frames };
  }

  #begin(key: string): Parts {
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size >= FRAGMENTED_MAX && oldest !== undefined) {
      this.#waiting.delete(oldest);
      this.#lost++;
    }
    const parts: Parts = { pieces: [], frames: [], octets: 0, length: undefined };
    this.#waiting.set(key, parts);
    return parts;
  }
}

/** Pieces inside the whole that overlap nowhere and are as long leave no hole. */
function joined(pieces: readonly Piece[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  for (const { at, octets } of pieces) whole.set(octets, at);
  return whole;
}
