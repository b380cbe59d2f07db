// AVPs in words: every one of RFC 2661, those of RFC 3145, 3308 and 3437, other vendors', hidden ones.
import assert from "node:assert/strict";
import { test } from "node:test";
import { md5 } from "@noble/hashes/legacy.js";
import { type AvpInput, AvpType, avpTypeName, hideAvp, makeAvp } from "../../../src/codec/index.ts";
import { formatJson, type Message } from "../../../src/decode/index.ts";
import { b16, b32, control, decode, ethernet, ipv4, join, pcap, talk } from "./build.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const OCTETS = Uint8Array.of(1, 2, 3);
const MRU_AND_MAGIC = Uint8Array.of(1, 4, 5, 0xdc, 5, 6, 1, 2, 3, 4);

function read(avps: readonly AvpInput[], type: "ICCN" | "StopCCN" | "CDN" = "ICCN", options = {}) {
  const packets = [{ octets: ethernet(ipv4(control(type, avps, { tunnelId: 7 }))) }];
  const [message] = decode(pcap(packets), options);
  assert.ok(message !== undefined);
  return message;
}

/** Of each AVP behind the Message Type. */
const textsOf = ({ avps }: Message) => avps.slice(1).map(({ text }) => text);

const CASES: readonly (readonly [avp: AvpInput, text: string])[] = [
  [makeAvp(AvpType.ProtocolVersion, 0x0100), "1.0"],
  [makeAvp(AvpType.FramingCapabilities, 3), "asynchronous, synchronous"],
  [makeAvp(AvpType.BearerCapabilities, 0), "none"],
  [makeAvp(AvpType.BearerCapabilities, 0x8000_0002), "analog, reserved bits 0x80000000"],
  [makeAvp(AvpType.TieBreaker, new Uint8Array(8).fill(9)), "0909090909090909"],
  [makeAvp(AvpType.FirmwareRevision, 0x0690), "0x0690"],
  [makeAvp(AvpType.HostName, 'lac "1"\x1b[2J\u202e'), '"lac \\"1\\"\\u001b[2J\\u{202e}"'],
  [makeAvp(AvpType.VendorName, "maker"), '"maker"'],
  [makeAvp(AvpType.AssignedTunnelId, 4_711), "4711"],
  [makeAvp(AvpType.ReceiveWindowSize, 4), "4"],
  [makeAvp(AvpType.Challenge, OCTETS), "010203"],
  [makeAvp(AvpType.ChallengeResponse, new Uint8Array(16)), "00".repeat(16)],
  [
    makeAvp(AvpType.Q931CauseCode, { cause: 17, message: 0x45, advisory: "later" }),
    'user busy (17); in DISCONNECT (69); "later"',
  ],
  [makeAvp(AvpType.Q931CauseCode, { cause: 5, message: 4 }), "cause (5); in message (4)"],
  [makeAvp(AvpType.AssignedSessionId, 9), "9"],
  [makeAvp(AvpType.CallSerialNumber, 123_456), "123456"],
  [makeAvp(AvpType.MinimumBps, 64_000), "64,000 bps"],
  [makeAvp(AvpType.MaximumBps, 0xffff_ffff), "4,294,967,295 bps"],
  [makeAvp(AvpType.BearerType, 1), "digital"],
  [makeAvp(AvpType.FramingType, 2), "asynchronous"],
  [makeAvp(AvpType.CalledNumber, "5551234"), '"5551234"'],
  [makeAvp(AvpType.CallingNumber, "5550000"), '"5550000"'],
  [makeAvp(AvpType.SubAddress, "2"), '"2"'],
  [makeAvp(AvpType.TxConnectSpeed, 100_000_000), "100,000,000 bps"],
  [makeAvp(AvpType.PhysicalChannelId, 0x1a2b), "0x00001a2b"],
  [
    makeAvp(AvpType.InitialReceivedLcpConfreq, MRU_AND_MAGIC),
    "Maximum-Receive-Unit 1500, Magic-Number 0x01020304",
  ],
  [makeAvp(AvpType.LastSentLcpConfreq, new Uint8Array(0)), "no options"],
  [
    makeAvp(AvpType.LastReceivedLcpConfreq, MRU_AND_MAGIC.subarray(0, 7)),
    "Maximum-Receive-Unit 1500; Magic-Number has Length 6, and 3 octets are left",
  ],
  [makeAvp(AvpType.ProxyAuthenType, 2), "PPP CHAP (2)"],
  [makeAvp(AvpType.ProxyAuthenName, "bob"), '"bob"'],
  [makeAvp(AvpType.ProxyAuthenChallenge, OCTETS), "010203"],
  [makeAvp(AvpType.ProxyAuthenId, 7), "7"],
  [makeAvp(AvpType.ProxyAuthenResponse, OCTETS), "010203"],
  [
    makeAvp(AvpType.CallErrors, {
      crc: 1,
      framing: 2,
      hardwareOverruns: 3,
      bufferOverruns: 4,
      timeouts: 5,
      alignment: 6_000,
    }),
    "CRC errors 1, framing errors 2, hardware overruns 3, buffer overruns 4, timeout errors 5, " +
      "alignment errors 6,000",
  ],
  [makeAvp(AvpType.Accm, { send: 0, receive: 0xffff }), "send 0x00000000, receive 0x0000ffff"],
  [makeAvp(AvpType.RandomVector, OCTETS), "010203"],
  [makeAvp(AvpType.PrivateGroupId, "blue"), '"blue"'],
  [makeAvp(AvpType.RxConnectSpeed, 2_400), "2,400 bps"],
  [makeAvp(AvpType.SequencingRequired, true), "yes"],
];

