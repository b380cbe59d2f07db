// What lands at the wrong worker reaches the owner of its session, once, whole and in order.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as layout from "../../../assembly/layout.ts";
import { HandoverRing } from "../../../src/dataplane/rings.ts";
import { encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { buildVirtio } from "../../reference/offload.ts";
import { CLIENT, dataMessage, HOST, packet, pppFrame } from "./frames.ts";
import { ALL_OFFLOADS, NO_OFFLOADS, Plane } from "./plane.ts";
import { superTcp } from "./super.ts";

const SENDER = { address: "192.0.2.9", port: 1701 };
const OTHER = "10.64.0.3";

/** Two workers over one memory: tunnel 8 is the first one's, tunnel 9 the second one's. */
function start(offloads = NO_OFFLOADS, steer: number = layout.STEER_TUNNEL) {
  const first = new Plane(0, offloads);
  const second = new Plane(1, offloads, first.memory);
  for (let slot = 0; slot < layout.SLOT_COUNT; slot++) {
    first.view.setUint32(layout.CONTROL_OWNERS + slot * 4, slot % 2, true);
  }
  first.view.setUint32(layout.CONTROL_STEER, steer, true);
  return { first, second };
}

const toWake = ({ view, worker }: Plane) => view.getUint32(worker + layout.WORKER_TO_WAKE, true);
const up = (tunnelId: number, client: string, index = 0) =>
  dataMessage(tunnelId, 8, pppFrame(packet(client, HOST, 40 + index)));

test("a datagram goes to the owner of its tunnel, who alone forwards and counts it", () => {
  const { first, second } = start();
  first.session(8, 8, CLIENT);
  const other = first.session(9, 8, OTHER);
  assert.deepEqual(first.up([up(9, OTHER)]), []);
  assert.deepEqual(first.counters(), { "up.handed-over": 1 });
  assert.equal(first.table.traffic(other).rxPackets, 0);
  assert.equal(toWake(first), 1 << 1);
  const { writes } = second.takeHanded();
  assert.deepEqual(
    writes.map((write) => write.packet),
    [packet(OTHER, HOST)],
  );
  assert.equal(second.counters()["up.packets"], 1);
  assert.equal(first.table.traffic(other).rxPackets, 1);
});

test("with sessions as slots it goes by the Session ID", () => {
  const { first, second } = start(NO_OFFLOADS, layout.STEER_SESSION);
  first.session(8, 9, CLIENT);
  const datagram = dataMessage(8, 9, pppFrame(packet(CLIENT, HOST)));
  assert.deepEqual(first.up([datagram]), []);
  assert.equal(second.takeHanded().writes.length, 1);
});

test("a GRO buffer of two workers' sessions is taken apart, each part in its order", () => {
  const { first, second } = start();
  first.session(8, 8, CLIENT);
  first.session(9, 8, OTHER);
  const parts = Array.from({ length: 20 }, (_, index) => {
    const [tunnelId, client] = index % 3 === 0 ? ([8, CLIENT] as const) : ([9, OTHER] as const);
    const inner = packet(client, HOST);
    inner[39] = index;
    return { tunnelId, inner, datagram: dataMessage(tunnelId, 8, pppFrame(inner)) };
  });
  const octets = Buffer.concat(parts.map(({ datagram }) => datagram));
  const segment = parts[0]?.datagram.length;
  const own = first.receive([{ octets, sender: SENDER, segment }]);
  const handed = second.takeHanded().writes;
  const innersOf = (tunnel: number) =>
    parts.filter(({ tunnelId }) => tunnelId === tunnel).map(({ inner }) => inner);
  assert.deepEqual(
    own.map((write) => write.packet),
    innersOf(8),
  );
  assert.deepEqual(
    handed.map((write) => write.packet),
    innersOf(9),
  );
});

test("a datagram of somebody else's address is refused by the owner as by anyone", () => {
  const { first, second } = start();
  first.session(9, 8, OTHER);
  first.up([up(9, OTHER)], { address: "198.51.100.1", port: 1701 });
  assert.deepEqual(second.takeHanded().writes, []);
  assert.deepEqual(second.counters(), { "up.wrong-peer": 1 });
});

test("packets and super-packets for another worker's session come out as if it had read them", () => {
  for (const offloads of [NO_OFFLOADS, ALL_OFFLOADS]) {
    const { first, second } = start(offloads);
    const alone = start(offloads).first;
    first.session(9, 8, CLIENT);
    alone.session(8, 8, CLIENT);
    const { virtio, packet: big } = superTcp(20_000, 1_300);
    const reads = [
      { packet: packet(HOST, CLIENT, 100) },
      ...(offloads === NO_OFFLOADS ? [] : [{ virtio: buildVirtio(virtio), packet: big }]),
      { packet: packet(HOST, CLIENT, 300) },
    ];
    assert.deepEqual(first.read(reads), []);
    assert.equal(first.counters()["down.handed-over"], reads.length);
    const handed = second.takeHanded().messages.map(({ datagram, segment }) => ({
      segment,
      frames: datagram.subarray(8),
    }));
    const usual = alone.read(reads).map(({ datagram, segment }) => ({
      segment,
      frames: datagram.subarray(8),
    }));
    assert.deepEqual(
      handed.map(({ segment, frames }) => [segment, frames.length]),
      usual.map(({ segment, frames }) => [segment, frames.length]),
    );
    assert.equal(second.counters()["down.packets"], alone.counters()["down.packets"]);
  }
});

test("producers take turns: none waits behind all that another one has", () => {
  const { first, second } = start();
  first.session(9, 8, OTHER);
  for (let n = 0; n < 3; n++) first.up(Array.from({ length: 64 }, () => up(9, OTHER)));
  const ring = new HandoverRing(first.memory, second.worker); // the control thread's, the last one
  const name = encodeSockaddr(SENDER.address, SENDER.port);
  for (let n = 0; n < 3; n++) assert.ok(ring.put(up(9, OTHER), name));
  const taken = () => first.forwarding.takeHanded(second.worker);
  assert.deepEqual([taken(), taken(), taken(), taken(), taken()], [64, 3, 64, 64, 0]);
});

test("a session that is closed for a family is counted by its owner", () => {
  const { first, second } = start();
  const handle = first.session(9, 8, CLIENT);
  first.table.hold(handle);
  first.read([{ packet: packet(HOST, CLIENT) }]);
  assert.equal(first.counters()["down.no-route"], 1);
  assert.deepEqual(second.takeHanded(), { writes: [], messages: [] });
});

test("a full ring drops and counts, and takes again what comes when it was emptied", () => {
  const { first, second } = start();
  first.session(9, 8, OTHER);
  const batch = Array.from({ length: 64 }, () => up(9, OTHER, 1_000));
  for (let n = 0; n < 10; n++) first.up(batch);
  const { "up.handed-over": handed = 0, "up.handover-ring-full": full = 0 } = first.counters();
  assert.equal(handed + full, 640);
  assert.ok(full > 0);
  assert.equal(second.takeHanded().writes.length, handed);
  first.up(batch);
  assert.equal(second.takeHanded().writes.length, 64);
});

test("the ring of the control thread: everything that it takes comes out, in order and whole", () => {
  const name = encodeSockaddr(SENDER.address, SENDER.port);
  const turn = fc.record({
    sizes: fc.array(fc.integer({ min: 1, max: 1_400 }), { maxLength: 60 }),
    isTaken: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(turn, { minLength: 1, maxLength: 60 }), (turns) => {
      const { first, second } = start();
      first.session(9, 8, OTHER);
      const ring = new HandoverRing(first.memory, second.worker);
      const expected: Uint8Array[] = [];
      const got: Uint8Array[] = [];
      const take = () => got.push(...second.takeHanded().writes.map((write) => write.packet));
      for (const { sizes, isTaken } of turns) {
        for (const [index, size] of sizes.entries()) {
          const inner = packet(OTHER, HOST, size).fill(index, 28);
          const isIn = ring.put(dataMessage(9, 8, pppFrame(inner)), name);
          if (isIn) expected.push(inner);
        }
        if (isTaken) take();
      }
      take();
      assert.deepEqual(got, expected);
    }),
    { numRuns: 40 },
  );
});

test("whatever stands in the rings, taking ends and stays within them", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 4_096, maxLength: 4_096 }),
      fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff)),
      (octets, [head, tail]) => {
        const { first, second } = start(ALL_OFFLOADS);
        first.session(9, 8, OTHER);
        for (let producer = 0; producer < layout.PRODUCER_COUNT; producer++) {
          const ring = second.worker + layout.WORKER_HANDOVERS + producer * layout.HANDOVER_SIZE;
          first.octets.set(octets, ring + layout.HANDOVER_OCTETS);
          first.view.setUint32(ring + layout.HANDOVER_HEAD, head, true);
          first.view.setUint32(ring + layout.HANDOVER_TAIL, tail, true);
        }
        for (let calls = 0; calls < 2_000; calls++) {
          const taken = second.forwarding.takeHanded(second.worker);
          assert.ok(taken <= layout.BUFFER_COUNT);
          if (taken === 0) return;
        }
        assert.fail("it does not end");
      },
    ),
    { numRuns: 30 },
  );
});

