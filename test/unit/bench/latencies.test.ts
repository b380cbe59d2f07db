/** Times under way are those between the stamp in a packet and its arrival in the kernel. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelClock } from "../../../bench/forward/clock.ts";
import { Inbox } from "../../../bench/forward/inbox.ts";
import { Latencies } from "../../../bench/forward/latencies.ts";
import { DISCARD, dataMessage, STAMPED, stamp, udpPacket } from "../../../bench/forward/packets.ts";
import { type Piece, Ring } from "../../../bench/forward/ring.ts";
import { checked } from "../../../src/linux/errno.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { encodeSockaddr } from "../../../src/linux/sockaddr.ts";

const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const SOL_UDP = 17;
const UDP_GRO = 104;
const LOOPBACK = "127.0.0.1";
const PORT = 41_701;
/** Microseconds that a packet was under way, by its stamp. */
const AGE = 20_000;
/** For the sending and the loopback. */
const MORE = 60_000;
const STAMPS = 50_000;

const libc = openLibc();
const clock = kernelClock(libc);

/** What arrives at a socket of what `make` makes, which is sent to it a moment before. */
function latenciesOf(make: () => readonly Omit<Piece, "name">[], isTunnel: boolean) {
  const fd = checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0));
  const sender = checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0));
  try {
    const name = encodeSockaddr(LOOPBACK, PORT);
    checked(libc, "setsockopt", libc.setsockopt(fd, SOL_UDP, UDP_GRO, Uint8Array.of(1, 0, 0, 0)));
    checked(libc, "bind", libc.bind(fd, name));
    const inbox = new Inbox(libc, fd);
    inbox.stamp(true);
    wait(STAMPS); // the kernel does so in the background
    const latencies = new Latencies(inbox, isTunnel);
    const ring = new Ring(
      libc,
      make().map((piece) => ({ ...piece, name })),
    );
    assert.equal(ring.send(sender), ring.packets);
    wait(2 * (AGE + MORE)); // in the socket, which does not count
    latencies.take();
    return latencies.percentiles();
  } finally {
    libc.close(fd);
    libc.close(sender);
  }
}

function wait(microseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, microseconds / 1_000);
}

function message(sessionId: number, port: number, length?: boolean): Uint8Array {
  const ports = { sourcePort: STAMPED, destinationPort: port };
  const packet = udpPacket({
    ...{ source: 0x0a40_0002, destination: 0x0a08_0001, identification: 0, size: 200 },
    ...ports,
  });
  if (port === STAMPED) stamp(new DataView(packet.buffer), 0, (clock() - AGE) >>> 0);
  const octets = dataMessage(7, sessionId, packet);
  if (length !== false) return octets;
  // RFC 2661 3.1: without the L bit there is no Length.
  const short = Uint8Array.of(...octets.subarray(0, 2), ...octets.subarray(4));
  short[0] = (short[0] ?? 0) & ~0x40;
  return short;
}

function assertAged({ received, p50, p999 }: ReturnType<typeof latenciesOf>, count: number): void {
  assert.equal(received, count);
  assert.ok(p50 >= AGE && p999 <= AGE + MORE, `${p50} to ${p999}`);
}

test("payloads, by the time in their first octets", () => {
  const make = () => {
    const octets = new Uint8Array(64);
    new DataView(octets.buffer).setUint32(0, (clock() - AGE) >>> 0);
    return [{ octets }, { octets }, { octets }];
  };
  assertAged(latenciesOf(make, false), 3);
});

test("data messages with a Length and without, of those that are stamped", () => {
  const make = () =>
    [message(1, STAMPED), message(2, DISCARD), message(1, STAMPED, false)].map((octets) => ({
      octets,
    }));
  assertAged(latenciesOf(make, true), 2);
});

test("each message of a buffer that the kernel has merged", () => {
  const make = () => {
    const all = [message(1, STAMPED), message(2, DISCARD), message(1, STAMPED)];
    const octets = Uint8Array.from(all.flatMap((each) => [...each]));
    return [{ octets, segment: message(1, DISCARD).length }];
  };
  assertAged(latenciesOf(make, true), 2);
});

test("nothing that arrives has no percentiles", () => {
  const { received, p50 } = latenciesOf(() => [{ octets: message(2, DISCARD) }], true);
  assert.equal(received, 0);
  assert.ok(Number.isNaN(p50));
});
