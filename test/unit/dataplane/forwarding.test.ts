import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import * as layout from "../../../assembly/layout.ts";
import { instantiate, workerAt } from "../../../src/dataplane/memory.ts";
import type { SessionHandle } from "../../../src/dataplane/session-table.ts";
import { SESSIONS_MAX } from "../../../src/limits.ts";
import { encodePktinfo, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { formatIpv4, ipv4 } from "../../../src/net.ts";
import { BASE, dataMessage, Plane, packet, pppFrame } from "./plane.ts";

const CLIENT = "10.64.0.2";
const HOST = "203.0.113.7";

test("up: an IP packet leaves as it came, in the network of its session", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8, CLIENT, { network: 3 });
  const inner = packet(CLIENT, HOST);
  const written = plane.up([dataMessage(7, 8, pppFrame(inner))]);
  assert.deepEqual(written, [{ network: 3, packet: inner }]);
  assert.deepEqual(plane.counters(), { "up.packets": 1, "up.octets": inner.length });
  const { rxPackets, rxOctets, drops } = plane.table.traffic(handle);
  assert.deepEqual({ rxPackets, rxOctets, drops }, { rxPackets: 1, rxOctets: 60, drops: 0 });
});

test("up: compressed PPP headers, L2TP without Length, padding behind the packet", () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT);
  const inner = packet(CLIENT, HOST);
  for (const header of [[0xff, 3, 0, 0x21], [0xff, 3, 0x21], [0, 0x21], [0x21]]) {
    const [written] = plane.up([dataMessage(7, 8, pppFrame(inner, header))]);
    assert.deepEqual(written?.packet, inner, `header ${header}`);
  }
  const short = Uint8Array.of(0, 2, 0, 7, 0, 8, ...pppFrame(inner));
  assert.deepEqual(plane.up([short])[0]?.packet, inner);
  const padded = dataMessage(7, 8, pppFrame(Uint8Array.of(...inner, 1, 2, 3)));
  assert.deepEqual(plane.up([padded])[0]?.packet, inner);
});

const drops: readonly [name: string, counter: string, (plane: Plane) => unknown][] = [
  ["another's source", "up.source-address", (p) => p.up([message(packet("10.64.0.3", HOST))])],
  ["unknown session", "up.no-session", (p) => p.up([dataMessage(7, 9, frame())])],
  ["unknown tunnel", "up.no-session", (p) => p.up([dataMessage(8, 8, frame())])],
  ["other peer", "up.wrong-peer", (p) => p.up([good()], { address: "192.0.2.8", port: 1701 })],
  ["other port", "up.wrong-peer", (p) => p.up([good()], { address: "192.0.2.9", port: 1702 })],
  ["a control message", "up.control-message", (p) => p.up([control()])],
  ["version 3", "up.version", (p) => p.up([Uint8Array.of(0x40, 3, 0, 8, 0, 7, 0, 8)])],
  ["an empty datagram", "up.malformed", (p) => p.up([new Uint8Array(0)])],
  ["a Length beyond the end", "up.malformed", (p) => p.up([good().subarray(0, 30)])],
  ["an empty frame", "up.ppp-header", (p) => p.up([dataMessage(7, 8, new Uint8Array(0))])],
  ["a bad IP checksum", "up.ip-header", (p) => p.up([message(broken())])],
  ["a frame with less than its IP packet", "up.ip-header", (p) => p.up([message(cut())])],
  ["a truncated datagram", "up.truncated", (p) => p.up([good()], truncated())],
  ["an oversize datagram", "up.truncated", (p) => p.up([new Uint8Array(layout.SLOT_CAPACITY + 1)])],
  ["IP before its time", "up.not-open", (p) => p.up([dataMessage(7, 10, frame())])],
  ["no route", "down.no-route", (p) => p.down([packet(HOST, "10.64.0.9")])],
  ["a route of another network", "down.no-route", (p) => p.down([packet(HOST, CLIENT)], 1)],
  ["IPv6 from the device", "down.not-ipv4", (p) => p.down([new Uint8Array(48).fill(0x60)])],
  ["a bad header from the device", "down.ip-header", (p) => p.down([broken()])],
  ["more than the peer takes", "down.too-big", (p) => p.down([packet(HOST, CLIENT, 1381)])],
];

