// Files of captures: every format's packets with their times, whatever the chunks, and what is said
// of a file that is damaged or was cut.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Capture, type Frame } from "../../../src/decode/index.ts";
import {
  b32,
  block,
  description,
  enhanced,
  ethernet,
  HELLO,
  ipv4,
  join,
  pcap,
  pcapng,
  section,
} from "./build.ts";

const PACKET = ethernet(ipv4(HELLO));
const OTHER = ethernet(ipv4(HELLO, { ports: [5_000, 1701] }));

function read(
  file: Uint8Array,
  size = file.length,
): { frames: Frame[]; fault: string | undefined } {
  const capture = new Capture();
  const frames: Frame[] = [];
  for (let at = 0; at < file.length; at += size) {
    frames.push(...capture.push(file.subarray(at, at + size)));
  }
  frames.push(...capture.end());
  return { frames, fault: capture.fault };
}

test("pcap in both byte orders, to the microsecond and to the nanosecond", () => {
  for (const isLittle of [true, false]) {
    for (const isNano of [true, false]) {
      const packets = [
        { octets: PACKET, seconds: 1_700_000_000, fraction: 123_456, length: 2_000 },
      ];
      const { frames, fault } = read(pcap(packets, { isLittle, isNano, link: 113 }));
      const nanoseconds = isNano ? 123_456 : 123_456_000;
      assert.deepEqual(frames, [
        {
          number: 1,
          time: { seconds: 1_700_000_000, nanoseconds },
          link: 113,
          octets: PACKET,
          length: 2_000,
        },
      ]);
      assert.equal(fault, undefined);
    }
  }
});

test("pcapng: interfaces with their link types and clocks, in sections of either byte order", () => {
  const ticks = 1_700_000_000n * 1_000_000_000n + 5n;
  const nano = { high: Number(ticks >> 32n), low: Number(ticks & 0xffffffffn) };
  const blocks = [
    section(),
    block(0x0bad, () => new Array(50).fill(1)),
    description(1),
    description(101, [
      [9, 9],
      [14, ...b32(0), ...b32(0)],
    ]),
    description(113, [
      [2, ...new TextEncoder().encode("eth10")],
      [9, 0x80 | 10],
    ]),
    enhanced(PACKET, { on: 0, low: 2_500_000 }),
    enhanced(OTHER, { on: 1, ...nano, length: 900 }),
    enhanced(PACKET, { on: 2, low: 1_536 }),
  ];
  for (const isLittle of [true, false]) {
    const one = pcapng(blocks, isLittle);
    const two = pcapng([section(), description(228), enhanced(PACKET, {})], !isLittle);
    const { frames, fault } = read(join(one, two));
    assert.equal(fault, undefined);
    assert.deepEqual(
      frames.map(({ number, link, time, length }) => [number, link, time, length]),
      [
        [1, 1, { seconds: 2, nanoseconds: 500_000_000 }, PACKET.length],
        [2, 101, { seconds: 1_700_000_000, nanoseconds: 5 }, 900],
        [3, 113, { seconds: 1, nanoseconds: 500_000_000 }, PACKET.length],
        [4, 228, { seconds: 0, nanoseconds: 0 }, PACKET.length],
      ],
    );
  }
});

