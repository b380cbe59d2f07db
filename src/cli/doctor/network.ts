/** Where packets come from and go to: port, device, MTU, forwarding, masquerading. @module */

import type { Config } from "../../config/config.ts";
import { forwards, switchOf } from "../../config/forwarding.ts";
import { summarize } from "../../config/summary.ts";
import { isIpv4 } from "../../net.ts";
import { advice, type Finding, type Host, ok, problem, readNumber, unseen } from "./host.ts";

/** Octets in front of an inner packet: IP, UDP, L2TP with Length, PPP. */
const OUTER4 = 20 + 8 + 8 + 4;
const OUTER6 = 40 + 8 + 8 + 4;
/** Connections that a client keeps up at least, of those that masquerading remembers. */
const CONNECTIONS = 4;
/** Of the table: from here on it is about to overflow. */
const FULL = 0.9;

export function network(host: Host, config: Config): Finding[] {
  return [
    port(host, config),
    ...forwarding(host, config),
    reversePath(host, config),
    mtu(host, config),
    ...conntrack(host, config),
  ];
}

function port({ probe, running, unprobed }: Host, { lns }: Config): Finding {
  const name = `UDP port ${lns.port} of ${lns.address}`;
  if (running !== undefined) return ok("port", `simplon serves on ${name}`);
  const at = `see it with: ss -lunp 'sport = :${lns.port}'`;
  const findings = {
    free: ok("port", `${name} is free`),
    used: problem("port", `${name} is used by another program`, at),
    "no-address": problem(
      "port",
      `this host does not have ${lns.address}`,
      'set [lns] listen to an address that "ip address" shows',
    ),
    "no-family": problem(
      "port",
      "this host has no IPv6",
      `set [lns] listen to "0.0.0.0:${lns.port}"`,
    ),
    closed: problem("port", `${name} may not be bound by this user`, "run as root"),
    refused: problem("port", `${name} cannot be bound`, 'look at "ip address"'),
  };
  return probe === undefined ? unseen("port", unprobed) : findings[probe.port];
}

function forwarding(host: Host, { networks }: Config): Finding[] {
  const hasIpv6 = networks.some(({ pool6 }) => pool6.length > 0);
  return (hasIpv6 ? (["IPv4", "IPv6"] as const) : (["IPv4"] as const)).map((family) => {
    const check = `forwarding ${family}`;
    const isOn = forwards(family, (path) => {
      const text = host.read(path);
      if (text === undefined) throw new Error(`${path} cannot be read`);
      return text;
    });
    if (isOn === undefined) return unseen(check, "the host does not tell");
    if (isOn) return ok(check, "on");
    const text = "off: clients reach this host and nothing behind it";
    return problem(check, text, `sysctl -w ${switchOf(family)}=1`);
  });
}

/** The device that tunnels come through: of the address, or of the default route. */
export function outerDevice(host: Host, { lns: { address } }: Config): string | undefined {
  if (address !== "0.0.0.0" && address !== "::") return host.deviceOf(address);
  const routes = (host.read("/proc/net/route") ?? "").split("\n").slice(1);
  const found = routes
    .map((line) => line.trim().split(/\s+/))
    .filter(([, destination, , , , , , mask]) => /^0+$/.test(`${destination}${mask}`))
    .sort((a, b) => Number(a[6]) - Number(b[6]));
  return found[0]?.[0];
}

/** Strict (RFC 3704 2.2) drops what comes from where its answer would not go. */
function reversePath(host: Host, config: Config): Finding {
  const device = outerDevice(host, config);
  const names = device === undefined ? ["all"] : ["all", device];
  const modes = names.map((name) => readNumber(host, `/proc/sys/net/ipv4/conf/${name}/rp_filter`));
  const mode = Math.max(...modes.map((each) => each ?? 0));
  if (modes[0] === undefined) return unseen("rp_filter", "the host does not tell");
  if (mode !== 1) return ok("rp_filter", mode === 0 ? "off" : "loose");
  const text = "strict: datagrams of peers that are reached another way are dropped";
  const strict = names.filter((_, index) => modes[index] === 1);
  const commands = strict.map((name) => `net.ipv4.conf.${name}.rp_filter=2`).join(" ");
  return advice("rp_filter", text, `where routes are not symmetric: sysctl -w ${commands}`);
}

function mtu(host: Host, config: Config): Finding {
  const device = outerDevice(host, config);
  const outer = device === undefined ? undefined : readNumber(host, `/sys/class/net/${device}/mtu`);
  if (device === undefined || outer === undefined) return unseen("mtu", "no device leads outside");
  const overhead = isIpv4(config.lns.address) ? OUTER4 : OUTER6;
  const largest = Math.max(...config.networks.map((each) => each.mtu));
  const fact = `${largest} inside and ${overhead} octets of headers, ${device} takes ${outer}`;
  if (largest + overhead <= outer) return ok("mtu", fact);
  const text = `${fact}: full packets go in fragments`;
  return advice("mtu", text, `set mtu = ${outer - overhead} in [[network]]`);
}

function conntrack(host: Host, config: Config): Finding[] {
  if (!config.networks.some(({ nat }) => nat)) return [];
  const path = "/proc/sys/net/netfilter/nf_conntrack";
  const max = readNumber(host, `${path}_max`);
  const count = readNumber(host, `${path}_count`);
  if (max === undefined) return [unseen("conntrack", "the table is not there before the start")];
  const masqueraded = summarize(config, {}).networks.filter(({ nat }) => nat);
  const addresses = masqueraded.reduce((sum, each) => sum + each.addresses, 0);
  const needed = Math.min(config.lns.maxSessions, addresses) * CONNECTIONS;
  const command = `sysctl -w net.netfilter.nf_conntrack_max=${Math.max(needed, 2 * max)}`;
  if (count !== undefined && count > FULL * max) {
    return [problem("conntrack", `${count} of ${max} connections: new ones fail`, command)];
  }
  if (max >= needed) return [ok("conntrack", `room for ${max} masqueraded connections`)];
  const text = `room for ${max} connections, ${needed} would be ${CONNECTIONS} for each client`;
  return [advice("conntrack", text, `sysctl -w net.netfilter.nf_conntrack_max=${needed}`)];
}
