/**
 * Targets of the codec: every octet that it reads lies at the very end of the memory, so that reading
 * one too many traps, and what it says is compared with the reference codec.
 *
 * @module
 */
import * as r from "../../../assembly/records.ts";
import type { CodecExports } from "../../../src/codec/load.ts";
import { STATUS_NAMES } from "../../../src/codec/types.ts";
import * as reference from "../../reference/codec.ts";
import * as packets from "../../reference/packets.ts";
import { PacketRandom } from "../../reference/packets.ts";
import type { Target } from "../target.ts";
import { same, WasmExecutor } from "./executor.ts";
import { Branches, CODEC, compileMarked } from "./module.ts";

const PAGES = 16;
/** Map of the memory: what is read lies at its end. */
const DESCRIPTORS = 64;
const RECORD = 256;
const RECORDS = 512;
const OUTPUT = 0x2_0000;
const REACHED = 0x8_0000;
const AVPS_CAPACITY = 64;
const CANARY = 0xa5;
const SEEDS = 8;

/** An instance, and what all targets do with it. */
class Codec {
  readonly exports: CodecExports;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly branches: Branches;

  constructor(files: readonly string[]) {
    const memory = new WebAssembly.Memory({ initial: PAGES });
    const module = compileMarked(CODEC);
    const reached = new WebAssembly.Global({ value: "i32" }, REACHED);
    const instance = new WebAssembly.Instance(module, { env: { memory, reached } });
    this.exports = instance.exports as unknown as CodecExports;
    this.bytes = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.branches = new Branches(module, memory, REACHED, files);
  }

  /** Puts octets at the very end of the memory; their address. */
  put(octets: Uint8Array): number {
    const at = this.bytes.length - octets.length;
    this.bytes.set(octets, at);
    return at;
  }

  describe(index: number, at: number, length: number): void {
    const descriptor = DESCRIPTORS + index * r.DESCRIPTOR_SIZE;
    this.view.setUint32(descriptor + r.DESCRIPTOR_AT, at, true);
    this.view.setUint32(descriptor + r.DESCRIPTOR_LENGTH, length, true);
  }

  /** Marks the output, and the octet behind it. */
  clear(length: number): void {
    this.bytes.fill(CANARY, OUTPUT, OUTPUT + length + 1);
  }

  sameOutput(expected: ArrayLike<number>): void {
    for (let i = 0; i < expected.length; i++) {
      same(this.bytes[OUTPUT + i], expected[i], `octet ${i} that was built`);
    }
    same(this.bytes[OUTPUT + expected.length], CANARY, "the octet behind");
  }

  u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  sameRecords(a: number, b: number, size: number): void {
    for (let i = 0; i < size; i++) same(this.bytes[b + i], this.bytes[a + i], "single and batch");
  }
}

function target(
  name: string,
  files: readonly string[],
  seed: (random: PacketRandom) => Uint8Array,
  run: (codec: Codec, input: Uint8Array) => void,
): Target {
  return {
    name,
    kind: "WebAssembly",
    lengthMax: 1_100,
    seeds: () => {
      const random = new PacketRandom(1);
      return Array.from({ length: SEEDS }, () => seed(random));
    },
    open: async () => {
      const codec = new Codec(files);
      return new WasmExecutor(codec.branches, (input) => run(codec, input));
    },
  };
}

/** The datagram by itself, and in a batch with others like it and one that is not. */
function parseHeader(codec: Codec, input: Uint8Array): void {
  const { exports } = codec;
  const at = codec.put(input);
  const status = exports.parseHeader(at, input.length, RECORD);
  same(codec.u16(RECORD + r.HEADER_STATUS), status, "recorded status");
  sameHeader(codec, RECORD, input);
  const parts = [0, 0, Math.min(1, input.length), 0];
  for (const [i, from] of parts.entries()) codec.describe(i, at + from, input.length - from);
  const good = exports.parseHeaders(DESCRIPTORS, parts.length, RECORDS);
  let expected = 0;
  for (const [i, from] of parts.entries()) {
    const record = RECORDS + i * r.HEADER_RECORD_SIZE;
    sameHeader(codec, record, input.subarray(from));
    if (codec.u16(record + r.HEADER_STATUS) === r.STATUS_OK) expected++;
  }
  same(good, expected, "datagrams in order");
}

