// The shaper and the policer in virtual time: how much passes, what waits, in which order it goes.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { buildVirtio, split, writeHeaderChecksum } from "../../reference/offload.ts";
import { fragments } from "../../reference/too-big.ts";
import { CLIENT, dataMessage, HOST, packet, pppFrame } from "./frames.ts";
import { ALL_OFFLOADS, type Message, NO_OFFLOADS, Plane } from "./plane.ts";
import { superTcp, superUdp } from "./super.ts";

/** 10 Mbit/s. */
const RATE = 1_250_000;
const OTHER_HOST = "198.51.100.9";
const HEADERS = 12; // L2TP with Length, PPP
const SIZE = 1_000;
const NUMBER_AT = 40;

function numbered(number: number, host = HOST, size = SIZE): Uint8Array {
  const octets = packet(host, CLIENT, size - 20);
  new DataView(octets.buffer).setUint32(NUMBER_AT, number);
  return octets;
}

function innersOf(messages: readonly Message[]): Uint8Array[] {
  const frames = messages.flatMap(({ datagram, segment }) => split(datagram, segment));
  return frames.map((frame) => frame.subarray(HEADERS));
}

const octetsOf = (messages: readonly Message[]) =>
  innersOf(messages).reduce((sum, inner) => sum + inner.length, 0);
const numberOf = (inner: Uint8Array) =>
  new DataView(inner.buffer, inner.byteOffset).getUint32(NUMBER_AT);

function start(rateDown = RATE, offloads = NO_OFFLOADS) {
  const plane = new Plane(0, offloads);
  plane.at(5_000);
  const handle = plane.session(7, 8, CLIENT, { rateDown });
  return { plane, handle };
}

for (const rate of [8_000, 64_000, RATE, 12_500_000]) {
  test(`${rate * 8} bit/s: no more and no less passes, however much is offered`, () => {
    const { plane } = start(rate);
    const seconds = rate < 100_000 ? 40 : 4;
    let passed = 0;
    for (let ms = 0; ms < seconds * 1_000; ms++) {
      plane.at(5_000 + ms);
      passed += octetsOf(plane.release());
      // Three times what may pass, never less than there is room for.
      const offered = ms % 50 === 0 ? Math.min(60, Math.ceil((rate * 3 * 0.05) / SIZE)) : 0;
      const reads = Array.from({ length: offered }, (_, index) => numbered(index));
      passed += octetsOf(plane.down(reads));
    }
    const burst = Math.max(rate / 100, 3_000) + SIZE;
    assert.ok(passed <= rate * seconds + burst, `${passed} octets`);
    const tenth = Math.max(rate / 10, 3_000);
    const possible = Math.min(rate, tenth * 20, 60 * SIZE * 20) * seconds;
    assert.ok(passed >= possible * 0.97 - burst, `${passed} of ${possible} octets`);
  });
}

test("a session below its rate is not touched, and nothing waits", () => {
  const { plane } = start();
  for (let ms = 0; ms < 1_000; ms += 2) {
    plane.at(5_000 + ms);
    assert.equal(plane.down([numbered(ms)]).length, 1);
  }
  assert.equal(plane.view.getUint32(plane.worker + layout.WORKER_WAITING, true), 0);
});

test("64 frames wait at most, and a tenth of a second; the oldest make room, and are counted", () => {
  for (const [size, most] of [
    [200, 64],
    [1_400, Math.min(64, Math.floor(RATE / 10 / 1_400))],
  ] as const) {
    const { plane, handle } = start();
    let sent = 0;
    for (let n = 0; n < 10; n++) {
      const reads = Array.from({ length: 40 }, (_, index) => numbered(40 * n + index, HOST, size));
      sent += innersOf(plane.down(reads)).length;
    }
    const waiting = innersOf(plane.release(true));
    assert.equal(waiting.length, most);
    const first = 400 - most;
    assert.deepEqual(
      waiting.map(numberOf),
      Array.from({ length: most }, (_, index) => first + index),
    );
    assert.equal(plane.counters()["down.shaped"], 400 - most - sent);
    assert.equal(plane.table.traffic(handle).drops, 400 - most - sent);
  }
});