for (const [name, counter, act] of drops) {
  test(`dropped and counted once: ${name}`, () => {
    const plane = new Plane();
    plane.session(7, 8, CLIENT);
    plane.session(7, 10);
    assert.deepEqual(act(plane), []);
    assert.deepEqual(plane.counters(), { [counter]: 1 });
    assert.equal(plane.punt.take(), undefined);
  });
}

test("a client reaches others of its own network, and none of another", () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT);
  plane.session(7, 9, "10.64.0.3");
  plane.session(7, 10, "10.65.0.2", { network: 3 });
  const to = (destination: string) => plane.up([message(packet(CLIENT, destination))]).length;
  assert.deepEqual(["10.64.0.3", HOST, "10.65.0.3"].map(to), [1, 1, 1]);
  assert.equal(to("10.65.0.2"), 0);
  assert.equal(plane.counters()["up.other-network"], 1);
});

test("a route that outlived its session leads nowhere", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8, CLIENT);
  const record = layout.SESSION_RECORDS + handle.index * layout.SESSION_SIZE;
  plane.view.setUint32(record + layout.SESSION_GENERATION, handle.generation + 1, true);
  assert.deepEqual(plane.down([packet(HOST, CLIENT)]), []);
  assert.equal(plane.counters()["down.no-route"], 1);
});

test("a bucket takes as many sessions as a walk reaches, and refuses the next", () => {
  const plane = new Plane();
  const bucket = (key: number) => Math.imul(key, 0x9e3779b1) >>> 16;
  const publish = (key: number) => () => plane.session(key >>> 16, key & 0xffff);
  let linked = 0;
  for (let key = 1; ; key++) {
    if (bucket(key) !== bucket(1)) continue;
    if (linked === layout.CHAIN_MAX) {
      assert.throws(publish(key), /session table is full/);
      break;
    }
    publish(key)();
    linked++;
    plane.up([dataMessage(key >>> 16, key & 0xffff, Uint8Array.of(0xc0, 0x21, 9, 1, 0, 4))]);
    assert.ok(plane.punt.take(), `session ${linked} of the bucket is found`);
  }
});

test("a ring whose words make no sense yields nothing", () => {
  const plane = new Plane();
  plane.view.setUint32(plane.worker + layout.WORKER_INJECT + layout.RING_HEAD, 0x8000_0000, true);
  assert.deepEqual(plane.sendInjected(), []);
});

test("down: prefix, peer and local address of the session, Length field right", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8, CLIENT);
  const inner = packet(HOST, CLIENT);
  const [message] = plane.down([inner]);
  assert.deepEqual(message?.datagram, dataMessage(8, 9, pppFrame(inner)));
  assert.deepEqual(message?.name, encodeSockaddr("192.0.2.9", 1701));
  assert.deepEqual(message?.control, encodePktinfo("192.0.2.1"));
  assert.equal(plane.table.traffic(handle).txOctets, inner.length);
});

test("down: what the peer lets us leave out is left out", () => {
  for (const [more, header] of [
    [{ acfc: true }, [0x00, 0x21]],
    [{ pfc: true }, [0xff, 0x03, 0x21]],
    [{ acfc: true, pfc: true }, [0x21]],
  ] as const) {
    const plane = new Plane();
    plane.session(7, 8, CLIENT, more);
    const inner = packet(HOST, CLIENT);
    const [message] = plane.down([inner]);
    assert.deepEqual(message?.datagram, dataMessage(8, 9, pppFrame(inner, [...header])));
  }
});

test("down: Ns counts packets and injected frames of a sequenced session alike", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8);
  plane.table.sequence(handle);
  const forwarding = { network: 0, address: ipv4(CLIENT), mtu: 1400, acfc: false, pfc: false };
  plane.table.forward(handle, forwarding);
  const lcp = Uint8Array.of(0xff, 3, 0xc0, 0x21, 9, 1, 0, 4);
  const inner = packet(HOST, CLIENT);
  plane.inject.put(handle.index, handle.generation, lcp);
  const sent = [...plane.sendInjected(), ...plane.down([inner, inner])];
  const frames = [lcp, pppFrame(inner), pppFrame(inner)];
  assert.deepEqual(
    sent.map(({ datagram }) => datagram),
    frames.map((frame, ns) =>
      Uint8Array.of(0x48, 2, 0, 12 + frame.length, 0, 8, 0, 9, 0, ns, 0, 0, ...frame),
    ),
  );
});

