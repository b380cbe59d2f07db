/**
 * Packets of many sessions in shared GRO buffers, numbered, from several LACs with two tunnels each;
 * at the other end of the LNS each session's numbers have to come in order, each once. Run in the
 * LNS's namespace: `ordered.ts PACKETS LACS`. It prints what came as JSON.
 */
import { Caller } from "../../../bench/forward/caller.ts";
import type { Session } from "../../../bench/forward/loads.ts";
import { dataMessage, IP_HEADER, stamp, udpPacket } from "../../../bench/forward/packets.ts";
import { Ring } from "../../../bench/forward/ring.ts";
import { checked } from "../../../src/linux/errno.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { ipv4 } from "../../../src/net.ts";

const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SOL_UDP = 17;
const UDP_GRO = 104;
const GATEWAY = "10.64.0.1";
const PORT = 9_999;
const FIRST_PORT = 4_000;
const TUNNELS = 2;
const SESSIONS = 4;
const SEGMENTS = 40;
/** Octets of an inner packet; behind its headers the number, and which session it is. */
const SIZE = 100;
const PAYLOAD = SIZE - IP_HEADER - 8;
const FRONT = 12;
const WHICH_AT = 4;
/** Packets under way at once: fewer than what a CPU takes in (net.core.netdev_max_backlog). */
const WINDOW = 600;
const PATIENCE_MS = 10_000;

const [packets = 0, lacs = 0] = process.argv.slice(2).map(Number);
const libc = openLibc();
const lns = encodeSockaddr("127.0.0.1", 1701);

function socket(port: number, address: string): number {
  const fd = checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0));
  checked(libc, "bind", libc.bind(fd, encodeSockaddr(address, port)));
  return fd;
}

/** A LAC: all its tunnels come from one port. */
class Sender {
  readonly fd: number;
  readonly callers: Caller[];
  readonly sessions: Session[] = [];
  #ring: Ring | undefined;
  #numbers: number[] = [];
  #first = 0;

  constructor(port: number) {
    this.fd = socket(port, "127.0.0.1");
    checked(libc, "connect", libc.connect(this.fd, lns));
    this.callers = Array.from({ length: TUNNELS }, (_, index) => {
      return new Caller({
        tunnelId: index + 1,
        wishes: { name: "bob", password: "bobpw" },
        send: (datagram) => libc.send(this.fd, Uint8Array.from(datagram)),
        opened: (_id, session) => this.sessions.push(session),
      });
    });
  }

  turn(now: number): void {
    const octets = new Uint8Array(65_536);
    for (let length = libc.recv(this.fd, octets); length > 0; length = libc.recv(this.fd, octets)) {
      const datagram = octets.slice(0, length);
      const tunnelId = new DataView(datagram.buffer).getUint16((datagram[0] ?? 0) & 0x40 ? 4 : 2);
      this.callers[tunnelId - 1]?.handle(datagram, now);
    }
    for (const caller of this.callers) caller.handleTimeout(now);
  }

  /** Lays one GRO buffer; `first` is the number of its first session among all. */
  lay(first: number): void {
    this.#first = first;
    this.#numbers = this.sessions.map(() => 0);
    const pieces = Array.from({ length: SEGMENTS }, (_, index) => {
      const which = this.#sessionOf(index);
      const session = this.sessions[which] as Session;
      const inner = udpPacket({
        source: ipv4(session.address),
        destination: ipv4(GATEWAY),
        sourcePort: FIRST_PORT + which,
        destinationPort: PORT,
        identification: index,
        size: SIZE,
      });
      return dataMessage(session.tunnelId, session.sessionId, inner);
    });
    const octets = Buffer.concat(pieces);
    const segment = pieces[0]?.length ?? 0;
    this.#ring = new Ring(libc, [{ octets, segment }]);
  }