test("a flow that sends little does not wait behind one that sends all it can", () => {
  const { plane } = start();
  const waits: number[] = [];
  const askedAt = new Map<number, number>();
  for (let ms = 0; ms < 3_000; ms++) {
    plane.at(5_000 + ms);
    const reads = ms % 20 === 0 ? Array.from({ length: 50 }, (_, n) => numbered(n)) : [];
    if (ms % 100 === 50) {
      askedAt.set(1_000_000 + ms, ms);
      reads.push(numbered(1_000_000 + ms, OTHER_HOST, 84));
    }
    for (const inner of innersOf([...plane.release(), ...plane.down(reads)])) {
      const asked = askedAt.get(numberOf(inner));
      if (asked !== undefined) waits.push(ms - asked);
    }
  }
  assert.equal(waits.length, 30);
  assert.ok(Math.max(...waits) <= 5, `${waits}`);
});

test("two sessions do not feel each other", () => {
  const plane = new Plane();
  plane.at(1_000);
  const clients = [CLIENT, "10.64.0.3"];
  const rates = [RATE, RATE / 10];
  clients.forEach((client, index) => {
    plane.session(7, 8 + index, client, { rateDown: rates[index] as number });
  });
  const passed = [0, 0];
  for (let ms = 0; ms < 4_000; ms++) {
    plane.at(1_000 + ms);
    const reads =
      ms % 20 !== 0
        ? []
        : clients.flatMap((client) =>
            Array.from({ length: 30 }, () => packet(HOST, client, SIZE - 20)),
          );
    for (const inner of innersOf([...plane.release(), ...plane.down(reads)])) {
      const client = (inner[19] ?? 0) - 2;
      passed[client] = (passed[client] ?? 0) + inner.length;
    }
  }
  for (const [index, octets] of passed.entries()) {
    const wanted = (rates[index] ?? 0) * 4;
    assert.ok(Math.abs(octets / wanted - 1) < 0.02, `${octets} of ${wanted}`);
  }
});

test("a super-packet is cut before it is charged; what comes out is what goes without a rate", () => {
  const { virtio, packet: big } = superTcp(40_000, 1_200);
  const reads = [{ virtio: buildVirtio(virtio), packet: big }];
  const plain = new Plane(0, ALL_OFFLOADS);
  plain.session(7, 8, CLIENT);
  const usual = innersOf(plain.read(reads));
  const { plane } = start(RATE, ALL_OFFLOADS);
  const shaped = innersOf(plane.read(reads));
  assert.ok(shaped.length >= 10 && shaped.length <= 12, `${shaped.length} at once`);
  for (let ms = 1; ms < 100; ms++) {
    plane.at(5_000 + ms);
    shaped.push(...innersOf(plane.release()));
  }
  assert.deepEqual(shaped, usual);
});

test("what has to be cut waits whole, and nothing is lost below the rate", () => {
  const plane = new Plane();
  plane.at(5_000);
  const handle = plane.session(7, 8, CLIENT, { rateDown: RATE, mtu: 1_000 });
  const offered: Uint8Array[] = [];
  const sent: Uint8Array[] = [];
  for (let ms = 0; ms < 2_100; ms++) {
    plane.at(5_000 + ms);
    sent.push(...innersOf(plane.release()));
    if (ms % 100 !== 0 || ms === 2_000) continue;
    const reads = Array.from({ length: 50 }, () => numbered(offered.length, HOST, 1_220));
    offered.push(...reads); // 60 kB a tenth of a second are half of the rate
    sent.push(...innersOf(plane.down(reads)));
  }
  const wanted = offered.flatMap((inner) => fragments(inner, 1_000));
  assert.equal(sent.length, wanted.length);
  assert.deepEqual(sent, wanted);
  assert.equal(plane.counters()["down.fragmented"], offered.length);
  assert.equal(plane.table.traffic(handle).drops, 0);
});

test("segments of a super-packet that have to be cut wait whole as well", () => {
  const { virtio, packet: big } = superUdp(40_000, 1_200);
  const reads = [{ virtio: buildVirtio(virtio), packet: big }];
  const plain = new Plane(0, ALL_OFFLOADS);
  plain.session(7, 8, CLIENT, { mtu: 1_000 });
  const usual = innersOf(plain.read(reads));
  const plane = new Plane(0, ALL_OFFLOADS);
  plane.at(5_000);
  const handle = plane.session(7, 8, CLIENT, { rateDown: RATE, mtu: 1_000 });
  const shaped = innersOf(plane.read(reads));
  assert.ok(shaped.length < usual.length / 2, `${shaped.length} at once`);
  for (let ms = 1; ms < 100; ms++) {
    plane.at(5_000 + ms);
    shaped.push(...innersOf(plane.release()));
  }
  assert.deepEqual(shaped, usual);
  assert.equal(plane.table.traffic(handle).drops, 0);
});

