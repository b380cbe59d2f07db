/** Which of the sockets gets a datagram: the kernel decides by its header and its length. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { EADDRINUSE, EAGAIN, SystemError } from "../../../src/linux/errno.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { AF_INET, AF_INET6, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { openSockets, type Sockets } from "../../../src/linux/udp.ts";
import type { Steering } from "../../../src/linux/udp-steering.ts";

const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const SLOTS = 8;
const CONTROL = 0xc802;
/** Headers of tunnel 5 and session 6, of all forms: with Length, Ns and Nr, Offset, or without. */
const FRONTS = [
  [0x0002, 5, 6],
  [0x4002, 40, 5, 6],
  [0x0802, 5, 6, 0xffff, 0xffff],
  [0x4802, 40, 5, 6, 1, 2],
  [0x0202, 5, 6, 0],
  [0x0302, 5, 6, 2, 0xffff],
  [0x4a02, 40, 5, 6, 1, 2, 4, 0xc021, 0xc021],
] as const;
const libc = openLibc();

interface Group {
  readonly sockets: Sockets;
  /** Connected to them. */
  readonly sender: number;
  readonly fds: number[];
}

/** All sockets on a free port. */
function open(by: Steering["by"], address: string): Group {
  const sender = libc.socket(address === "::1" ? AF_INET6 : AF_INET, SOCK_DGRAM_NONBLOCK, 0);
  for (let port = 41_000; ; port++) {
    try {
      const steering = { by, slots: SLOTS };
      const { sockets } = openSockets(libc, address, port, ["udp-gro"], steering);
      assert.equal(libc.connect(sender, encodeSockaddr(address, port)), 0);
      const { sccrq, control, data, link } = sockets;
      return { sockets, sender, fds: [sccrq, control, ...data, ...link, sender] };
    } catch (error) {
      if (!(error instanceof SystemError) || error.errno !== EADDRINUSE) throw error;
    }
  }
}

/** `length` octets that begin with these words of 16 bits. */
function datagram(words: readonly number[], length: number): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(Math.max(2 * words.length, length));
  const view = new DataView(octets.buffer);
  for (const [index, word] of words.entries()) view.setUint16(2 * index, word);
  return octets.subarray(0, length);
}

/** Octets of each datagram or buffer that waits. */
function waiting(fd: number): number[] {
  const lengths: number[] = [];
  for (;;) {
    const length = libc.recv(fd, new Uint8Array(65_536));
    if (length < 0) break;
    lengths.push(length);
  }
  assert.equal(libc.errno(), EAGAIN);
  return lengths;
}

function reached({ sockets, sender }: Group, octets: Uint8Array<ArrayBuffer>): string {
  assert.equal(libc.send(sender, octets), octets.length);
  const names = [
    ...waiting(sockets.sccrq).map(() => "sccrq"),
    ...waiting(sockets.control).map(() => "control"),
    ...sockets.data.flatMap((fd, slot) => waiting(fd).map(() => slot)),
    ...sockets.link.flatMap((fd, slot) => waiting(fd).map(() => `link ${slot}`)),
  ];
  return names.join();
}

