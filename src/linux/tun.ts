/**
 * TUN devices: one per virtual network, each with many queues where the kernel has them. A device
 * lives as long as a descriptor of it is open.
 *
 * @module
 */
import { DEVICE_QUEUE_MAX } from "../limits.ts";
import type { Ipv4Prefix, Ipv6Prefix } from "../net.ts";
import type { Lacking, Offload } from "../offloads.ts";
import { checked } from "./errno.ts";
import type { Libc } from "./libc.ts";
import { addAddress, addAddress6, addRoute, addRoute6, leaveLinkLocal, linkUp } from "./netlink.ts";
import {
  features,
  IFF_MULTI_QUEUE,
  IFF_VNET_HDR,
  NO_HEADERS,
  ofDevices,
  offloadDevice,
} from "./offloads.ts";
import { AF_INET } from "./sockaddr.ts";

const O_RDWR_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
const TUNSETIFF = 0x400454can;
const SIOCGIFINDEX = 0x8933n;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
/** Refuse a device that is there already, instead of attaching to somebody else's. */
const IFF_TUN_EXCL = 0x8000;
const IFREQ_SIZE = 40;
const IFNAME_SIZE = 16;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;

export interface TunOptions {
  readonly name: string;
  /** Our address; without it the device has none yet. */
  readonly gateway?: number;
  readonly pool: readonly Ipv4Prefix[];
  /** Without it the device has no IPv6. */
  readonly gateway6?: Uint8Array;
  readonly pool6?: readonly Ipv6Prefix[];
  readonly mtu: number;
}

export interface OpenedTun {
  /** Its queues: as many as were wanted, or one where the kernel has no more. */
  readonly queues: readonly number[];
  /** Of the offloads that were wanted and that devices have to do with. */
  readonly lacking: Lacking;
}

/**
 * Creates the device with `queues` queues and sets it up whole, with what it has of the `wanted`
 * offloads. Where any of them concerns devices, and the kernel knows virtio headers, there is one in
 * front of each packet, also when it then refuses each. Nothing is left if it throws.
 */
export function openTun(
  libc: Libc,
  options: TunOptions,
  wanted: readonly Offload[],
  queues: number,
): OpenedTun {
  const opened: number[] = [];
  const open = () => {
    const fd = checked(libc, "open", libc.open("/dev/net/tun", O_RDWR_NONBLOCK_CLOEXEC));
    opened.push(fd);
    return fd;
  };
  try {
    const first = open();
    const known = features(libc, first);
    const ofDevice = ofDevices(wanted);
    const hasHeaders = ofDevice.length > 0 && (known & IFF_VNET_HDR) !== 0;
    const isMulti = queues > 1 && (known & IFF_MULTI_QUEUE) !== 0;
    const flags = (hasHeaders ? IFF_VNET_HDR : 0) | (isMulti ? IFF_MULTI_QUEUE : 0);
    attach(libc, first, options.name, flags | IFF_TUN_EXCL);
    while (isMulti && opened.length < queues) attach(libc, open(), options.name, flags);
    // Offloads are the device's: once for all queues.
    const lacking = hasHeaders
      ? offloadDevice(libc, first, ofDevice)
      : new Map(ofDevice.map((offload) => [offload, NO_HEADERS]));
    setUp(libc, options);
    return { queues: opened, lacking };
  } catch (error) {
    for (const fd of opened.reverse()) libc.close(fd);
    throw error;
  }
}

/** Makes `fd` a queue of the device, which it makes if it has to. */
function attach(libc: Libc, fd: number, name: string, flags: number): void {
  const ifreq = interfaceRequest(name);
  new DataView(ifreq.buffer).setUint16(IFNAME_SIZE, IFF_TUN | IFF_NO_PI | flags, true);
  checked(libc, "TUNSETIFF", libc.ioctl(fd, TUNSETIFF, ifreq));
}

function setUp(libc: Libc, options: TunOptions): void {
  const index = interfaceIndex(libc, options.name);
  leaveLinkLocal(libc, index);
  linkUp(libc, index, options.mtu, DEVICE_QUEUE_MAX);
  const { gateway, pool, gateway6, pool6 = [] } = options;
  if (gateway === undefined) return;
  addAddress(libc, index, gateway);
  for (const prefix of pool) addRoute(libc, index, prefix, gateway);
  if (gateway6 === undefined) return;
  addAddress6(libc, index, gateway6);
  for (const prefix of pool6) addRoute6(libc, index, prefix, gateway6);
}

function interfaceIndex(libc: Libc, name: string): number {
  const fd = checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0));
  try {
    const ifreq = interfaceRequest(name);
    checked(libc, "SIOCGIFINDEX", libc.ioctl(fd, SIOCGIFINDEX, ifreq));
    return new DataView(ifreq.buffer).getInt32(IFNAME_SIZE, true);
  } finally {
    libc.close(fd);
  }
}

function interfaceRequest(name: string): Uint8Array<ArrayBuffer> {
  const ifreq = new Uint8Array(IFREQ_SIZE);
  ifreq.set(new TextEncoder().encode(name).subarray(0, IFNAME_SIZE - 1));
  return ifreq;
}
