// Hex text: octets out of a log, and the dumps of other programs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { control, decode, ethernet, HELLO, ipv4 } from "./build.ts";

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
  "od -A x -t x1": (octets) => dump(octets, (at, part) => `${offset(at, 6)} ${part.join(" ")}`),
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
