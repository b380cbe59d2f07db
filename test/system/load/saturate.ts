/**
 * Data messages as fast as the kernel takes them, from one socket, 64 in one message:
 *
 *   saturate.ts LNS packets|frames|strays|nothing NAME PASSWORD PACKETS-TO
 *     packets: UDP packets of a session that is established, for PACKETS-TO
 *     frames: LCP frames of such a session, each of which asks for an answer
 *     strays: data messages of sessions that there are none of
 *     nothing: a session that is established and takes what comes
 *
 * Prints {"sent":N,"seconds":S,"isUp":B,"inner":"ADDRESS"} each second, until its end.
 *
 * @module
 */
import { Ring } from "../../../bench/forward/ring.ts";
import { buildHeader, buildPpp, parseHeader } from "../../../src/codec/index.ts";
import { checked } from "../../../src/linux/errno.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { AF_INET, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { ipv4 } from "../../../src/net.ts";
import { LCP } from "../../peer/ppp.ts";
import { Client } from "./client.ts";
import { random } from "./mutate.ts";
import { ping } from "./ping.ts";

const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const PORT = 1701;
const SEGMENTS = 64;
const MESSAGES = 64;
const IPV4 = 0x0021;
const PAYLOAD = 200;
const UDP = 17;
const DISCARD_PORT = 9;
/** A code that LCP does not have: answered by a Code-Reject (RFC 1661 5.6). */
const UNKNOWN_CODE = 99;
const ECHO_REQUEST = 9;
const REPORT_MS = 1_000;
/** Calls between two looks at what has arrived. */
const CALLS = 16;

const [to = "", kind = "", name = "", password = "", target = ""] = process.argv.slice(2);
const libc = openLibc();
const fd = checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0));
checked(libc, "bind", libc.bind(fd, encodeSockaddr("0.0.0.0", 0)));
const peer = encodeSockaddr(to, PORT);
const client = new Client(0, { name, password });
const received = new Uint8Array(65_536);
const roll = random(1);
/** Where the LNS has this session: of the data that it sends. */
let ids = { tunnelId: 0, sessionId: 0 };

/** One turn of the client. */
function serve(): void {
  const now = performance.now();
  for (let length = libc.recv(fd, received); length > 0; length = libc.recv(fd, received)) {
    client.handle(received.slice(0, length), now);
  }
  client.tick(now);
  for (const octets of client.transmits()) {
    const header = parseHeader(octets);
    if (typeof header !== "string" && !header.control) {
      ids = { tunnelId: header.tunnelId, sessionId: header.sessionId };
    }
    new Ring(libc, [{ octets, name: peer }]).send(fd);
  }
}

function frame(): Uint8Array {
  if (kind === "packets") return buildPpp(IPV4, packet());
  if (kind === "strays") return buildPpp(IPV4, new Uint8Array(PAYLOAD));
  const code = roll() % 2 === 0 ? ECHO_REQUEST : UNKNOWN_CODE;
  return buildPpp(LCP, Uint8Array.of(code, roll() & 0xff, 0, 8, 0, 0, 0, 0));
}

function packet(): Uint8Array {
  const base = ping(client.inner, target);
  const octets = new Uint8Array(PAYLOAD);
  octets.set(base.subarray(0, 20));
  const view = new DataView(octets.buffer);
  view.setUint16(2, PAYLOAD);
  view.setUint8(9, UDP);
  view.setUint16(10, 0);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += view.getUint16(at);
  view.setUint16(10, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
  view.setUint16(20, 1_024 + (roll() % 60_000));
  view.setUint16(22, DISCARD_PORT);
  view.setUint16(24, PAYLOAD - 20);
  return octets;
}

function datagram(): Uint8Array {
  const stray = { tunnelId: roll() & 0xffff, sessionId: roll() & 0xffff };
  const header = { control: false, priority: false, ...(kind === "strays" ? stray : ids) };
  return buildHeader(header, frame());
}

client.dial(performance.now());
while (!client.isUp) {
  serve();
  await new Promise((resolve) => setTimeout(resolve, 1));
}
if (ipv4(client.inner) === 0) throw new Error("no address");
const pieces = Array.from({ length: kind === "nothing" ? 0 : MESSAGES }, () => {
  const datagrams = Array.from({ length: SEGMENTS }, datagram);
  const octets = Uint8Array.from(datagrams.flatMap((each) => [...each]));
  return { octets, name: peer, segment: datagrams[0]?.length ?? 0 };
});
const ring = new Ring(libc, pieces);
const began = performance.now();
let reported = began;
let sent = 0;
for (;;) {
  if (kind === "nothing") await new Promise((resolve) => setTimeout(resolve, 1));
  else for (let call = 0; call < CALLS; call++) sent += ring.send(fd);
  serve();
  const now = performance.now();
  if (now - reported < REPORT_MS) continue;
  reported = now;
  const { isUp, inner } = client;
  console.log(JSON.stringify({ sent, seconds: (now - began) / 1000, isUp, inner }));
  await new Promise((resolve) => setTimeout(resolve, 0));
}
