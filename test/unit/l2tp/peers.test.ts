/**
 * Peers as they are: what clients and access concentrators of the field send, as their logs and
 * captures show it, and what is odd about it. Each names where it was seen.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type AvpInput, AvpType } from "../../../src/codec/index.ts";
import { names, PATH, type Sent, Talk } from "../../peer/control.ts";
import { avp, find, typed, u16, u32, uint, utf8 } from "../../peer/lac.ts";

const optional = { mandatory: false };
const {
  AssignedTunnelId,
  BearerCapabilities,
  BearerType,
  FirmwareRevision,
  FramingCapabilities,
  FramingType,
  HostName,
  ProtocolVersion,
  ReceiveWindowSize,
  RxConnectSpeed,
  TxConnectSpeed,
  VendorName,
} = AvpType;

/** What a client sends to bring up a session. */
interface Client {
  readonly start: (tunnelId: number) => AvpInput[];
  readonly call: (sessionId: number) => AvpInput[];
  readonly connected: AvpInput[];
  /** Octets of its SCCRQ, where a capture says it. */
  readonly size?: number;
}

const id = (value: number) => avp(AvpType.AssignedSessionId, u16(value));
const serial = (value: number) => avp(AvpType.CallSerialNumber, u32(value));
const speed = (value: number) => avp(TxConnectSpeed, u32(value));
const framing = (value: number) => avp(FramingType, u32(value));

/** The AVPs of an SCCRQ as nearly all order them. */
function start(
  tunnelId: number,
  what: {
    framing: number;
    bearer?: number;
    firmware?: number;
    host: string;
    vendor?: string;
    window?: number;
  },
  ...more: AvpInput[]
): AvpInput[] {
  const { bearer, firmware, host, vendor, window } = what;
  return typed(
    "SCCRQ",
    avp(ProtocolVersion, u16(0x0100)),
    avp(FramingCapabilities, u32(what.framing)),
    ...(bearer === undefined ? [] : [avp(BearerCapabilities, u32(bearer))]),
    ...(firmware === undefined ? [] : [avp(FirmwareRevision, u16(firmware), optional)]),
    avp(HostName, utf8(host)),
    ...(vendor === undefined ? [] : [avp(VendorName, utf8(vendor), optional)]),
    avp(AssignedTunnelId, u16(tunnelId)),
    ...(window === undefined ? [] : [avp(ReceiveWindowSize, u16(window))]),
    ...more,
  );
}

const lcpConfReq = Uint8Array.of(1, 4, 5, 212, 3, 5, 194, 35, 5, 5, 6, 17, 34, 51, 68);
const cisco = (type: number, length: number) =>
  avp(type, new Uint8Array(length).fill(7), { vendor: 9, ...optional });

