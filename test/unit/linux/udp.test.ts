/** Which of the two sockets gets a datagram: the kernel decides by its first octets and its length. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { EADDRINUSE, EAGAIN, SystemError } from "../../../src/linux/errno.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { AF_INET, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { openUdpPair, type UdpPair } from "../../../src/linux/udp.ts";

const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const ADDRESS = "127.0.0.1";
const libc = openLibc();

/** Both sockets on a free port, and one that is connected to it. */
function openTriple(): { pair: UdpPair; sender: number } {
  const sender = libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0);
  for (let port = 41_000; ; port++) {
    try {
      const { sockets } = openUdpPair(libc, ADDRESS, port, []);
      assert.equal(libc.connect(sender, encodeSockaddr(ADDRESS, port)), 0);
      return { pair: sockets, sender };
    } catch (error) {
      if (!(error instanceof SystemError) || error.errno !== EADDRINUSE) throw error;
    }
  }
}

/** `length` octets, the first two of them `front`. */
function datagram(front: number, length: number): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(Math.max(2, length));
  new DataView(octets.buffer).setUint16(0, front);
  return octets.subarray(0, length);
}

describe("the control socket", () => {
  let pair: UdpPair;
  let sender: number;
  before(() => {
    ({ pair, sender } = openTriple());
  });
  after(() => {
    for (const fd of [sender, pair.control, pair.data]) libc.close(fd);
  });

  const takes = (fd: number): boolean => {
    if (libc.recv(fd, new Uint8Array(64)) >= 0) return true;
    assert.equal(libc.errno(), EAGAIN);
    return false;
  };
  const socketOf = (front: number, length: number): string => {
    assert.equal(libc.send(sender, datagram(front, length)), length);
    return `${takes(pair.control) ? "control" : ""}${takes(pair.data) ? "data" : ""}`;
  };

  test("gets what begins as a control message, whatever its reserved bits", () => {
    for (const front of [0xc802, 0xfcf2]) {
      for (const length of [12, 13, 60]) assert.equal(socketOf(front, length), "control");
    }
  });

  test("gets no data messages", () => {
    for (const front of [0x0002, 0x4002, 0x4802, 0x0302]) assert.equal(socketOf(front, 40), "data");
  });

  test("gets no other version, no other control bits and nothing too short", () => {
    for (let bit = 0; bit < 16; bit++) {
      const front = 0xc802 ^ (1 << bit);
      const isReserved = (front & 0xcb0f) === 0xc802;
      assert.equal(socketOf(front, 40), isReserved ? "control" : "data", front.toString(16));
    }
    assert.equal(socketOf(0xc803, 40), "data");
    for (let length = 0; length < 12; length++) assert.equal(socketOf(0xc802, length), "data");
  });
});