test("a batch keeps its order and drops only what has to go", () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT);
  const inner = Array.from({ length: layout.BATCH_COUNT }, (_, index) =>
    packet(CLIENT, HOST, index),
  );
  const spoofed = (index: number) => index % 5 === 0;
  const datagrams = inner.map((good, index) =>
    dataMessage(7, 8, pppFrame(spoofed(index) ? packet("10.64.0.3", HOST, index) : good)),
  );
  const expected = inner.filter((_, index) => !spoofed(index));
  assert.deepEqual(
    plane.up(datagrams).map((written) => written.packet),
    expected,
  );
  const answers = inner.map((_, index) => packet(HOST, CLIENT, index));
  const frames = answers.map((answer) => dataMessage(8, 9, pppFrame(answer)));
  assert.deepEqual(
    plane.down(answers).map((message) => message.datagram),
    frames,
  );
});

test("frames that are not IP are punted with the session that they belong to", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8);
  const lcp = Uint8Array.of(0xff, 3, 0xc0, 0x21, 1, 1, 0, 4);
  assert.deepEqual(plane.up([dataMessage(7, 8, lcp)]), []);
  assert.deepEqual(plane.punt.take(), {
    session: handle.index,
    generation: handle.generation,
    frame: lcp,
  });
  assert.equal(plane.punt.take(), undefined);
});

test("a Protocol field that RFC 1661 2 rules out is punted, whatever it shows", () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT);
  for (const header of [
    [0xff, 3, 0, 0x20],
    [0, 0x20],
    [0x20, 0x20],
    [0x12, 0x36],
  ]) {
    const frame = pppFrame(packet(CLIENT, HOST), header);
    assert.deepEqual(plane.up([dataMessage(7, 8, frame)]), []);
    assert.deepEqual(plane.punt.take()?.frame, frame, `header ${header}`);
  }
  assert.deepEqual(plane.counters(), { "up.punted": 4 });
});

test("the table has a record for every session that the limits allow", () => {
  assert.equal(layout.SESSION_COUNT, SESSIONS_MAX);
  assert.ok(layout.ROUTE_COUNT >= SESSIONS_MAX);
});

test("a full punt ring drops and counts, and takes frames again when it is emptied", () => {
  const plane = new Plane();
  plane.session(7, 8);
  const lcp = (id: number) => Uint8Array.of(0xc0, 0x21, 9, id, 0, 4);
  for (let id = 0; id < layout.RING_COUNT + 3; id++) plane.up([dataMessage(7, 8, lcp(id & 0xff))]);
  assert.equal(plane.counters()["up.punt-ring-full"], 3);
  for (let id = 0; id < layout.RING_COUNT; id++) {
    assert.deepEqual(plane.punt.take()?.frame, lcp(id & 0xff));
  }
  plane.up([dataMessage(7, 8, lcp(77))]);
  assert.deepEqual(plane.punt.take()?.frame, lcp(77));
});

test("injected frames get the L2TP header alone, in order, over several turns of the ring", () => {
  const plane = new Plane();
  const { index, generation } = plane.session(7, 8);
  const lcp = (id: number) => Uint8Array.of(0xff, 3, 0xc0, 0x21, 9, id & 0xff, 0, 4);
  let sent = 0;
  for (let id = 0; id < 1000; id++) {
    assert.ok(plane.inject.put(index, generation, lcp(id)));
    if (id % 100 !== 99) continue;
    while (sent <= id) {
      const messages = plane.sendInjected();
      assert.ok(messages.length > 0);
      for (const { datagram } of messages) {
        assert.deepEqual(datagram, dataMessage(8, 9, lcp(sent++)));
      }
    }
  }
});