test("every AVP of RFC 2661 by its name and in words", () => {
  const message = read(CASES.map(([avp]) => avp));
  assert.deepEqual(
    textsOf(message),
    CASES.map(([, text]) => text),
  );
  const names = message.avps.map(({ name }) => name);
  assert.deepEqual(
    names.slice(1),
    CASES.map(([{ type }]) => avpTypeName(type)),
  );
  const types = new Set(message.avps.map(({ type }) => type));
  const missing = Object.values(AvpType).filter((type) => type < 40 && !types.has(type));
  assert.deepEqual(missing, [AvpType.ResultCode]);
  assert.equal(message.avps[0]?.text, "ICCN, Incoming-Call-Connected (12)");
});

test("Result Codes in the words of their message", () => {
  const cases: ["StopCCN" | "CDN", { code: number; error?: number; message?: string }, string][] = [
    ["StopCCN", { code: 1 }, "general request to clear control connection (1)"],
    [
      "StopCCN",
      { code: 5, error: 0x0100, message: "v1" },
      'the protocol version of the requester is not supported (5); highest version 1.0; "v1"',
    ],
    [
      "CDN",
      { code: 2, error: 4, message: "" },
      "call disconnected for the reason indicated in error code (2); " +
        "error: insufficient resources to handle this operation now (4)",
    ],
    ["CDN", { code: 99, error: 99 }, "unknown (99); error: unknown (99)"],
  ];
  for (const [type, result, text] of cases) {
    const message = read([makeAvp(AvpType.ResultCode, result)], type);
    assert.deepEqual(textsOf(message), [text]);
  }
});

test("a value of a length that its RFC does not give it is said to be none", () => {
  const message = read([
    { type: AvpType.AssignedTunnelId, value: OCTETS },
    { type: AvpType.SequencingRequired, value: OCTETS },
    { type: AvpType.PppDisconnectCauseCode, value: OCTETS },
  ]);
  assert.deepEqual(textsOf(message), new Array(3).fill("no such value: 010203"));
});

test("AVPs of RFC 3145, 3308 and 3437", () => {
  const cause = join(b16(16), b16(0xc223), [1], utf8("go away"));
  const message = read(
    [
      { type: 46, mandatory: false, value: cause },
      { type: 46, mandatory: false, value: Uint8Array.of(0, 3, 0, 0, 2) },
      { type: 47, value: Uint8Array.of(0xb8, 0) },
      { type: 48, value: Uint8Array.of(0, 1) },
      { type: 49, value: MRU_AND_MAGIC },
      { type: 50, value: MRU_AND_MAGIC.subarray(0, 4) },
    ],
    "CDN",
  );
  assert.deepEqual(
    message.avps.slice(1).map(({ name, text }) => [name, text]),
    [
      ["PPP Disconnect Cause Code", 'authentication failed (16); CHAP; at peer; "go away"'],
      [
        "PPP Disconnect Cause Code",
        "normal disconnection, LCP Terminate-Request sent (3); at local",
      ],
      ["CCDS", "0xb800, DSCP 46"],
      ["SDS", "0x0001"],
      ["LCP Want Options", "Maximum-Receive-Unit 1500, Magic-Number 0x01020304"],
      ["LCP Allow Options", "Maximum-Receive-Unit 1500"],
    ],
  );
});

test("other vendors' AVPs and unknown ones by number, with their octets", () => {
  const { avps } = read([
    { vendor: 9, type: 7, value: OCTETS },
    { vendor: 60_000, type: 1, value: new Uint8Array(0) },
    { type: 999, value: new Uint8Array(40) },
  ]);
  assert.deepEqual(
    avps.slice(1).map(({ name, text }) => [name, text]),
    [
      ["Cisco, type 7", "010203"],
      ["vendor 60000, type 1", "empty"],
      ["unknown, type 999", `${"00".repeat(32)}… (40 octets)`],
    ],
  );
});

const SECRET = "opensesame";
const VECTOR = utf8("random");
const vector = makeAvp(AvpType.RandomVector, VECTOR);

function hide(avp: AvpInput, secret = SECRET): AvpInput {
  return hideAvp(avp, { secret: utf8(secret), randomVector: VECTOR, md5, padding: OCTETS });
}

