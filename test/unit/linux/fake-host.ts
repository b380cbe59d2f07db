/** A host without devices, for tests: what it answers to probes is told, and what it was asked kept. */
import type { Libc } from "../../../src/linux/libc.ts";

export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;
export const IFF_VNET_HDR = 0x4000;
const TUNSETIFF = 0x400454can;
const TUNSETOFFLOAD = 0x400454d0n;
const TUNGETFEATURES = 0x800454cfn;
const NLMSG_ERROR = 2;

export interface HostFaults {
  /** Error number of a socket option of UDP. */
  readonly option?: (name: number) => number;
  /** Error number of TUNGETFEATURES, and what it answers without one. */
  readonly features?: number;
  readonly flags?: number;
  /** Error number of TUNSETIFF and of TUNSETOFFLOAD, on the device of this name. */
  readonly create?: (device: string) => number;
  readonly offload?: (mask: number, device: string) => number;
}

/** What linux has of it: bits of `mask` that this kernel knows. */
export function knows(known: number): (mask: number) => number {
  return (mask) => ((mask & ~known) === 0 ? 0 : EINVAL);
}
const EINVAL = 22;

export class FakeHost {
  readonly libc: Libc;
  /** Descriptors that are open. */
  readonly open = new Set<number>();
  /** Socket options of UDP that were set: descriptor, name, value. */
  readonly options: (readonly [number, number, number])[] = [];
  /** Devices in the order of their making; `mask` is what was set last. */
  readonly devices: { name: string; fd: number; flags: number; mask: number }[] = [];
  #next = 100;
  #errno = 0;

  /** What rtnetlink was asked. */
  readonly sent: Uint8Array[] = [];

  constructor(faults: HostFaults = {}) {
    const answer = (errno: number): number => {
      this.#errno = errno;
      return errno === 0 ? 0 : -1;
    };
    const create = () => {
      this.open.add(++this.#next);
      return this.#next;
    };
    const calls: Partial<Libc> = {
      errno: () => this.#errno,
      address: () => 0n,
      open: create,
      socket: create,
      close: (fd) => answer(this.open.delete(fd) ? 0 : 9),
      bind: () => 0,
      send: (_, bytes) => this.sent.push(bytes.slice()) && bytes.length,
      recv: (_, bytes) => acknowledge(bytes),
      setsockopt: (fd, level, name, value) => {
        if (level !== SOL_UDP) return 0;
        this.options.push([fd, name, new DataView(value.buffer).getInt32(0, true)]);
        return answer(faults.option?.(name) ?? 0);
      },
      ioctl: (fd, request, argument) => {
        const view = new DataView(argument.buffer);
        if (request === TUNGETFEATURES) {
          view.setUint32(0, faults.flags ?? IFF_VNET_HDR, true);
          return answer(faults.features ?? 0);
        }
        if (request !== TUNSETIFF) return 0;
        const name = new TextDecoder().decode(argument.subarray(0, 16)).replaceAll("\0", "");
        const errno = faults.create?.(name) ?? 0;
        const flags = view.getUint16(16, true);
        if (errno === 0) this.devices.push({ name, fd, flags, mask: 0 });
        return answer(errno);
      },
      ioctlValue: (fd, request, value) => {
        const device = this.devices.find((each) => each.fd === fd);
        if (request !== TUNSETOFFLOAD || device === undefined) return answer(EINVAL);
        const errno = faults.offload?.(Number(value), device.name) ?? 0;
        if (errno === 0) device.mask = Number(value);
        return answer(errno);
      },
    };
    this.libc = calls as Libc;
  }

  /** Devices whose descriptors are open. */
  get present() {
    return this.devices.filter(({ fd }) => this.open.has(fd));
  }
}

/** An answer of rtnetlink: done. */
function acknowledge(reply: Uint8Array): number {
  new DataView(reply.buffer).setUint16(4, NLMSG_ERROR, true);
  return 36;
}
