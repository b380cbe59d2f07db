// Opens sockets and a device of the simplest kind with the offloads that are its arguments, and
// tells on stdout what the kernel then does: JSON. Needs a network namespace of its own.
import { openLibc } from "../../../src/linux/ffi.ts";
import { openTun } from "../../../src/linux/tun.ts";
import { openSockets } from "../../../src/linux/udp.ts";
import { ipv4, ipv4Prefix } from "../../../src/net.ts";
import { OFFLOADS } from "../../../src/offloads.ts";
import { loopback, Memory } from "../../unit/linux/memory.ts";

const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const SIOCETHTOOL = 0x8946n;
const ETHTOOL_GTSO = 0x1e;
const PORT = 1701;
const SEGMENT = 100;
const SEGMENTS = 5;
const READ_MAX = 4_096;

const wanted = OFFLOADS.filter((offload) => process.argv.includes(offload));
const libc = openLibc();
const { sockets, lacking } = openSockets(libc, "127.0.0.1", PORT, wanted, {
  by: "tunnel",
  slots: 1,
});
const [data = -1] = sockets.data;
const tun = openTun(
  libc,
  {
    name: "simplon0",
    gateway: ipv4("10.64.0.1"),
    pool: [ipv4Prefix("10.64.0.0/16")],
    mtu: 1400,
  },
  wanted,
  1,
);
const [queue = -1] = tun.queues;

/** A connected socket whose messages the kernel cuts into segments, unless that is 0. */
function sender(address: Uint8Array<ArrayBuffer>, segment: number): number {
  const fd = libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0);
  libc.connect(fd, address);
  libc.setsockopt(fd, SOL_UDP, UDP_SEGMENT, new Uint8Array(new Int32Array([segment]).buffer));
  return fd;
}

/** Lengths of all that can be read now. */
function lengths(read: () => number): number[] {
  const all: number[] = [];
  for (let length = read(); length >= 0; length = read()) all.push(length);
  return all;
}

const message = new Uint8Array(SEGMENT * SEGMENTS);
libc.send(sender(loopback(PORT), SEGMENT), message);
const received = lengths(() => libc.recv(data, new Uint8Array(READ_MAX)));

// What the data socket sends itself is not cut.
const echo = libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0);
libc.bind(echo, loopback(PORT + 1));
libc.connect(data, loopback(PORT + 1));
libc.send(data, message);
const sent = lengths(() => libc.recv(echo, new Uint8Array(READ_MAX)));

const client = loopback(9);
client.set([10, 64, 0, 2], 4);
libc.send(sender(client, SEGMENT), message);
const memory = new Memory(libc);
const vector = memory.address(memory.iovecs([[memory.place(READ_MAX), READ_MAX]]));
const packets = lengths(() => libc.readv(queue, vector, 1));

const query = new Uint8Array(new Uint32Array([ETHTOOL_GTSO, 0]).buffer);
const request = new Uint8Array(40);
request.set(new TextEncoder().encode("simplon0"));
new DataView(request.buffer).setBigUint64(16, libc.address(query), true);
libc.ioctl(echo, SIOCETHTOOL, request);
const takesTcp = new DataView(query.buffer).getUint32(4, true) !== 0;

const refused = Object.fromEntries([...lacking, ...tun.lacking]);
process.stdout.write(`${JSON.stringify({ refused, received, sent, packets, takesTcp })}\n`);