for (const address of ["127.0.0.1", "::1"]) {
  describe(`${address}: control messages`, () => {
    let group: Group;
    before(() => {
      group = open("tunnel", address);
    });
    after(() => {
      for (const fd of group.fds) libc.close(fd);
    });
    const to = (words: readonly number[], length = 40) => reached(group, datagram(words, length));

    test("without a tunnel have a socket of their own", () => {
      for (const length of [12, 13, 60, 1400])
        assert.equal(to([CONTROL, length, 0], length), "sccrq");
      assert.equal(to([0xfcf2, 40, 0, 5]), "sccrq", "whatever the reserved bits");
    });

    test("of a tunnel have one for all", () => {
      for (const tunnelId of [1, 7, 8, 0x100, 0xff00, 0xffff]) {
        assert.equal(to([CONTROL, 40, tunnelId]), "control");
        assert.equal(to([0xfcf2, 12, tunnelId], 12), "control");
      }
    });

    test("have no other version, no other bits and no fewer octets", () => {
      for (let bit = 0; bit < 16; bit++) {
        const front = CONTROL ^ (1 << bit);
        const isReserved = (front & 0xcb0f) === CONTROL;
        const isLong = (front & 0x4000) !== 0;
        // Without the L bit the Tunnel ID is where the Length was.
        const slot = isReserved ? "control" : String(isLong ? 3 : 5);
        assert.equal(to([front, 5, 3]), slot, front.toString(16));
      }
      for (let length = 6; length < 12; length++) assert.equal(to([CONTROL, 5, 3], length), "3");
    });
  });

  describe(`${address}: data`, () => {
    const groups = new Map<Steering["by"], Group>();
    before(() => {
      for (const by of ["tunnel", "session"] as const) groups.set(by, open(by, address));
    });
    after(() => {
      for (const fd of [...groups.values()].flatMap(({ fds }) => fds)) libc.close(fd);
    });
    const to = (by: Steering["by"], words: readonly number[], length = 40) =>
      reached(groups.get(by) as Group, datagram(words, length));

    test("goes by the lowest bits of its Tunnel ID or of its Session ID", () => {
      for (const id of [0, 1, 2, 3, 4, 5, 6, 7, 8, 0x0102, 0x1234, 0xfff8, 0xffff]) {
        for (const other of [0, 1, 0xffff]) {
          const slot = String(id % SLOTS);
          for (const front of [0x0002, 0x0302, 0x0802]) {
            assert.equal(to("tunnel", [front, id, other]), slot);
            assert.equal(to("session", [front, other, id]), slot);
          }
          for (const front of [0x4002, 0x4802, 0x4302]) {
            assert.equal(to("tunnel", [front, 40, id, other]), slot);
            assert.equal(to("session", [front, 40, other, id]), slot);
          }
        }
      }
    });

    test("goes to another socket of its slot when it configures a link", () => {
      const all = [0xc021, 0xc023, 0xc025, 0xc223, 0xc227, 0x8021, 0x8057, 0x80fd, 0xfeff];
      for (const [words, protocol] of FRONTS.flatMap((words) =>
        all.map((p) => [words, p] as const),
      )) {
        for (const frame of [[0xff03, protocol], [protocol]]) {
          const message = [...words, ...frame];
          assert.equal(to("tunnel", message, 2 * message.length), "link 5", `${message}`);
          assert.equal(to("session", message), "link 6", `${message}`);
        }
      }
    });

    test("is a packet's when its Protocol is any other, or none can be read", () => {
      // IPv4, IPv6, both compressed, multilink, what no Protocol can be, and that of compressed data.
      const all = [0x0021, 0x0057, 0x2145, 0x5760, 0x003d, 0xc121, 0xc020, 0x7fff, 0xfd01, 0xffff];
      for (const words of FRONTS) {
        for (const protocol of all) {
          assert.equal(to("tunnel", [...words, 0xff03, protocol]), "5");
          assert.equal(to("session", [...words, protocol]), "6");
        }
        const length = 2 * words.length;
        for (const end of [length, length + 1]) {
          assert.equal(to("tunnel", [...words, 0xc021], end), "0", "behind the end");
          assert.equal(to("tunnel", [...words, 0xff03, 0xc021], end + 2), "0", "behind the end");
        }
        const [front = 0, ...ids] = words;
        for (const other of [0x8000, 0x0001, 0x0003, 0x000d]) {
          const expected = (front ^ other) === CONTROL ? "control" : "5";
          assert.equal(to("tunnel", [front ^ other, ...ids, 0xff03, 0xc021]), expected);
        }
      }
      assert.equal(
        to("tunnel", [0x0202, 5, 6, 0xffff, 0xff03, 0xc021]),
        "0",
        "an Offset behind the end",
      );
    });

    test("that is too short to tell goes to the first slot", () => {
      const ids = [7, 7, 7, 7];
      for (const [by, front, least] of [
        ["tunnel", 0x0002, 8],
        ["tunnel", 0x4002, 10],
        ["tunnel", CONTROL, 6],
        ["session", 0x0002, 8],
        ["session", 0x4002, 10],
        ["session", CONTROL, 8],
      ] as const) {
        for (let length = 0; length < 12; length++) {
          const expected = length < least ? "0" : "7";
          assert.equal(to(by, [front, ...ids], length), expected, `${by} ${front} ${length}`);
        }
      }
    });

    test("of no sense goes to a slot too", () => {
      let state = 1;
      for (let run = 0; run < 500; run++) {
        const octets = new Uint8Array(run % 40);
        for (const index of octets.keys()) {
          state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
          octets[index] = state >>> 16;
        }
        octets[1] = (octets[1] ?? 0) | 1; // not version 2
        const isLong = ((octets[0] ?? 0) & 0x40) !== 0;
        const last = isLong ? 5 : 3;
        const slot = String(octets.length > last ? (octets[last] ?? 0) % SLOTS : 0);
        assert.equal(reached(groups.get("tunnel") as Group, octets.slice()), slot);
      }
    });

    test("comes as one buffer when the kernel has merged it, but not by session", () => {
      for (const [by, lengths] of [
        ["tunnel", [5 * 100]],
        ["session", [100, 100, 100, 100, 100]],
      ] as const) {
        const { sockets, sender } = groups.get(by) as Group;
        const segment = new Uint8Array(new Int32Array([100]).buffer);
        assert.equal(libc.setsockopt(sender, SOL_UDP, UDP_SEGMENT, segment), 0);
        const message = new Uint8Array(5 * 100);
        for (let at = 0; at < message.length; at += 100) message.set(datagram([2, 6, 6], 6), at);
        assert.equal(libc.send(sender, message), message.length);
        assert.deepEqual(waiting(sockets.data[6] ?? -1), lengths);
        const none = new Uint8Array(new Int32Array([0]).buffer);
        assert.equal(libc.setsockopt(sender, SOL_UDP, UDP_SEGMENT, none), 0);
      }
    });

    test("of many slots in one buffer goes where its first datagram does", () => {
      const { sockets, sender } = groups.get("tunnel") as Group;
      const segment = new Uint8Array(new Int32Array([100]).buffer);
      assert.equal(libc.setsockopt(sender, SOL_UDP, UDP_SEGMENT, segment), 0);
      const message = new Uint8Array(3 * 100);
      for (const [index, id] of [4, 5, 6].entries()) {
        message.set(datagram([2, id, 1], 6), index * 100);
      }
      assert.equal(libc.send(sender, message), message.length);
      assert.deepEqual(sockets.data.map(waiting), [[], [], [], [], [300], [], [], []]);
    });
  });
}