test("a packet that waits while the MTU falls is counted when it may not be cut", () => {
  const { plane, handle } = start();
  const whole = (number: number) => {
    const octets = numbered(number);
    octets[6] = 0x40; // DF
    writeHeaderChecksum(octets);
    return octets;
  };
  const sent = plane.down(Array.from({ length: 40 }, (_, n) => whole(n))).length;
  const forwarding = { network: 0, acfc: false, pfc: false, address: 0x0a400002, rateDown: RATE };
  plane.table.forward(handle, { ...forwarding, mtu: 600 });
  assert.deepEqual(plane.release(true), []);
  assert.equal(plane.counters()["down.too-big"], 40 - sent);
});

test("messages are numbered in the order in which they go", () => {
  const { plane, handle } = start();
  plane.table.sequence(handle);
  plane.table.forward(handle, {
    network: 0,
    mtu: 1400,
    acfc: false,
    pfc: false,
    address: 0x0a400002,
    rateDown: RATE,
  });
  const numbers: number[] = [];
  const note = (messages: readonly Message[]) => {
    for (const { datagram } of messages) {
      numbers.push(new DataView(datagram.buffer, datagram.byteOffset).getUint16(8));
    }
  };
  for (let ms = 0; ms < 50; ms++) {
    plane.at(5_000 + ms);
    note(plane.release());
    if (ms % 10 === 0) note(plane.down(Array.from({ length: 30 }, (_, n) => numbered(n))));
  }
  assert.ok(numbers.length > 40);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index),
  );
});

test("frames of a session that is gone go nowhere, and its successor begins afresh", () => {
  const { plane, handle } = start();
  plane.down(Array.from({ length: 60 }, (_, n) => numbered(n)));
  plane.table.withdraw(handle);
  plane.at(6_000);
  assert.deepEqual(plane.release(), []);
  assert.equal(plane.view.getUint32(plane.worker + layout.WORKER_WAITING, true), 0);
});

test("a full pool drops, is counted, and serves again when it has room", () => {
  const plane = new Plane();
  plane.at(1_000);
  const sessions = 80; // 64 frames each are more than the pool has
  for (let n = 0; n < sessions; n++) {
    plane.session(7, 8 + n, `10.64.0.${2 + n}`, { rateDown: 125_000 });
  }
  const flood = () => {
    for (let n = 0; n < sessions; n++) {
      plane.down(Array.from({ length: 64 }, () => packet(HOST, `10.64.0.${2 + n}`, 80)));
      plane.down(Array.from({ length: 64 }, () => packet(HOST, `10.64.0.${2 + n}`, 80)));
    }
  };
  flood();
  assert.ok((plane.counters()["down.shaper-pool-full"] ?? 0) > 0);
  assert.equal(innersOf(plane.release(true)).length, layout.POOL_COUNT);
  plane.at(2_000);
  flood();
  assert.equal(innersOf(plane.release(true)).length, layout.POOL_COUNT);
});

test("the policer lets the rate pass and a burst, both families count", () => {
  const plane = new Plane();
  plane.at(1_000);
  const handle = plane.session(7, 8, CLIENT, { rateUp: RATE });
  const datagrams = Array.from({ length: 10 }, () => {
    return dataMessage(7, 8, pppFrame(packet(CLIENT, HOST, SIZE - 20)));
  });
  let passed = 0;
  for (let ms = 0; ms < 4_000; ms++) {
    plane.at(1_000 + ms);
    if (ms % 4 === 0) passed += plane.up(datagrams).length * SIZE;
  }
  const burst = RATE / 5;
  assert.ok(passed <= RATE * 4 + burst + SIZE, `${passed}`);
  assert.ok(passed >= RATE * 4 - SIZE, `${passed}`);
  const dropped = 10_000 - passed / SIZE;
  assert.equal(plane.counters()["up.policed"], dropped);
  assert.equal(plane.table.traffic(handle).drops, dropped);
});
