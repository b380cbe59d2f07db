/**
 * A client whose datagrams reach the LNS merged, as UDP_GRO merges them on the way: run in the
 * client's namespace. It prints which of its messages were answered.
 */
import { Ring } from "../../../bench/forward/ring.ts";
import {
  buildControlMessage,
  buildHeader,
  buildPpp,
  parseHeader,
  parsePpp,
} from "../../../src/codec/index.ts";
import { checked } from "../../../src/linux/errno.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { avp, Lac, typed } from "../../peer/lac.ts";
import { LCP, PppPeer } from "../../peer/ppp.ts";
import { isEchoReply, ping } from "../load/ping.ts";

const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const ECHO_REQUEST = 9;
const ECHO_REPLY = 10;
const PATIENCE_MS = 8_000;
/** Sooner than anything is sent again. */
const AT_ONCE_MS = 700;
const ID = 1;
const OTHER_ID = 2;
const IPV4 = 0x0021;
const GATEWAY = "10.64.0.1";
/** A type that nobody knows, of an AVP that need not be known. */
const UNKNOWN_AVP = 9_999;
/** Octets of such a one, and of data: more than a ping or an SCCRQ has. */
const PADDING = 200;

const [lns = "", name = "", password = ""] = process.argv.slice(2);
const libc = openLibc();
const fd = checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0));
checked(libc, "bind", libc.bind(fd, encodeSockaddr("0.0.0.0", 1701)));
const peer = encodeSockaddr(lns, 1701);
const lac = new Lac(ID);
const link = new PppPeer({ name, password });
const received = new Uint8Array(65_536);
let echoes = 0;
let pings = 0;
/** Another tunnel from the same port. */
const other = new Lac(OTHER_ID);

function send(octets: Uint8Array, segment?: number): void {
  new Ring(libc, [{ octets, name: peer, ...(segment !== undefined && { segment }) }]).send(fd);
}

function data(frame: Uint8Array): Uint8Array {
  const sessionId = lac.calls.get(ID)?.peerId ?? 0;
  const header = { control: false, priority: false, length: 0, sessionId };
  return buildHeader({ ...header, tunnelId: lac.peerTunnelId }, frame);
}

function receive(): void {
  for (let length = libc.recv(fd, received); length > 0; length = libc.recv(fd, received)) {
    const datagram = received.slice(0, length);
    const header = parseHeader(datagram);
    if (typeof header === "string") throw new Error(header);
    const now = performance.now();
    const frame = header.control ? "control" : parsePpp(header.payload);
    if (header.control) (header.tunnelId === OTHER_ID ? other : lac).handle(datagram, now);
    else if (typeof frame !== "string" && frame.protocol === IPV4) {
      if (isEchoReply(frame.information)) pings++;
    } else {
      if (header.payload[4] === ECHO_REPLY && header.payload[3] === 0x21) echoes++;
      link.handleInput(header.payload, now);
    }
  }
}

/** Until the condition holds; whether it did in time. `isQuiet`: nothing is sent again. */
async function until(condition: () => boolean, ms: number, isQuiet = false): Promise<boolean> {
  const end = performance.now() + ms;
  while (!condition() && performance.now() < end) {
    const now = performance.now();
    receive();
    if (!isQuiet) {
      lac.tick(now);
      if (link.pollTimeout() <= now) link.handleTimeout(now);
    }
    for (const datagram of lac.outbox.splice(0)) send(datagram);
    for (let frame = link.pollTransmit(); frame !== undefined; frame = link.pollTransmit()) {
      send(data(frame));
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return condition();
}

lac.start(performance.now());
lac.call(ID, performance.now());
const isUp = await until(() => link.address !== "" && link.ipcp.isOpened, PATIENCE_MS);
await until(() => lac.idle, PATIENCE_MS);

/** A HELLO is the shorter end of two data messages: the data decides where all go. */
lac.ping(performance.now());
const [hello = new Uint8Array()] = lac.outbox.splice(0);
const filler = data(buildPpp(LCP, Uint8Array.of(11, 7, 0, 40, ...new Uint8Array(36))));
send(Uint8Array.of(...filler, ...filler, ...hello), filler.length);
const isHelloAnswered = await until(() => lac.idle, AT_ONCE_MS, true);

/** An Echo-Request of the same length behind a HELLO. */
await until(() => lac.idle, PATIENCE_MS);
lac.ping(performance.now());
const [second = new Uint8Array()] = lac.outbox.splice(0);
const echo = data(buildPpp(LCP, Uint8Array.of(ECHO_REQUEST, 33, 0, 8, 0, 0, 0, 0)));
echoes = 0;
send(Uint8Array.of(...second, ...echo), second.length);
const isEchoAnswered = await until(() => echoes > 0, AT_ONCE_MS, true);
await until(() => lac.idle, PATIENCE_MS);

/** A ping behind a HELLO that is long enough. */
lac.ping(performance.now());
const [third = new Uint8Array()] = lac.outbox.splice(0);
const number = (at: number) => new DataView(third.buffer).getUint16(at);
const padding = avp(UNKNOWN_AVP, new Uint8Array(PADDING), { mandatory: false });
const long = buildControlMessage({
  tunnelId: lac.peerTunnelId,
  sessionId: 0,
  ns: number(8),
  nr: number(10),
  avps: typed("HELLO", padding),
});
const packet = data(buildPpp(IPV4, ping(link.address, GATEWAY)));
send(Uint8Array.of(...long, ...packet), long.length);
const isPingAnswered = await until(() => pings > 0 && lac.idle, AT_ONCE_MS, true);

/** A request for another tunnel behind data of the first one. */
other.start(performance.now());
const [request = new Uint8Array()] = other.outbox.splice(0);
const bulk = data(buildPpp(LCP, Uint8Array.of(11, 7, 0, PADDING, ...new Uint8Array(PADDING - 4))));
send(Uint8Array.of(...bulk, ...request), bulk.length);
const isStartAnswered = await until(() => other.state === "established", AT_ONCE_MS, true);
for (const datagram of other.outbox.splice(0)) send(datagram);

other.stop(performance.now());
for (const datagram of other.outbox.splice(0)) send(datagram);
await until(() => other.idle, PATIENCE_MS, true);
lac.stop(performance.now());
await until(() => lac.idle, PATIENCE_MS);
console.log(
  JSON.stringify({
    isUp,
    lengths: [second.length, echo.length],
    isHelloAnswered,
    isEchoAnswered,
    isPingAnswered,
    isStartAnswered,
  }),
);
libc.exit(0);
