// Messages: headers, faults and where they are, and what belongs together.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AvpType, buildHeader, makeAvp } from "../../../src/codec/index.ts";
import { parseFilter } from "../../../src/decode/index.ts";
import { b16, control, decode, ethernet, HELLO, ipv4, join, LAC, pcap, talk } from "./build.ts";

const LCP_ECHO = [0xff, 3, 0xc0, 0x21, 9, 1, 0, 8, 0, 0, 0, 1];
const FLAT = { control: false, priority: false } as const;

function read(datagram: Uint8Array) {
  const [message] = talk([[true, datagram]]);
  assert.ok(message !== undefined);
  return message;
}

const tunnel = (id: number) => makeAvp(AvpType.AssignedTunnelId, id);
const session = (id: number) => makeAvp(AvpType.AssignedSessionId, id);

const WHO = [
  makeAvp(AvpType.ProtocolVersion, 0x0100),
  makeAvp(AvpType.HostName, "host"),
  makeAvp(AvpType.FramingCapabilities, 3),
];
const serial = makeAvp(AvpType.CallSerialNumber, 1);

/** A call from the LAC, as far as data. */
const CALL = [
  [true, control("SCCRQ", [...WHO, tunnel(7)])],
  [false, control("SCCRP", [...WHO, tunnel(8)], { tunnelId: 7, nr: 1 })],
  [true, control("SCCCN", [], { tunnelId: 8, ns: 1, nr: 1 })],
  [true, control("ICRQ", [session(70), serial], { tunnelId: 8, ns: 2, nr: 1 })],
  [false, control("ICRP", [session(80)], { tunnelId: 7, sessionId: 70, ns: 1, nr: 3 })],
  [true, control("ICCN", [], { tunnelId: 8, sessionId: 80, ns: 3, nr: 2 })],
  [false, buildHeader({ ...FLAT, tunnelId: 7, sessionId: 70 }, Uint8Array.from(LCP_ECHO))],
] as const;

test("every field of the header, of control and data messages", () => {
  const { header, name, kind } = read(HELLO);
  assert.deepEqual(header, {
    bits: "TLS--",
    version: 2,
    length: 20,
    tunnelId: 7,
    sessionId: 0,
    ns: 3,
    nr: 4,
  });
  assert.deepEqual([name, kind], ["HELLO", "control"]);
  const fields = { length: 0, ns: 1, nr: 2, offsetSize: 3, tunnelId: 7, sessionId: 9 };
  const data = read(
    buildHeader({ control: false, priority: true, ...fields }, Uint8Array.from(LCP_ECHO)),
  );
  assert.deepEqual(data.header, { bits: "-LSOP", version: 2, ...fields, length: 29 });
  assert.deepEqual([data.name, data.kind], ["LCP Echo-Request", "data"]);
});

test("the IDs of both ends, left and right, from the messages that assign them", () => {
  const messages = talk(CALL);
  const ids = messages.map((message) => [
    message.isFromLeft,
    message.tunnel?.left,
    message.tunnel?.right,
    message.session?.left,
    message.session?.right,
  ]);
  assert.deepEqual(ids, [
    [true, 7, undefined, undefined, undefined],
    [false, 7, 8, undefined, undefined],
    [true, 7, 8, undefined, undefined],
    [true, 7, 8, 70, undefined],
    [false, 7, 8, 70, 80],
    [true, 7, 8, 70, 80],
    [false, 7, 8, 70, 80],
  ]);
});

test("in the middle of a conversation the IDs in the headers are known", () => {
  const [first, second] = talk(CALL.slice(5));
  assert.deepEqual(first?.tunnel, { left: undefined, right: 8 });
  assert.deepEqual(second?.session, { left: 70, right: undefined });
  assert.equal(second?.isFromLeft, false);
});

test("a message that comes again is marked, a ZLB is not", () => {
  const zlb = buildHeader({
    control: true,
    priority: false,
    tunnelId: 8,
    sessionId: 0,
    ns: 1,
    nr: 1,
  });
  const [request, reply] = CALL;
  const again = talk([request, request, reply, [true, zlb], [true, zlb], ...CALL.slice(2)]);
  assert.deepEqual(
    again.map(({ name, isRepeated }) => (isRepeated ? `${name} again` : name)).slice(0, 6),
    ["SCCRQ", "SCCRQ again", "SCCRP", "ZLB", "ZLB", "SCCCN"],
  );
});

test("an ID that is used anew after the end is another tunnel, another session", () => {
  const cdn = control("CDN", [session(70)], { tunnelId: 8, sessionId: 80, ns: 4, nr: 2 });
  const stop = control("StopCCN", [tunnel(7)], { tunnelId: 8, ns: 5, nr: 2 });
  const icrq = control("ICRQ", [session(70)], { tunnelId: 8, ns: 6, nr: 2 });
  const found = talk([...CALL, [true, cdn], [true, icrq], [true, stop], ...CALL.slice(0, 1)]);
  assert.deepEqual(found[8]?.session, { left: 70, right: undefined });
  assert.deepEqual(found[10]?.tunnel, { left: 7, right: undefined });
  assert.equal(found[10]?.isRepeated, false);
});

