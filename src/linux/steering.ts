/**
 * Which queue of a TUN device gets a packet: that of the slot of the session that has its destination.
 * A program in the kernel looks the destination up in two maps, which are filled as sessions come and
 * go: IPv4 addresses, and upper halves of IPv6 addresses. What is in neither goes to the first queue.
 *
 * Without it the kernel chooses by a hash of the flow, and remembers for each flow the queue to which
 * its packets were last written: that is a hash and a table for each write.
 *
 * @module
 */
import { createHashMap, type Instruction, loadSocketFilter, MapWriter } from "./bpf.ts";
import { checked, EPERM, SystemError } from "./errno.ts";
import type { Libc } from "./libc.ts";
import { nameOf } from "./offloads.ts";

const TUNSETSTEERINGEBPF = 0x800454e0n;
const KEY4_SIZE = 4;
const KEY6_SIZE = 8;
/** Where a packet has its destination (RFC 791 3.1, RFC 8200 3). */
const DESTINATION4 = 16;
const DESTINATION6 = 24;

/** Maps of a device, by their descriptors. Plain data, so that another run can take them over. */
export interface SteeringMaps {
  readonly ipv4: number;
  readonly ipv6: number;
}

/**
 * Steers the device that `queue` is a queue of. Nothing is left open if it throws; the program lives
 * as long as the device, and the maps as long as the program.
 *
 * @throws {SystemError} without CAP_BPF
 */
export function steer(libc: Libc, queue: number, entries: number): SteeringMaps {
  const { program, maps } = load(libc, entries);
  try {
    const argument = new Uint8Array(new Int32Array([program]).buffer);
    checked(libc, "TUNSETSTEERINGEBPF", libc.ioctl(queue, TUNSETSTEERINGEBPF, argument));
    return maps;
  } catch (error) {
    for (const fd of [maps.ipv4, maps.ipv6]) libc.close(fd);
    throw error;
  } finally {
    libc.close(program);
  }
}

/** Why no device can be steered here, as one clause for the operator; "" where it can. */
export function whyNotSteered(libc: Libc): string {
  try {
    const { program, maps } = load(libc, 1);
    for (const fd of [program, maps.ipv4, maps.ipv6]) libc.close(fd);
    return "";
  } catch (error) {
    return refusal(error);
  }
}

/** @throws what is no refusal of the kernel's */
export function refusal(error: unknown): string {
  if (!(error instanceof SystemError)) throw error;
  if (error.errno === EPERM) return "it needs the capability CAP_BPF at the start";
  return `the kernel refuses it (${error.call}: ${nameOf(error.errno)})`;
}

/** Writes the maps of a device. */
export class Steering {
  /** What the kernel refused: those packets are handed over between workers. */
  refused = 0;
  readonly #ipv4: MapWriter;
  readonly #ipv6: MapWriter;
  readonly #key4 = new Uint8Array(KEY4_SIZE);
  readonly #key6 = new Uint8Array(KEY6_SIZE);

  constructor(libc: Libc, { ipv4, ipv6 }: SteeringMaps) {
    this.#ipv4 = new MapWriter(libc, ipv4, KEY4_SIZE);
    this.#ipv6 = new MapWriter(libc, ipv6, KEY6_SIZE);
  }

  set4(address: number, slot: number): void {
    this.#count(this.#ipv4.set(this.#keyOf4(address), slot));
  }

  clear4(address: number): void {
    this.#count(this.#ipv4.clear(this.#keyOf4(address)));
  }

  /** `prefix` is the upper half of the addresses of a /64. */
  set6(prefix: bigint, slot: number): void {
    this.#count(this.#ipv6.set(this.#keyOf6(prefix), slot));
  }

  clear6(prefix: bigint): void {
    this.#count(this.#ipv6.clear(this.#keyOf6(prefix)));
  }