test("a skip that leads past what waits is the end of it", () => {
  const { first, second } = start();
  const ring = second.worker + layout.WORKER_HANDOVERS;
  first.view.setUint32(
    ring + layout.HANDOVER_OCTETS + layout.HANDED_KIND,
    layout.HANDED_SKIP,
    true,
  );
  first.view.setUint32(ring + layout.HANDOVER_HEAD, layout.HANDOVER_LINE, true);
  assert.equal(second.forwarding.takeHanded(second.worker), 0);
  const tail = first.view.getUint32(ring + layout.HANDOVER_TAIL, true);
  assert.equal(tail, layout.HANDOVER_LINE);
});

test("more than the ring holds is nothing", () => {
  const { first, second } = start();
  const ring = second.worker + layout.WORKER_HANDOVERS;
  const entry = ring + layout.HANDOVER_OCTETS;
  first.view.setUint32(entry + layout.HANDED_KIND, layout.HANDED_DATAGRAM, true);
  first.view.setUint32(ring + layout.HANDOVER_HEAD, layout.HANDOVER_CAPACITY + 64, true);
  assert.equal(second.forwarding.takeHanded(second.worker), 0);
  const tail = first.view.getUint32(ring + layout.HANDOVER_TAIL, true);
  assert.equal(tail, layout.HANDOVER_CAPACITY + 64);
});