const CLIENTS: Record<string, Client> = {
  // Log and size of the SCCRQ: xelerance/xl2tpd #219; the AVP of ICRQ: [MS-L2TPIE] 2.2.1.1.
  "Windows 10": {
    start: (tunnelId) =>
      start(tunnelId, {
        framing: 1,
        bearer: 0,
        firmware: 0x0a00,
        host: "RWB-LAPTOP-DELL",
        vendor: "Microsoft",
        window: 8,
      }),
    size: 108,
    call: (sessionId) =>
      typed(
        "ICRQ",
        id(sessionId),
        serial(0),
        avp(BearerType, u32(2)),
        avp(1, new Uint8Array(16).fill(9), { vendor: 311, ...optional }),
      ),
    connected: typed(
      "ICCN",
      speed(1_000_000_000),
      framing(1),
      avp(AvpType.ProxyAuthenType, u16(4), optional),
    ),
  },
  // A router's debug output, Quidway manual: Host Name "NONE".
  "Windows 2000": {
    start: (tunnelId) =>
      start(tunnelId, {
        framing: 1,
        bearer: 0,
        firmware: 1_280,
        host: "NONE",
        vendor: "Microsoft",
        window: 8,
      }),
    call: (sessionId) => typed("ICRQ", id(sessionId), serial(0), avp(BearerType, u32(1))),
    connected: typed(
      "ICCN",
      speed(28_800),
      framing(1),
      avp(AvpType.ProxyAuthenType, u16(4), optional),
    ),
  },
  // A packet dump: xelerance/Openswan #204. The AVPs are in an order of their own, the window is 1.
  Android: {
    start: (tunnelId) =>
      typed(
        "SCCRQ",
        avp(ProtocolVersion, u16(0x0100)),
        avp(HostName, utf8("anonymous")),
        avp(FramingCapabilities, u32(3)),
        avp(AssignedTunnelId, u16(tunnelId)),
        avp(ReceiveWindowSize, u16(1)),
      ),
    size: 69,
    call: (sessionId) => typed("ICRQ", id(sessionId), serial(1_430_231_088)),
    connected: typed("ICCN", speed(100_000_000), framing(3)),
  },
  // Sequence in the client's own log: SoftEtherVPN #1102.
  "macOS and iOS": {
    start: (tunnelId) => start(tunnelId, { framing: 3, host: "Johns-iPhone", window: 4 }),
    call: (sessionId) => typed("ICRQ", id(sessionId), serial(1)),
    connected: typed("ICCN", speed(1_000_000), framing(1)),
  },
  // As RouterOS prints it in its l2tp log.
  MikroTik: {
    start: (tunnelId) =>
      start(tunnelId, {
        framing: 1,
        bearer: 0,
        firmware: 1,
        host: "MikroTik",
        vendor: "MikroTik",
        window: 4,
      }),
    call: (sessionId) => typed("ICRQ", id(sessionId), serial(0)),
    connected: typed("ICCN", speed(100_000), framing(1)),
  },
  // Log and size: xelerance/xl2tpd #157.
  xl2tpd: {
    start: (tunnelId) =>
      start(tunnelId, {
        framing: 3,
        bearer: 0,
        firmware: 0x0690,
        host: "vsrv-bicab-2",
        vendor: "xelerance.com",
        window: 4,
      }),
    size: 109,
    call: (sessionId) => typed("ICRQ", id(sessionId), serial(1), avp(BearerType, u32(0))),
    connected: typed(
      "ICCN",
      speed(10_000_000),
      framing(1),
      avp(RxConnectSpeed, u32(10_000_000), optional),
    ),
  },
  // An access concentrator that has begun LCP and CHAP itself: Cisco document 23980, RFC 2661 4.4.5.
  "a Cisco LAC": {
    start: (tunnelId) =>
      start(
        tunnelId,
        {
          framing: 0,
          bearer: 0,
          firmware: 0x1130,
          host: "LAC-1",
          vendor: "Cisco Systems, Inc.",
          window: 800,
        },
        cisco(10, 8),
        cisco(110, 2),
      ),
    call: (sessionId) =>
      typed(
        "ICRQ",
        id(sessionId),
        serial(2_613_400_001),
        avp(BearerType, u32(2), optional),
        avp(AvpType.PhysicalChannelId, u32(0x0c00_0001), optional),
        avp(AvpType.CalledNumber, utf8("614629"), optional),
        avp(AvpType.CallingNumber, utf8("Ethernet0/1.100:4242#circuit"), optional),
        cisco(100, 12),
      ),
    connected: typed(
      "ICCN",
      speed(54_000_000),
      framing(1),
      avp(RxConnectSpeed, u32(8_000_000), optional),
      avp(AvpType.InitialReceivedLcpConfreq, lcpConfReq, optional),
      avp(AvpType.LastSentLcpConfreq, lcpConfReq, optional),
      avp(AvpType.LastReceivedLcpConfreq, lcpConfReq, optional),
      avp(AvpType.ProxyAuthenType, u16(2), optional),
      avp(AvpType.ProxyAuthenName, utf8("user@example.net"), optional),
      avp(AvpType.ProxyAuthenChallenge, new Uint8Array(16).fill(3), optional),
      avp(AvpType.ProxyAuthenId, u16(1), optional),
      avp(AvpType.ProxyAuthenResponse, new Uint8Array(16).fill(5), optional),
      avp(AvpType.PrivateGroupId, utf8("vpn-7"), optional),
      cisco(101, 4),
    ),
  },
  // RFC 2661 4.4.5 wants the speed in ICCN; nothing here depends on it.
  "a client that names no speed and no framing": {
    start: (tunnelId) => start(tunnelId, { framing: 3, host: "cpe" }),
    call: (sessionId) => typed("ICRQ", id(sessionId), serial(1)),
    connected: typed("ICCN"),
  },
  // RFC 2661 4.4.3: a Tie Breaker decides between two SCCRQs that cross; an LNS never sends one.
  "a client with a Tie Breaker and access line AVPs (RFC 5515)": {
    start: (tunnelId) =>
      start(
        tunnelId,
        { framing: 3, host: "dslam" },
        avp(AvpType.TieBreaker, new Uint8Array(8).fill(1), optional),
      ),
    call: (sessionId) =>
      typed(
        "ICRQ",
        id(sessionId),
        serial(1),
        avp(1, utf8("circuit"), { vendor: 3_561, ...optional }),
        avp(97, u32(1), optional),
      ),
    connected: typed(
      "ICCN",
      speed(1),
      framing(1),
      avp(129, u32(1), { vendor: 3_561, ...optional }),
    ),
  },
};

function connect(talk: Talk, client: Client): Sent {
  const [reply] = talk.say(client.start(talk.ownId), { tunnelId: 0 });
  assert.equal(reply?.name, "SCCRP");
  talk.tunnelId = uint(find(reply.message, AssignedTunnelId));
  talk.say(typed("SCCCN"));
  return reply;
}

function call(talk: Talk, client: Client): number {
  const reply = talk.say(client.call(50)).find(({ name }) => name === "ICRP");
  assert.ok(reply !== undefined);
  const sessionId = uint(find(reply.message, AvpType.AssignedSessionId));
  talk.say(client.connected, { sessionId });
  return sessionId;
}