test("hidden AVPs: said to be hidden, revealed with the secret, and not with another", () => {
  const avps = [vector, hide(makeAvp(AvpType.CalledNumber, "5551234"))];
  const revealed = read(avps, "ICCN", { secret: SECRET }).avps[2];
  assert.deepEqual([revealed?.text, revealed?.isRevealed], ['"5551234"', true]);
  assert.equal(read(avps).avps[2]?.text, "hidden, 12 octets");
  const wrong = read(avps, "ICCN", { secret: "wrong" }).avps[2];
  assert.equal(wrong?.text, "hidden, 12 octets, and the secret does not reveal it");
  assert.equal(wrong.isRevealed, false);
  const noVector = read(avps.slice(1), "ICCN", { secret: SECRET }).avps[1];
  assert.equal(noVector?.text, "hidden, 12 octets, and no Random Vector before it");
});

test("what xl2tpd 1.3.18 has hidden", () => {
  const octets = "f5ce4e3845c4627f4f734212487affa4";
  const value = Uint8Array.from(octets.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const avps = [
    makeAvp(AvpType.RandomVector, utf8("Random Vector 16")),
    { type: AvpType.CalledNumber, hidden: true, value },
  ];
  assert.equal(read(avps, "ICCN", { secret: "tunnel secret" }).avps[2]?.text, '"08005551234567"');
});

test("a value that no AVP of its type has is not taken for revealed", () => {
  const odd = hide({ type: AvpType.AssignedTunnelId, value: OCTETS });
  const [, , field] = read([vector, odd], "ICCN", { secret: SECRET }).avps;
  assert.equal(field?.text, "hidden, 8 octets, and the secret does not reveal it");
  assert.deepEqual(field?.avp.value, odd.value);
});

test("a password for a proxy is shown when that is asked for", () => {
  for (const type of [1, 3]) {
    const avps = [
      makeAvp(AvpType.ProxyAuthenType, type),
      makeAvp(AvpType.ProxyAuthenResponse, utf8("bobpw")),
    ];
    const [, , field] = read(avps).avps;
    assert.deepEqual([field?.text, field?.value], ["not shown, 5 octets", null]);
    assert.equal(read(avps, "ICCN", { isPasswordShown: true }).avps[2]?.text, '"bobpw"');
  }
});

test("a proxy's response is withheld unless the one known type says that it is no password", () => {
  const type = (value: number) => makeAvp(AvpType.ProxyAuthenType, value);
  const response = makeAvp(AvpType.ProxyAuthenResponse, utf8("bobpw"));
  const cases: [string, AvpInput[], object, boolean][] = [
    ["CHAP", [type(2), response], {}, true],
    ["MS-CHAPv1", [type(5), response], {}, true],
    ["the type behind it", [response, type(2)], {}, true],
    ["hidden, revealed", [vector, hide(type(2)), response], { secret: SECRET }, true],
    ["hidden", [vector, hide(type(2)), response], {}, false],
    ["hidden, a wrong secret", [vector, hide(type(3)), response], { secret: "wrong" }, false],
    ["no type", [response], {}, false],
    ["twice", [type(2), type(3), response], {}, false],
    ["another type", [type(4), response], {}, false],
    ["a type of a wrong length", [{ type: 29, value: OCTETS }, response], {}, false],
    ["H without hiding", [{ ...response, hidden: true }], {}, false],
  ];
  for (const [name, avps, options, isShown] of cases) {
    const message = read(avps, "ICCN", options);
    const field = message.avps.find((each) => each.type === AvpType.ProxyAuthenResponse);
    assert.equal(field?.value, isShown ? "626f627077" : null, name);
    const said = formatJson(message) + JSON.stringify(field.text);
    assert.equal(/bobpw|626f627077/.test(said), isShown, name);
  }
});

test("a Challenge Response is compared with the Challenge and the secret", () => {
  const challenge = utf8("who are you");
  const response = (type: number, secret: string) =>
    makeAvp(AvpType.ChallengeResponse, md5(join([type], utf8(secret), challenge)));
  const asked = makeAvp(AvpType.Challenge, challenge);
  const turns = (secret: string) =>
    [
      [true, control("SCCRQ", [makeAvp(AvpType.AssignedTunnelId, 7), asked])],
      [
        false,
        control("SCCRP", [makeAvp(AvpType.AssignedTunnelId, 8), asked, response(2, secret)], {
          tunnelId: 7,
          nr: 1,
        }),
      ],
      [true, control("SCCCN", [response(3, secret)], { tunnelId: 8, ns: 1, nr: 1 })],
    ] as const;
  const verdicts = (secret: string, options: object) =>
    talk(turns(secret), options).flatMap(({ avps }) =>
      avps.filter(({ name }) => name === "Challenge Response").map(({ text }) => text.slice(34)),
    );
  const right = "right for the secret";
  assert.deepEqual(verdicts(SECRET, { secret: SECRET }), [right, right]);
  const wrong = "wrong for the secret";
  assert.deepEqual(verdicts("other", { secret: SECRET }), [wrong, wrong]);
  assert.deepEqual(verdicts(SECRET, {}), ["", ""]);
});

test("more than one word can hold is cut for a line, not for a program", () => {
  const value = Uint8Array.from(b32(0x0102_0304));
  const [, field] = read([makeAvp(AvpType.Challenge, join(...new Array(20).fill(value)))]).avps;
  assert.match(field?.text ?? "", /^(01020304){8}… \(80 octets\)$/);
  assert.equal(field?.value, "01020304".repeat(20));
});
