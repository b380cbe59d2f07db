/** A socket of the control thread: what the kernel merges, cuts off and does not tell. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { encodeDscp } from "../../../src/linux/cmsg.ts";
import { EAGAIN, EINTR } from "../../../src/linux/errno.ts";
import { encodePktinfo } from "../../../src/linux/sockaddr.ts";
import { filled, PATH, SocketKernel } from "./socket-kernel.ts";

const EBADF = 9;

test("what the kernel has merged comes apart, in order and with its ends", () => {
  const kernel = new SocketKernel();
  const parts = [filled(40, 1), filled(40, 2), filled(12, 3)];
  const path = { peer: "192.0.2.10", peerPort: 1_701, local: "192.0.2.2" };
  kernel.arrivals.push(
    { octets: filled(100, 9) },
    { octets: Uint8Array.from(parts.flatMap((part) => [...part])), segment: 40, path },
    { octets: filled(0, 0) },
    { octets: filled(80, 4), segment: 40 },
  );
  const expected = [
    { datagram: filled(100, 9), path: PATH },
    ...parts.map((datagram) => ({ datagram, path })),
    { datagram: filled(0, 0), path: PATH },
    { datagram: filled(40, 4), path: PATH },
    { datagram: filled(40, 4), path: PATH },
  ];
  const taken = expected.map(() => kernel.socket.take());
  assert.deepEqual(taken, expected);
  assert.equal(kernel.socket.isHolding, false);
  assert.equal(kernel.socket.take(), undefined);
});

test("what is left of a batch comes next, before anything else is received", () => {
  const kernel = new SocketKernel();
  const octets = Uint8Array.from({ length: 64 * 12 }, (_, at) => Math.floor(at / 12));
  kernel.arrivals.push({ octets, segment: 12 }, { octets: filled(5, 5) });
  assert.deepEqual(kernel.socket.take()?.datagram, filled(12, 0));
  assert.ok(kernel.socket.isHolding);
  kernel.arrivals.push({ octets: filled(6, 6) });
  const rest = Array.from({ length: 63 }, (_, at) => filled(12, at + 1));
  assert.deepEqual(kernel.take(), [...rest, filled(5, 5), filled(6, 6)]);
  assert.equal(kernel.calls, 3);
});

for (const receive of [layout.CONTROL_RECEIVE, layout.CONTROL_STARTS]) {
  test(`batch after batch is received into the same buffers, at ${receive}`, () => {
    const kernel = new SocketKernel(receive);
    const count = 3 * layout.BUFFER_COUNT;
    for (let n = 0; n < count; n++) {
      // What the kernel tells takes more room in the later ones.
      const told = n < layout.BUFFER_COUNT ? {} : { segment: 9 };
      kernel.arrivals.push({ octets: filled(9, n), ...told });
    }
    const expected = Array.from({ length: count }, (_, n) => filled(9, n));
    assert.deepEqual(kernel.take(), expected);
  });
}

test("what goes to an address that the socket has no place for is counted", () => {
  const kernel = new SocketKernel();
  const path = { peer: "2001:db8::9", peerPort: 1_701, local: "" };
  kernel.socket.send({ datagram: filled(12, 1), path });
  assert.equal(kernel.sent.length, 0);
  assert.equal(kernel.socket.counters["send-failed"], 1);
});

test("a buffer that is full is taken to its last octet", () => {
  const kernel = new SocketKernel();
  const octets = Uint8Array.from({ length: 65_507 }, (_, at) => at % 251);
  kernel.arrivals.push({ octets }, { octets, segment: 1_400 });
  const [whole, ...parts] = kernel.take();
  assert.deepEqual(whole, octets);
  assert.deepEqual(Uint8Array.from(parts.flatMap((part) => [...part])), octets);
  assert.equal(parts.length, Math.ceil(65_507 / 1_400));
});

test("what the kernel has cut is dropped and counted, whatever stands around it", () => {
  const kernel = new SocketKernel();
  const { BUFFER_CAPACITY, MSG_TRUNC } = layout;
  kernel.arrivals.push(
    { octets: filled(20, 1) },
    { octets: filled(BUFFER_CAPACITY + 1, 4), flags: MSG_TRUNC },
    { octets: filled(20, 5), flags: MSG_TRUNC },
    { octets: filled(7, 3) },
  );
  assert.deepEqual(kernel.take(), [filled(20, 1), filled(7, 3)]);
  assert.equal(kernel.socket.counters.truncated, 2);
});

test("without our address none of what was merged is taken", () => {
  const kernel = new SocketKernel();
  for (const told of [{}, { local: "224.0.0.5" }]) {
    kernel.arrivals.push({ octets: filled(30, 1), segment: 12, told });
  }
  kernel.arrivals.push({ octets: filled(4, 2) });
  assert.deepEqual(kernel.take(), [filled(4, 2)]);
  assert.equal(kernel.socket.counters["no-address"], 6);
});

test("nothing there, or a signal, is no error; anything else is", () => {
  const kernel = new SocketKernel();
  for (const errno of [EAGAIN, EINTR]) {
    kernel.errno = errno;
    assert.deepEqual(kernel.take(), []);
  }
  kernel.errno = EBADF;
  assert.throws(() => kernel.socket.take(), { call: "recvmmsg", errno: EBADF });
});

test("an answer leaves from the address that was addressed", () => {
  const { socket, sent } = new SocketKernel();
  const datagram = filled(12, 7);
  socket.send({ datagram, path: PATH });
  assert.deepEqual(sent, [{ datagram, control: encodePktinfo(PATH.local) }]);
});

test("a message has the DSCP that its tunnel has agreed on, and the next one none", () => {
  const { socket, sent } = new SocketKernel();
  const datagram = filled(12, 7);
  socket.send({ datagram, path: PATH, dscp: 46 });
  socket.send({ datagram, path: { ...PATH, local: "" }, dscp: 0 });
  socket.send({ datagram, path: PATH });
  const info = encodePktinfo(PATH.local);
  assert.deepEqual(
    sent.map(({ control }) => control),
    [Uint8Array.of(...info, ...encodeDscp(46, true)), encodeDscp(0, true), info],
  );
  const longest = encodePktinfo("2001:db8::1").length + encodeDscp(46, false).length;
  assert.ok(longest <= layout.BATCH_CONTROL_SIZE);
});
