import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import type { SessionHandle } from "../../../src/dataplane/session-table.ts";
import { RECORD_REST_MS, SESSIONS_MAX } from "../../../src/limits.ts";
import { encodePktinfo, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { formatIpv4, ipv4 } from "../../../src/net.ts";
import { writeHeaderChecksum } from "../../reference/offload.ts";
import {
  CLIENT,
  CLIENT6,
  dataMessage,
  good,
  HOST,
  HOST6,
  packet,
  packet6,
  pppFrame,
  prefix6,
} from "./frames.ts";
import { FORWARDING, Plane } from "./plane.ts";

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

test("the table has a record for every session that the limits allow", () => {
  assert.equal(layout.SESSION_COUNT, SESSIONS_MAX);
  assert.ok(layout.ROUTE_COUNT >= SESSIONS_MAX);
});

test("the second of the last packet is kept, each way, and of no frame that is none", () => {
  const plane = new Plane();
  const { table } = plane;
  table.setTime(5_999);
  const handle = plane.session(7, 8, CLIENT);
  assert.deepEqual([table.heardAt(handle), table.activeAt(handle)], [5_000, 6_000]);
  table.setTime(9_000);
  plane.up([good()]);
  assert.deepEqual([table.heardAt(handle), table.activeAt(handle)], [9_000, 10_000]);
  table.setTime(12_345);
  plane.down([packet(HOST, CLIENT)]);
  assert.deepEqual([table.heardAt(handle), table.activeAt(handle)], [9_000, 13_000]);
  table.setTime(20_000);
  plane.up([dataMessage(7, 8, Uint8Array.of(0xc0, 0x21, 9, 1, 0, 4))]);
  plane.up([dataMessage(7, 8, pppFrame(packet("10.64.0.99", HOST)))]);
  assert.deepEqual([table.heardAt(handle), table.activeAt(handle)], [9_000, 13_000]);
});

test("a socket address and its control message fit the record beside the times", () => {
  assert.ok(encodeSockaddr("fe80::1%3", 1701).length <= layout.SESSION_NAME_MAX);
  assert.ok(encodePktinfo("2001:db8::1").length <= layout.SESSION_CONTROL_MAX);
  assert.ok(layout.SESSION_NAME + layout.SESSION_NAME_MAX <= layout.SESSION_HEARD);
  assert.ok(layout.SESSION_CONTROL + layout.SESSION_CONTROL_MAX <= layout.SESSION_SENT);
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
  plane.table.setTime(RECORD_REST_MS);
  for (let n = 0; n < 60_000; n++) plane.session(1 + (n % 241), 1 + n, address(n));
  assert.equal(plane.down([packet(HOST, address(59_999))]).length, 1);
});

test("60,000 /64s of one pool each find their session, and not when it is withdrawn", () => {
  const plane = new Plane();
  const pool = prefix6("2001:db8:64::");
  const handles = Array.from({ length: 60_000 }, (_, n) =>
    plane.session(1 + (n % 251), 1 + n, undefined, { prefix6: pool + BigInt(n) }),
  );
  const to = (n: number) => packet6(HOST6, `2001:db8:64:${n.toString(16)}::1`);
  for (let n = 0; n < 60_000; n += 7) assert.equal(plane.down([to(n)]).length, 1, `/64 ${n}`);
  assert.deepEqual(plane.down([to(60_000)]), []);
  for (const handle of handles) plane.table.withdraw(handle);
  for (let n = 0; n < 60_000; n += 7) assert.deepEqual(plane.down([to(n)]), []);
});

test("/64s of which a bucket has too many are refused, and nothing of the session passes then", () => {
  const plane = new Plane();
  const bucket = (prefix: bigint) => BigInt.asUintN(64, prefix * 0x9e37_79b9_7f4a_7c15n) >> 48n;
  const alike: bigint[] = [];
  for (let prefix = prefix6("2001:db8::"); alike.length <= layout.CHAIN_MAX; prefix++) {
    if (bucket(prefix) === 7n) alike.push(prefix);
  }
  const last = alike.pop() ?? 0n;
  for (const [n, prefix] of alike.entries())
    plane.session(1, 1 + n, undefined, { prefix6: prefix });
  const handle = plane.session(7, 8, CLIENT);
  assert.equal(plane.up([good()]).length, 1);
  const both = { ...FORWARDING, address: ipv4(CLIENT), prefix6: last };
  assert.equal(plane.table.forward(handle, both), false);
  assert.deepEqual(plane.up([good()]), []);
  assert.deepEqual(plane.down([packet(HOST, CLIENT)]), []);
});

test("a subnet that outlived its session leads nowhere", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8, undefined, { prefix6: prefix6(CLIENT6) });
  const record = layout.SESSION_RECORDS + handle.index * layout.SESSION_SIZE;
  plane.view.setUint32(record + layout.SESSION_GENERATION, handle.generation + 1, true);
  assert.deepEqual(plane.down([packet6(HOST6, CLIENT6)]), []);
  assert.equal(plane.counters()["down.no-route"], 1);
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

test("a record rests for as long as a worker may be at it, however many sessions come and go", () => {
  const { table } = new Plane();
  const addressing = (sessionId: number) => ({
    ...{ tunnelId: 7, sessionId, peerTunnelId: 1, peerSessionId: 1 },
    name: encodeSockaddr("192.0.2.9", 1701),
    control: encodePktinfo("192.0.2.1"),
  });
  const publish = (sessionId: number) => table.publish(addressing(sessionId)) as SessionHandle;
  table.setTime(10_000);
  const first = publish(1);
  table.withdraw(first);
  table.setTime(10_000 + RECORD_REST_MS - 1);
  for (let id = 2; id < 5_000; id++) {
    const handle = publish(id);
    assert.notEqual(handle.index, first.index);
    table.withdraw(handle);
  }
  table.setTime(10_000 + RECORD_REST_MS);
  assert.equal(publish(5_000).index, first.index);
});

test("a record that is used again takes nothing from its last session", () => {
  const plane = new Plane();
  const first = plane.session(7, 8, CLIENT);
  plane.table.withdraw(first);
  plane.table.setTime(RECORD_REST_MS);
  const again = plane.session(9, 1, CLIENT);
  assert.equal(again.index, first.index);
  assert.notEqual(again.generation, first.generation);
  assert.ok(plane.inject.put(first.index, first.generation, Uint8Array.of(0xc0, 0x21)));
  assert.deepEqual(plane.sendInjected(), []);
  assert.equal(plane.counters()["down.inject-stale"], 1);
});

function address(n: number): string {
  return `10.${64 + (n >> 14)}.${(n >> 7) & 127}.${n & 127}`;
}

test("drops are told by reason, those of this session alone", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8, CLIENT);
  const other = plane.session(7, 9, "10.64.0.3");
  const spoofed = dataMessage(7, 8, pppFrame(packet("10.64.0.3", HOST)));
  plane.up([spoofed, spoofed, dataMessage(7, 9, pppFrame(packet("10.64.0.3", HOST)))]);
  const large = packet(HOST, CLIENT, 1_400);
  large[6] = 0x40; // DF
  writeHeaderChecksum(large);
  plane.down([large]);
  plane.up([dataMessage(7, 8, Uint8Array.of(0xff, 0x03))]);
  const reasons = { "up.source-address": 2, "down.too-big": 1, "up.ppp-header": 1 };
  assert.deepEqual(plane.table.reasons(handle), reasons);
  assert.equal(plane.table.traffic(handle).drops, 4);
  assert.deepEqual(plane.table.reasons(other), {});
  plane.table.withdraw(handle);
});