  /** All sessions of both tunnels in turn, now one and now three of a session together. */
  #sessionOf(index: number): number {
    return Math.floor(index / (1 + (index % 3))) % this.sessions.length;
  }

  send(): number {
    const ring = this.#ring as Ring;
    for (let index = 0; index < SEGMENTS; index++) {
      const which = this.#sessionOf(index);
      const number = this.#numbers[which] ?? 0;
      this.#numbers[which] = number + 1;
      const at = index * (FRONT + SIZE) + FRONT;
      stamp(ring.data, at, number);
      label(ring.data, at, this.#first + which);
    }
    const sent = ring.send(this.fd) * SEGMENTS;
    if (sent === 0) throw new Error("the sender's own buffer is full");
    return SEGMENTS;
  }
}

/** Which session it is stands behind the number, with the checksum mended once. */
function label(view: DataView, at: number, which: number): void {
  const labelAt = at + WHICH_AT;
  const field = at + IP_HEADER + 6;
  const spot = labelAt + IP_HEADER + 8;
  const old = view.getUint16(spot);
  if (old === which) return;
  const rest = (~view.getUint16(field) & 0xffff) + 0xffff - old + which;
  const folded = (rest & 0xffff) + (rest >>> 16);
  view.setUint16(spot, which);
  view.setUint16(field, ~((folded & 0xffff) + (folded >>> 16)) & 0xffff || 0xffff);
}

const senders = Array.from({ length: lacs }, (_, index) => new Sender(30_000 + index));
const deadline = performance.now() + PATIENCE_MS;
for (const { callers } of senders) {
  for (const caller of callers) {
    caller.start(performance.now());
    for (let id = 1; id <= SESSIONS; id++) caller.call(id, performance.now());
  }
}
while (senders.some(({ sessions }) => sessions.length < TUNNELS * SESSIONS)) {
  if (performance.now() > deadline) throw new Error("the sessions do not come up");
  for (const sender of senders) sender.turn(performance.now());
  await new Promise((resolve) => setTimeout(resolve, 1));
}
for (const [index, sender] of senders.entries()) sender.lay(index * TUNNELS * SESSIONS);

const sink = socket(PORT, GATEWAY);
const int32 = (value: number) => new Uint8Array(new Int32Array([value]).buffer);
libc.setsockopt(sink, SOL_SOCKET, SO_RCVBUFFORCE, int32(33_554_432));
checked(libc, "setsockopt", libc.setsockopt(sink, SOL_UDP, UDP_GRO, int32(1)));

const expected = new Uint32Array(lacs * TUNNELS * SESSIONS);
const octets = new Uint8Array(65_536);
const view = new DataView(octets.buffer);
let sent = 0;
let arrived = 0;
let wrong = 0;
let lastAt = performance.now();
const began = performance.now();
while (arrived < packets) {
  if (sent < packets && sent - arrived < WINDOW) {
    for (const sender of senders) sent += sender.send();
  }
  for (let length = libc.recv(sink, octets); length > 0; length = libc.recv(sink, octets)) {
    lastAt = performance.now();
    for (let at = 0; at < length; at += PAYLOAD) {
      const which = view.getUint16(at + WHICH_AT);
      const number = view.getUint32(at);
      if (number !== expected[which]) wrong++;
      expected[which] = number + 1;
      arrived++;
    }
  }
  if (performance.now() - lastAt > PATIENCE_MS) break;
}
const seconds = (performance.now() - began) / 1_000;
for (let at = performance.now() + 300; performance.now() < at; ) {
  for (let length = libc.recv(sink, octets); length > 0; length = libc.recv(sink, octets)) {
    arrived += length / PAYLOAD; // nothing comes twice, late
  }
}
for (const sender of senders) {
  for (const caller of sender.callers) caller.hangUp(performance.now());
  sender.turn(performance.now());
}
const perSecond = Math.round(arrived / seconds);
console.log(JSON.stringify({ sent, arrived, wrong, perSecond }));
libc.exit(0);
