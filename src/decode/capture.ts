/**
 * A file of any of the kinds that are read: its first octets tell which.
 *
 * @module
 */
import { HexReader } from "./hex.ts";
import { isPcap, PcapReader } from "./pcap.ts";
import { isPcapng, PcapngReader } from "./pcapng.ts";
import type { Frame, Reader } from "./types.ts";

const MAGIC = 4;
const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];

export class Capture implements Reader {
  #reader: Reader | undefined;
  #begin: Uint8Array = new Uint8Array(0);
  #fault: string | undefined;

  get fault(): string | undefined {
    return this.#fault ?? this.#reader?.fault;
  }

  *push(chunk: Uint8Array): Iterable<Frame> {
    if (this.fault !== undefined) return;
    if (this.#reader !== undefined) {
      yield* this.#reader.push(chunk);
      return;
    }
    const begin = new Uint8Array(this.#begin.length + chunk.length);
    begin.set(this.#begin);
    begin.set(chunk, this.#begin.length);
    this.#begin = begin;
    if (begin.length >= MAGIC) yield* this.#choose();
  }

  *end(): Iterable<Frame> {
    if (this.#reader === undefined && this.fault === undefined) {
      if (this.#begin.length === 0) this.#fault = "it is empty";
      else yield* this.#choose();
    }
    if (this.#reader !== undefined) yield* this.#reader.end();
  }

  *#choose(): Iterable<Frame> {
    const octets = this.#begin;
    if (startsWith(octets, GZIP) || startsWith(octets, ZSTD)) {
      this.#fault = "it is compressed: uncompress it first, as in zcat FILE | simplon decode -";
      return;
    }
    this.#reader = octets.length < MAGIC ? new HexReader() : readerOf(octets);
    this.#begin = new Uint8Array(0);
    yield* this.#reader.push(octets);
  }
}

function readerOf(octets: Uint8Array): Reader {
  if (isPcap(octets)) return new PcapReader();
  return isPcapng(octets) ? new PcapngReader() : new HexReader();
}

function startsWith(octets: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((octet, index) => octets[index] === octet);
}
