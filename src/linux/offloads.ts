/**
 * What this kernel takes of the offloads. Each is asked for by its own call, so that one that is
 * refused leaves the others running; every refusal becomes a clause for the operator.
 *
 * @module
 */
import { constants } from "node:os";
import type { Lacking, Offload } from "../offloads.ts";
import { EINVAL, ENOPROTOOPT } from "./errno.ts";
import type { Libc } from "./libc.ts";

const IPPROTO_UDP = 17;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;

const TUNGETFEATURES = 0x800454cfn;
const TUNSETOFFLOAD = 0x400454d0n;
export const IFF_VNET_HDR = 0x4000;
export const IFF_MULTI_QUEUE = 0x0100;
const TUN_F_CSUM = 0x01;
const TUN_F_TSO = 0x02 | 0x04; // IPv4 and IPv6
const TUN_F_TSO_ECN = 0x08;
const TUN_F_USO = 0x20 | 0x40; // the kernel takes both or neither

/** Turns on those of `wanted` that a socket has to do with; answers what it refuses. */
export function offloadSocket(libc: Libc, fd: number, wanted: readonly Offload[]): Lacking {
  const lacking = new Map<Offload, string>();
  const option = (offload: Offload, name: number, value: number, missing: string) => {
    if (!wanted.includes(offload)) return;
    const octets = new Uint8Array(new Int32Array([value]).buffer);
    if (libc.setsockopt(fd, IPPROTO_UDP, name, octets) >= 0) return;
    const errno = libc.errno();
    const why = errno === ENOPROTOOPT ? `this kernel has no ${missing} has)` : undefined;
    lacking.set(offload, why ?? `the kernel refuses it (setsockopt: ${nameOf(errno)})`);
  };
  option("udp-gro", UDP_GRO, 1, "UDP_GRO (Linux 5.0");
  // The size is said with each message: 0 for the socket is what it has been, and tells if it can.
  option("udp-gso", UDP_SEGMENT, 0, "UDP_SEGMENT (Linux 4.18");
  return lacking;
}

/** Those of the offloads that a device has to do with. */
export function ofDevices(wanted: readonly Offload[]): Offload[] {
  return wanted.filter((offload) => offload === "tso" || offload === "uso");
}

export const NO_HEADERS = "TUN devices of this kernel have no IFF_VNET_HDR (Linux 2.6.27 has)";

/** What devices of this kernel know, as IFF_ bits, asked of /dev/net/tun, opened as `fd`. */
export function features(libc: Libc, fd: number): number {
  const octets = new Uint8Array(4);
  if (libc.ioctl(fd, TUNGETFEATURES, octets) < 0) return 0;
  return new DataView(octets.buffer).getUint32(0, true);
}

/** What is tried one after the other: a kernel refuses all of it for one bit that it lacks. */
const ATTEMPTS: readonly { readonly mask: number; readonly gives: readonly Offload[] }[] = [
  { mask: TUN_F_CSUM | TUN_F_TSO | TUN_F_TSO_ECN | TUN_F_USO, gives: ["tso", "uso"] },
  { mask: TUN_F_CSUM | TUN_F_TSO | TUN_F_USO, gives: ["tso", "uso"] },
  { mask: TUN_F_CSUM | TUN_F_TSO | TUN_F_TSO_ECN, gives: ["tso"] },
  { mask: TUN_F_CSUM | TUN_F_TSO, gives: ["tso"] },
  { mask: TUN_F_CSUM | TUN_F_USO, gives: ["uso"] },
];

/**
 * Turns on those of `wanted` that a device made with IFF_VNET_HDR has to do with; answers what it
 * refuses. When it refuses all, its packets have headers nevertheless, and packets to it need
 * them: such a device is to be made again without.
 */
export function offloadDevice(libc: Libc, fd: number, wanted: readonly Offload[]): Lacking {
  const lacking = new Map<Offload, string>();
  const left = new Set(ofDevices(wanted));
  for (const { mask, gives } of ATTEMPTS) {
    if (!gives.every((offload) => left.has(offload))) continue;
    // The kernel is given the mask itself, where other requests have an address.
    if (libc.ioctlValue(fd, TUNSETOFFLOAD, BigInt(mask)) >= 0) {
      for (const offload of gives) left.delete(offload);
      break;
    }
    for (const offload of gives) lacking.set(offload, refusal(offload, libc.errno()));
  }
  return new Map([...lacking].filter(([offload]) => left.has(offload)));
}

function refusal(offload: Offload, errno: number): string {
  const isUnknown = offload === "uso" && errno === EINVAL;
  if (isUnknown) return "this kernel has no USO for TUN devices (Linux 6.2 has)";
  return `the kernel refuses it (TUNSETOFFLOAD: ${nameOf(errno)})`;
}

/** Such as "EPERM". */
export function nameOf(errno: number): string {
  const found = Object.entries(constants.errno).find(([, value]) => value === errno);
  return found?.[0] ?? "an error without a name";
}
