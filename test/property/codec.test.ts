/**
 * codec.wasm against the reference codec: a million generated packets, malformed ones included.
 * Every packet that is parsed singly lies at the very end of the memory, so that reading one octet
 * too many traps.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import * as r from "../../assembly/records.ts";
import type { Status } from "../../src/codec/index.ts";
import { STATUS_NAMES } from "../../src/codec/types.ts";
import * as reference from "../reference/codec.ts";
import { type Build, instantiate, putAtEnd, type TestInstance } from "../reference/instance.ts";
import * as packets from "../reference/packets.ts";
import { PacketRandom } from "../reference/packets.ts";

const PER_RUN = 1_000;
const AVPS_CAPACITY = 64;
/** Map of the memory: records and output lie before the packets. */
const DESCRIPTORS = 64;
const RECORDS = 0x4000;
/** A batch of one, whose packet lies at the very end of the memory. */
const ALONE = 0x3ff0;
const RECORD = 0x10000;
const OUTPUT = 0x20000;
const PACKETS = 0x40000;
const CANARY = 0xa5;
/** A frame in order whose Protocol field is that of no protocol (RFC 1661 2). */
const UNRECOGNISED = "unrecognised";

let total = 0;
const seen: Record<string, number> = {};

/** Runs `check` over `runs` thousand packets; a fault names the seed and the packet. */
function agree(
  name: string,
  runs: number,
  check: (instance: TestInstance, random: PacketRandom, build: Build) => void,
): void {
  const builds: [Build, number][] = [
    ["codec", runs],
    ["dataplane", Math.ceil(runs / 20)],
  ];
  for (const [build, numRuns] of builds) {
    test(`${build}.wasm agrees: ${name}`, () => {
      const instance = instantiate(build);
      const property = fc.property(fc.integer(), (seed) => {
        check(instance, new PacketRandom(seed), build);
        if (build === "codec") total += PER_RUN;
      });
      fc.assert(property, { numRuns, endOnFailure: true });
    });
  }
}

function tally(group: string, outcome: Status | typeof UNRECOGNISED): void {
  const key = `${group} ${outcome}`;
  seen[key] = (seen[key] ?? 0) + 1;
}

/** Compares without the cost of an assertion, a million times. */
function same(actual: unknown, expected: unknown, what: string, packet: Uint8Array): void {
  if (Object.is(actual, expected)) return;
  const hex = Array.from(packet, (octet) => octet.toString(16).padStart(2, "0")).join(" ");
  assert.fail(`${what}: is ${actual}, reference says ${expected}, for ${hex}`);
}

function sameOctets(instance: TestInstance, expected: ArrayLike<number>, packet: Uint8Array) {
  for (let i = 0; i < expected.length; i++) {
    same(instance.bytes[OUTPUT + i], expected[i], `octet ${i} that was built`, packet);
  }
  same(instance.bytes[OUTPUT + expected.length], CANARY, "the octet behind", packet);
}

agree("headers", 400, (instance, random) => {
  const { bytes, view, exports } = instance;
  const all: Uint8Array[] = [];
  let free = PACKETS;
  for (let i = 0; i < PER_RUN; i++) {
    const packet = packets.datagram(random);
    bytes.set(packet, free);
    view.setUint32(DESCRIPTORS + i * r.DESCRIPTOR_SIZE + r.DESCRIPTOR_AT, free, true);
    const lengthAt = DESCRIPTORS + i * r.DESCRIPTOR_SIZE + r.DESCRIPTOR_LENGTH;
    view.setUint32(lengthAt, packet.length, true);
    free += packet.length;
    all.push(packet);
  }
  bytes.fill(CANARY, RECORDS, RECORDS + PER_RUN * r.HEADER_RECORD_SIZE + 1);
  const good = exports.parseHeaders(DESCRIPTORS, PER_RUN, RECORDS);
  same(
    bytes[RECORDS + PER_RUN * r.HEADER_RECORD_SIZE],
    CANARY,
    "behind the records",
    new Uint8Array(),
  );
  let expectedGood = 0;
  for (const [i, packet] of all.entries()) {
    const record = RECORDS + i * r.HEADER_RECORD_SIZE;
    if (compareHeader(instance, record, packet)) expectedGood++;
    const at = putAtEnd(instance, packet);
    const status = exports.parseHeader(at, packet.length, RECORD);
    same(status, view.getUint16(record + r.HEADER_STATUS, true), "single and batch", packet);
    describe(instance, at, packet.length);
    const isGood = exports.parseHeaders(ALONE, 1, RECORD) === 1;
    same(isGood, status === r.STATUS_OK, "a batch of one", packet);
  }
  assert.equal(good, expectedGood);
});

