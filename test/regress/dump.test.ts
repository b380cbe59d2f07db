/**
 * Dump. A hex dump for debugging ran over its line at multiples of 16 octets.
 *
 * What prints and reads octets here is `simplon decode`. Any octets through it are in
 * test/property/decode.test.ts; here is every length of one packet, both ways.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Capture, Datagrams, Messages, TextPrinter } from "../../src/decode/index.ts";
import { hex, shortHex } from "../../src/decode/octets.ts";

const PER_LINE = 16;
const encode = (text: string) => new TextEncoder().encode(text);

/** An L2TP data message of this length: octets that mean nothing behind its header. */
function message(length: number): Uint8Array {
  const head = [0x40, 2, length >> 8, length & 0xff, 0, 7, 0, 9];
  return Uint8Array.from({ length }, (_, at) => head[at] ?? at & 0xff);
}

/** As xxd and tcpdump -x lay it out. */
function dumped(octets: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < octets.length; at += PER_LINE) {
    const pairs = [...octets.subarray(at, at + PER_LINE)].map((octet) => hex(Uint8Array.of(octet)));
    lines.push(`${at.toString(16).padStart(4, "0")}  ${pairs.join(" ")}`);
  }
  return `${lines.join("\n")}\n`;
}

test("a dump of every length is read back octet for octet, and printed", () => {
  const printer = new TextPrinter({ hasColours: false, isBrief: false });
  for (let length = 8; length <= 20 * PER_LINE; length++) {
    const capture = new Capture();
    const octets = message(length);
    const text = encode(dumped(octets));
    const frames = [...capture.push(text), ...capture.end()];
    assert.equal(capture.fault, undefined);
    assert.deepEqual(
      frames.map((frame) => hex(frame.octets)),
      [hex(octets)],
      `${length} octets`,
    );
    const datagrams = frames.flatMap((frame) => [...new Datagrams().of(frame)]);
    const printed = datagrams.map((each) => printer.format(new Messages({}).read(each)));
    assert.equal(printed.length, 1);
    assert.match(printed.join(), new RegExp(`Length ${length},`));
  }
});

test("hex has two digits an octet, up to what a line has room for", () => {
  for (let length = 0; length <= 20 * PER_LINE; length++) {
    const octets = new Uint8Array(length).fill(0xa5);
    assert.equal(hex(octets), "a5".repeat(length));
    const shown = length > 2 * PER_LINE ? `… (${length} octets)` : "";
    const digits = "a5".repeat(Math.min(length, 2 * PER_LINE));
    assert.equal(shortHex(octets), length === 0 ? "empty" : `${digits}${shown}`);
  }
});
