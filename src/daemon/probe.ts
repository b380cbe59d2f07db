/** Asks the kernel for what a server would ask it for, and takes nothing. @module */
import type { Config } from "../config/config.ts";
import { EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, ENODEV, ENOENT } from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import {
  features,
  IFF_MULTI_QUEUE,
  IFF_VNET_HDR,
  NO_HEADERS,
  ofDevices,
  offloadSocket,
} from "../linux/offloads.ts";
import { encodeSockaddr, familyOf } from "../linux/sockaddr.ts";
import { whyNotSteered } from "../linux/steering.ts";
import { buffersOf, DATA_BUFFER, setBuffers } from "../linux/udp.ts";
import { type Lacking, OFFLOADS, type Offload } from "../offloads.ts";

export interface Probe {
  /** Those that sockets and /dev/net/tun show to be lacking, and why. */
  readonly lacking: Lacking;
  readonly tun: "there" | "missing" | "closed";
  /** Whether devices may have many queues; `undefined` where that cannot be asked. */
  readonly hasQueues: boolean | undefined;
  readonly port: "free" | "used" | "no-address" | "no-family" | "closed" | "refused";
  /** Why packets cannot be steered to workers; "" where they can. */
  readonly unsteered: string;
  /** `undefined` where the kernel does not tell. */
  readonly isClockSynchronised: boolean | undefined;
  /** Octets that sockets get of receive and send buffer, of those that simplon asks for. */
  readonly buffers: { readonly wanted: number; readonly receive: number; readonly send: number };
}

const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const O_RDWR_CLOEXEC = 2 | 0o2000000;
const TIMEX_SIZE = 208;
const TIME_ERROR = 5;

const PORTS: Readonly<Record<number, Probe["port"]>> = {
  [EADDRINUSE]: "used",
  [EADDRNOTAVAIL]: "no-address",
  [EAFNOSUPPORT]: "no-family",
  [EACCES]: "closed",
};

export function probe(libc: Libc, { lns }: Config): Probe {
  const clock = libc.adjtimex(new Uint8Array(TIMEX_SIZE));
  const lacking = new Map<Offload, string>();
  return {
    ...probeSocket(libc, lns.address, lns.port, lacking),
    ...probeTun(libc, lacking),
    lacking,
    unsteered: whyNotSteered(libc),
    isClockSynchronised: clock < 0 ? undefined : clock !== TIME_ERROR,
  };
}

function probeSocket(libc: Libc, address: string, port: number, lacking: Map<Offload, string>) {
  const none = { wanted: DATA_BUFFER, receive: 0, send: 0 };
  const fd = libc.socket(familyOf(address), SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) {
    const refused: Probe["port"] = PORTS[libc.errno()] ?? "refused";
    return { port: refused, buffers: none };
  }
  try {
    for (const [offload, why] of offloadSocket(libc, fd, OFFLOADS)) lacking.set(offload, why);
    setBuffers(libc, fd, DATA_BUFFER);
    const buffers = { wanted: DATA_BUFFER, ...buffersOf(libc, fd) };
    const isBound = libc.bind(fd, encodeSockaddr(address, port)) >= 0;
    const state: Probe["port"] = isBound ? "free" : (PORTS[libc.errno()] ?? "refused");
    return { port: state, buffers };
  } finally {
    libc.close(fd);
  }
}

function probeTun(libc: Libc, lacking: Map<Offload, string>) {
  const fd = libc.open("/dev/net/tun", O_RDWR_CLOEXEC);
  if (fd < 0) {
    const isMissing = [ENOENT, ENODEV].includes(libc.errno());
    return { tun: isMissing ? "missing" : "closed", hasQueues: undefined } as const;
  }
  const known = features(libc, fd);
  libc.close(fd);
  if ((known & IFF_VNET_HDR) === 0) {
    for (const offload of ofDevices(OFFLOADS)) lacking.set(offload, NO_HEADERS);
  }
  return { tun: "there", hasQueues: (known & IFF_MULTI_QUEUE) !== 0 } as const;
}
