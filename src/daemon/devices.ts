/**
 * Opens what an LNS needs of the host: two sockets, a TUN device per network, masquerading. Each
 * failure is said in one line with what to do about it, and leaves nothing behind.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import type { Config, NetworkConfig } from "../config/config.ts";
import {
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EBUSY,
  EEXIST,
  ENODEV,
  ENOENT,
  EPERM,
  SystemError,
} from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import { openTun } from "../linux/tun.ts";
import { openUdpPair, type UdpPair } from "../linux/udp.ts";
import { ipv4, parseIpv4Prefix } from "../net.ts";
import { addMasquerade, removeMasquerade } from "./nat.ts";
import { StartError } from "./start-error.ts";

export interface Devices {
  readonly sockets: UdpPair;
  /** TUN descriptors in the order of the configured networks. */
  readonly tuns: readonly number[];
  close(): void;
}

export function openDevices(libc: Libc, config: Config): Devices {
  const undo: (() => void)[] = [];
  const close = () => {
    for (const step of undo.splice(0).reverse()) step();
  };
  try {
    const sockets = openSockets(libc, config);
    undo.push(() => {
      libc.close(sockets.control);
      libc.close(sockets.data);
    });
    const tuns = config.networks.map((network) => {
      const tun = openNetwork(libc, network);
      undo.push(() => libc.close(tun));
      return tun;
    });
    for (const network of config.networks.filter(({ nat }) => nat)) {
      addMasquerade(network);
      undo.push(() => removeMasquerade(network));
    }
    return { sockets, tuns, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** One line on forwarding when the host does none: without it clients reach only this host. */
export function forwardingAdvice(): string | undefined {
  const path = "/proc/sys/net/ipv4/ip_forward";
  if (existsSync(path) && readFileSync(path, "utf8").trim() === "1") return undefined;
  return (
    "this host does not forward IPv4, so clients reach nothing behind it; " +
    "turn it on with: sysctl -w net.ipv4.ip_forward=1"
  );
}

function openSockets(libc: Libc, { lns }: Config): UdpPair {
  try {
    return openUdpPair(libc, lns.address, lns.port);
  } catch (error) {
    throw explain(error, {
      [EADDRINUSE]:
        `UDP port ${lns.port} of ${lns.address} is used by another program; ` +
        `see it with: ss -lunp 'sport = :${lns.port}'`,
      [EADDRNOTAVAIL]:
        `this host does not have the address ${lns.address}; ` +
        'set [lns] listen to one that "ip address" shows, or to "0.0.0.0:1701" for all',
      [EACCES]:
        `port ${lns.port} needs the capability CAP_NET_BIND_SERVICE; ` +
        "run as root or choose a port above 1023",
    });
  }
}

function openNetwork(libc: Libc, network: NetworkConfig): number {
  const noDriver = "/dev/net/tun is missing or has no driver; load it with: modprobe tun";
  const noAccess =
    "/dev/net/tun may not be opened by this user; " +
    "run as root, or let the user open it with: chmod 0666 /dev/net/tun";
  const noRight =
    `making the TUN device ${network.tun} needs the capability CAP_NET_ADMIN; ` +
    "run as root, or in a systemd unit with AmbientCapabilities=CAP_NET_ADMIN";
  try {
    return openTun(libc, {
      name: network.tun,
      gateway: ipv4(network.gateway),
      pool: network.pool.map(prefix),
      mtu: network.mtu,
    });
  } catch (error) {
    throw explain(error, {
      [ENOENT]: noDriver,
      [ENODEV]: noDriver,
      [EPERM]: isOpening(error) ? noAccess : noRight,
      [EACCES]: isOpening(error) ? noAccess : noRight,
      [EBUSY]:
        `the device ${network.tun} exists already; ` +
        `choose another tun in [[network]] "${network.name}" or remove it`,
      [EEXIST]:
        `the host has a route for the pool ${network.pool.join(", ")} already; ` +
        `choose another pool in [[network]] "${network.name}" or remove the route`,
    });
  }
}

function isOpening(error: unknown): boolean {
  return error instanceof SystemError && error.call === "open";
}

function prefix(text: string) {
  const parsed = parseIpv4Prefix(text);
  if (parsed === undefined) throw new RangeError(`not an IPv4 prefix: ${text}`);
  return parsed;
}

/** An error that an operator can mend becomes a line; any other stays what it is: our bug. */
function explain(error: unknown, lines: Readonly<Record<number, string>>): unknown {
  const line = error instanceof SystemError ? lines[error.errno] : undefined;
  return line === undefined ? error : new StartError(line);
}
