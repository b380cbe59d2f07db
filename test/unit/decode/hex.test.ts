// Hex text: octets out of a log, and the dumps of other programs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Capture } from "../../../src/decode/index.ts";
import { control, decode, ethernet, HELLO, ipv4, ipv6, join } from "./build.ts";

const hex = (octets: Uint8Array) => Buffer.from(octets).toString("hex");
const encode = (text: string) => new TextEncoder().encode(text);

/** Names and Ns of the messages in a text. */
function namesOf(text: string): string[] {
  return decode(encode(text)).map(({ name, header }) => `${name} ${header.ns}`);
}

const SPACED = hex(HELLO).replaceAll(/../g, "$& ");
const PACKET = ethernet(ipv4(HELLO));

/** Lines of 16 octets, as each program prints them. */
function dump(octets: Uint8Array, line: (at: number, part: string[], text: string) => string) {
  const lines: string[] = [];
  for (let at = 0; at < octets.length; at += 16) {
    const part = octets.subarray(at, at + 16);
    const text = [...part]
      .map((octet) => (octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : "."))
      .join("");
    lines.push(line(at, hex(part).match(/../g) ?? [], text));
  }
  return lines.join("\n");
}

const offset = (at: number, digits: number) => at.toString(16).padStart(digits, "0");
const grouped = (part: readonly string[]) => part.join("").replaceAll(/.{4}/g, "$& ").trimEnd();

const octal = (at: number) => at.toString(8).padStart(7, "0");
/** As a little-endian host has them; an octet that is missing is 0. */
const words = (part: readonly string[]) =>
  part.flatMap((low, at) => (at % 2 === 0 ? [`${part[at + 1] ?? "00"}${low}`] : [])).join(" ");

const DUMPS: Readonly<Record<string, (octets: Uint8Array) => string>> = {
  "tshark -x": (octets) =>
    dump(octets, (at, part, text) => `${offset(at, 4)}  ${part.join(" ").padEnd(47)}   ${text}`),
  xxd: (octets) =>
    dump(octets, (at, part, text) => `${offset(at, 8)}: ${grouped(part).padEnd(39)}  ${text}`),
  "hexdump -C": (octets) =>
    dump(octets, (at, part, text) => {
      const halves = [part.slice(0, 8), part.slice(8)].map((half) => half.join(" "));
      return `${offset(at, 8)}  ${halves.join("  ").padEnd(48)}  |${text}|`;
    }),
  "tcpdump -X": (octets) =>
    `12:00:00.1 IP 192.0.2.7.1701 > 192.0.2.1.1701: l2tp:[TLS](7/0)Ns=3,Nr=4 *MSGTYPE(HELLO)\n${dump(
      octets,
      (at, part, text) => `\t0x${offset(at, 4)}:  ${grouped(part).padEnd(39)}  ${text}`,
    )}`,
  "hexdump -C, whole": (octets) =>
    `${DUMPS["hexdump -C"]?.(octets)}\n${offset(octets.length, 8)}\n`,
  "od -A x -t x1": (octets) => dump(octets, (at, part) => `${offset(at, 6)} ${part.join(" ")}`),
  "od -A x -t x1z": (octets) =>
    `${dump(octets, (at, part, text) => {
      return `${offset(at, 6)} ${part.join(" ").padEnd(47)}  >${text}<`;
    })}\n${offset(octets.length, 6)}\n`,
  "od -t x1": (octets) =>
    `${dump(octets, (at, part) => `${octal(at)} ${part.join(" ")}`)}\n${octal(octets.length)}\n`,
  hexdump: (octets) =>
    `${dump(octets, (at, part) => `${offset(at, 7)} ${words(part)}`)}\n${offset(octets.length, 7)}\n`,
  "od -x": (octets) =>
    `${dump(octets, (at, part) => `${octal(at)} ${words(part)}`)}\n${octal(octets.length)}\n`,
};

test("octets with and without separators", () => {
  const bare = hex(HELLO);
  for (const text of [
    bare,
    bare.toUpperCase(),
    SPACED,
    SPACED.trim().replaceAll(" ", ":"),
    SPACED.trim().replaceAll(" ", ", "),
    hex(HELLO).replaceAll(/../g, "0x$&, "),
    hex(HELLO).replaceAll(/../g, "\\x$&"),
    `${bare.slice(0, 10)}\n${bare.slice(10)}\n`,
    `\r\n${bare}\r\n`,
  ]) {
    assert.deepEqual(namesOf(text), ["HELLO 3"], text);
  }
});

test("each dump, of a datagram and of a packet; its characters are no octets", () => {
  for (const [name, print] of Object.entries(DUMPS)) {
    assert.deepEqual(namesOf(print(PACKET)), ["HELLO 3"], name);
    assert.deepEqual(namesOf(print(ipv4(HELLO))), ["HELLO 3"], name);
    if (name !== "tcpdump -X") assert.deepEqual(namesOf(print(HELLO)), ["HELLO 3"], name);
  }
});

test("characters that look like hex are no octets either", () => {
  const letters = control("HELLO", [{ type: 7, value: encode("ab cd ef 01 23 45 67 89") }], {
    ns: 3,
  });
  for (const [name, print] of Object.entries(DUMPS)) {
    const [message] = decode(encode(print(ethernet(ipv4(letters)))));
    assert.equal(message?.avps[1]?.text, '"ab cd ef 01 23 45 67 89"', name);
  }
});

