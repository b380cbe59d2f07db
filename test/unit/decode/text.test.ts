// What is printed of real conversations: xl2tpd and pppd with simplon, captured by tcpdump. After a
// change that is meant: npx node src/cli/main.ts decode FILE >FILE.txt, and look at the difference.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { formatJson, TextPrinter } from "../../../src/decode/index.ts";
import { control, decode, HELLO, ipv4, pcap, talk } from "./build.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/decode/${name}`, import.meta.url));

const PLAIN = { hasColours: false, isBrief: false };
const BRIEF = { hasColours: false, isBrief: true };

function print(file: Uint8Array, options = PLAIN, secret?: string): string {
  const printer = new TextPrinter(options);
  return decode(file, { secret })
    .map((message) => printer.format(message))
    .join("");
}

test("a call with PAP, whole", () => {
  const file = fixture("xl2tpd-pap.pcap");
  assert.equal(print(file), fixture("xl2tpd-pap.pcap.txt").toString());
  assert.equal(print(file, BRIEF), fixture("xl2tpd-pap.pcap.brief.txt").toString());
});

test("a call with tunnel authentication and CHAP, with the secret", () => {
  const expected = fixture("xl2tpd-secret.pcapng.txt").toString();
  assert.equal(print(fixture("xl2tpd-secret.pcapng"), PLAIN, "opensesame"), expected);
});

test("a line of JSON a message", () => {
  const lines = decode(fixture("xl2tpd-pap.pcap")).map(formatJson);
  assert.equal(lines.join(""), fixture("xl2tpd-pap.pcap.jsonl").toString());
});

test("no password in any of them", () => {
  for (const suffix of ["txt", "brief.txt", "jsonl"]) {
    const text = fixture(`xl2tpd-pap.pcap.${suffix}`).toString();
    assert.match(text, /PAP Authenticate-Request/);
    assert.doesNotMatch(text, new RegExp(`bobpw|${Buffer.from("bobpw").toString("hex")}`));
  }
});

test("colours are around words and change none of them", () => {
  const file = fixture("xl2tpd-pap.pcap");
  const coloured = print(file, { hasColours: true, isBrief: false });
  for (const painted of ["1;32mSCCRQ", "36mLCP Echo-Request", "1;33mCDN", "2mZLB"]) {
    assert.ok(coloured.includes(`\x1b[${painted}\x1b[0m`), painted);
  }
  const words = coloured
    .split("\x1b[")
    .map((part, at) => (at === 0 ? part : part.replace(/^[\d;]*m/, "")));
  assert.equal(words.join(""), print(file));
});

test("malformed messages and notes, in full and brief", () => {
  const cut = HELLO.slice(0, 18);
  const file = pcap([{ octets: ipv4(cut) }], { link: 101 });
  assert.match(print(file), /\n {8}Malformed: Length is 20, and 18 octets are there\n$/);
  assert.match(
    print(file, BRIEF),
    /malformed {2}Ns 3 Nr 4 {2}Length is 20, and 18 octets are there\n$/,
  );
});

test("time is since the first packet, also when clocks step back", () => {
  const octets = ipv4(HELLO);
  const packets = [
    { octets, seconds: 100, fraction: 999_999_000 },
    { octets, seconds: 101, fraction: 1 },
    { octets, seconds: 99, fraction: 999_999_000 },
    { octets, seconds: 90_100, fraction: 999_999_000 },
  ];
  const lines = print(pcap(packets, { link: 101, isNano: true }), BRIEF).split("\n");
  const times = lines.map((line) => line.trim().split(/ +/)[1]);
  assert.deepEqual(times.slice(0, 4), ["0.000000", "0.000001001", "-1.000000", "90000.000000"]);
});

test("JSON names the IDs of sender and receiver, and keeps the nanoseconds", () => {
  const tunnel = (id: number) => ({ type: 9, value: Uint8Array.of(0, id) });
  const [, reply] = talk([
    [true, control("SCCRQ", [tunnel(7)])],
    [false, control("SCCRP", [tunnel(8)], { tunnelId: 7, nr: 1 })],
  ]).map((message) => JSON.parse(formatJson(message)));
  assert.deepEqual(reply.tunnel, { source: 8, destination: 7 });
  assert.deepEqual([reply.source, reply.destination], ["192.0.2.1:1701", "192.0.2.7:1701"]);
  const nano = pcap([{ octets: ipv4(HELLO), seconds: 5, fraction: 7 }], {
    link: 101,
    isNano: true,
  });
  const [message] = decode(nano);
  assert.ok(message !== undefined);
  assert.equal(JSON.parse(formatJson(message)).time, "5.000000007");
});
