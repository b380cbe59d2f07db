/**
 * A client that takes 1300 octets and does what no stock client does on purpose: run in the client's
 * namespace. It says when it is up, sends what marks its packets, and prints what it gets inside.
 */
import { Ring } from "../../../bench/forward/ring.ts";
import { buildHeader, buildPpp, parseHeader, parsePpp } from "../../../src/codec/index.ts";
import { checked } from "../../../src/linux/errno.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { Lac } from "../../peer/lac.ts";
import { LCP, PppPeer } from "../../peer/ppp.ts";
import { FLAG, TCP, writeChecksum, writeHeaderChecksum } from "../../reference/offload.ts";
import { packet } from "../../unit/dataplane/frames.ts";
import { ping } from "../load/ping.ts";

const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const [IPPROTO_IP, IP_TOS] = [0, 1];
const CE = 3;
const ECT_0 = 2;
const ID = 1;
const IPV4 = 0x0021;
const MRU = 1_300;
const MSS = 1_460;
const [ECHO_REQUEST, ECHO_REPLY] = [9, 10];
const LIFE_MS = 60_000;

const [lns = "", name = "", password = "", host = ""] = process.argv.slice(2);
const libc = openLibc();
const fd = checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0));
checked(libc, "bind", libc.bind(fd, encodeSockaddr("0.0.0.0", 1701)));
const peer = encodeSockaddr(lns, 1701);
const lac = new Lac(ID);
const lcp = [[1, MRU >> 8, MRU & 0xff]] as const;
const ipv6cp = [[1, 0, 0, 0, 0, 0, 0, 0, 5]] as const;
const link = new PppPeer({ name, password, lcp, ipv6cp });
const received = new Uint8Array(65_536);
let isUp = false;

function say(what: Record<string, unknown>): void {
  console.log(JSON.stringify(what));
}

function send(octets: Uint8Array): void {
  new Ring(libc, [{ octets, name: peer }]).send(fd);
}

function data(frame: Uint8Array): Uint8Array {
  const sessionId = lac.calls.get(ID)?.peerId ?? 0;
  const header = { control: false, priority: false, length: 0, sessionId };
  return buildHeader({ ...header, tunnelId: lac.peerTunnelId }, frame);
}

function syn(source: string): Uint8Array {
  const octets = packet(source, host, 24);
  octets.fill(0, 20);
  octets.set([0x9c, 0x40, 0x00, 0x50], 20);
  octets.set([6 << 4, FLAG.syn, 0xff, 0xff], 32);
  octets.set([2, 4, MSS >> 8, MSS & 0xff], 40);
  octets[9] = TCP;
  writeHeaderChecksum(octets);
  writeChecksum(octets, 20, TCP);
  return octets;
}

/** A SYN, an Echo-Request, and a ping that can tell of congestion, in a packet that has met it. */
function speak(): void {
  send(data(buildPpp(IPV4, syn(link.address))));
  send(data(buildPpp(LCP, Uint8Array.of(ECHO_REQUEST, 33, 0, 8, 1, 2, 3, 4))));
  const octets = ping(link.address, host);
  octets[1] = ECT_0;
  writeHeaderChecksum(octets);
  const tos = (value: number) => {
    const option = new Uint8Array(new Int32Array([value]).buffer);
    checked(libc, "setsockopt", libc.setsockopt(fd, IPPROTO_IP, IP_TOS, option));
  };
  tos(CE);
  send(data(buildPpp(IPV4, octets)));
  tos(0);
}

function take(information: Uint8Array): void {
  const view = new DataView(information.buffer, information.byteOffset);
  const isSyn = information[9] === TCP && (view.getUint8(33) & FLAG.syn) !== 0;
  if (isSyn && view.getUint8(40) === 2) say({ mss: view.getUint16(42) });
}

const end = performance.now() + LIFE_MS;
lac.start(performance.now());
lac.call(ID, performance.now());
while (performance.now() < end) {
  const now = performance.now();
  for (let length = libc.recv(fd, received); length > 0; length = libc.recv(fd, received)) {
    const datagram = received.slice(0, length);
    const header = parseHeader(datagram);
    if (typeof header === "string") throw new Error(header);
    const frame = header.control ? "control" : parsePpp(header.payload);
    if (header.control) lac.handle(datagram, now);
    else if (typeof frame !== "string" && frame.protocol === IPV4) take(frame.information);
    else {
      if (isUp && header.payload[3] === 0x21 && header.payload[4] === ECHO_REPLY)
        say({ echo: true });
      link.handleInput(header.payload, now);
    }
  }
  lac.tick(now);
  if (link.pollTimeout() <= now) link.handleTimeout(now);
  for (const datagram of lac.outbox.splice(0)) send(datagram);
  for (let frame = link.pollTransmit(); frame !== undefined; frame = link.pollTransmit()) {
    send(data(frame));
  }
  if (!isUp && link.address !== "" && link.ipcp.isOpened && link.ipv6cp?.isOpened) {
    isUp = true;
    say({ address: link.address });
    speak();
  }
  await new Promise((resolve) => setTimeout(resolve, 2));
}
libc.exit(0);
