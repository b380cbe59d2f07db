// Opens a device with many queues and steers its packets; tells on stdout which queue gets what, as
// JSON. Needs a network namespace of its own. With the argument "drop" it gives up all capabilities
// before it changes what was steered.
import { dropCapabilities } from "../../../src/linux/capabilities.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { AF_INET, AF_INET6, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { Steering, steer, whyNotSteered } from "../../../src/linux/steering.ts";
import { openTun } from "../../../src/linux/tun.ts";
import { ipv4, ipv4Prefix, ipv6, ipv6Prefix } from "../../../src/net.ts";
import { Memory } from "../../unit/linux/memory.ts";

const SOCK_DGRAM = 2;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const QUEUES = 8;
const ENTRIES = 16;
const READ_MAX = 4_096;
const PORT = 9;
const SEGMENT = 100;

const CLIENT = "10.64.0.2";
const OTHER = "10.64.255.2";
const CLIENT6 = "2001:db8:64:1::2";
const SAME6 = "2001:db8:64:1:ffff::9";
const OTHER6 = "2001:db8:64:100::2";
const PREFIX6 = 0x20010db8_00640001n;
const OTHER_PREFIX6 = 0x20010db8_00640100n;

const libc = openLibc();
const why = whyNotSteered(libc);
if (why !== "") {
  process.stdout.write(JSON.stringify({ why }));
  process.exit(0);
}
const { queues } = openTun(
  libc,
  {
    name: "simplon0",
    gateway: ipv4("10.64.0.1"),
    pool: [ipv4Prefix("10.64.0.0/16")],
    gateway6: ipv6("2001:db8:64::1"),
    pool6: [ipv6Prefix("2001:db8:64::/48")],
    mtu: 1400,
  },
  ["tso", "uso"],
  QUEUES,
);
const [first = -1] = queues;
const steering = new Steering(libc, steer(libc, first, ENTRIES));
const memory = new Memory(libc);
const vector = memory.address(memory.iovecs([[memory.place(READ_MAX), READ_MAX]]));

/** Packets in each queue. */
function counts(): number[] {
  return queues.map((queue) => {
    let count = 0;
    while (libc.readv(queue, vector, 1) > 0) count++;
    return count;
  });
}

/** The queue of a packet, and those of a super-packet, to each address. */
function queuesOf(address: string): number[] {
  const family = address.includes(":") ? AF_INET6 : AF_INET;
  const fd = libc.socket(family, SOCK_DGRAM, 0);
  libc.connect(fd, encodeSockaddr(address, PORT));
  libc.send(fd, new Uint8Array(SEGMENT));
  const single = counts();
  const segment = new Uint8Array(new Int32Array([SEGMENT]).buffer);
  libc.setsockopt(fd, SOL_UDP, UDP_SEGMENT, segment);
  libc.send(fd, new Uint8Array(5 * SEGMENT));
  const large = counts();
  libc.close(fd);
  const indices = [single, large].map((each) => [...each.keys()].filter((queue) => each[queue]));
  return indices.flat();
}

function all(): Record<string, number[]> {
  const addresses = [CLIENT, OTHER, CLIENT6, SAME6, OTHER6];
  return Object.fromEntries(addresses.map((address) => [address, queuesOf(address)]));
}

counts(); // what the host sends of itself when a device comes up
const before = all();
steering.set4(ipv4(CLIENT), 3);
steering.set4(ipv4(OTHER), 7);
steering.set6(PREFIX6, 5);
steering.set6(OTHER_PREFIX6, 1);
const set = all();
if (process.argv.includes("drop")) dropCapabilities(libc);
steering.set4(ipv4(CLIENT), 6);
steering.clear4(ipv4(OTHER));
steering.set6(PREFIX6, 2);
steering.clear6(OTHER_PREFIX6);
const changed = all();
const { refused } = steering;
steering.clear4(ipv4(OTHER)); // is not there any more
for (let count = 0; count <= ENTRIES; count++) steering.set4(ipv4("10.64.9.0") + count, 1);
const full = { refused: steering.refused - refused, client: queuesOf(CLIENT) };
process.stdout.write(JSON.stringify({ before, set, changed, refused, full }));
