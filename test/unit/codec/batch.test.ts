import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch, buildHeader, buildPpp, type Header } from "../../../src/codec/index.ts";
import { hex } from "./hex.ts";

const data: Header = { control: false, priority: false, tunnelId: 7, sessionId: 9 };

test("datagrams go in, what their headers say comes out", () => {
  const batch = new Batch({ packets: 4, octets: 100 });
  assert.ok(batch.add(buildHeader({ ...data, ns: 3, nr: 4, offsetSize: 2 }, hex("ff03 0021"))));
  assert.ok(batch.add(hex("0003 0007 0009")));
  assert.ok(batch.add(buildHeader({ ...data, length: 0, sessionId: 10 }, hex("21"))));
  assert.equal(batch.count, 3);
  assert.equal(batch.parseHeaders(), 2);
  assert.deepEqual([batch.status(0), batch.status(1), batch.status(2)], ["ok", "version", "ok"]);
  assert.deepEqual([batch.bits(0), batch.bits(2)], [0x0a02, 0x4002]);
  assert.deepEqual([batch.tunnelId(0), batch.sessionId(0), batch.sessionId(2)], [7, 9, 10]);
  assert.deepEqual([batch.ns(0), batch.nr(0), batch.offsetSize(0)], [3, 4, 2]);
  assert.deepEqual([batch.length(0), batch.length(2)], [0, 9]);
  const at = batch.payloadAt(0);
  const payload = batch.bytes.subarray(at, at + batch.payloadLength(0));
  assert.deepEqual(Uint8Array.from(payload), hex("ff03 0021"));
});

test("frames go in, protocol and information come out", () => {
  const batch = new Batch({ packets: 5, octets: 100 });
  batch.add(buildPpp(0x21, hex("45")));
  batch.add(hex("ff"));
  batch.add(hex("ff03"));
  batch.add(buildPpp(0xc021, hex("0101 0004")));
  batch.add(hex("0020 01"));
  assert.equal(batch.parseFrames(), 4);
  assert.deepEqual([batch.frameStatus(0), batch.frameStatus(2)], ["ok", "short"]);
  assert.deepEqual([batch.protocol(0), batch.protocol(3), batch.protocol(4)], [0x21, 0xc021, 0x20]);
  const at = batch.informationAt(3);
  assert.deepEqual(batch.bytes.slice(at, at + batch.informationLength(3)), hex("0101 0004"));
});

test("headers are built where their payloads lie", () => {
  const batch = new Batch({ packets: 3, octets: 60 });
  const zlb = { control: true, priority: false, tunnelId: 1, sessionId: 0, ns: 5, nr: 6 };
  const padded = { ...data, length: 0, offsetSize: 3 };
  assert.ok(batch.addHeader(padded, hex("ff03 0021")));
  assert.ok(batch.addHeader(zlb, hex("")));
  assert.ok(batch.addHeader(data, hex("21 45")));
  assert.equal(batch.buildHeaders(), 3);
  assert.deepEqual(Uint8Array.from(batch.packet(0)), buildHeader(padded, hex("ff03 0021")));
  assert.deepEqual(Uint8Array.from(batch.packet(1)), buildHeader(zlb));
  assert.deepEqual(Uint8Array.from(batch.packet(2)), buildHeader(data, hex("21 45")));
  assert.equal(batch.parseHeaders(), 3);
  assert.equal(batch.ns(1), 5);
});

test("what does not fit is not taken, and what is in stays as it is", () => {
  const octets = new Batch({ packets: 10, octets: 10 });
  assert.ok(octets.add(hex("0002 0007 0009")));
  assert.equal(octets.add(new Uint8Array(5)), false);
  assert.equal(octets.addHeader(data, hex("")), false);
  assert.ok(octets.add(new Uint8Array(4)));
  assert.equal(octets.add(new Uint8Array(1)), false);
  assert.ok(octets.add(new Uint8Array(0)));
  assert.equal(octets.count, 3);
  assert.equal(octets.parseHeaders(), 1);
  assert.equal(octets.tunnelId(0), 7);
  const packets = new Batch({ packets: 1, octets: 100 });
  assert.ok(packets.add(hex("")));
  assert.equal(packets.add(hex("")), false);
  assert.equal(packets.addHeader(data, hex("")), false);
});

test("a batch that was cleared shows nothing of what it held", () => {
  const batch = new Batch({ packets: 2, octets: 20 });
  batch.add(hex("0002 0007 0009"));
  assert.throws(() => batch.tunnelId(0), RangeError);
  batch.parseHeaders();
  assert.equal(batch.tunnelId(0), 7);
  for (const i of [1, -1, 0.5, Number.NaN]) assert.throws(() => batch.tunnelId(i), RangeError);
  assert.throws(() => batch.protocol(0), RangeError);
  batch.clear();
  assert.equal(batch.count, 0);
  assert.throws(() => batch.tunnelId(0), RangeError);
  assert.throws(() => batch.packetAt(0), RangeError);
  batch.add(hex("0002 0008 0009"));
  assert.throws(() => batch.tunnelId(0), RangeError);
  batch.parseHeaders();
  assert.equal(batch.tunnelId(0), 8);
});

test("batches have memories of their own", () => {
  const [one, other] = [new Batch({ packets: 1, octets: 6 }), new Batch({ packets: 1, octets: 6 })];
  one.add(hex("0002 0007 0009"));
  other.add(hex("0002 0008 0009"));
  one.parseHeaders();
  other.parseHeaders();
  assert.deepEqual([one.tunnelId(0), other.tunnelId(0)], [7, 8]);
});

test("a large batch, filled to its last octet", () => {
  const packets = 65_536;
  const batch = new Batch({ packets, octets: packets * 6 });
  const packet = hex("0002 0000 0009");
  for (let i = 0; i < packets; i++) {
    packet[2] = i >> 8;
    packet[3] = i & 0xff;
    assert.ok(batch.add(packet));
  }
  assert.equal(batch.add(packet), false);
  assert.equal(batch.parseHeaders(), packets);
  for (let i = 0; i < packets; i++) if (batch.tunnelId(i) !== i) assert.fail(`packet ${i}`);
});

test("wrong use of a batch is our own error", () => {
  for (const [packets, octets] of [
    [0, 1],
    [1, 0],
    [65_537, 1],
    [1, 2 ** 27],
    [1.5, 10],
  ] as const) {
    assert.throws(() => new Batch({ packets, octets }), RangeError);
  }
  const batch = new Batch({ packets: 3, octets: 100_000 });
  assert.throws(() => batch.addHeader({ ...data, tunnelId: -1 }, hex("")), RangeError);
  assert.throws(() => batch.addHeader({ ...data, ns: 1 }, hex("")), RangeError);
  assert.throws(() => batch.addHeader(data, new Uint8Array(65_530)), RangeError);
  assert.equal(batch.count, 0);
  batch.add(hex("0002 0007 0009"));
  assert.throws(() => batch.buildHeaders(), /without a header/);
});