function sameHeader(codec: Codec, record: number, packet: Uint8Array): void {
  const expected = reference.parseHeader(packet);
  const status = STATUS_NAMES[codec.u16(record + r.HEADER_STATUS)];
  if (typeof expected === "string") {
    same(status, expected, "status");
    return;
  }
  same(status, "ok", "status");
  same(codec.u16(record + r.HEADER_BITS), expected.bits, "bits");
  same(codec.u16(record + r.HEADER_LENGTH), expected.length, "Length");
  same(codec.u16(record + r.HEADER_TUNNEL_ID), expected.tunnelId, "Tunnel ID");
  same(codec.u16(record + r.HEADER_SESSION_ID), expected.sessionId, "Session ID");
  same(codec.u16(record + r.HEADER_NS), expected.ns, "Ns");
  same(codec.u16(record + r.HEADER_NR), expected.nr, "Nr");
  same(codec.u16(record + r.HEADER_OFFSET_SIZE), expected.offsetSize, "Offset Size");
  same(codec.u32(record + r.HEADER_PAYLOAD_AT), expected.payloadAt, "payload at");
  same(codec.u32(record + r.HEADER_PAYLOAD_LENGTH), expected.payloadLength, "payload length");
}

/** Record, and room that there is: what is built is what the reference builds, and is read again. */
function buildHeader(codec: Codec, input: Uint8Array): void {
  const { exports, view } = codec;
  if (input.length < r.HEADER_RECORD_SIZE) return;
  codec.bytes.set(input.subarray(0, r.HEADER_RECORD_SIZE), RECORD);
  const u16 = (field: number) => codec.u16(RECORD + field);
  // Pads of any length are the same to it, and to the fuzzer ever slower.
  view.setUint16(RECORD + r.HEADER_OFFSET_SIZE, u16(r.HEADER_OFFSET_SIZE) & 0x81ff, true);
  const header = {
    bits: u16(r.HEADER_BITS),
    length: u16(r.HEADER_LENGTH),
    tunnelId: u16(r.HEADER_TUNNEL_ID),
    sessionId: u16(r.HEADER_SESSION_ID),
    ns: u16(r.HEADER_NS),
    nr: u16(r.HEADER_NR),
    offsetSize: u16(r.HEADER_OFFSET_SIZE),
  };
  const expected = reference.buildHeader(header);
  const capacity = input.length - r.HEADER_RECORD_SIZE;
  const fits = expected.length <= capacity;
  codec.clear(capacity);
  const size = exports.buildHeader(RECORD, OUTPUT, capacity);
  same(size, fits ? expected.length : 0, "octets built");
  codec.sameOutput(fits ? expected : []);
  // In a batch between others, the last of which never fits.
  const rooms = [capacity, capacity, 0];
  for (const [i, room] of rooms.entries()) {
    codec.describe(i, OUTPUT, room);
    codec.bytes.copyWithin(
      RECORDS + i * r.HEADER_RECORD_SIZE,
      RECORD,
      RECORD + r.HEADER_RECORD_SIZE,
    );
  }
  codec.clear(capacity);
  same(exports.buildHeaders(DESCRIPTORS, rooms.length, RECORDS), fits ? 2 : 0, "built in a batch");
  codec.sameOutput(fits ? expected : []);
  const status = codec.u16(RECORDS + r.HEADER_STATUS);
  same(status, fits ? r.STATUS_OK : r.STATUS_CAPACITY, "status in a batch");
  if (fits) parseHeader(codec, expected);
}

/** As many records as the first octet says. */
function walkAvps(codec: Codec, input: Uint8Array): void {
  const { exports } = codec;
  const capacity = (input[0] ?? 0) % AVPS_CAPACITY;
  const body = input.subarray(1);
  const at = codec.put(body);
  const expected = reference.walkAvps(body, capacity);
  const guard = RECORDS + capacity * r.AVP_RECORD_SIZE;
  codec.bytes[guard] = CANARY;
  const count = exports.walkAvps(at, body.length, RECORDS, capacity);
  same(codec.bytes[guard], CANARY, "behind the records");
  if (typeof expected === "string") {
    same(STATUS_NAMES[-count], expected, "status");
    return;
  }
  same(count, expected.length, "AVPs");
  const built: number[] = [];
  for (const [i, avp] of expected.entries()) {
    const record = RECORDS + i * r.AVP_RECORD_SIZE;
    same(codec.u16(record + r.AVP_FLAGS), avp.flags, "flags");
    same(codec.u16(record + r.AVP_VENDOR), avp.vendor, "vendor");
    same(codec.u16(record + r.AVP_TYPE), avp.type, "type");
    same(codec.u16(record + r.AVP_VALUE_LENGTH), avp.valueLength, "length");
    same(codec.u32(record + r.AVP_VALUE_AT), at + avp.valueAt, "value");
    const value = body.subarray(avp.valueAt, avp.valueAt + avp.valueLength);
    built.push(...(reference.buildAvp(avp.flags, avp.vendor, avp.type, value) ?? []));
  }
  codec.clear(body.length);
  same(exports.buildAvps(RECORDS, count, OUTPUT, body.length), body.length, "built");
  codec.sameOutput(built);
  if (body.length > 0) same(exports.buildAvps(RECORDS, count, OUTPUT, body.length - 1), 0, "room");
  // A value that is longer than an AVP can have.
  codec.view.setUint16(RECORD + r.AVP_VALUE_LENGTH, r.AVP_LENGTH_MAX - 5 + capacity, true);
  same(exports.buildAvp(RECORD, OUTPUT, 0xffff), 0, "too long");
}