  #count(isDone: boolean): void {
    if (!isDone) this.refused++;
  }

  // The program finds numbers in the host's order, as its loads from a packet give them.
  #keyOf4(address: number): Uint8Array<ArrayBuffer> {
    new DataView(this.#key4.buffer).setUint32(0, address, true);
    return this.#key4;
  }

  #keyOf6(prefix: bigint): Uint8Array<ArrayBuffer> {
    const view = new DataView(this.#key6.buffer);
    view.setUint32(0, Number(prefix >> 32n), true);
    view.setUint32(4, Number(prefix & 0xffff_ffffn), true);
    return this.#key6;
  }
}

/** Nothing is left open if it throws. */
function load(libc: Libc, entries: number): { program: number; maps: SteeringMaps } {
  const opened: number[] = [];
  const map = (keySize: number) => {
    const fd = createHashMap(libc, keySize, entries);
    opened.push(fd);
    return fd;
  };
  try {
    const maps = { ipv4: map(KEY4_SIZE), ipv6: map(KEY6_SIZE) };
    return { program: loadSocketFilter(libc, lookUp(maps)), maps };
  } catch (error) {
    for (const fd of opened) libc.close(fd);
    throw error;
  }
}

/** Codes (RFC 9669 5, 4.3); loads from a packet take their number from it in the network's order. */
const LOAD_PACKET_OCTET = 0x30;
const LOAD_PACKET_WORD = 0x20;
const LOAD_LONG = 0x18;
const LOAD_WORD = 0x61;
const STORE_WORD = 0x63;
const COPY = 0xbf;
const SET = 0xb7;
const ADD = 0x07;
const SHIFT_RIGHT = 0x77;
const IF_EQUAL = 0x15;
const IF_NOT_EQUAL = 0x55;
const CALL = 0x85;
const EXIT = 0x95;
/** A load of 64 bits is of a map. */
const FROM_MAP = 1;
const MAP_LOOKUP = 1;
/** Registers: answer, arguments, what a load from a packet wants to have the packet in, the stack. */
const R0 = 0;
const R1 = 1;
const R2 = 2;
const PACKET = 6;
const STACK = 10;

/** A load behind the end of the packet ends the program with 0, which is the first queue. */
function lookUp({ ipv4, ipv6 }: SteeringMaps): Instruction[] {
  const in4 = [...toStack(DESTINATION4, -KEY4_SIZE), ...find(ipv4, -KEY4_SIZE)];
  const in6 = [
    ...toStack(DESTINATION6, -KEY6_SIZE),
    ...toStack(DESTINATION6 + 4, -KEY6_SIZE + 4),
    ...find(ipv6, -KEY6_SIZE),
  ];
  return [
    { code: COPY, to: PACKET, from: R1 },
    { code: LOAD_PACKET_OCTET, value: 0 },
    { code: SHIFT_RIGHT, to: R0, value: 4 },
    { code: IF_NOT_EQUAL, to: R0, value: 4, offset: in4.length },
    ...in4,
    { code: IF_NOT_EQUAL, to: R0, value: 6, offset: in6.length },
    ...in6,
    { code: SET, to: R0, value: 0 },
    { code: EXIT },
  ];
}

/** Four octets of the packet as a number on the stack. */
function toStack(offset: number, at: number): Instruction[] {
  return [
    { code: LOAD_PACKET_WORD, value: offset },
    { code: STORE_WORD, to: STACK, from: R0, offset: at },
  ];
}

/** Answers what `map` has for the key on the stack, 0 when it has nothing. */
function find(map: number, key: number): Instruction[] {
  return [
    { code: COPY, to: R2, from: STACK },
    { code: ADD, to: R2, value: key },
    { code: LOAD_LONG, to: R1, from: FROM_MAP, value: map },
    { code: 0 },
    { code: CALL, value: MAP_LOOKUP },
    { code: IF_EQUAL, to: R0, value: 0, offset: 1 },
    { code: LOAD_WORD, to: R0, from: R0 },
    { code: EXIT },
  ];
}
