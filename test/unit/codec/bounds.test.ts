/** What the module itself promises to its callers: no octet outside is read or written. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as r from "../../../assembly/records.ts";
import { BUILDS, instantiate, putAtEnd, type TestInstance } from "../../reference/instance.ts";
import { hex } from "./hex.ts";

const RECORD = 64;
const RECORDS = 1_024;
const VALUE = 0x8000;
const OUTPUT = 0x10000;
const GUARD = 0xa5;
/** Octets that are looked at before and behind an output. */
const MARGIN = 64;

for (const build of BUILDS) {
  test(`${build}.wasm: an AVP of every Length 0 to 1023, with 0 to 1028 octets left`, () => {
    const { exports, view, end } = instantiate(build);
    for (let remaining = 0; remaining <= 1_028; remaining++) {
      const at = end - remaining;
      for (let length = 0; length <= 1_023; length++) {
        if (remaining >= 2) view.setUint16(at, 0x8000 | length);
        const behind = remaining - length;
        const isGood = length >= 6 && (behind === 0 || behind >= 6);
        if (isGood && behind > 0) view.setUint16(at + length, behind);
        const expected =
          remaining === 0 ? 0 : isGood ? (behind === 0 ? 1 : 2) : -r.STATUS_AVP_LENGTH;
        const count = exports.walkAvps(at, remaining, RECORDS, 2);
        if (count !== expected) assert.fail(`Length ${length} of ${remaining}: ${count}`);
        if (isGood && behind > 0) view.setUint16(at + length, 0);
      }
    }
  });

  test(`${build}.wasm: no length, however large, makes a parser read what it must not`, () => {
    const instance = instantiate(build);
    const { exports, view } = instance;
    const huge = 0xffff_ffff;
    const header = putAtEnd(instance, hex("0202 0001 0002 0000"));
    assert.equal(exports.parseHeader(header, huge, RECORD), r.STATUS_OK);
    assert.equal(view.getUint32(RECORD + r.HEADER_PAYLOAD_LENGTH, true), huge - 8);
    const control = putAtEnd(instance, hex("c802 ffff 0001 0002 0003 0004"));
    assert.equal(exports.parseHeader(control, huge, RECORD), r.STATUS_OK);
    assert.equal(view.getUint32(RECORD + r.HEADER_PAYLOAD_LENGTH, true), 0xffff - 12);
    const frame = putAtEnd(instance, hex("ff03 0021"));
    assert.equal(exports.parseFrame(frame, huge, RECORD), r.STATUS_OK);
    assert.equal(view.getUint32(RECORD + r.PPP_INFORMATION_LENGTH, true), huge - 4);
    const packet = hex("4500 0014 0000 4000 4011 9c40 0a40 0001 0a40 0002");
    const ipv4 = putAtEnd(instance, packet);
    assert.notEqual(exports.checkIpv4(ipv4, huge), r.STATUS_SHORT);
    const ipv6 = putAtEnd(instance, hex(`6000 0000 ffff 3b40 ${"00".repeat(32)}`));
    assert.equal(exports.checkIpv6(ipv6, huge), r.STATUS_OK);
  });

  test(`${build}.wasm: no record is written beyond the capacity of a walk`, () => {
    const instance = instantiate(build);
    const { exports, bytes } = instance;
    const avps = hex("8006 0000 0001 8006 0000 0002 8006 0000 0003");
    const at = putAtEnd(instance, avps);
    for (let capacity = 0; capacity <= 4; capacity++) {
      bytes.fill(GUARD, RECORDS - MARGIN, RECORDS + 4 * r.AVP_RECORD_SIZE + MARGIN);
      const expected = capacity < 3 ? -r.STATUS_TOO_MANY : 3;
      assert.equal(exports.walkAvps(at, avps.length, RECORDS, capacity), expected);
      const written = Math.min(capacity, 3) * r.AVP_RECORD_SIZE;
      isUntouched(bytes, RECORDS - MARGIN, RECORDS);
      isUntouched(bytes, RECORDS + written, RECORDS + 4 * r.AVP_RECORD_SIZE + MARGIN);
    }
  });

  test(`${build}.wasm: a header is built only where it fits`, () => {
    const instance = instantiate(build);
    const { exports, view } = instance;
    for (let optional = 0; optional < 8; optional++) {
      const bits =
        (optional & 1 ? r.BIT_LENGTH : 0) |
        (optional & 2 ? r.BIT_SEQUENCE : 0) |
        (optional & 4 ? r.BIT_OFFSET : 0);
      const pad = optional & 4 ? 5 : 0;
      view.setUint16(RECORD + r.HEADER_BITS, bits, true);
      // Without O it has no meaning, and must take no room.
      view.setUint16(RECORD + r.HEADER_OFFSET_SIZE, 5, true);
      const fields = 6 + (optional & 1 ? 2 : 0) + (optional & 2 ? 4 : 0) + (optional & 4 ? 2 : 0);
      fits(instance, fields + pad, (capacity) => exports.buildHeader(RECORD, OUTPUT, capacity));
    }
    view.setUint16(RECORD + r.HEADER_BITS, r.BIT_OFFSET, true);
    view.setUint16(RECORD + r.HEADER_OFFSET_SIZE, 0xffff, true);
    fits(instance, 8 + 0xffff, (capacity) => exports.buildHeader(RECORD, OUTPUT, capacity), 0xffff);
  });

  test(`${build}.wasm: headers of a batch are built only where they fit`, () => {
    const { exports, view, bytes } = instantiate(build);
    const capacities = [6, 5, 7, 0];
    bytes.fill(GUARD, OUTPUT, OUTPUT + 400);
    for (const [i, capacity] of capacities.entries()) {
      view.setUint32(RECORD + i * r.DESCRIPTOR_SIZE + r.DESCRIPTOR_AT, OUTPUT + i * 100, true);
      view.setUint32(RECORD + i * r.DESCRIPTOR_SIZE + r.DESCRIPTOR_LENGTH, capacity, true);
    }
    assert.equal(exports.buildHeaders(RECORD, capacities.length, RECORDS), 2);
    for (const [i, capacity] of capacities.entries()) {
      const record = RECORDS + i * r.HEADER_RECORD_SIZE;
      const isGood = capacity >= 6;
      const status = isGood ? r.STATUS_OK : r.STATUS_CAPACITY;
      assert.equal(view.getUint16(record + r.HEADER_STATUS, true), status);
      assert.equal(view.getUint32(record + r.HEADER_PAYLOAD_AT, true), isGood ? 6 : 0);
      isUntouched(bytes, OUTPUT + i * 100 + (isGood ? 6 : 0), OUTPUT + i * 100 + 100);
    }
  });

  test(`${build}.wasm: an AVP is built only where it fits`, () => {
    const instance = instantiate(build);
    const { exports, view } = instance;
    for (const length of [0, 1, 2, 9, 1_017]) {
      avpRecord(view, RECORD, length);
      const size = 6 + length;
      fits(instance, size, (capacity) => exports.buildAvp(RECORD, OUTPUT, capacity), size - 12);
    }
    for (const length of [1_018, 1_024, 0xffff]) {
      avpRecord(view, RECORD, length);
      assert.equal(exports.buildAvp(RECORD, OUTPUT, 0xffff_ffff), 0);
    }
  });

  test(`${build}.wasm: of several AVPs, those before the one that does not fit stay inside`, () => {
    const instance = instantiate(build);
    const { exports, view, bytes } = instance;
    for (const [i, length] of [3, 0, 5].entries()) {
      avpRecord(view, RECORDS + i * r.AVP_RECORD_SIZE, length);
    }
    for (let capacity = 0; capacity <= 40; capacity++) {
      bytes.fill(GUARD, OUTPUT - MARGIN, OUTPUT + 40 + MARGIN);
      const expected = capacity < 26 ? 0 : 26;
      assert.equal(exports.buildAvps(RECORDS, 3, OUTPUT, capacity), expected);
      isUntouched(bytes, OUTPUT - MARGIN, OUTPUT);
      isUntouched(bytes, OUTPUT + Math.min(capacity, 26), OUTPUT + 40 + MARGIN);
    }
  });

  test(`${build}.wasm: an AVP may be built over its own value`, () => {
    const { exports, view, bytes } = instantiate(build);
    for (const shift of [0, 1, 5, 6, 7, 12]) {
      bytes.set([1, 2, 3, 4, 5, 6, 7, 8], OUTPUT + shift);
      avpRecord(view, RECORD, 8);
      view.setUint32(RECORD + r.AVP_VALUE_AT, OUTPUT + shift, true);
      assert.equal(exports.buildAvp(RECORD, OUTPUT, 14), 14);
      const built = Array.from(bytes.subarray(OUTPUT, OUTPUT + 14));
      assert.deepEqual(built, [0x80, 14, 0, 9, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8], `shift ${shift}`);
    }
  });

  test(`${build}.wasm: a PPP header is built only where it fits`, () => {
    const instance = instantiate(build);
    for (const [flags, size] of [4, 2, 3, 1].entries()) {
      fits(instance, size, (capacity) =>
        instance.exports.buildFrameHeader(OUTPUT, capacity, 0x21, flags),
      );
    }
  });

  test(`${build}.wasm: no PPP header is built for what is no protocol`, () => {
    const { exports, bytes } = instantiate(build);
    bytes.fill(GUARD, OUTPUT, OUTPUT + 4);
    for (const protocol of [0x10021, 0xffff_0021, 0x0121, 0x20, 0]) {
      assert.equal(exports.buildFrameHeader(OUTPUT, 4, protocol, 0), 0, protocol.toString(16));
    }
    isUntouched(bytes, OUTPUT, OUTPUT + 4);
  });
}

