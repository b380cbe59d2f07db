/**
 * Many sessions in one tunnel, without devices:
 *
 *   crowd.ts LNS SESSIONS NAME PASSWORD SERVER
 *
 * It obeys lines on standard input: "dial"; "probe": a datagram from each session to SERVER, where
 * markers.ts sends it back; "spoof": one of each with the source of the next session; "hang-up N";
 * "stop". It prints {"up":N,"closed":N,"answered":N,"foreign":N} whenever that changes: how many have
 * an address and are not closed, how many calls were closed, and of the packets that came how many
 * were the answer to the probe of their own session, and how many were not.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { createInterface } from "node:readline";
import { buildHeader, buildPpp, parseHeader, parsePpp } from "../../../src/codec/index.ts";
import { Lac } from "../../peer/lac.ts";
import { PppPeer } from "../../peer/ppp.ts";
import { markerPacket, payloadOf } from "./marker.ts";

const PORT = 1701;
const IPV4 = 0x0021;
const TICK_MS = 10;
/** Datagrams that are sent at a tick: no more than every socket on the way has room for. */
const BATCH = 40;

const [to = "", count = "1", name = "", password = "", server = ""] = process.argv.slice(2);
const socket = createSocket({ type: "udp4", recvBufferSize: 4 * 1024 * 1024 });
const lac = new Lac(1, "", 64);
const links = Array.from({ length: Number(count) }, () => new PppPeer({ name, password }));
const nonce = Math.random().toString(36).slice(2);
const answers = new Set<number>();
const waiting: (() => void)[] = [];
let foreign = 0;
let reported = "";

socket.on("message", (datagram) => {
  receive(new Uint8Array(datagram));
  flush();
});
createInterface({ input: process.stdin }).on("line", obey);
setInterval(tick, TICK_MS);

/** Session IDs are the places of the links, from 1. */
function marker(index: number): string {
  return `${nonce} ${index} ${links[index]?.address}`;
}

function obey(line: string): void {
  const [verb, argument] = line.split(" ");
  const now = performance.now();
  if (verb === "dial") {
    lac.start(now);
    for (const index of links.keys()) lac.call(index + 1, now);
  } else if (verb === "hang-up") {
    lac.hangUp(Number(argument), now);
  } else if (verb === "stop") {
    lac.stop(now);
  } else {
    assert.ok(verb === "probe" || verb === "spoof", line);
    const shift = verb === "spoof" ? 1 : 0;
    answers.clear();
    for (const index of links.keys()) waiting.push(() => probe(index, shift));
  }
  flush();
}

function probe(index: number, shift: number): void {
  const source = links[(index + shift) % links.length]?.address ?? "";
  transmit(index, buildPpp(IPV4, markerPacket(source, server, marker(index))));
}

function receive(datagram: Uint8Array): void {
  const header = parseHeader(datagram);
  assert.ok(typeof header !== "string", `a datagram that our codec refuses: ${header}`);
  const now = performance.now();
  if (header.control) {
    lac.handle(datagram, now);
    return;
  }
  const index = header.sessionId - 1;
  const frame = parsePpp(header.payload);
  assert.ok(typeof frame !== "string", `a frame that our codec refuses: ${frame}`);
  if (frame.protocol !== IPV4) links[index]?.handleInput(header.payload, now);
  else if (payloadOf(frame.information) === `echo ${marker(index)}`) answers.add(index);
  else foreign++;
}

function tick(): void {
  const now = performance.now();
  lac.tick(now);
  for (const link of links) if (link.pollTimeout() <= now) link.handleTimeout(now);
  for (const send of waiting.splice(0, BATCH)) send();
  flush();
  report();
}

function flush(): void {
  for (const datagram of lac.outbox.splice(0)) socket.send(datagram, PORT, to);
  for (const [index, link] of links.entries()) {
    for (let frame = link.pollTransmit(); frame; frame = link.pollTransmit()) {
      transmit(index, frame);
    }
  }
}

function transmit(index: number, frame: Uint8Array): void {
  const tunnelId = lac.peerTunnelId;
  const sessionId = lac.calls.get(index + 1)?.peerId ?? 0;
  const header = { control: false, priority: false, length: 0, tunnelId, sessionId };
  socket.send(buildHeader(header, frame), PORT, to);
}

function report(): void {
  const calls = [...lac.calls.values()];
  const isOpen = (index: number) => lac.calls.get(index + 1)?.state === "established";
  const up = links.filter((link, index) => link.ipcp.isOpened && isOpen(index)).length;
  const closed = calls.filter(({ state }) => state === "closed").length;
  const line = JSON.stringify({ up, closed, answered: answers.size, foreign });
  if (line !== reported) console.log(line);
  reported = line;
}