test("a full inject ring refuses, and a frame larger than a slot never fits", () => {
  const plane = new Plane();
  const { index, generation } = plane.session(7, 8);
  assert.equal(
    plane.inject.put(index, generation, new Uint8Array(layout.SLOT_CAPACITY + 1)),
    false,
  );
  for (let entry = 0; entry < layout.RING_COUNT; entry++) {
    assert.ok(plane.inject.put(index, generation, new Uint8Array(4)));
  }
  assert.equal(plane.inject.put(index, generation, new Uint8Array(4)), false);
});

test("withdrawing: data stops at once, frames injected before still go out, later ones do not", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8, CLIENT);
  assert.ok(plane.inject.put(handle.index, handle.generation, Uint8Array.of(0xc0, 0x21)));
  plane.table.withdraw(handle);
  assert.deepEqual(plane.up([good()]), []);
  assert.deepEqual(plane.down([packet(HOST, CLIENT)]), []);
  assert.equal(plane.sendInjected().length, 1);
  plane.table.withdraw(plane.session(7, 11)); // lets the table see that the ring has passed
  assert.ok(plane.inject.put(handle.index, handle.generation, Uint8Array.of(0xc0, 0x21)));
  assert.deepEqual(plane.sendInjected(), []);
  assert.equal(plane.counters()["down.inject-stale"], 1);
});

test("hold: PPP goes on, IP does not, and forwarding comes back with a new address", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8, CLIENT);
  plane.table.hold(handle);
  assert.deepEqual(plane.up([good()]), []);
  assert.deepEqual(plane.down([packet(HOST, CLIENT)]), []);
  const forwarding = { network: 0, address: 0x0a40_0009, mtu: 1400, acfc: false, pfc: false };
  assert.ok(plane.table.forward(handle, forwarding));
  assert.equal(plane.down([packet(HOST, "10.64.0.9")]).length, 1);
  assert.deepEqual(plane.down([packet(HOST, CLIENT)]), []);
});

test("60,000 sessions are each found, and gone when withdrawn; records are used again", () => {
  const plane = new Plane();
  const handles = new Map<number, ReturnType<Plane["session"]>>();
  for (let n = 0; n < 60_000; n++) {
    handles.set(n, plane.session(1 + (n % 251), 1 + n, address(n)));
  }
  const source = (n: number) =>
    dataMessage(1 + (n % 251), 1 + n, pppFrame(packet(address(n), HOST)));
  for (let n = 0; n < 60_000; n += 7) assert.equal(plane.up([source(n)]).length, 1);
  for (let n = 0; n < 60_000; n += 7)
    assert.equal(plane.down([packet(HOST, address(n))]).length, 1);
  for (const handle of handles.values()) plane.table.withdraw(handle);
  assert.deepEqual(plane.up([source(7)]), []);
  for (let n = 0; n < 60_000; n++) plane.session(1 + (n % 241), 1 + n, address(n));
  assert.equal(plane.down([packet(HOST, address(59_999))]).length, 1);
});

test("sessions and routes that share a bucket are found whichever of them goes", () => {
  const bucket = (key: number) => Math.imul(key, 0x9e3779b1) >>> 16;
  const keys = (like: number, from: number) => {
    const found: number[] = [];
    for (let key = from; found.length < 3; key++) {
      if (bucket(key) === bucket(like)) found.push(key);
    }
    return found;
  };
  const sessions = keys(0x0007_0001, 0x0007_0001);
  const addresses = keys(0x0a40_0002, 0x0a40_0002).map(formatIpv4);
  const message = (key: number, address: string) =>
    dataMessage(key >>> 16, key & 0xffff, pppFrame(packet(address, HOST)));
  for (const gone of [0, 1, 2]) {
    const plane = new Plane();
    const handles = sessions.map((key, n) => plane.session(key >>> 16, key & 0xffff, addresses[n]));
    plane.table.withdraw(handles[gone] as SessionHandle);
    const passes = [0, 1, 2].map((n) => {
      const address = addresses[n] ?? "";
      const up = plane.up([message(sessions[n] ?? 0, address)]).length;
      return up === 1 && plane.down([packet(HOST, address)]).length === 1;
    });
    assert.deepEqual(
      passes,
      [0, 1, 2].map((n) => n !== gone),
    );
  }
});

