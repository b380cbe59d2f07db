/**
 * Classic BPF: the programs by which the kernel tells what comes to a socket apart.
 *
 * @module
 */
import { checked } from "./errno.ts";
import type { Libc } from "./libc.ts";

const SOL_SOCKET = 1;
const SO_ATTACH_REUSEPORT_CBPF = 51;
const FPROG_SIZE = 16;
const INSTRUCTION_SIZE = 8;
const JUMP_MAX = 255;

/** Where a jump goes: the name of a later instruction. */
export type Label = string;

/** `at` names the instruction; `yes` and `no` are where a jump goes, the next one when left out. */
export interface Instruction {
  readonly code: number;
  readonly k: number;
  readonly at?: Label;
  readonly yes?: Label;
  readonly no?: Label;
}

/** linux/bpf_common.h */
const LD_LENGTH = 0x80;
const LD_HALF = 0x28;
const LD_OCTET = 0x30;
const LD_HALF_AT_X = 0x48;
const LDX = 0x01;
const A_TO_X = 0x07;
const X_TO_A = 0x87;
const AND = 0x54;
const ADD = 0x04;
const ADD_X = 0x0c;
const JUMP = 0x05;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const IF_ANY = 0x45;
const RETURN = 0x06;
const RETURN_A = 0x16;

type Jump = Pick<Instruction, "at" | "yes" | "no">;

/**
 * The octets that a program runs over begin with the payload of UDP. It has two registers: one that is
 * worked with, and X. A load behind the end of the octets ends the program with the answer 0.
 */
export const filter = {
  loadLength: (): Instruction => make(LD_LENGTH, 0),
  loadHalf: (offset: number, at?: Label): Instruction => make(LD_HALF, offset, at),
  loadHalfAtX: (offset: number, at?: Label): Instruction => make(LD_HALF_AT_X, offset, at),
  setX: (value: number, at?: Label): Instruction => make(LDX, value, at),
  toX: (): Instruction => make(A_TO_X, 0),
  fromX: (): Instruction => make(X_TO_A, 0),
  addX: (): Instruction => make(ADD_X, 0),
  loadOctet: (offset: number, at?: Label): Instruction => make(LD_OCTET, offset, at),
  and: (mask: number, at?: Label): Instruction => make(AND, mask, at),
  add: (value: number): Instruction => make(ADD, value),
  jump: (yes: Label): Instruction => ({ code: JUMP, k: 0, yes }),
  ifEqual: (value: number, jump: Jump): Instruction => ({ code: IF_EQUAL, k: value, ...jump }),
  ifAtLeast: (value: number, jump: Jump): Instruction => ({
    code: IF_AT_LEAST,
    k: value,
    ...jump,
  }),
  ifAny: (bits: number, jump: Jump): Instruction => ({ code: IF_ANY, k: bits, ...jump }),
  answer: (value: number, at?: Label): Instruction => make(RETURN, value, at),
  answerLoaded: (): Instruction => make(RETURN_A, 0),
} as const;

/**
 * The program chooses, for the group of sockets that `fd` is the first of: its answer is an index in
 * the order in which they were bound.
 */
export function attachToGroup(libc: Libc, fd: number, program: readonly Instruction[]): void {
  // One block holds sock_fprog (length, address of the program) and the program behind it.
  const block = new Uint8Array(FPROG_SIZE + program.length * INSTRUCTION_SIZE);
  const view = new DataView(block.buffer);
  view.setUint16(0, program.length, true);
  view.setBigUint64(8, libc.address(block) + BigInt(FPROG_SIZE), true);
  block.set(assemble(program), FPROG_SIZE);
  const value = block.subarray(0, FPROG_SIZE);
  checked(libc, "setsockopt", libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, value));
}

function assemble(program: readonly Instruction[]): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(program.length * INSTRUCTION_SIZE);
  const view = new DataView(octets.buffer);
  program.forEach(({ code, k, yes, no }, index) => {
    const at = index * INSTRUCTION_SIZE;
    const skipped = (label: Label | undefined) => {
      if (label === undefined) return 0;
      const skip = program.findIndex((each) => each.at === label) - index - 1;
      if (skip < 0 || skip > JUMP_MAX) throw new RangeError(`no way to "${label}"`);
      return skip;
    };
    view.setUint16(at, code, true);
    if (code === JUMP) view.setUint32(at + 4, skipped(yes), true);
    else {
      view.setUint8(at + 2, skipped(yes));
      view.setUint8(at + 3, skipped(no));
      view.setUint32(at + 4, k, true);
    }
  });
  return octets;
}

function make(code: number, k: number, at?: Label): Instruction {
  return at === undefined ? { code, k } : { code, k, at };
}
