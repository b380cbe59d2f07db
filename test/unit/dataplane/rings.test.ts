import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { RECORD_REST_MS } from "../../../src/limits.ts";
import { CLIENT, dataMessage, HOST, packet, pppFrame } from "./frames.ts";
import { Plane } from "./plane.ts";

test("a ring whose words make no sense yields nothing", () => {
  const plane = new Plane();
  plane.view.setUint32(plane.worker + layout.WORKER_INJECT + layout.RING_HEAD, 0x8000_0000, true);
  assert.deepEqual(plane.sendInjected(), []);
  for (const ring of [layout.WORKER_PUNT, layout.WORKER_HANDED]) {
    plane.view.setUint32(plane.worker + ring + layout.RING_HEAD, layout.RING_COUNT + 1, true);
  }
  assert.equal(plane.punt.take(), undefined);
  assert.equal(plane.handed.take(), undefined);
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

const echo = (id: number) => Uint8Array.of(0xc0, 0x21, 9, id & 0xff, 0, 4);
/** Frames of one session that wait when nobody else has any: share and rest of the ring agree. */
const ALONE = 15;

test("a full punt ring drops and counts, and takes frames again when it is emptied", () => {
  const plane = new Plane();
  const count = layout.RING_COUNT + 3;
  for (let id = 1; id <= count; id++) plane.session(7, id);
  for (let id = 1; id <= count; id++) plane.up([dataMessage(7, id, echo(id))]);
  assert.equal(plane.counters()["up.punt-ring-full"], 3);
  for (let id = 1; id <= layout.RING_COUNT; id++) {
    assert.deepEqual(plane.punt.take()?.frame, echo(id));
  }
  plane.up([dataMessage(7, 1, echo(77))]);
  assert.deepEqual(plane.punt.take()?.frame, echo(77));
});

test("one session that floods has a share of the punt ring, and room for each frame taken", () => {
  const plane = new Plane();
  plane.session(7, 8);
  plane.session(7, 9);
  for (let id = 0; id < 100; id++) plane.up([dataMessage(7, 8, echo(id))]);
  assert.equal(plane.counters()["up.punted"], ALONE);
  assert.equal(plane.counters()["up.punt-share-full"], 100 - ALONE);
  plane.up([dataMessage(7, 9, echo(1))]);
  assert.equal(plane.counters()["up.punted"], ALONE + 1, "another one is heard");
  for (let taken = 0; taken < 4; taken++) plane.punt.take();
  for (let id = 0; id < 100; id++) plane.up([dataMessage(7, 8, echo(id))]);
  assert.equal(plane.counters()["up.punted"], ALONE + 1 + 4);
});

test("however many flood, a session that does not has room in the punt ring", () => {
  const plane = new Plane();
  const flooding = 100;
  for (let id = 1; id <= flooding + 1; id++) plane.session(7, id);
  for (let round = 0; round < 20; round++) {
    for (let id = 1; id <= flooding; id++) plane.up([dataMessage(7, id, echo(id))]);
  }
  assert.equal(plane.counters()["up.punt-ring-full"], undefined);
  plane.up([dataMessage(7, flooding + 1, Uint8Array.of(0xc0, 0x21, 1, 1, 0, 4))]);
  let last: Uint8Array | undefined;
  for (let one = plane.punt.take(); one !== undefined; one = plane.punt.take()) last = one.frame;
  assert.equal(last?.[2], 1);
});

test("frames of the session that had the record before count for nobody", () => {
  const plane = new Plane();
  const first = plane.session(7, 8);
  for (let id = 0; id < 5; id++) plane.up([dataMessage(7, 8, echo(id))]);
  plane.table.withdraw(first);
  plane.table.setTime(RECORD_REST_MS);
  const next = plane.session(9, 1);
  assert.equal(next.index, first.index);
  while (plane.punt.take() !== undefined);
  for (let id = 0; id < 100; id++) plane.up([dataMessage(9, 1, echo(id))]);
  assert.equal(plane.counters()["up.punted"], 5 + ALONE);
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

test("control messages of a frame stay within their buffer, whatever length the record tells", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8);
  plane.table.mark(handle, 46);
  const record = layout.SESSION_RECORDS + handle.index * layout.SESSION_SIZE;
  plane.view.setUint32(record + layout.SESSION_CONTROL_LENGTH, 0xffff_ffff, true);
  plane.inject.put(handle.index, handle.generation, Uint8Array.of(0xc0, 0x21));
  assert.equal(plane.forwarding.inject(plane.worker), 1);
  const told = plane.worker + layout.WORKER_INJECT_SEND + layout.MMSGHDR_CONTROL_LENGTH;
  assert.ok(plane.view.getUint32(told, true) <= layout.BATCH_CONTROL_SIZE);
});