function describe({ view }: TestInstance, at: number, length: number): void {
  view.setUint32(ALONE + r.DESCRIPTOR_AT, at, true);
  view.setUint32(ALONE + r.DESCRIPTOR_LENGTH, length, true);
}

/** True when the datagram is in order; then its header is built again from its record. */
function compareHeader(instance: TestInstance, record: number, packet: Uint8Array): boolean {
  const { view, bytes, exports } = instance;
  const expected = reference.parseHeader(packet);
  const status = STATUS_NAMES[view.getUint16(record + r.HEADER_STATUS, true)] ?? "?";
  if (typeof expected === "string") {
    tally("header", expected);
    same(status, expected, "status", packet);
    return false;
  }
  tally("header", "ok");
  same(status, "ok", "status", packet);
  const u16 = (field: number) => view.getUint16(record + field, true);
  same(u16(r.HEADER_BITS), expected.bits, "bits", packet);
  same(u16(r.HEADER_LENGTH), expected.length, "Length", packet);
  same(u16(r.HEADER_TUNNEL_ID), expected.tunnelId, "Tunnel ID", packet);
  same(u16(r.HEADER_SESSION_ID), expected.sessionId, "Session ID", packet);
  same(u16(r.HEADER_NS), expected.ns, "Ns", packet);
  same(u16(r.HEADER_NR), expected.nr, "Nr", packet);
  same(u16(r.HEADER_OFFSET_SIZE), expected.offsetSize, "Offset Size", packet);
  const payloadAt = view.getUint32(record + r.HEADER_PAYLOAD_AT, true);
  const payloadLength = view.getUint32(record + r.HEADER_PAYLOAD_LENGTH, true);
  same(payloadAt, expected.payloadAt, "payload at", packet);
  same(payloadLength, expected.payloadLength, "payload length", packet);
  bytes.fill(CANARY, OUTPUT, OUTPUT + payloadAt + 1);
  same(exports.buildHeader(record, OUTPUT, payloadAt), payloadAt, "octets built", packet);
  sameOctets(instance, reference.buildHeader(expected), packet);
  bytes.fill(CANARY, OUTPUT, OUTPUT + payloadAt + 1);
  describe(instance, OUTPUT, payloadAt);
  same(exports.buildHeaders(ALONE, 1, record), 1, "built in a batch", packet);
  same(view.getUint32(record + r.HEADER_PAYLOAD_AT, true), payloadAt, "octets built", packet);
  sameOctets(instance, reference.buildHeader(expected), packet);
  return true;
}

agree("control messages and their AVPs", 150, (instance, random) => {
  const { view, exports } = instance;
  for (let i = 0; i < PER_RUN; i++) {
    const body = packets.avps(random);
    const packet = packets.controlMessage(random, body);
    const at = putAtEnd(instance, packet);
    same(exports.parseHeader(at, packet.length, RECORD), r.STATUS_OK, "header", packet);
    const bodyAt = at + view.getUint32(RECORD + r.HEADER_PAYLOAD_AT, true);
    const length = view.getUint32(RECORD + r.HEADER_PAYLOAD_LENGTH, true);
    same(length, body.length, "octets of AVPs", packet);
    compareAvps(instance, bodyAt, body);
  }
});

function compareAvps(instance: TestInstance, at: number, body: Uint8Array): void {
  const { view, bytes, exports } = instance;
  const expected = reference.walkAvps(body, AVPS_CAPACITY);
  const count = exports.walkAvps(at, body.length, RECORDS, AVPS_CAPACITY);
  if (typeof expected === "string") {
    tally("avps", expected);
    same(STATUS_NAMES[-count], expected, "status", body);
    return;
  }
  tally("avps", "ok");
  same(count, expected.length, "AVPs", body);
  const built: number[] = [];
  for (const [i, avp] of expected.entries()) {
    const record = RECORDS + i * r.AVP_RECORD_SIZE;
    same(view.getUint16(record + r.AVP_FLAGS, true), avp.flags, "flags", body);
    same(view.getUint16(record + r.AVP_VENDOR, true), avp.vendor, "vendor", body);
    same(view.getUint16(record + r.AVP_TYPE, true), avp.type, "type", body);
    same(view.getUint16(record + r.AVP_VALUE_LENGTH, true), avp.valueLength, "length", body);
    same(view.getUint32(record + r.AVP_VALUE_AT, true), at + avp.valueAt, "value", body);
    const value = body.subarray(avp.valueAt, avp.valueAt + avp.valueLength);
    built.push(...(reference.buildAvp(avp.flags, avp.vendor, avp.type, value) ?? []));
  }
  bytes.fill(CANARY, OUTPUT, OUTPUT + body.length + 1);
  same(exports.buildAvps(RECORDS, count, OUTPUT, body.length), body.length, "built", body);
  sameOctets(instance, built, body);
}