describe("comes up and hangs up", () => {
  for (const [what, client] of Object.entries(CLIENTS)) {
    test(what, () => {
      const talk = new Talk();
      if (client.size !== undefined) {
        assert.equal(talk.build(client.start(1), { tunnelId: 0 }).length, client.size);
      }
      const reply = connect(talk, client);
      assert.ok(reply.datagram.length <= 128);
      const sessionId = call(talk, client);
      talk.pass(100);
      assert.deepEqual(talk.takeEvents(), ["tunnel-up", "session-open", "session-up"]);
      talk.say(talk.cdn(50), { sessionId });
      talk.say(talk.stopCcn());
      assert.deepEqual(talk.takeEvents(), ["session-down", "tunnel-down"]);
      const told = talk.sent.map(({ name }) => name);
      assert.ok(!told.includes("StopCCN") && !told.includes("CDN"), told.join(" "));
      const { counters } = talk.lns;
      assert.equal(counters["malformed-avp"] + counters["unknown-mandatory-avp"], 0);
    });
  }

  test("what an access concentrator says of the line is kept", () => {
    const talk = new Talk();
    const client = CLIENTS["a Cisco LAC"];
    assert.ok(client !== undefined);
    connect(talk, client);
    call(talk, client);
    const [session] = talk.lns.sessions();
    assert.equal(session?.call.calledNumber, "614629");
    assert.equal(session.call.callingNumber, "Ethernet0/1.100:4242#circuit");
    assert.equal(session.callSerialNumber, 2_613_400_001);
    assert.equal([...talk.lns.tunnels()][0]?.vendorName, "Cisco Systems, Inc.");
  });

  test("Windows always has Tunnel ID 1: two of them behind one address are two tunnels", () => {
    // setup-ipsec-vpn #274, xelerance/xl2tpd #82: behind a NAT they differ by their port alone.
    const client = CLIENTS["Windows 10"];
    assert.ok(client !== undefined);
    const a = new Talk();
    const b = new Talk(a.lns);
    b.path = { ...PATH, peerPort: 1_024 };
    for (const talk of [a, b]) {
      talk.ownId = 1;
      connect(talk, client);
      call(talk, client);
    }
    assert.notEqual(a.tunnelId, b.tunnelId);
    assert.equal([...a.lns.sessions()].length, 2);
  });

  test("Android's window is one message: no second one is on its way before it answers", () => {
    const talk = new Talk();
    const client = CLIENTS.Android;
    assert.ok(client !== undefined);
    connect(talk, client);
    const { nr } = talk;
    const first = [1, 2, 3].flatMap((each) => talk.say(client.call(each), { nr }));
    assert.deepEqual(
      names(first).filter((name) => name === "ICRP"),
      ["ICRP"],
    );
    assert.deepEqual(names(talk.ack()), ["ICRP"]);
    assert.deepEqual(names(talk.ack()), ["ICRP"]);
  });
});

describe("Result Code", () => {
  const results: [string, Uint8Array, { code: number; error?: number; message?: string }][] = [
    // MikroTik, Android: xelerance/xl2tpd #90 #130 #156 #44.
    ["without Error Code, 8 octets in all", u16(1), { code: 1 }],
    ["with Error Code", Uint8Array.of(0, 2, 0, 4), { code: 2, error: 4 }],
    ["with half an Error Code", Uint8Array.of(0, 1, 0), { code: 1 }],
    ["padded with a zero Error Code", Uint8Array.of(0, 1, 0, 0), { code: 1, error: 0 }],
    [
      "with Error Message",
      Uint8Array.of(0, 2, 0, 6, ...utf8("no\u0007 line")),
      { code: 2, error: 6, message: "no\ufffd line" },
    ],
    // "result code endianness fix for buggy Apple client", hwdsl2/docker-ipsec-vpn-server #20.
    ["of Apple, low octet first", Uint8Array.of(3, 0), { code: 3 }],
  ];
  for (const [what, value, result] of results) {
    test(what, () => {
      const talk = new Talk().establish();
      const sessionId = talk.upSession(50);
      talk.takeEvents();
      const code = avp(AvpType.ResultCode, value);
      talk.say(typed("CDN", code, id(50)), { sessionId });
      talk.say(typed("StopCCN", avp(AssignedTunnelId, u16(talk.ownId)), code));
      const told = talk.events.map((event) => ("result" in event ? event.result : undefined));
      assert.deepEqual(told, [result, result]);
      assert.equal(talk.lns.counters["malformed-avp"], 0);
    });
  }

  test("with a Disconnect Cause (RFC 3145), xelerance/xl2tpd #153", () => {
    const talk = new Talk().establish();
    const sessionId = talk.upSession(50);
    talk.takeEvents();
    const cause = avp(46, Uint8Array.of(0, 1, 0xc0, 0x21, 1), optional);
    talk.say(typed("CDN", avp(AvpType.ResultCode, u16(1)), id(50), cause), { sessionId });
    assert.deepEqual(talk.takeEvents(), ["session-down"]);
  });
});
