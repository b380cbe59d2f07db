/** The yardsticks of bench codec do what codec.wasm does, or their ratios would say nothing. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import * as r from "../../../assembly/records.ts";
import { type Codec, DataViewCodec } from "../../../bench/codec/dataview.ts";
import { layOut } from "../../../bench/codec/image.ts";
import { compileNative, hashOf } from "../../../bench/codec/native.ts";
import { instantiate } from "../../../src/codec/load.ts";
import * as packets from "../../reference/packets.ts";
import { PacketRandom } from "../../reference/packets.ts";

const COUNT = 100;
const DESCRIPTORS = 64;
const RECORDS = 0x1000;
const OUTPUT = 0x4000;
const PACKETS = 0x10000;
const OUTPUT_EACH = 0x100;

const { exports, bytes } = instantiate(0x40000);
const copy = new Uint8Array(bytes.length);
const view = new DataView(bytes.buffer);
const dataView = new DataViewCodec(copy);

/** Puts packets into both memories, which are the same before the two codecs work on them. */
function lay(all: readonly Uint8Array[]): void {
  bytes.fill(0);
  let at = PACKETS;
  for (const [i, packet] of all.entries()) {
    bytes.set(packet, at);
    describe(i, at, packet.length);
    at += packet.length;
  }
  copy.set(bytes);
}

function describe(i: number, at: number, length: number): void {
  view.setUint32(DESCRIPTORS + i * r.DESCRIPTOR_SIZE + r.DESCRIPTOR_AT, at, true);
  view.setUint32(DESCRIPTORS + i * r.DESCRIPTOR_SIZE + r.DESCRIPTOR_LENGTH, length, true);
}

/** Both do the same work and leave the same behind, except in the records of what is at fault. */
function agree(work: (codec: Codec) => number, recordSize: number, statusAt: number): void {
  assert.equal(work(dataView), work(exports));
  for (let i = 0; i < COUNT; i++) {
    const record = RECORDS + i * recordSize;
    if (view.getUint16(record + statusAt, true) === r.STATUS_OK) continue;
    for (const memory of [bytes, copy]) {
      memory.fill(0, record, record + statusAt);
      memory.fill(0, record + statusAt + 2, record + recordSize);
    }
  }
  assert.ok(Buffer.from(copy).equals(bytes));
}

function many(seed: number, make: (random: PacketRandom) => Uint8Array): Uint8Array[] {
  const random = new PacketRandom(seed);
  return Array.from({ length: COUNT }, () => make(random));
}

test("the DataView codec parses and builds headers as the module does", () => {
  const property = fc.property(fc.integer(), (seed) => {
    lay(many(seed, (random) => packets.datagram(random)));
    agree((codec) => codec.parseHeaders(DESCRIPTORS, COUNT, RECORDS), r.HEADER_RECORD_SIZE, 2);
    const random = new PacketRandom(seed);
    for (let i = 0; i < COUNT; i++) {
      const record = RECORDS + i * r.HEADER_RECORD_SIZE;
      view.setUint16(record + r.HEADER_OFFSET_SIZE, random.below(30), true);
      describe(i, OUTPUT + i * OUTPUT_EACH, random.below(30));
    }
    copy.set(bytes);
    agree((codec) => codec.buildHeaders(DESCRIPTORS, COUNT, RECORDS), r.HEADER_RECORD_SIZE, 2);
  });
  fc.assert(property, { numRuns: 200 });
});

test("the DataView codec parses and builds PPP frames as the module does", () => {
  const property = fc.property(fc.integer(), fc.nat({ max: 3 }), (seed, flags) => {
    lay(many(seed, (random) => packets.frame(random)));
    agree((codec) => codec.parseFrames(DESCRIPTORS, COUNT, RECORDS), r.PPP_RECORD_SIZE, 0);
    const random = new PacketRandom(seed);
    for (let i = 0; i < COUNT; i++) describe(i, OUTPUT + i * OUTPUT_EACH, random.below(8));
    copy.set(bytes);
    agree(
      (codec) => codec.buildFrameHeaders(DESCRIPTORS, COUNT, RECORDS, flags),
      r.PPP_RECORD_SIZE,
      r.PPP_STATUS,
    );
  });
  fc.assert(property, { numRuns: 200 });
});

test("the DataView codec walks AVPs and sums octets as the module does", () => {
  const property = fc.property(fc.integer(), (seed) => {
    const random = new PacketRandom(seed);
    const body = packets.avps(random);
    lay([body]);
    const capacity = random.pick(0, 5, 64);
    const walked = exports.walkAvps(PACKETS, body.length, RECORDS, capacity);
    assert.equal(dataView.walkAvps(PACKETS, body.length, RECORDS, capacity), walked);
    if (walked > 0) assert.ok(Buffer.from(copy).equals(bytes));
    const length = random.below(3_000);
    const at = PACKETS + random.below(8);
    random.fill(bytes.subarray(at, at + length));
    copy.set(bytes);
    assert.equal(dataView.checksum(at, length), exports.checksum(at, length));
  });
  fc.assert(property, { numRuns: 1_000 });
});

test("C leaves behind what the module does, in every case; without a compiler there is no C", () => {
  const { cases, wasm } = layOut();
  const native = compileNative(wasm);
  const hasCompiler = ["cc", "gcc", "clang"].some(
    (name) => spawnSync(name, ["--version"]).status === 0,
  );
  assert.equal(native !== undefined, hasCompiler);
  const before = Uint8Array.from(wasm);
  for (const { key, wasm: run } of native === undefined ? [] : cases) {
    wasm.set(before);
    const expected = { result: run() >>> 0, hash: hashOf(wasm) };
    for (const { result, hash } of [native?.run(key, 0), native?.runWide(key, 0)].flatMap(
      (each) => each ?? [],
    )) {
      assert.deepEqual({ result, hash }, expected, key);
    }
  }
  native?.end();
});
