/**
 * A client with one session over a UDP socket of either family:
 *
 *   outside-client.ts OWN-ADDRESS LNS-ADDRESS USER PASSWORD
 *
 * It prints "up ADDRESS", and "closed" when it is hung up on, and obeys lines: "ping ADDRESS OCTETS"
 * (answered by "pong OCTETS") and "stop" (answered by "stopped"). A datagram that comes from anywhere but the address that it
 * speaks to ends it with an error.
 */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { createInterface } from "node:readline";
import {
  buildHeader,
  buildPpp,
  checksum,
  parseHeader,
  parsePpp,
} from "../../../src/codec/index.ts";
import { ipv4 } from "../../../src/net.ts";
import { Lac } from "../../peer/lac.ts";
import { PppPeer } from "../../peer/ppp.ts";

const PORT = 1701;
const SESSION_ID = 9;
const IPV4 = 0x0021;
const ICMP = 1;
const TICK_MS = 20;
const IP_HEADER = 20;
const ICMP_HEADER = 8;

const [own = "", lns = "", name = "", password = ""] = process.argv.slice(2);
const socket = createSocket(own.includes(":") ? "udp6" : "udp4");
const lac = new Lac(7);
/** No Multilink, which l2tpns would like. */
const peer = new PppPeer({ name, password, rejects: [17, 19] });
const now = () => performance.now();
let isUp = false;
let isClosed = false;

socket.on("message", (datagram, from) => {
  assert.deepEqual([from.address, from.port], [lns, PORT], "an answer from elsewhere");
  receive(new Uint8Array(datagram));
  flush();
});
createInterface({ input: process.stdin }).on("line", obey);
socket.bind({ port: 0, address: own }, () => {
  lac.start(now());
  lac.call(SESSION_ID, now());
  setInterval(tick, TICK_MS);
  flush();
});

function receive(datagram: Uint8Array): void {
  const header = parseHeader(datagram);
  assert.ok(typeof header !== "string", `a datagram that our codec refuses: ${header}`);
  if (header.control) {
    lac.handle(datagram, now());
    return;
  }
  const frame = parsePpp(header.payload);
  assert.ok(typeof frame !== "string", `a frame that our codec refuses: ${frame}`);
  if (frame.protocol === IPV4) pong(frame.information);
  else peer.handleInput(header.payload, now());
}

function tick(): void {
  lac.tick(now());
  if (peer.pollTimeout() <= now()) peer.handleTimeout(now());
  flush();
}

function flush(): void {
  for (const datagram of lac.outbox.splice(0)) socket.send(datagram, PORT, lns);
  for (let frame = peer.pollTransmit(); frame; frame = peer.pollTransmit()) transmit(frame);
  if (!isClosed && (lac.state === "closed" || lac.calls.get(SESSION_ID)?.state === "closed")) {
    isClosed = true;
    console.log("closed");
  }
  if (isUp || !peer.ipcp.isOpened) return;
  isUp = true;
  console.log(`up ${peer.address}`);
}

function transmit(frame: Uint8Array): void {
  const tunnelId = lac.peerTunnelId;
  const sessionId = lac.calls.get(SESSION_ID)?.peerId ?? 0;
  const header = { control: false, priority: false, length: 0, tunnelId, sessionId };
  socket.send(buildHeader(header, frame), PORT, lns);
}

function obey(line: string): void {
  const [verb, to = "", octets = ""] = line.split(" ");
  if (verb === "ping") transmit(buildPpp(IPV4, echo(to, Number(octets))));
  if (verb !== "stop") return;
  lac.stop(now());
  const end = setInterval(() => {
    if (!lac.idle) return;
    console.log("stopped");
    clearInterval(end);
    process.exit(0);
  }, TICK_MS);
}

/** An Echo Request in an IPv4 packet of so many octets. */
function echo(to: string, octets: number): Uint8Array {
  const packet = new Uint8Array(octets).map((_, index) => index);
  const view = new DataView(packet.buffer);
  packet.set([0x45, 0, 0, 0, 0, 1, 0, 0, 64, ICMP, 0, 0]);
  view.setUint16(2, octets);
  view.setUint32(12, ipv4(peer.address));
  view.setUint32(16, ipv4(to));
  view.setUint16(10, checksum(packet.subarray(0, IP_HEADER)));
  packet.set([8, 0, 0, 0], IP_HEADER);
  view.setUint16(IP_HEADER + 2, checksum(packet.subarray(IP_HEADER)));
  return packet;
}

function pong(packet: Uint8Array): void {
  assert.equal(packet[IP_HEADER], 0, "no Echo Reply");
  const expected = echo("0.0.0.0", packet.length).subarray(IP_HEADER + ICMP_HEADER);
  assert.deepEqual(packet.subarray(IP_HEADER + ICMP_HEADER), expected);
  console.log(`pong ${packet.length}`);
}
