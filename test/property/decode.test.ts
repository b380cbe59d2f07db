// Hostile captures: whatever the octets are, they are read in time that grows with their number,
// and printed without a control character.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { parseControlMessage } from "../../src/codec/index.ts";
import { Capture, Datagrams, formatJson, Messages, TextPrinter } from "../../src/decode/index.ts";
import { walkAvps } from "../../src/decode/walk.ts";
import { b16, ethernet, ipv4, pcap } from "../unit/decode/build.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/decode/${name}`, import.meta.url));
const PCAP = fixture("xl2tpd-pap.pcap");
const PCAPNG = fixture("xl2tpd-secret.pcapng");
const encode = (text: string) => new TextEncoder().encode(text);
const HEX = encode(`0000  ${PCAP.subarray(40, 90).toString("hex")}\n`);
const WORDS = encode(
  "0000000 02c8 1400 0700 0000 0300 0400 0880 0000\n0000010 0000 0600\n0000014\n",
);
const SOURCE = encode(
  `char a[] = { 0xc8, 0x02,\n 0x00, 0x14 };\n"\\xc8\\2\\n\\"a"\nsent b'\\xc8\\x02\\0\\n"\\'x' of c80\n`,
);
const BASES = [PCAP, PCAPNG, HEX, WORDS, SOURCE];

/** All but the line feed. */
const CONTROL = /[^\n\P{Cc}]|[\p{Cf}\u2028\u2029]/u;

/** All that a run of the program does with a file, but for the file. */
function run(file: Uint8Array, chunk = file.length || 1): string {
  const capture = new Capture();
  const datagrams = new Datagrams();
  const messages = new Messages({ secret: "opensesame", isPasswordShown: true });
  const text = new TextPrinter({ hasColours: false, isBrief: false });
  let output = "";
  const take = (frames: ReturnType<Capture["push"]>) => {
    for (const frame of frames) {
      for (const datagram of datagrams.of(frame)) {
        const message = messages.read(datagram);
        output += text.format(message);
        JSON.parse(formatJson(message));
      }
    }
  };
  for (let at = 0; at < file.length; at += chunk) take(capture.push(file.subarray(at, at + chunk)));
  take(capture.end());
  return output;
}

/** Octets that are changed, left out or put in at some places. */
function mutated(base: Uint8Array) {
  const change = fc.record({
    at: fc.nat({ max: base.length - 1 }),
    take: fc.nat({ max: 4 }),
    give: fc.uint8Array({ maxLength: 4 }),
  });
  return fc.array(change, { minLength: 1, maxLength: 6 }).map((changes) => {
    const octets = [...base];
    for (const { at, take, give } of changes) octets.splice(at, take, ...give);
    return Uint8Array.from(octets);
  });
}

test("any octets are read to their end, and no control character comes out", () => {
  const files = fc.oneof(fc.uint8Array({ maxLength: 300 }), ...BASES.map(mutated));
  fc.assert(
    fc.property(files, (file) => {
      assert.doesNotMatch(run(file), CONTROL);
    }),
    { numRuns: 1_500 },
  );
});

test("any payload of port 1701 is read", () => {
  const begin = fc.constantFrom([0xc8, 2], [0x40, 2], [0x4a, 2], [0, 2], [0xc8, 3]);
  const payloads = fc.tuple(begin, fc.uint8Array({ maxLength: 120 }));
  fc.assert(
    fc.property(payloads, ([head, rest]) => {
      const payload = Uint8Array.from([...head, ...rest]);
      const octets = ethernet(ipv4(payload));
      assert.doesNotMatch(run(pcap([{ octets }])), CONTROL);
    }),
    { numRuns: 2_000 },
  );
});

test("chunks make no difference to what is printed", () => {
  const files = fc.oneof(...BASES.map(mutated));
  fc.assert(
    fc.property(files, fc.integer({ min: 1, max: 200 }), (file, chunk) => {
      assert.equal(run(file, chunk), run(file));
    }),
    { numRuns: 200 },
  );
});

test("the walk through AVPs agrees with the codec on every message that it takes", () => {
  const avps = fc.array(
    fc.record({ flags: fc.nat({ max: 63 }), value: fc.uint8Array({ maxLength: 12 }) }),
    { maxLength: 6 },
  );
  const tail = fc.uint8Array({ maxLength: 8 });
  fc.assert(
    fc.property(avps, tail, (list, rest) => {
      const body = list.flatMap(({ flags, value }) => {
        const word = (flags << 10) | (6 + value.length);
        return [word >> 8, word & 0xff, 0, 0, 0, 7, ...value];
      });
      const octets = Uint8Array.from([...body, ...rest]);
      const length = 12 + octets.length;
      const head = [0xc8, 2, length >> 8, length & 0xff, 0, 7, 0, 0, 0, 0, 0, 0];
      const message = parseControlMessage(Uint8Array.from([...head, ...octets]));
      const walked = walkAvps(octets);
      if (typeof message !== "string") assert.deepEqual(walked.avps, message.avps);
      assert.equal(walked.at === octets.length, typeof message !== "string");
    }),
  );
});

/** Milliseconds of CPU, which other processes take none of; the best of some runs. */
function timeOf(work: () => void): number {
  const times = Array.from({ length: 5 }, () => {
    const begin = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(begin);
    return (user + system) / 1_000;
  });
  return Math.min(...times);
}

test("ten times the octets take about ten times as long", () => {
  const fragment = (id: number) => {
    const packet = ipv4(new Uint8Array(8)).slice();
    packet.set([id >> 8, id & 0xff, 0x20, 0], 4);
    return ethernet(packet);
  };
  const shapes: ((size: number) => Uint8Array)[] = [
    (size) => new Uint8Array(size * 40).fill(0x41),
    (size) => encode("c8 ".repeat(size)),
    (size) => encode(`"\\xc8${'\\"\\xc8'.repeat(size)}`),
    (size) => encode(`x '\\xc8"${"\\xc8' \"".repeat(size / 2)}`),
    (size) => encode(`{${"0xc8, ".repeat(size)}${" ".repeat(size)}x`),
    (size) => encode(`${"a [ ".repeat(size)}= `),
    (size) => encode("c802000c000700000000000\n".repeat(size / 20)),
    (size) => pcap(Array.from({ length: size / 40 }, (_, id) => ({ octets: fragment(id) }))),
    (size) => {
      const lcp = Array.from({ length: 600 }, () => [7, 2]).flat();
      const head = [0, 2, 0, 7, 0, 9, 0xc0, 0x21, 1, 1, ...b16(lcp.length + 4)];
      const octets = ethernet(ipv4(Uint8Array.from([...head, ...lcp])));
      return pcap(Array.from({ length: size / 1_000 }, () => ({ octets })));
    },
  ];
  for (const shape of shapes) {
    const [small, large] = [shape(8_000), shape(80_000)];
    run(large);
    const before = Math.max(
      2,
      timeOf(() => run(small)),
    );
    const after = timeOf(() => run(large));
    // What is quadratic takes a hundred times as long; below 2 ms it is the compiler that counts.
    assert.ok(after / before < 50, `${shape}: ${before.toFixed(1)}, ${after.toFixed(1)} ms`);
  }
});
