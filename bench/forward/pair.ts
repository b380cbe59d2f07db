/**
 * The sockets of a client that is a measurement's other end: one for control messages, one for all
 * data, told apart in the kernel as an LNS tells them apart.
 *
 * @module
 */
import { filter } from "../../src/linux/filter.ts";
import type { Libc } from "../../src/linux/libc.ts";
import { openGroup } from "../../src/linux/udp.ts";
import { TELL_CONTROL } from "../../src/linux/udp-steering.ts";
import type { Offload } from "../../src/offloads.ts";

export interface UdpPair {
  readonly control: number;
  readonly data: number;
}

const PROGRAM = [...TELL_CONTROL, filter.answer(0, "control"), filter.answer(1, "data")];

/** The data socket alone has offloads: control messages come one at a time. */
export function openPair(
  libc: Libc,
  address: string,
  port: number,
  offloads: readonly Offload[],
): UdpPair {
  const members = [
    { isControl: true, offloads: [] },
    { isControl: false, offloads },
  ];
  const [control = -1, data = -1] = openGroup(libc, address, port, members, PROGRAM).fds;
  return { control, data };
}
