/** Which slots lose datagrams, as sockets on loopback tell that have no room. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Losses } from "../../../src/daemon/losses.ts";
import { LOSSES_CHECK_MS, LOSSES_HALF_MS } from "../../../src/limits.ts";
import { EADDRINUSE, SystemError } from "../../../src/linux/errno.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { AF_INET, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { openSockets, type Sockets, setBuffers } from "../../../src/linux/udp.ts";

const SLOTS = 8;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const libc = openLibc();

function open(): { sockets: Sockets; sender: number } {
  const sender = libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0);
  for (let port = 43_000; ; port++) {
    try {
      const steering = { by: "tunnel", slots: SLOTS } as const;
      const { sockets } = openSockets(libc, "127.0.0.1", port, [], steering);
      assert.equal(libc.connect(sender, encodeSockaddr("127.0.0.1", port)), 0);
      return { sockets, sender };
    } catch (error) {
      if (!(error instanceof SystemError) || error.errno !== EADDRINUSE) throw error;
    }
  }
}

test("a slot is crowded by as much as its sockets lose, until some time after the last loss", () => {
  const { sockets, sender } = open();
  const all = [...sockets.data, ...sockets.link, sockets.sccrq, sockets.control];
  for (const fd of all) setBuffers(libc, fd, 1_000);
  const losses = new Losses(libc, sockets, []);
  const flood = (words: readonly number[], datagrams = 100) => {
    const octets = new Uint8Array(500);
    const view = new DataView(octets.buffer);
    for (const [index, word] of words.entries()) view.setUint16(index * 2, word);
    for (let count = 0; count < datagrams; count++) libc.send(sender, octets);
  };
  const crowded = (now: number) => {
    losses.check(now);
    return [...losses.crowded.keys()].filter((slot) => (losses.crowded[slot] ?? 0) > 0);
  };
  assert.deepEqual(crowded(0), []);
  flood([2, 5, 1, 0x21]); // packets of tunnel 5
  assert.deepEqual(crowded(LOSSES_CHECK_MS - 1), [], "not so soon");
  assert.deepEqual(crowded(LOSSES_CHECK_MS), [5]);
  flood([2, 11, 1, 0xff03, 0xc021]); // LCP of tunnel 11
  assert.deepEqual(crowded(5_000), [3, 5]);
  assert.deepEqual(crowded(LOSSES_CHECK_MS + 10 * LOSSES_HALF_MS), [3]);
  const { data, control } = losses.counts;
  assert.ok(data > 150 && control === 0, `${data} and ${control} lost`);
  flood([0xc802, 500, 0]); // SCCRQs
  assert.ok(losses.counts.control > 50);
  assert.deepEqual(crowded(20 * LOSSES_HALF_MS), []);
  for (const slot of [0, 1, 2, 3]) flood([2, slot, 1, 0x21], slot === 2 ? 3_000 : 300);
  losses.check(21 * LOSSES_HALF_MS);
  const [first = 0, , worst = 0] = losses.crowded;
  assert.ok(first > 0 && worst > first, "where all lose something it tells where most is lost");
  for (const fd of [...all, sender]) libc.close(fd);
});
