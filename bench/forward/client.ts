/**
 * The client side of a measurement, a process of its own: one tunnel with many sessions, set up
 * with the peers of the test suite; then, told on standard input, data messages at full rate.
 *
 *   client.ts LNS SESSIONS      prints {"addresses":[...]} when every session is up
 *   {"size":200,"seconds":5,"to":"10.8.0.1"}   sends; prints {"sent":N}
 *
 * @module
 */
import { createInterface } from "node:readline";
import { buildHeader, buildPpp, parseHeader } from "../../src/codec/index.ts";
import { checked } from "../../src/linux/errno.ts";
import { openLibc } from "../../src/linux/ffi.ts";
import { encodeSockaddr } from "../../src/linux/sockaddr.ts";
import { Lac } from "../../test/peer/lac.ts";
import { PppPeer } from "../../test/peer/ppp.ts";
import { blast } from "./blast.ts";
import { udpPacket } from "./packets.ts";

const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const L2TP_PORT = 1701;
const PPP_IPV4 = 0x0021;
const FLOWS = 64;
/** Calls under way at once: a window that no queue on the way overflows. */
const CALLS_AT_ONCE = 64;

const [lnsAddress = "", sessions = "1"] = process.argv.slice(2);
const libc = openLibc();
const fd = checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0));
checked(libc, "bind", libc.bind(fd, encodeSockaddr("0.0.0.0", L2TP_PORT)));
checked(libc, "connect", libc.connect(fd, encodeSockaddr(lnsAddress, L2TP_PORT)));

const lac = new Lac(1);
const links = new Map<number, PppPeer>();
const received = new Uint8Array(2048);

function turn(now: number): void {
  for (let length = libc.recv(fd, received); length > 0; length = libc.recv(fd, received)) {
    handle(received.slice(0, length), now);
  }
  lac.tick(now);
  for (const link of links.values()) if (link.pollTimeout() <= now) link.handleTimeout(now);
  for (const datagram of lac.outbox.splice(0)) libc.send(fd, Uint8Array.from(datagram));
  for (const [id, link] of links) sendFrames(id, link);
}

function handle(datagram: Uint8Array, now: number): void {
  const header = parseHeader(datagram);
  if (typeof header === "string") throw new Error(`the LNS sent what is ${header}`);
  if (header.control) lac.handle(datagram, now);
  else links.get(header.sessionId)?.handleInput(header.payload, now);
}

function sendFrames(id: number, link: PppPeer): void {
  for (let frame = link.pollTransmit(); frame !== undefined; frame = link.pollTransmit()) {
    libc.send(fd, Uint8Array.from(dataMessage(id, frame)));
  }
}

function dataMessage(id: number, frame: Uint8Array): Uint8Array {
  const sessionId = lac.calls.get(id)?.peerId ?? 0;
  const header = { control: false, priority: false, length: 0, sessionId };
  return buildHeader({ ...header, tunnelId: lac.peerTunnelId }, frame);
}

/** Sets all sessions up, a few at a time; those that are up cost no further look. */
async function setUp(count: number): Promise<string[]> {
  const addresses: string[] = [];
  let next = 1;
  lac.start(performance.now());
  while (addresses.length < count) {
    const now = performance.now();
    while (next <= count && links.size < CALLS_AT_ONCE) {
      lac.call(next, now);
      links.set(next++, new PppPeer({ name: "bench", password: "bench" }));
    }
    turn(now);
    for (const [id, link] of links) {
      if (link.address === "" || !link.ipcp.isOpened) continue;
      addresses[id - 1] = link.address;
      links.delete(id);
    }
    if (lac.state === "closed") throw new Error("the tunnel was closed");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return addresses;
}

const addresses = await setUp(Number(sessions));
console.log(JSON.stringify({ addresses }));
const alive = setInterval(() => turn(performance.now()), 200);
for await (const line of createInterface({ input: process.stdin })) {
  const { size, seconds, to } = JSON.parse(line);
  const targets = addresses.slice(0, FLOWS).map((address, index) => ({
    datagram: dataMessage(index + 1, buildPpp(PPP_IPV4, udpPacket(address, to, size))),
    address: lnsAddress,
    port: L2TP_PORT,
  }));
  const batch = Array.from({ length: FLOWS }, (_, index) => targets[index % targets.length]);
  const sent = blast(
    libc,
    fd,
    batch.flatMap((target) => target ?? []),
    seconds,
  );
  console.log(JSON.stringify({ sent }));
}
lac.stop(performance.now());
turn(performance.now());
clearInterval(alive);
