/**
 * Extended BPF by bpf(2): hash maps that this process fills and a program in the kernel reads.
 *
 * @module
 */
import { checked, SystemError } from "./errno.ts";
import type { Libc, Octets } from "./libc.ts";

const MAP_CREATE = 0;
const MAP_UPDATE = 2;
const MAP_DELETE = 3;
const PROGRAM_LOAD = 5;
const MAP_TYPE_HASH = 1;
/** Memory is taken for what is in the map, not for all that there is room for. */
const NO_PREALLOCATION = 1;
const PROGRAM_TYPE_SOCKET_FILTER = 1;
const INSTRUCTION_SIZE = 8;
/** The program calls no function that the kernel keeps for programs under the GPL. */
const LICENSE = "MIT\0";
const LOG_SIZE = 65_536;
const LOG_LINES = 4;
const VALUE_SIZE = 4;

/** Fields of bpf_attr (linux/bpf.h). */
const ELEMENT = { fd: 0, key: 8, value: 16, flags: 24, size: 32, sizeOfKey: 16 } as const;
const PROGRAM = { instructions: 8, license: 16, logLevel: 24, logSize: 28, log: 32, size: 48 };
const MAP = { keySize: 4, valueSize: 8, entries: 12, flags: 16, size: 20 } as const;

/** One of the kernel's instructions: eight octets, two such for a load of 64 bits. */
export interface Instruction {
  readonly code: number;
  /** Registers 0 to 10. */
  readonly to?: number;
  readonly from?: number;
  readonly offset?: number;
  readonly value?: number;
}

/** A map from keys of `keySize` octets to numbers of 32 bits. */
export function createHashMap(libc: Libc, keySize: number, entries: number): number {
  const attributes = new Uint8Array(MAP.size);
  const view = new DataView(attributes.buffer);
  view.setUint32(0, MAP_TYPE_HASH, true);
  view.setUint32(MAP.keySize, keySize, true);
  view.setUint32(MAP.valueSize, VALUE_SIZE, true);
  view.setUint32(MAP.entries, entries, true);
  view.setUint32(MAP.flags, NO_PREALLOCATION, true);
  return checked(libc, "bpf(BPF_MAP_CREATE)", libc.bpf(MAP_CREATE, attributes));
}

/** Writes to a map; what it needs is laid out once, as sessions come and go all the time. */
export class MapWriter {
  readonly #libc: Libc;
  readonly #attributes = new Uint8Array(ELEMENT.size);
  /** To delete takes no more: the kernel refuses a value there. */
  readonly #keyAlone = this.#attributes.subarray(0, ELEMENT.sizeOfKey);
  readonly #key: Octets;
  readonly #value = new Uint32Array(1);
  /** Addresses of these lie in the attributes. */
  readonly #octets = new Uint8Array(this.#value.buffer);

  constructor(libc: Libc, fd: number, keySize: number) {
    this.#libc = libc;
    this.#key = new Uint8Array(keySize);
    const view = new DataView(this.#attributes.buffer);
    view.setUint32(ELEMENT.fd, fd, true);
    view.setBigUint64(ELEMENT.key, libc.address(this.#key), true);
    view.setBigUint64(ELEMENT.value, libc.address(this.#octets), true);
  }

  /** False when the kernel refuses it. */
  set(key: Octets, value: number): boolean {
    this.#key.set(key);
    this.#value[0] = value;
    return this.#libc.bpf(MAP_UPDATE, this.#attributes) >= 0;
  }

  clear(key: Octets): boolean {
    this.#key.set(key);
    return this.#libc.bpf(MAP_DELETE, this.#keyAlone) >= 0;
  }
}

/** A program over packets. What the verifier has against it is in the error's text. */
export function loadSocketFilter(libc: Libc, program: readonly Instruction[]): number {
  const instructions = encode(program);
  const license = new TextEncoder().encode(LICENSE);
  const attributes = new Uint8Array(PROGRAM.size);
  const view = new DataView(attributes.buffer);
  view.setUint32(0, PROGRAM_TYPE_SOCKET_FILTER, true);
  view.setUint32(4, instructions.length / INSTRUCTION_SIZE, true);
  view.setBigUint64(PROGRAM.instructions, libc.address(instructions), true);
  view.setBigUint64(PROGRAM.license, libc.address(license), true);
  const loaded = libc.bpf(PROGRAM_LOAD, attributes);
  if (loaded >= 0) return loaded;
  const errno = libc.errno();
  const log = new Uint8Array(LOG_SIZE);
  view.setUint32(PROGRAM.logLevel, 1, true);
  view.setUint32(PROGRAM.logSize, log.length, true);
  view.setBigUint64(PROGRAM.log, libc.address(log), true);
  libc.bpf(PROGRAM_LOAD, attributes);
  const text = new TextDecoder().decode(log.subarray(0, log.indexOf(0))).trim();
  const lines = text === "" ? [] : text.split("\n").slice(-LOG_LINES);
  throw new SystemError(["bpf(BPF_PROG_LOAD)", ...lines].join(": "), errno);
}

function encode(program: readonly Instruction[]): Octets {
  const octets = new Uint8Array(program.length * INSTRUCTION_SIZE);
  const view = new DataView(octets.buffer);
  program.forEach(({ code, to = 0, from = 0, offset = 0, value = 0 }, index) => {
    const at = index * INSTRUCTION_SIZE;
    view.setUint8(at, code);
    view.setUint8(at + 1, (from << 4) | to);
    view.setInt16(at + 2, offset, true);
    view.setInt32(at + 4, value, true);
  });
  return octets;
}