test("pcapng: an offset of the clock, a simple packet without time, the obsolete packet block", () => {
  const simple = block(3, (isLittle) => [
    ...(isLittle ? b32(PACKET.length).toReversed() : b32(PACKET.length)),
    ...PACKET,
  ]);
  const old = block(2, (isLittle) => {
    const u32 = (value: number) => (isLittle ? b32(value).toReversed() : b32(value));
    const first = isLittle ? [0, 0, 9, 0] : [0, 0, 0, 9];
    return [...first, ...u32(0), ...u32(7), ...u32(OTHER.length), ...u32(OTHER.length), ...OTHER];
  });
  for (const isLittle of [true, false]) {
    const hundred = isLittle ? [100, 0, 0, 0, 0, 0, 0, 0] : [0, 0, 0, 0, 0, 0, 0, 100];
    const blocks = [section(), description(1, [[14, ...hundred]]), simple, old];
    const { frames, fault } = read(pcapng(blocks, isLittle));
    assert.equal(fault, undefined);
    assert.deepEqual(frames[0], { number: 1, link: 1, octets: PACKET, length: PACKET.length });
    assert.deepEqual(frames[1]?.time, { seconds: 100, nanoseconds: 7_000 });
    assert.deepEqual(frames[1]?.octets, OTHER);
  }
});

test("what comes out does not depend on the chunks", () => {
  const packets = [{ octets: PACKET }, { octets: OTHER }, { octets: new Uint8Array(0) }];
  const skipped = block(4, () => new Array(3_000).fill(7));
  const blocks = [section(), description(1), skipped, enhanced(PACKET, {}), enhanced(OTHER, {})];
  for (const file of [pcap(packets), pcapng(blocks)]) {
    const whole = read(file);
    for (const size of [1, 2, 3, 7, 64, 1_000]) assert.deepEqual(read(file, size), whole);
  }
});

test("a file that was cut gives what is there, and says so", () => {
  const file = pcap([{ octets: PACKET }, { octets: OTHER }]);
  for (const missing of [1, OTHER.length, OTHER.length + 15]) {
    const { frames, fault } = read(file.subarray(0, file.length - missing));
    assert.equal(frames.length, 1);
    assert.equal(fault, "it was cut inside packet 2");
  }
  assert.equal(read(file.subarray(0, 20)).fault, "it ends in the header of the file");
  const blocks = [section(), description(1), enhanced(PACKET, {}), block(5, () => [1, 2, 3, 4])];
  const second = pcapng(blocks);
  for (const missing of [1, 13]) {
    const { frames, fault } = read(second.subarray(0, second.length - missing));
    assert.equal(frames.length, 1);
    assert.equal(fault, "it was cut in the block behind packet 1");
  }
});

test("a damaged file gives what comes before, and says where it is", () => {
  const file = pcap([{ octets: PACKET }, { octets: OTHER }]);
  const damaged = file.slice();
  damaged.set([0xff, 0xff, 0xff, 0x7f], 24 + 16 + PACKET.length + 8);
  const { frames, fault } = read(damaged);
  assert.equal(frames.length, 1);
  assert.match(fault ?? "", /^packet 2 claims 2147483647 octets: the file is damaged there$/);
  const start = [section(), description(1), enhanced(PACKET, {})];
  const cases: [ReturnType<typeof block>, RegExp][] = [
    [enhanced(PACKET, { on: 3 }), /behind packet 1 is a packet of interface 3, which is none/],
    [block(6, () => [1, 2, 3, 4]), /a packet without fields/],
    [
      () => join(b32(6).toReversed(), b32(30).toReversed(), new Uint8Array(30)),
      /a block of 30 oct/,
    ],
    [() => join(b32(6).toReversed(), b32(32).toReversed(), new Uint8Array(24)), /lengths differ/],
  ];
  for (const [wrong, expected] of cases) {
    const result = read(pcapng([...start, wrong, enhanced(OTHER, {})]));
    assert.equal(result.frames.length, 1);
    assert.match(result.fault ?? "", expected);
  }
});

test("what is no capture is told apart", () => {
  assert.equal(read(new Uint8Array(0)).fault, "it is empty");
  assert.match(read(Uint8Array.of(0x1f, 0x8b, 8, 0, 0)).fault ?? "", /compressed/);
  assert.match(read(new TextEncoder().encode("no packets here\n")).fault ?? "", /no hex in it/);
  assert.match(read(new Uint8Array(300_000).fill(0x41)).fault ?? "", /line 1 is longer than any/);
});
