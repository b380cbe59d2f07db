import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { writeNetworks } from "../../../src/dataplane/networks.ts";
import { AF_INET6, encodePktinfo, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { fold, split, sum, writeHeaderChecksum } from "../../reference/offload.ts";
import {
  CLIENT,
  CLIENT6,
  HOST,
  HOST6,
  message,
  message6,
  packet,
  packet6,
  prefix6,
} from "./frames.ts";
import { Plane } from "./plane.ts";

const PREFIX = 12;
const [NOT_ECT, ECT1, ECT0, CE] = [0, 1, 2, 3] as const;
const NAMES = ["Not-ECT", "ECT(1)", "ECT(0)", "CE"];
const PEER = { address: "192.0.2.9", port: 1701 };

interface Treatment {
  readonly dscp?: number | "copy";
  readonly ecn?: boolean;
}

function planeOf({ dscp = 0, ecn = false }: Treatment, offloads = 0): Plane {
  const plane = new Plane(0, offloads);
  plane.session(7, 8, CLIENT, { prefix6: prefix6(CLIENT6) });
  writeNetworks(plane.memory, [{ gateway: "10.64.0.1", pool6: [], dscp, ecn, mssClamp: false }]);
  return plane;
}

function tagged(tos: number, v6 = false, isUp = false): Uint8Array {
  const [from, to] = v6 ? [HOST6, CLIENT6] : [HOST, CLIENT];
  const ends = isUp ? ([to, from] as const) : ([from, to] as const);
  const octets = v6 ? packet6(...ends) : packet(...ends);
  if (v6) octets.set([0x60 | (tos >> 4), (tos & 15) << 4], 0);
  else octets[1] = tos;
  if (!v6) writeHeaderChecksum(octets);
  return octets;
}

function tosOf(octets: Uint8Array): number {
  const [first = 0, second = 0] = octets;
  return first >> 4 === 6 ? ((first & 15) << 4) | (second >> 4) : second;
}

/** RFC 6040 4.2, figure 4: the inner field that goes on, by inner and outer; -1 is dropped. */
const FIGURE_4: readonly (readonly [inner: number, outer: number, onward: number])[] = [
  ...[
    [NOT_ECT, NOT_ECT, NOT_ECT],
    [NOT_ECT, ECT0, NOT_ECT],
    [NOT_ECT, ECT1, NOT_ECT],
    [NOT_ECT, CE, -1],
  ],
  ...[
    [ECT0, NOT_ECT, ECT0],
    [ECT0, ECT0, ECT0],
    [ECT0, ECT1, ECT1],
    [ECT0, CE, CE],
  ],
  ...[
    [ECT1, NOT_ECT, ECT1],
    [ECT1, ECT0, ECT1],
    [ECT1, ECT1, ECT1],
    [ECT1, CE, CE],
  ],
  ...[
    [CE, NOT_ECT, CE],
    [CE, ECT0, CE],
    [CE, ECT1, CE],
    [CE, CE, CE],
  ],
] as [number, number, number][];

for (const [inner, outer, onward] of FIGURE_4) {
  test(`up: inner ${NAMES[inner]}, outer ${NAMES[outer]}`, () => {
    for (const v6 of [false, true]) {
      for (const segment of [undefined, 60 + (v6 ? 20 : 0) + 12]) {
        const plane = planeOf({ ecn: true });
        const octets = tagged(0xb8 | inner, v6, true);
        const datagram = v6 ? message6(octets) : message(octets);
        const writes = plane.receive([
          { octets: datagram, sender: PEER, segment, tos: 0x48 | outer },
        ]);
        if (onward < 0) {
          assert.deepEqual(writes, []);
          assert.deepEqual(plane.counters(), { "up.congestion": 1 });
          continue;
        }
        assert.deepEqual(
          writes.map(({ packet: got }) => got),
          [tagged(0xb8 | onward, v6, true)],
        );
      }
    }
  });

  test(`up, turned off: inner ${NAMES[inner]}, outer ${NAMES[outer]} goes on as it is`, () => {
    const octets = tagged(inner, false, true);
    const received = { octets: message(octets), sender: PEER, tos: outer };
    assert.deepEqual(planeOf({}).receive([received])[0]?.packet, octets);
  });
}

test("up: the Traffic Class of an IPv6 peer is read as well", () => {
  const plane = planeOf({ ecn: true });
  const name = { address: "2001:db8:99::9", port: 1701 };
  const handle = plane.table.publish({
    ...{ tunnelId: 7, sessionId: 9, peerTunnelId: 8, peerSessionId: 10 },
    name: encodeSockaddr(name.address, name.port),
    control: encodePktinfo("2001:db8:99::1"),
  });
  assert.ok(handle);
  const wish = { network: 0, address: 0x0a40_0003, mtu: 1400, acfc: false, pfc: false };
  plane.table.forward(handle, wish);
  const octets = packet("10.64.0.3", HOST);
  octets[1] = ECT0;
  writeHeaderChecksum(octets);
  const datagram = message(octets);
  datagram[7] = 9;
  const [written] = plane.receive([{ octets: datagram, sender: name, segment: 72, tos: CE }]);
  assert.equal(written?.packet[1], CE);
  assert.equal(fold(sum(written?.packet ?? octets, 0, 20)), 0xffff);
});

test("up: control messages that are cut, empty, endless or of others say nothing", () => {
  for (const [told, length] of [
    [24, 0],
    [24, 15],
    [24, 25],
    [16, 17],
    [8, 17],
    [24, 16],
    [64, 60],
  ]) {
    const plane = planeOf({ ecn: true });
    const message4 = plane.worker + layout.WORKER_RECEIVE;
    const octets = tagged(ECT0, false, true);
    plane.receive([{ octets: message(octets), sender: PEER, tos: CE }]);
    const control = plane.worker + layout.WORKER_RECEIVE + layout.RECEIVE_CONTROLS;
    plane.view.setBigUint64(control, BigInt(length ?? 0), true);
    const buffer = plane.worker + layout.WORKER_RECEIVE + layout.RECEIVE_BUFFERS;
    plane.octets.set(message(octets), buffer);
    plane.view.setUint32(message4 + layout.MMSGHDR_LENGTH, message(octets).length, true);
    plane.view.setBigUint64(message4 + layout.MMSGHDR_CONTROL_LENGTH, BigInt(told ?? 0), true);
    plane.forwarding.decapsulate(plane.worker, 1);
    const write = plane.worker + layout.WORKER_WRITES + layout.WRITE_AT;
    const at = plane.view.getUint32(write, true);
    assert.equal(plane.octets[at + 1], told === 64 ? CE : ECT0, `${told} ${length}`);
  }
});

/** What IP_TOS or IPV6_TCLASS asks for, and in whose words; nothing is asked for 0. */
function asked(
  control: Uint8Array,
  before: Uint8Array,
): [level: number, type: number, tos: number] | [] {
  assert.deepEqual(control.slice(0, before.length), before);
  const rest = control.slice(Math.ceil(before.length / 8) * 8);
  if (rest.length === 0) return [];
  const view = new DataView(rest.buffer);
  assert.equal(view.getBigUint64(0, true), 20n);
  return [view.getInt32(8, true), view.getInt32(12, true), view.getInt32(16, true)];
}

const WISHES: readonly (readonly [Treatment, inner: number, outer: number])[] = [
  [{}, 0xbb, 0],
  [{ dscp: 46 }, 0x03, 46 << 2],
  [{ dscp: "copy" }, 0xbb, 0xb8],
  [{ ecn: true }, 0xbb, 3],
  [{ dscp: "copy", ecn: true }, 0xba, 0xba],
  [{ dscp: 63, ecn: true }, 0x01, 0xfd],
  [{ dscp: "copy", ecn: true }, 0, 0],
];

for (const [treatment, inner, outer] of WISHES) {
  test(`down: ${JSON.stringify(treatment)}, inner ${inner}: outer ${outer}`, () => {
    for (const v6 of [false, true]) {
      const octets = tagged(inner, v6);
      const [sent] = planeOf(treatment).down([octets.slice()]);
      assert.ok(sent);
      assert.deepEqual(sent.datagram.slice(PREFIX), octets);
      const expected = outer === 0 ? [] : [0, 1, outer];
      assert.deepEqual(asked(sent.control, encodePktinfo("192.0.2.1")), expected);
    }
  });
}

test("down: the words are those of the outer family, IPv4's for a mapped address", () => {
  const plane = planeOf({ dscp: 46 });
  const cases = [
    ["192.0.2.9", AF_INET6, "192.0.2.1", [0, 1, 184]],
    ["2001:db8:99::9", AF_INET6, "2001:db8:99::1", [41, 67, 184]],
    ["::1", AF_INET6, "::1", [41, 67, 184]],
  ] as const;
  cases.forEach(([peer, family, local, expected], index) => {
    const control = encodePktinfo(local, family);
    const handle = plane.table.publish({
      ...{ tunnelId: 9, sessionId: index + 1, peerTunnelId: 8, peerSessionId: 10 },
      name: encodeSockaddr(peer, 1701, family),
      control,
    });
    assert.ok(handle);
    const address = 0x0a40_0100 + index;
    plane.table.forward(handle, { network: 0, address, mtu: 1400, acfc: false, pfc: false });
    const [sent] = plane.down([packet(HOST, `10.64.1.${index}`)]);
    assert.ok(sent);
    assert.deepEqual(asked(sent.control, control), expected);
  });
});

test("down: frames of another TOS do not share a message, and the order of hosts stays", () => {
  const plane = planeOf({ ecn: true }, layout.OFFLOAD_GSO);
  const inner = [0, 0, 3, 3, 0, 2].map((tos) => tagged(tos));
  const sent = plane.read(inner.map((octets) => ({ packet: octets.slice() })));
  const before = encodePktinfo("192.0.2.1");
  assert.deepEqual(
    sent.map(({ datagram, segment, control }) => [
      split(datagram, segment).map((frame) => tosOf(frame.slice(PREFIX))),
      asked(control, before)[2] ?? 0,
    ]),
    [
      [[0, 0], 0],
      [[3, 3], 3],
      [[0], 0],
      [[2], 2],
    ],
  );
  // On the plain path each frame keeps it.
  assert.deepEqual(
    plane.plain(1).map(({ control }) => asked(control, before)[2]),
    [3, 3],
  );
});

test("what is handed over to another worker keeps what its carrier has met", () => {
  const plane = planeOf({ ecn: true });
  const other = new Plane(1, 0);
  assert.notEqual(other.worker, plane.worker);
  const owners = layout.CONTROL_OWNERS;
  for (let slot = 0; slot < layout.SLOT_COUNT; slot++)
    plane.view.setUint32(owners + slot * 4, 1, true);
  const octets = tagged(ECT0, false, true);
  assert.deepEqual(plane.receive([{ octets: message(octets), sender: PEER, tos: CE }]), []);
  for (let slot = 0; slot < layout.SLOT_COUNT; slot++)
    plane.view.setUint32(owners + slot * 4, 0, true);
  // The ring of worker 1 has it: its octets are put where worker 0 would find them.
  const ring = (worker: number) => worker + layout.WORKER_HANDOVERS;
  plane.octets.copyWithin(ring(plane.worker), ring(other.worker), ring(other.worker) + 4096);
  const { writes } = plane.takeHanded();
  assert.deepEqual(
    writes.map(({ packet: got }) => got),
    [tagged(CE, false, true)],
  );
});

test("a session may have a DSCP of its own, whatever its network has and what is inside", () => {
  for (const dscp of ["copy", 10] as const) {
    const plane = planeOf({ dscp, ecn: true });
    const handle = { index: 1, generation: 1 };
    const control = encodePktinfo("192.0.2.1");
    const sent = () => asked(plane.down([tagged(0x4a)])[0]?.control ?? control, control)[2];
    const before = dscp === "copy" ? 0x4a : 0x2a;
    assert.equal(sent(), before);
    plane.table.mark(handle, 46);
    assert.equal(sent(), 0xba);
    plane.table.mark(handle, 0);
    assert.equal(sent(), 0x02);
    plane.table.mark(handle, undefined);
    assert.equal(sent(), before);
  }
});

test("what carries PPP frames of ours, and what is switched, has it as well", () => {
  const plane = planeOf({ ecn: true });
  const control = encodePktinfo("192.0.2.1");
  const handle = { index: 1, generation: 1 };
  const inject = () => {
    assert.ok(plane.inject.put(1, 1, Uint8Array.of(0xc0, 0x21, 5, 1, 0, 4)));
    return asked(plane.sendInjected()[0]?.control ?? new Uint8Array(0), control);
  };
  assert.deepEqual(inject(), []);
  plane.table.mark(handle, 46);
  assert.deepEqual(inject(), [0, 1, 0xb8]);
  const other = plane.session(7, 9);
  plane.table.switch(handle, other);
  const octets = message(tagged(0));
  octets[7] = 9;
  plane.receive([{ octets, sender: PEER, tos: 0x48 | CE }]);
  assert.deepEqual(asked(plane.switched[0]?.control ?? control, control), [0, 1, 0xb8 | CE]);
});