test("a record that is used again takes nothing from its last session", () => {
  const plane = new Plane();
  const first = plane.session(7, 8, CLIENT);
  plane.table.withdraw(first);
  let again = plane.session(9, 1, CLIENT);
  for (let id = 2; again.index !== first.index; id++) {
    plane.table.withdraw(again);
    again = plane.session(9, id, CLIENT);
  }
  assert.notEqual(again.generation, first.generation);
  assert.ok(plane.inject.put(first.index, first.generation, Uint8Array.of(0xc0, 0x21)));
  assert.deepEqual(plane.sendInjected(), []);
  assert.equal(plane.counters()["down.inject-stale"], 1);
});

test("a second instance leaves every octet of the memory as it was", () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT);
  plane.up([good()]);
  const before = plane.octets.slice();
  instantiate(plane.memory);
  assert.ok(Buffer.from(before.buffer).equals(Buffer.from(plane.octets.slice().buffer)));
  const second = new Plane(); // another memory, to be sure that the comparison can fail
  assert.ok(!Buffer.from(before.buffer).equals(Buffer.from(second.octets.slice().buffer)));
  assert.equal(plane.up([good()]).length, 1);
});

test("a second worker instantiated while traffic runs changes nothing", async () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT);
  plane.up(Array.from({ length: layout.BATCH_COUNT }, good));
  const workerData = { memory: plane.memory, worker: plane.worker };
  const thread = new Worker(new URL("./traffic-thread.ts", import.meta.url), { workerData });
  assert.deepEqual(await once(thread, "message"), ["running"]);
  const second = workerAt(1);
  for (let n = 0; n < 50; n++) {
    instantiate(plane.memory).layoutWorker(second, BASE);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const ended = once(thread, "message");
  Atomics.store(new Int32Array(plane.memory.buffer), layout.CONTROL_STOP / 4, 1);
  const [{ rounds, wrong }] = await ended;
  assert.equal(wrong, 0);
  assert.ok(rounds > 50);
  const packets = plane.counters()["up.packets"];
  assert.equal(packets, (rounds + 1) * layout.BATCH_COUNT);
  assert.deepEqual(Object.keys(plane.counters()), ["up.packets", "up.octets"]);
});

test("no batch writes outside the regions that it works on", () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT);
  const from = plane.worker + layout.WORKER_SIZE;
  const guard = (at: number, size: number) => plane.octets.slice(at, at + size);
  const next = guard(from, layout.WORKER_SIZE);
  const low = guard(0, layout.CONTROL_IO);
  const largest = dataMessage(7, 8, new Uint8Array(layout.SLOT_CAPACITY - 8).fill(0xc1));
  plane.up(Array.from({ length: layout.BATCH_COUNT }, () => largest));
  plane.up(Array.from({ length: layout.BATCH_COUNT }, () => good()));
  plane.down(Array.from({ length: layout.BATCH_COUNT }, () => packet(HOST, CLIENT, 1380)));
  plane.forwarding.decapsulate(plane.worker, 0xffff_ffff);
  plane.forwarding.encapsulate(plane.worker, 0, 0xffff_ffff);
  assert.deepEqual(guard(from, layout.WORKER_SIZE), next);
  assert.deepEqual(guard(0, layout.CONTROL_IO), low);
});

function good(): Uint8Array {
  return message(packet(CLIENT, HOST));
}

function message(inner: Uint8Array): Uint8Array {
  return dataMessage(7, 8, pppFrame(inner));
}

function frame(): Uint8Array {
  return pppFrame(packet(CLIENT, HOST));
}

function broken(): Uint8Array {
  const octets = packet(CLIENT, HOST);
  octets[8] = 1;
  return octets;
}

function cut(): Uint8Array {
  return packet(CLIENT, HOST).subarray(0, 59);
}

function control(): Uint8Array {
  return Uint8Array.of(0xc8, 2, 0, 12, 0, 7, 0, 0, 0, 0, 0, 0);
}

function truncated() {
  return { address: "192.0.2.9", port: 1701, flags: layout.MSG_TRUNC };
}

function address(n: number): string {
  return `10.${64 + (n >> 14)}.${(n >> 7) & 127}.${n & 127}`;
}