/** Flags and room in the first octet; the frame, then its own Protocol built anew. */
function parseFrame(codec: Codec, input: Uint8Array): void {
  const { exports, view } = codec;
  const frame = input.subarray(1);
  const at = codec.put(frame);
  const status = exports.parseFrame(at, frame.length, RECORD);
  same(codec.u16(RECORD + r.PPP_STATUS), status, "recorded status");
  sameFrame(codec, RECORD, frame);
  const parts = [0, 0, Math.min(1, frame.length), 0];
  for (const [i, from] of parts.entries()) codec.describe(i, at + from, frame.length - from);
  const good = exports.parseFrames(DESCRIPTORS, parts.length, RECORDS);
  let expected = 0;
  for (const [i, from] of parts.entries()) {
    const record = RECORDS + i * r.PPP_RECORD_SIZE;
    sameFrame(codec, record, frame.subarray(from));
    if (codec.u16(record + r.PPP_STATUS) === r.STATUS_OK) expected++;
  }
  same(good, expected, "frames in order");
  const [first = 0, high = 0, low = 0] = input;
  const [flags, capacity, protocol] = [first & 3, (first >> 2) & 7, (high << 8) | low];
  const acfc = (flags & r.PPP_ACFC) !== 0;
  const front = reference.buildFrameHeader(protocol, acfc, (flags & r.PPP_PFC) !== 0);
  const fits = front.length <= capacity;
  codec.clear(capacity);
  const size = exports.buildFrameHeader(OUTPUT, capacity, protocol, flags);
  same(size, fits ? front.length : 0, "octets built");
  codec.sameOutput(fits ? front : []);
  for (let i = 0; i < 2; i++) {
    codec.describe(i, OUTPUT, capacity);
    view.setUint16(RECORDS + i * r.PPP_RECORD_SIZE + r.PPP_PROTOCOL, protocol, true);
  }
  codec.clear(capacity);
  const isBuilt = fits && front.length > 0;
  const built = exports.buildFrameHeaders(DESCRIPTORS, 2, RECORDS, flags);
  same(built, isBuilt ? 2 : 0, "built in a batch");
  codec.sameOutput(isBuilt ? front : []);
}

function sameFrame(codec: Codec, record: number, frame: Uint8Array): void {
  const expected = reference.parseFrame(frame);
  const status = STATUS_NAMES[codec.u16(record + r.PPP_STATUS)];
  if (typeof expected === "string") {
    same(status, expected, "status");
    return;
  }
  same(status, "ok", "status");
  same(codec.u16(record + r.PPP_PROTOCOL), expected.protocol, "protocol");
  same(codec.u32(record + r.PPP_INFORMATION_AT), expected.informationAt, "information at");
  const length = codec.u32(record + r.PPP_INFORMATION_LENGTH);
  same(length, expected.informationLength, "information length");
}

function checkIp(codec: Codec, input: Uint8Array): void {
  const { exports } = codec;
  const at = codec.put(input);
  const four = STATUS_NAMES[exports.checkIpv4(at, input.length)];
  same(four, reference.checkIpv4(input), "IPv4");
  const six = STATUS_NAMES[exports.checkIpv6(at, input.length)];
  same(six, reference.checkIpv6(input), "IPv6");
  same(exports.checksum(at, input.length), reference.checksum(input), "checksum");
}

const HEADER = ["assembly/l2tp/header.ts"];

export const codecTargets: readonly Target[] = [
  target("wasm-header", HEADER, (random) => packets.datagram(random), parseHeader),
  target(
    "wasm-header-build",
    HEADER,
    (random) => random.fill(new Uint8Array(r.HEADER_RECORD_SIZE + random.below(32))),
    buildHeader,
  ),
  target(
    "wasm-avp",
    ["assembly/l2tp/avp.ts"],
    (random) => Uint8Array.of(random.below(AVPS_CAPACITY), ...packets.avps(random)),
    walkAvps,
  ),
  target(
    "wasm-ppp",
    ["assembly/ppp/frame.ts"],
    (random) => Uint8Array.of(random.below(256), ...packets.frame(random)),
    parseFrame,
  ),
  target(
    "wasm-ip",
    ["assembly/ip/header.ts", "assembly/ip/checksum.ts"],
    (random) => (random.chance(50) ? packets.ipv4(random) : packets.ipv6(random)),
    checkIp,
  ),
];