test("many packets: by their offsets, by empty lines, a line each", () => {
  const second = control("HELLO", [], { tunnelId: 7, ns: 4, nr: 4 });
  const both = ["HELLO 3", "HELLO 4"];
  const tshark = DUMPS["tshark -x"] ?? String;
  assert.deepEqual(namesOf(`${tshark(PACKET)}\n${tshark(ethernet(ipv4(second)))}`), both);
  assert.deepEqual(namesOf(`${SPACED}\n\n${hex(second)}`), both);
  assert.deepEqual(namesOf(`${hex(HELLO)}\n${hex(second)}`), both);
  const log = `sent payload=${hex(HELLO)} to peer, id 6f1a9c2b44d0\ngot 0x${hex(second)}.\n`;
  assert.deepEqual(namesOf(log), both);
});

test("a dump that tells its length ends there, of an odd number of octets, too", () => {
  const host = control("HELLO", [{ type: 7, value: encode("lac") }], { ns: 3 });
  assert.equal(host.length % 2, 1);
  for (const name of ["hexdump -C, whole", "od -A x -t x1z", "od -t x1", "hexdump", "od -x"]) {
    const text = DUMPS[name]?.(host) ?? "";
    const messages = decode(encode(`${text}${text}`));
    const read = messages.map(({ kind, datagram }) => [kind, hex(datagram.payload)]);
    assert.deepEqual(read, new Array(2).fill(["control", hex(host)]), name);
  }
});

test("in a log of a message a line what is broken is no part of its neighbours", () => {
  const good = hex(HELLO);
  const cut = good.slice(0, 36);
  for (const [lines, expected] of [
    [[good, cut, good], "control malformed control"],
    [[cut, good], "malformed control"],
    [[good, "deadbeef", good], "control malformed control"],
    [[cut, cut], "malformed malformed"],
    [[hex(ipv4(HELLO)), hex(ipv6(HELLO)), cut], "control control malformed"],
    [[good.slice(0, 16), good.slice(16)], "control"],
  ] as const) {
    const kinds = decode(encode(lines.join("\n"))).map(({ kind }) => kind);
    assert.equal(kinds.join(" "), expected);
  }
});

test("arrays and strings of source code", () => {
  const octets = [...HELLO].map((octet) => `0x${octet.toString(16).padStart(2, "0")}`);
  const escaped = hex(HELLO).replaceAll(/../g, "\\x$&");
  for (const text of [
    `unsigned char hello[] = {\n  ${octets.slice(0, 12).join(", ")},\n  ${octets.slice(12).join(", ")}\n};\nunsigned int hello_len = 20;\n`,
    `uint8_t hello[20] = { ${octets.slice(0, 9).join(",")},\n${octets.slice(9).join(",")} };`,
    `send({ ${octets.join(", ")} }, 20);`,
    `"${escaped}"`,
    `"${escaped.slice(0, 20)}"\n"${escaped.slice(20)}";`,
    `payload = b'${escaped}'`,
    "b'\\xc8\\x02\\x00\\x14\\0\\a\\0\\0\\x00\\x03\\x00\\x04\\x80\\b\\0\\0\\0\\0\\0\\6'",
    "printf '\\310\\2\\0\\24\\0\\7\\0\\0\\0\\3\\0\\4\\200\\10\\0\\0\\0\\0\\0\\6' | nc",
  ]) {
    assert.deepEqual(namesOf(text), ["HELLO 3"], text);
  }
});

test("half an octet is told by its line, and the other lines are read", () => {
  const half = hex(HELLO).slice(1);
  for (const [text, count, line] of [
    [`${half}\n`, 0, 1],
    [`${hex(HELLO)}\n${hex(HELLO).slice(0, -1)}\n${hex(HELLO)}\n`, 2, 2],
  ] as const) {
    const capture = new Capture();
    const frames = [...capture.push(encode(text)), ...capture.end()];
    assert.equal(frames.length, count);
    assert.equal(capture.fault, `line ${line} has an odd number of hex digits`);
  }
});

test("a dump that leaves out repeated lines is not guessed at", () => {
  const capture = new Capture();
  const text = `${DUMPS["hexdump -C"]?.(new Uint8Array(16))}\n*\n00000040\n`;
  assert.deepEqual([...capture.push(encode(text)), ...capture.end()], []);
  assert.equal(capture.fault, "line 2 stands for repeated ones: dump them all, with -v");
});

test("a packet without checksum or length, which are left to a device, is one", () => {
  const packet = ipv4(HELLO);
  packet.set([0, 0], 10);
  const noLength = packet.slice();
  noLength.set([0, 0], 2);
  for (const octets of [packet, ethernet(packet), noLength, packet.slice(0, -1), ipv6(HELLO)]) {
    const [message] = decode(encode(hex(octets)));
    assert.equal(message?.datagram.source?.port, 1701);
  }
});

test("a data message with Length and Ns is none of IPv4 with options", () => {
  const data = join([0x48, 2, 0, 40, 0, 7, 0, 9, 0, 1, 0, 0, 0, 0x21], ipv4(HELLO).slice(0, 26));
  assert.equal(decode(encode(hex(data)))[0]?.header.sessionId, 9);
});

test("a datagram in hex has no time and no endpoints", () => {
  const [message] = decode(encode(hex(HELLO)));
  assert.equal(message?.datagram.time, undefined);
  assert.equal(message?.datagram.source, undefined);
  const [inside] = decode(encode(hex(PACKET)));
  assert.deepEqual(inside?.datagram.source, { address: "192.0.2.7", port: 1701 });
});

test("a line of hex as long as may be is no dumped line", () => {
  const long = "ab".repeat(125_000);
  assert.equal(decode(encode(`0000  c8\n0001 ${long}\n`)).length, 2);
});