agree("PPP frames", 200, (instance, random) => {
  const { view, bytes, exports } = instance;
  for (let i = 0; i < PER_RUN; i++) {
    const packet = packets.frame(random);
    const at = putAtEnd(instance, packet);
    const expected = reference.parseFrame(packet);
    const status = STATUS_NAMES[exports.parseFrame(at, packet.length, RECORD)];
    same(STATUS_NAMES[view.getUint16(RECORD + r.PPP_STATUS, true)], status, "recorded", packet);
    if (typeof expected === "string") {
      tally("ppp", expected);
      same(status, expected, "status", packet);
    } else {
      tally("ppp", expected.protocol % 2 === 1 ? "ok" : UNRECOGNISED);
      same(status, "ok", "status", packet);
      same(view.getUint16(RECORD + r.PPP_PROTOCOL, true), expected.protocol, "protocol", packet);
      const informationAt = view.getUint32(RECORD + r.PPP_INFORMATION_AT, true);
      const length = view.getUint32(RECORD + r.PPP_INFORMATION_LENGTH, true);
      same(informationAt, expected.informationAt, "information at", packet);
      same(length, expected.informationLength, "information length", packet);
    }
    describe(instance, at, packet.length);
    const record = bytes.slice(RECORD, RECORD + r.PPP_RECORD_SIZE);
    same(exports.parseFrames(ALONE, 1, RECORDS), status === "ok" ? 1 : 0, "batch of one", packet);
    for (const [k, octet] of record.entries()) {
      if (status === "ok") same(bytes[RECORDS + k], octet, "single and batch", packet);
    }
    const flags = random.below(4);
    const protocol = packets.protocol(random);
    const acfc = (flags & r.PPP_ACFC) !== 0;
    const front = reference.buildFrameHeader(protocol, acfc, (flags & r.PPP_PFC) !== 0);
    bytes.fill(CANARY, OUTPUT, OUTPUT + 5);
    const built = exports.buildFrameHeader(OUTPUT, front.length, protocol, flags);
    same(built, front.length, `octets of ${protocol} built with ${flags}`, packet);
    sameOctets(instance, front, packet);
    bytes.fill(CANARY, OUTPUT, OUTPUT + 5);
    describe(instance, OUTPUT, front.length);
    view.setUint16(RECORD + r.PPP_PROTOCOL, protocol, true);
    const count = exports.buildFrameHeaders(ALONE, 1, RECORD, flags);
    same(count, front.length === 0 ? 0 : 1, "built in a batch", packet);
    sameOctets(instance, front, packet);
  }
});

agree("IPv4 headers", 120, (instance, random) => {
  for (let i = 0; i < PER_RUN; i++) {
    const packet = packets.ipv4(random);
    const expected = reference.checkIpv4(packet);
    tally("ipv4", expected);
    const at = putAtEnd(instance, packet);
    const status = instance.exports.checkIpv4(at, packet.length);
    same(STATUS_NAMES[status], expected, "status", packet);
  }
});

agree("IPv6 headers", 50, (instance, random) => {
  for (let i = 0; i < PER_RUN; i++) {
    const packet = packets.ipv6(random);
    const expected = reference.checkIpv6(packet);
    tally("ipv6", expected);
    const at = putAtEnd(instance, packet);
    const status = instance.exports.checkIpv6(at, packet.length);
    same(STATUS_NAMES[status], expected, "status", packet);
  }
});

agree("checksums", 80, (instance, random) => {
  const ground = random.fill(new Uint8Array(2_000));
  if (random.chance(10)) ground.fill(random.pick(0, 0xff));
  const atEnd = putAtEnd(instance, ground);
  for (let i = 0; i < PER_RUN; i++) {
    const length = random.chance(90) ? random.below(200) : random.below(ground.length + 1);
    const from = random.chance(50) ? ground.length - length : random.below(ground.length - length);
    const octets = ground.subarray(from, from + length);
    tally("checksum", "ok");
    const expected = reference.checksum(octets);
    same(instance.exports.checksum(atEnd + from, length), expected, "checksum", octets);
  }
});

after(() => {
  assert.equal(total, 1_000_000);
  const groups: Record<string, readonly (Status | typeof UNRECOGNISED)[]> = {
    header: ["ok", "short", "version", "length", "offset", "control-bits"],
    avps: ["ok", "avp-length", "too-many"],
    ppp: ["ok", "short", UNRECOGNISED],
    ipv4: ["ok", "short", "ip-version", "ip-header", "ip-checksum"],
    ipv6: ["ok", "short", "ip-version", "ip-header"],
    checksum: ["ok"],
  };
  for (const [group, statuses] of Object.entries(groups)) {
    for (const status of statuses) {
      const count = seen[`${group} ${status}`] ?? 0;
      assert.ok(count >= 100, `${group} ${status} came up ${count} times`);
    }
  }
});
