/**
 * The lab's network for packets that are counted one by one: nothing answers, nothing is joined or
 * cut on the way but by the program under test and by the kernel around it.
 */
import { must } from "../child.ts";
import type { Lab, Place } from "../lab.ts";
import type { Link } from "./station.ts";

/** What hosts have that are no interface's own: flows to many of them. */
const HOSTS = "198.18.0.0/15";
const HOSTS6 = "2001:db8:f::/48";

/** Sets up what Lab does not, and answers the host's end of its wire. */
export async function prepareWire(lab: Lab, outerMtu: number): Promise<Link> {
  const ip = (place: Place, ...args: string[]) => must("ip", ["-n", lab.namespace(place), ...args]);
  for (const [place, device] of [
    ["lac", "to-lns"],
    ["lns", "to-lac"],
  ] as const) {
    await ip(place, "link", "set", device, "mtu", `${outerMtu}`);
  }
  // Towards the client and towards the host, the kernel makes single packets with checksums.
  for (const device of ["to-lac", "to-core"]) {
    const off = ["tso", "gso", "tx-udp-segmentation", "tx", "gro"].flatMap((name) => [name, "off"]);
    await must(...lab.inside("lns", ["ethtool", "-K", device, ...off]));
  }
  await ip("lns", "route", "add", HOSTS, "via", "10.8.0.1");
  await ip("lns", "route", "add", HOSTS6, "via", "2001:db8:8::1");
  const [host, peer] = [await etherOf(lab, "core", "to-lns"), await etherOf(lab, "lns", "to-core")];
  for (const address of ["10.8.0.1", "2001:db8:8::1"]) {
    const neighbour = ["neigh", "replace", address, "lladdr", host, "dev", "to-core"];
    await ip("lns", ...neighbour, "nud", "permanent");
  }
  await silence(lab, "core", "to-lns");
  return {
    namespace: lab.namespace("core"),
    device: "to-lns",
    peer: ether(peer),
  };
}

export function ether(text: string): Uint8Array {
  return Uint8Array.from(text.split(":"), (octet) => Number.parseInt(octet, 16));
}

/** The queue in front of a program that reads singly holds a whole burst. */
export async function lengthenQueue(namespace: string, device: string): Promise<void> {
  await must("ip", ["-n", namespace, "link", "set", device, "txqueuelen", "20000"]);
}

/**
 * How often the program has read from its device and written to it, and how many messages UDP has
 * received and sent: a packet that stands for many counts once.
 */
export async function effort(lab: Lab, device: string): Promise<number[]> {
  const files = ["rx", "tx"].map((way) => `/sys/class/net/${device}/statistics/${way}_packets`);
  const text = await must(...lab.inside("lns", ["cat", ...files, "/proc/net/snmp"]));
  const [written = "", read = ""] = text.split("\n");
  const [, received = "", sent = ""] = /^Udp: (\d+) \d+ \d+ (\d+)/m.exec(text) ?? [];
  return [read, written, received, sent].map(Number);
}

/** Nobody is there who would answer: packet sockets see what netfilter then drops. */
export async function silence(lab: Lab, place: Place, device: string): Promise<void> {
  const hook = "type filter hook prerouting priority -400;";
  const chain = `chain in { ${hook} iifname ${device} drop; }`;
  await must(...lab.inside(place, ["nft", `table inet silence { ${chain}; }`]));
}

async function etherOf(lab: Lab, place: Place, device: string): Promise<string> {
  const text = await must("ip", ["-n", lab.namespace(place), "-o", "link", "show", device]);
  const [, ether] = /link\/ether (\S+)/.exec(text) ?? [];
  if (ether === undefined) throw new Error(`no address of ${device} in ${text}`);
  return ether;
}