test("both ends on one host are told apart by their ports", () => {
  const here = { from: LAC, to: LAC };
  const there = (datagram: Uint8Array) => ipv4(datagram, { ...here, ports: [5_000, 1701] });
  const back = (datagram: Uint8Array) => ipv4(datagram, { ...here, ports: [1701, 5_000] });
  const messages = decode(
    pcap([
      { octets: ethernet(there(control("SCCRQ", [tunnel(7)]))) },
      { octets: ethernet(back(control("SCCRP", [tunnel(7)], { tunnelId: 7, nr: 1 }))) },
    ]),
  );
  assert.deepEqual(
    messages.map(({ isFromLeft }) => isFromLeft),
    [true, false],
  );
  assert.deepEqual(messages[1]?.tunnel, { left: 7, right: 7 });
});

const BITS = [0xc8, 0x02];
const AVP = [0x80, 8, 0, 0, 0, 0, 0, 6];

test("what the codec refuses is said with its reason and its place", () => {
  const cases: [string, readonly number[], string, RegExp][] = [
    ["short", [0xc8, 2, 0, 12, 0, 7], "malformed", /within its header, after 6 octets/],
    [
      "version",
      [0xc8, 3, 0, 12, 0, 0, 0, 7, 0, 0, 0, 0],
      "malformed",
      /^Ver is 3: L2TPv3 \(RFC 3931/,
    ],
    ["version", [0x40, 1, 0, 12, 0, 0, 0, 7, 0, 0, 0, 0], "malformed", /^Ver is 1: L2F/],
    [
      "length",
      [...BITS, 1, 0, 0, 7, 0, 0, 0, 0, 0, 0],
      "malformed",
      /^Length is 256, and 12 octets/,
    ],
    ["length", [...BITS, 0, 5, 0, 7, 0, 0, 0, 0, 0, 0], "malformed", /^Length is 5, less than its/],
    ["offset", [2, 2, 0, 7, 0, 9, 0, 99, 0], "malformed", /^Offset Size 99 reaches past the end/],
    [
      "control-bits",
      [0x88, 2, 0, 7, 0, 9, 0, 0, 0, 0],
      "malformed",
      /neither O nor P, and this has T-S/,
    ],
    [
      "avp-length",
      [...BITS, 0, 28, 0, 7, 0, 0, 0, 0, 0, 0, ...AVP, 0x80, 200, 0, 0, 0, 7, 0x61, 0x62],
      "HELLO",
      /^AVP 2 at octet 20 \(Host Name\) has Length 200, and 8 octets are left$/,
    ],
    [
      "avp-length",
      [...BITS, 0, 26, 0, 7, 0, 0, 0, 0, 0, 0, ...AVP, 0x80, 5, 0, 0, 0, 9],
      "HELLO",
      /^AVP 2 at octet 20 \(Assigned Tunnel ID\) has Length 5, less than its header$/,
    ],
    [
      "avp-length",
      [...BITS, 0, 23, 0, 7, 0, 0, 0, 0, 0, 0, ...AVP, 1, 2, 3],
      "HELLO",
      /^AVP 2 at octet 20 ends within its header: 3 octets are left$/,
    ],
  ];
  for (const [status, octets, name, text] of cases) {
    const message = read(Uint8Array.from(octets));
    assert.equal(message.kind, "malformed");
    assert.equal(message.fault?.status, status);
    assert.match(message.fault.text, text);
    assert.equal(message.name, name);
  }
  const many = join(BITS, b16(12 + 70 * 8), [0, 7, 0, 0, 0, 0, 0, 0], ...new Array(70).fill(AVP));
  assert.deepEqual(read(many).fault, { status: "too-many", text: "it has more than 64 AVPs" });
  const noFrame = read(buildHeader({ ...FLAT, tunnelId: 7, sessionId: 9 }, Uint8Array.of(0xff, 3)));
  assert.match(noFrame.fault?.text ?? "", /^the PPP frame of 2 octets ends within its header$/);
});

test("padding, a reserved bit, fragments and what the capture left out are notes", () => {
  const padded = read(join(HELLO, [0, 0, 0]));
  assert.deepEqual([padded.kind, padded.notes], ["control", ["3 octets of padding behind Length"]]);
  const reserved = HELLO.slice();
  reserved[12] = 0x84;
  assert.match(
    read(reserved).notes[0] ?? "",
    /a reserved bit set has to be treated as unrecognized/,
  );
  const long = control("ICRQ", [session(70), makeAvp(AvpType.CalledNumber, "5551234")]);
  const whole = ethernet(ipv4(long));
  const [cut] = decode(
    pcap([{ octets: whole.subarray(0, whole.length - 5), length: whole.length }]),
  );
  assert.deepEqual([cut?.kind, cut?.name], ["control", "ICRQ"]);
  assert.deepEqual(
    cut?.avps.map(({ name }) => name),
    ["Message Type", "Assigned Session ID"],
  );
  const size = `the capture kept ${long.length - 5} of ${long.length} octets`;
  assert.deepEqual(cut?.notes, [size]);
});

/** A control message of just these octets of AVPs. */
function raw(avps: readonly number[], word = 0xc802): Uint8Array {
  return join(b16(word), b16(12 + avps.length), [0, 7, 0, 0, 0, 0, 0, 0], avps);
}

test("what a receiver refuses or has to ignore is said, of packets and of bare hex", () => {
  const type = (value: number, word = 0x8008) => [...b16(word), 0, 0, 0, 0, ...b16(value)];
  const host = [0x80, 7, 0, 0, 0, 7, 0x61];
  const cases: [string, Uint8Array, RegExp | undefined, boolean][] = [
    ["right", HELLO, undefined, false],
    ["ZLB", raw([]), undefined, false],
    ["reserved bits", raw(type(6), 0xf8f2), /^reserved bits 0x30f0 of the header are to/, false],
    ["type not first", raw([...host, ...type(6)]), /refuses it: its first AVP is not/, true],
    ["hidden type", raw(type(6, 0xc008)), /refuses it: its Message Type is hidden/, true],
    ["a reserved bit", raw(type(6, 0x8408)), /a reserved bit set has to be treated/, true],
    ["unknown type", raw(type(99)), /refuses it: Message Type 99/, true],
    ["unknown type without M", raw(type(99, 8)), /a receiver ignores it: Message Type 99/, false],
    ["tunnel 0", control("SCCRQ", [...WHO, tunnel(0)]), /it: Assigned Tunnel ID 0 \(Error/, true],
    ["session 0", control("ICRQ", [session(0), serial]), /it: Assigned Session ID 0/, true],
    ["lacking", control("ICRQ", [session(9)]), /it: Call Serial Number missing/, true],
    ["the end", control("CDN", [session(0)]), /^Assigned Session ID 0 .* it ends all the/, false],
    ["hidden", raw([...type(6), 0xc0, 8, 0, 0, 0, 11, 1, 2]), undefined, false],
  ];
  const isMalformed = parseFilter("malformed");
  assert.ok(typeof isMalformed === "function");
  for (const [name, datagram, note, isRefused] of cases) {
    const hex = new TextEncoder().encode(Buffer.from(datagram).toString("hex"));
    for (const message of [read(datagram), ...decode(hex)]) {
      assert.equal(message.kind, "control", name);
      assert.match(message.notes.join("; "), note ?? /^$/, name);
      assert.equal(isMalformed(message), isRefused, name);
    }
  }
});

test("a control message without Message Type, and one of a type that no RFC has", () => {
  const bare = Uint8Array.from([...BITS, 0, 20, 0, 7, 0, 0, 0, 0, 0, 0, 0x80, 8, 0, 0, 0, 9, 0, 7]);
  assert.equal(read(bare).name, "control message without Message Type");
  const strange = HELLO.slice();
  strange[19] = 99;
  assert.equal(read(strange).name, "control message of type 99");
});

test("a filter: all terms, any of their values, and not", () => {
  const messages = talk([...CALL, [true, Uint8Array.of(0xc8, 3)]]);
  const cases: [string, string][] = [
    ["", "SCCRQ SCCRP SCCCN ICRQ ICRP ICCN LCP Echo-Request malformed"],
    ["control", "SCCRQ SCCRP SCCCN ICRQ ICRP ICCN malformed"],
    ["!control", "LCP Echo-Request"],
    ["data", "LCP Echo-Request"],
    ["malformed", "malformed"],
    ["type=icrq,ICRP", "ICRQ ICRP"],
    ["type=LCP", "LCP Echo-Request"],
    ["type=echo-request", "LCP Echo-Request"],
    ["session=80", "ICRP ICCN LCP Echo-Request"],
    ["session=70 !data", "ICRQ ICRP ICCN"],
    ["tunnel=8 session=0", "SCCRP SCCCN ICRQ"],
    ["tunnel=1,2", ""],
    ["peer=192.0.2.1", "SCCRQ SCCRP SCCCN ICRQ ICRP ICCN LCP Echo-Request malformed"],
    ["peer=192.0.2.1:1701 type=SCCRQ", "SCCRQ"],
    ["peer=192.0.2.1:1702", ""],
    ["peer=198.51.100.1", ""],
  ];
  for (const [text, expected] of cases) {
    const filter = parseFilter(text);
    assert.ok(typeof filter === "function", text);
    assert.equal(
      messages
        .filter(filter)
        .map(({ name }) => name)
        .join(" "),
      expected,
      text,
    );
  }
  for (const wrong of ["tunnel", "tunnel=", "tunnel=x", "session=1,", "peer", "color=red", "!"]) {
    assert.deepEqual(parseFilter(`control ${wrong}`), { wrong });
  }
});
