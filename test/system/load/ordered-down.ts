/**
 * Packets to clients, numbered, at a steady rate: at the LACs each session's numbers have to come in
 * order, each once. Run in the LNS's namespace: `ordered-down.ts SECONDS A_SECOND LACS`. It prints
 * what came as JSON.
 */
import { Caller } from "../../../bench/forward/caller.ts";
import type { Session } from "../../../bench/forward/loads.ts";
import { parseHeader, parsePpp } from "../../../src/codec/index.ts";
import { checked } from "../../../src/linux/errno.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { encodeSockaddr } from "../../../src/linux/sockaddr.ts";

const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const GATEWAY = "10.64.0.1";
const PORT = 9_998;
const SESSIONS = 4;
const CONTROL_BIT = 0x80;
const IPV4 = 0x21;
/** Behind the headers of IP and UDP: the number. */
const NUMBER_AT = 28;
const PAYLOAD = 80;
const SET_UP_MS = 10_000;
const QUIET_MS = 1_000;

const [seconds = 0, perSecond = 0, lacs = 0] = process.argv.slice(2).map(Number);
const libc = openLibc();
const octets = new Uint8Array(65_536);

function socket(port: number, address: string, peer: ReturnType<typeof encodeSockaddr>): number {
  const fd = checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0));
  checked(libc, "bind", libc.bind(fd, encodeSockaddr(address, port)));
  checked(libc, "connect", libc.connect(fd, peer));
  return fd;
}

class Receiver {
  readonly fd: number;
  readonly caller: Caller;
  readonly sessions: (Session & { id: number; fd: number; next: number; expected: number })[] = [];
  arrived = 0;
  wrong = 0;

  constructor(index: number) {
    this.fd = socket(31_000 + index, "127.0.0.1", encodeSockaddr("127.0.0.1", 1701));
    const room = new Uint8Array(new Int32Array([33_554_432]).buffer);
    libc.setsockopt(this.fd, SOL_SOCKET, SO_RCVBUFFORCE, room);
    this.caller = new Caller({
      tunnelId: 1,
      wishes: { name: "bob", password: "bobpw" },
      send: (datagram) => libc.send(this.fd, Uint8Array.from(datagram)),
      opened: (id, session) => {
        const port = PORT - index * SESSIONS - id;
        const fd = socket(port, GATEWAY, encodeSockaddr(session.address, PORT));
        this.sessions.push({ ...session, id, fd, next: 0, expected: 0 });
      },
    });
  }

  /** Whether anything came. */
  take(now: number): boolean {
    let isAny = false;
    for (let length = libc.recv(this.fd, octets); length > 0; length = libc.recv(this.fd, octets)) {
      isAny = true;
      this.#handle(octets.slice(0, length), now);
    }
    this.caller.handleTimeout(now);
    return isAny;
  }

  #handle(datagram: Uint8Array, now: number): void {
    const header = ((datagram[0] ?? 0) & CONTROL_BIT) === 0 ? parseHeader(datagram) : "control";
    const frame = typeof header === "string" ? header : parsePpp(header.payload);
    if (typeof header === "string" || typeof frame === "string" || frame.protocol !== IPV4) {
      this.caller.handle(datagram, now);
      return;
    }
    const session = this.sessions.find(({ id }) => id === header.sessionId);
    if (session === undefined) return;
    const inner = frame.information;
    const number = new DataView(inner.buffer, inner.byteOffset).getUint32(NUMBER_AT);
    if (number !== session.expected) this.wrong++;
    session.expected = number + 1;
    this.arrived++;
  }
}

const receivers = Array.from({ length: lacs }, (_, index) => new Receiver(index));
for (const { caller } of receivers) {
  caller.start(performance.now());
  for (let id = 1; id <= SESSIONS; id++) caller.call(id, performance.now());
}
const takeAll = () => receivers.filter((each) => each.take(performance.now())).length > 0;
const rest = () => new Promise((resolve) => setTimeout(resolve, 1));
const deadline = performance.now() + SET_UP_MS;
while (receivers.some(({ sessions }) => sessions.length < SESSIONS)) {
  if (performance.now() > deadline) throw new Error("the sessions do not come up");
  takeAll();
  await rest();
}
const targets = receivers.flatMap(({ sessions }) => sessions);
const payload = new Uint8Array(PAYLOAD);
const number = new DataView(payload.buffer);
const began = performance.now();
const all = seconds * perSecond;
let sent = 0;
console.log("up");
while (sent < all) {
  const due = Math.min(all, Math.floor(((performance.now() - began) / 1_000) * perSecond));
  while (sent < due) {
    const target = targets[sent % targets.length] as (typeof targets)[number];
    number.setUint32(0, target.next);
    if (libc.send(target.fd, payload) === PAYLOAD) target.next++;
    sent++;
  }
  takeAll();
  await rest();
}
for (let lastAt = performance.now(); performance.now() - lastAt < QUIET_MS; await rest()) {
  if (takeAll()) lastAt = performance.now();
}
for (const { caller } of receivers) caller.hangUp(performance.now());
takeAll();
const sum = (field: "arrived" | "wrong") =>
  receivers.reduce((total, each) => total + each[field], 0);
console.log(JSON.stringify({ sent, arrived: sum("arrived"), wrong: sum("wrong") }));
libc.exit(0);
