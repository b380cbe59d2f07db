import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { CLIENT, dataMessage, HOST, packet, pppFrame } from "./frames.ts";
import { Plane } from "./plane.ts";

test("a ring whose words make no sense yields nothing", () => {
  const plane = new Plane();
  plane.view.setUint32(plane.worker + layout.WORKER_INJECT + layout.RING_HEAD, 0x8000_0000, true);
  assert.deepEqual(plane.sendInjected(), []);
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
