/** Reads what the other files of this folder captured, so it runs last. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { MessageType } from "../../src/codec/index.ts";
import { must } from "./support/child.ts";
import { writeConversation } from "./support/conversation.ts";
import { COMPARED_FIELDS, type Expectation, expectationOf } from "./support/expectation.ts";
import { OCTET_FIELDS } from "./support/expected-avps.ts";
import { CORE_ADDRESS, captureDirectory, LNS_ADDRESS } from "./support/lab.ts";
import { readDatagrams } from "./support/pcap.ts";
import { fieldsOf, summaryOf } from "./support/tshark.ts";

/** How often each message and frame that we build was seen at least. */
const FLOORS: Readonly<Record<string, number>> = {
  SCCRQ: 15,
  SCCRP: 20,
  SCCCN: 10,
  ICRQ: 1_000,
  ICRP: 1_000,
  ICCN: 1_000,
  OCRQ: 4,
  OCRP: 1,
  OCCN: 1,
  ZLB: 30,
  HELLO: 5,
  StopCCN: 4,
  CDN: 4,
  IP: 5_000,
  "LCP Configure-Request": 15,
  "LCP Configure-Ack": 15,
  "LCP Configure-Nak": 1,
  "LCP Configure-Reject": 1,
  "LCP Terminate-Request": 1,
  "LCP Terminate-Ack": 3,
  "LCP Code-Reject": 1,
  "LCP Protocol-Reject": 5,
  "LCP Echo-Request": 1,
  "LCP Echo-Reply": 5,
  "PAP Authenticate-Request": 2,
  "PAP Authenticate-Ack": 3,
  "PAP Authenticate-Nak": 2,
  "CHAP Challenge": 10,
  "CHAP Response": 5,
  "CHAP Success": 10,
  "CHAP Failure": 2,
  "IPCP Configure-Request": 10,
  "IPCP Configure-Ack": 10,
  "IPCP Configure-Nak": 10,
  "IPCP Configure-Reject": 1,
  "IPV6CP Configure-Request": 5,
  "IPV6CP Configure-Ack": 5,
  IPv6: 1_000,
  "Router Advertisement": 10,
};

/** Where simplon runs: as LNS and LAC, as LAC of a switch, and as the LNS behind that. */
const OUR_ADDRESSES = [LNS_ADDRESS, "10.8.0.2", CORE_ADDRESS];
/** Of the outer header. */
const OURS = `ip.src#1 in {${OUR_ADDRESSES.join(", ")}} && l2tp`;
const merged = join(captureDirectory(), "merged.pcap");

before(async () => {
  const names = existsSync(captureDirectory()) ? readdirSync(captureDirectory()) : [];
  const captures = names.filter((name) => name.endsWith(".pcap") && name !== "merged.pcap");
  assert.ok(captures.length > 0, "no captures: the other system tests have to run first");
  const files = captures.map((name) => join(captureDirectory(), name));
  await must("mergecap", ["-F", "pcap", "-w", merged, ...files]);
});

describe("tshark on all that we sent", () => {
  it("finds no malformed packet", async () => {
    assert.deepEqual(await summaryOf(merged, `${OURS} && _ws.malformed`), []);
  });

  it("has nothing to remark, not even a note", async () => {
    // It has no names for the AVPs of RFC 3308, and remarks that.
    const known = "!(l2tp.avp.type in {47, 48})";
    assert.deepEqual(await summaryOf(merged, `${OURS} && _ws.expert && ${known}`), []);
  });

  it("finds every IP header's checksum right, outside and inside the tunnel", async () => {
    assert.deepEqual(await summaryOf(merged, `${OURS} && ip.checksum.status == "Bad"`), []);
  });

  it("prints the values that our codec reads, field by field, for every frame", async () => {
    const seen = await compareAll(isOurs, OURS);
    for (const [kind, floor] of Object.entries(FLOORS)) {
      const count = seen.get(kind) ?? 0;
      assert.ok(
        count >= floor,
        `${count} ${kind}, less than ${floor}: ${JSON.stringify([...seen])}`,
      );
    }
    for (const kind of seen.keys()) assert.ok(kind in FLOORS, `${kind} has no floor`);
  });
});

it("tshark and our codec read the same in what stock clients sent", async () => {
  const seen = await compareAll((source) => !isOurs(source), `!(${OURS}) && l2tp`);
  assert.ok((seen.get("SCCRQ") ?? 0) >= 20 && (seen.get("ICCN") ?? 0) >= 15);
});

function isOurs(source: string): boolean {
  return OUR_ADDRESSES.includes(source);
}

describe("a conversation with every message and AVP of ours, in the clear and hidden", () => {
  const file = join(captureDirectory(), "conversation");

  before(() => {
    mkdirSync(captureDirectory(), { recursive: true });
    writeConversation(file);
  });

  it("is nothing that tshark has to remark on", async () => {
    assert.deepEqual(await summaryOf(file, "_ws.malformed || _ws.expert || !l2tp"), []);
  });

  it("is read by tshark as by our codec", async () => {
    const seen = await compareAll(() => true, "l2tp", file);
    for (const name of ["ZLB", ...Object.keys(MessageType)]) {
      assert.ok((seen.get(name) ?? 0) >= 2, `${seen.get(name)} ${name}`);
    }
  });

  it("has something hidden in what the end that opened the tunnel says of calls", async () => {
    const field = "l2tp.avp.message_type";
    const messages = await fieldsOf(file, "l2tp.avp.hidden == 1", [field]);
    const types = new Set([...messages.values()].flatMap((fields) => fields.get(field) ?? []));
    const { ICRQ, ICCN, OCRQ, WEN, CDN } = MessageType;
    const expected = [OCRQ, ICRQ, ICCN, CDN, WEN].map(String);
    assert.deepEqual([...types].sort(), expected.sort());
  });
});

/** Compares each datagram of a source; answers how many there were of each kind. */
async function compareAll(
  isWanted: (source: string) => boolean,
  filter: string,
  file: string = merged,
) {
  const dissected = await fieldsOf(file, filter, COMPARED_FIELDS);
  const counts = new Map<string, number>();
  for (const datagram of readDatagrams(file)) {
    if (!isWanted(datagram.source)) continue;
    const expected = expectationOf(datagram);
    const actual = dissected.get(datagram.frame);
    assert.ok(actual, `frame ${datagram.frame} (${expected.kind}) is no L2TP to tshark`);
    assertSame(datagram.frame, expected, actual);
    counts.set(expected.kind, (counts.get(expected.kind) ?? 0) + 1);
  }
  return counts;
}

function assertSame(
  frame: number,
  { kind, values, isNested }: Expectation,
  actual: ReadonlyMap<string, readonly string[]>,
): void {
  for (const field of COMPARED_FIELDS) {
    const ours = values.get(field) ?? [];
    const all = (actual.get(field) ?? []).map((value) => normal(value, field));
    const theirs = isNested ? all.slice(0, ours.length) : all;
    if (ours.length === theirs.length && ours.every((value, at) => value === theirs[at])) continue;
    assert.fail(`frame ${frame}, ${kind}, ${field}: ours [${ours}], tshark's [${theirs}]`);
  }
}

/** tshark prints numbers in hexadecimal or decimal. */
function normal(value: string, field: string): string {
  if (OCTET_FIELDS.includes(field)) return value.replace(/^0x/, "").replaceAll(":", "");
  return /^0x[0-9a-f]+$/.test(value) ? String(Number(value)) : value;
}