/** Builds with each capacity from `from` to a little more than `size` needs. */
function fits(
  { bytes }: TestInstance,
  size: number,
  build: (capacity: number) => number,
  from = 0,
): void {
  for (let capacity = Math.max(0, from); capacity <= size + 2; capacity++) {
    bytes.fill(GUARD, OUTPUT - MARGIN, OUTPUT + size + MARGIN);
    assert.equal(build(capacity), capacity < size ? 0 : size, `${capacity} octets for ${size}`);
    isUntouched(bytes, OUTPUT - MARGIN, OUTPUT);
    isUntouched(bytes, OUTPUT + (capacity < size ? 0 : size), OUTPUT + size + MARGIN);
  }
}

function avpRecord(view: DataView, record: number, length: number): void {
  view.setUint16(record + r.AVP_FLAGS, r.AVP_MANDATORY | r.AVP_RESERVED, true);
  view.setUint16(record + r.AVP_VENDOR, 9, true);
  view.setUint16(record + r.AVP_TYPE, 7, true);
  view.setUint16(record + r.AVP_VALUE_LENGTH, length, true);
  view.setUint32(record + r.AVP_VALUE_AT, VALUE, true);
}

function isUntouched(bytes: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to; at++) {
    if (bytes[at] !== GUARD) assert.fail(`octet ${at - OUTPUT} of the output was written`);
  }
}
