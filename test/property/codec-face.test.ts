/**
 * The TypeScript face of the codec: what was built reads as it was told, and any octets read as the
 * reference reads them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type AvpInput,
  Batch,
  buildControlMessage,
  buildHeader,
  buildPpp,
  checkIpv4,
  checkIpv6,
  checksum,
  type Header,
  parseControlMessage,
  parseHeader,
  parsePpp,
} from "../../src/codec/index.ts";
import * as reference from "../reference/codec.ts";
import { datagram, frame, ipv4, ipv6, PacketRandom } from "../reference/packets.ts";

const u16 = fc.integer({ min: 0, max: 0xffff });
const payload = fc.uint8Array({ maxLength: 64 });

const header: fc.Arbitrary<Header> = fc
  .record({
    priority: fc.boolean(),
    tunnelId: u16,
    sessionId: u16,
    hasLength: fc.boolean(),
    sequence: fc.option(fc.tuple(u16, u16), { nil: undefined }),
    offsetSize: fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined }),
  })
  .map(({ hasLength, sequence, offsetSize, ...rest }) => ({
    control: false,
    ...rest,
    ...(hasLength ? { length: 0 } : {}),
    ...(sequence === undefined ? {} : { ns: sequence[0], nr: sequence[1] }),
    ...(offsetSize === undefined ? {} : { offsetSize }),
  }));

const avp: fc.Arbitrary<Required<AvpInput>> = fc.record({
  vendor: u16,
  type: u16,
  mandatory: fc.boolean(),
  hidden: fc.boolean(),
  value: fc.uint8Array({ maxLength: 40 }),
});

test("a data message reads as it was built", () => {
  const property = fc.property(header, payload, (told, octets) => {
    const built = buildHeader(told, octets);
    const length = told.length === undefined ? {} : { length: built.length };
    assert.deepEqual(parseHeader(built), { ...told, ...length, payload: octets });
  });
  fc.assert(property, { numRuns: 1_000 });
});

test("a control message reads as it was built, and shares nothing with the datagram", () => {
  const message = fc.record({
    tunnelId: u16,
    sessionId: u16,
    ns: u16,
    nr: u16,
    avps: fc.array(avp, { maxLength: 12 }),
  });
  const property = fc.property(message, (told) => {
    const built = buildControlMessage(told);
    const read = parseControlMessage(built);
    built.fill(0);
    const avps = told.avps.map((each) => ({ ...each, recognised: true }));
    assert.deepEqual(read, { ...told, avps });
  });
  fc.assert(property, { numRuns: 1_000 });
});

test("a PPP frame reads as it was built, whatever compression was agreed", () => {
  const protocol = u16.map((number) => (number & 0xfeff) | 1);
  const compression = fc.record({ acfc: fc.boolean(), pfc: fc.boolean() });
  const property = fc.property(protocol, payload, compression, (number, information, agreed) => {
    const built = buildPpp(number, information, agreed);
    assert.deepEqual(parsePpp(built), { protocol: number, information });
  });
  fc.assert(property, { numRuns: 2_000 });
});

test("any datagram reads as the reference reads it", () => {
  const octets = fc.oneof(
    fc.integer().map((seed) => datagram(new PacketRandom(seed))),
    fc.uint8Array({ maxLength: 40 }),
  );
  const property = fc.property(octets, (packet) => {
    const read = parseHeader(packet);
    const expected = reference.parseHeader(packet);
    if (typeof expected === "string" || typeof read === "string") {
      assert.equal(read, expected);
      return;
    }
    const has = (bit: number) => (expected.bits & bit) !== 0;
    const { payloadAt, payloadLength, length, ns, nr, offsetSize } = expected;
    assert.deepEqual(read, {
      control: has(reference.HAS.T),
      priority: has(reference.HAS.P),
      tunnelId: expected.tunnelId,
      sessionId: expected.sessionId,
      ...(has(reference.HAS.L) ? { length } : {}),
      ...(has(reference.HAS.S) ? { ns, nr } : {}),
      ...(has(reference.HAS.O) ? { offsetSize } : {}),
      payload: packet.subarray(payloadAt, payloadAt + payloadLength),
    });
  });
  fc.assert(property, { numRuns: 3_000 });
});

test("any frame, IP packet and octets read as the reference reads them", () => {
  const property = fc.property(fc.integer(), fc.uint8Array({ maxLength: 200 }), (seed, octets) => {
    const random = new PacketRandom(seed);
    const packet = frame(random);
    const expected = reference.parseFrame(packet);
    const read = parsePpp(packet);
    if (typeof expected === "string") assert.equal(read, expected);
    else {
      const information = packet.subarray(expected.informationAt);
      assert.deepEqual(read, { protocol: expected.protocol, information });
    }
    const four = ipv4(random);
    assert.equal(checkIpv4(four), reference.checkIpv4(four));
    const six = ipv6(random);
    assert.equal(checkIpv6(six), reference.checkIpv6(six));
    assert.equal(checksum(octets), reference.checksum(octets));
  });
  fc.assert(property, { numRuns: 2_000 });
});

test("a batch reads what the single functions read", () => {
  const batch = new Batch({ packets: 100, octets: 20_000 });
  const property = fc.property(fc.integer(), (seed) => {
    const random = new PacketRandom(seed);
    const all = Array.from({ length: 100 }, () => datagram(random));
    batch.clear();
    for (const each of all) assert.ok(batch.add(each));
    batch.parseHeaders();
    for (const [i, each] of all.entries()) compareInBatch(batch, i, each);
  });
  fc.assert(property, { numRuns: 100 });
});

function compareInBatch(batch: Batch, i: number, packet: Uint8Array): void {
  const single = parseHeader(packet);
  if (typeof single === "string") {
    assert.equal(batch.status(i), single);
    return;
  }
  assert.equal(batch.status(i), "ok");
  assert.equal(batch.tunnelId(i), single.tunnelId);
  assert.equal(batch.sessionId(i), single.sessionId);
  assert.equal(batch.length(i), single.length ?? 0);
  assert.equal(batch.ns(i), single.ns ?? 0);
  assert.equal(batch.nr(i), single.nr ?? 0);
  assert.equal(batch.offsetSize(i), single.offsetSize ?? 0);
  const at = batch.payloadAt(i);
  const seen = batch.bytes.subarray(at, at + batch.payloadLength(i));
  assert.deepEqual(Uint8Array.from(seen), Uint8Array.from(single.payload));
}
