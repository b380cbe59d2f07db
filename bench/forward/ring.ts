/**
 * Messages that are laid out once and sent over and over, so that a sender costs little more than
 * its system calls.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import { checked, EAGAIN, ECONNREFUSED, ENOBUFS } from "../../src/linux/errno.ts";
import type { Libc } from "../../src/linux/libc.ts";

/** One message of sendmmsg. */
export interface Piece {
  readonly octets: Uint8Array;
  /** Socket address, where the socket is not connected. */
  readonly name?: Uint8Array;
  /** Octets of each datagram (UDP_SEGMENT); without it the message is one datagram. */
  readonly segment?: number;
}

const { MMSGHDR_SIZE, IOVEC_SIZE, SOCKADDR_MAX } = layout;
const CONTROL_SIZE = 24;
const CONTROL_LENGTH = 18n;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const LINE = 64;
/** Octets that one call sends at most: large messages go a few at a time. */
const CALL_OCTETS = 524_288;
const CALL_MESSAGES = 64;
const CALLS_PER_LOOK = 16;

export class Ring {
  readonly packets: number;
  readonly data: DataView;
  /** Where each piece's octets begin in `data`. */
  readonly places: readonly number[];
  readonly #libc: Libc;
  readonly #calls: readonly { readonly at: bigint; readonly count: number }[];
  readonly #perMessage: number;
  // What the kernel reads through addresses must stay referenced.
  readonly #headers: Uint8Array<ArrayBuffer>;
  #next = 0;

  /** `order` is a permutation of the pieces; `batch` messages at most go in one call. */
  constructor(libc: Libc, pieces: readonly Piece[], order?: readonly number[], batch?: number) {
    this.#libc = libc;
    const places: number[] = [];
    let size = 0;
    for (const { octets } of pieces) {
      places.push(size);
      size += Math.ceil((octets.length + 1) / LINE) * LINE;
    }
    this.places = places;
    const data = new Uint8Array(size);
    for (const [index, { octets }] of pieces.entries()) data.set(octets, places[index]);
    this.data = new DataView(data.buffer);
    const each = MMSGHDR_SIZE + IOVEC_SIZE + SOCKADDR_MAX + CONTROL_SIZE;
    this.#headers = new Uint8Array(pieces.length * each);
    const bases = { data: libc.address(data), headers: libc.address(this.#headers) };
    (order ?? pieces.map((_, index) => index)).forEach((piece, index) => {
      this.#lay(index, pieces[piece] as Piece, places[piece] ?? 0, pieces.length, bases);
    });
    const [first] = pieces;
    const length = first?.octets.length ?? 1;
    this.#perMessage = first?.segment === undefined ? 1 : Math.ceil(length / first.segment);
    this.packets = pieces.length * this.#perMessage;
    const most = batch ?? Math.max(1, Math.min(CALL_MESSAGES, Math.floor(CALL_OCTETS / length)));
    this.#calls = Array.from({ length: Math.ceil(pieces.length / most) }, (_, call) => ({
      at: bases.headers + BigInt(call * most * MMSGHDR_SIZE),
      count: Math.min(most, pieces.length - call * most),
    }));
  }

  /** Sends as fast as the kernel takes it; how many packets that were. */
  blast(fd: number, seconds: number): number {
    const end = performance.now() + seconds * 1000;
    let sent = 0;
    while (performance.now() < end) {
      for (let call = 0; call < CALLS_PER_LOOK; call++) sent += this.send(fd);
    }
    return sent;
  }

  /** One call; how many packets the kernel took. */
  send(fd: number): number {
    const call = this.#calls[this.#next];
    this.#next = (this.#next + 1) % this.#calls.length;
    if (call === undefined) return 0;
    const sent = this.#libc.sendmmsg(fd, call.at, call.count, 0);
    if (sent >= 0) return sent * this.#perMessage;
    const errno = this.#libc.errno();
    if (![EAGAIN, ENOBUFS, ECONNREFUSED].includes(errno)) checked(this.#libc, "sendmmsg", sent);
    return 0;
  }

  /** Index of the piece that the next call begins with, in the order that was given. */
  get next(): number {
    return this.#next * (this.#calls[0]?.count ?? 0);
  }

  #lay(
    index: number,
    { octets, name, segment }: Piece,
    place: number,
    count: number,
    bases: { readonly data: bigint; readonly headers: bigint },
  ): void {
    const view = new DataView(this.#headers.buffer);
    const header = index * MMSGHDR_SIZE;
    const vector = count * MMSGHDR_SIZE + index * IOVEC_SIZE;
    const nameAt = count * (MMSGHDR_SIZE + IOVEC_SIZE) + index * SOCKADDR_MAX;
    const control = count * (MMSGHDR_SIZE + IOVEC_SIZE + SOCKADDR_MAX) + index * CONTROL_SIZE;
    const pointer = (at: number, to: number) =>
      view.setBigUint64(at, bases.headers + BigInt(to), true);
    pointer(header + layout.MMSGHDR_VECTOR, vector);
    view.setBigUint64(header + layout.MMSGHDR_VECTOR_COUNT, 1n, true);
    view.setBigUint64(vector + layout.IOVEC_BASE, bases.data + BigInt(place), true);
    view.setBigUint64(vector + layout.IOVEC_LENGTH, BigInt(octets.length), true);
    if (name !== undefined) {
      this.#headers.set(name, nameAt);
      pointer(header + layout.MMSGHDR_NAME, nameAt);
      view.setUint32(header + layout.MMSGHDR_NAME_LENGTH, name.length, true);
    }
    if (segment === undefined) return;
    pointer(header + layout.MMSGHDR_CONTROL, control);
    view.setBigUint64(header + layout.MMSGHDR_CONTROL_LENGTH, BigInt(CONTROL_SIZE), true);
    view.setBigUint64(control, CONTROL_LENGTH, true);
    view.setInt32(control + 8, SOL_UDP, true);
    view.setInt32(control + 12, UDP_SEGMENT, true);
    view.setUint16(control + 16, segment, true);
  }
}
