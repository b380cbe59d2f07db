/** Control connection set-up: SCCRQ, SCCRP, SCCCN (RFC 2661 5.1, 6.1 to 6.3, 7.2.1). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AvpType, MessageType } from "../../../src/codec/index.ts";
import {
  HOST_NAME_MAX,
  HOST_NAME_WITH_SECRET_MAX,
  RECEIVE_WINDOW,
  UNPROVEN_ANSWER_MAX,
  UNPROVEN_MEMORY_MS,
} from "../../../src/limits.ts";
import { names, newLns, PATH, seededRandom, Talk } from "../../peer/control.ts";
import {
  avp,
  chapResponse,
  find,
  resultOf,
  sccrq,
  typed,
  u16,
  u32,
  uint,
  utf8,
} from "../../peer/lac.ts";

describe("set-up", () => {
  test("SCCRP has what RFC 2661 6.2 demands, our window, and no more than that", () => {
    const talk = new Talk();
    const [reply, ...rest] = talk.request();
    assert.deepEqual(rest, []);
    assert.equal(reply?.name, "SCCRP");
    const { message } = reply;
    assert.deepEqual([message.tunnelId, message.sessionId, message.ns, message.nr], [100, 0, 0, 1]);
    assert.deepEqual(
      message.avps.map(({ type }) => type),
      [
        AvpType.MessageType,
        AvpType.ProtocolVersion,
        AvpType.FramingCapabilities,
        AvpType.HostName,
        AvpType.AssignedTunnelId,
        AvpType.ReceiveWindowSize,
      ],
    );
    assert.ok(message.avps.every(({ mandatory, hidden }) => mandatory && !hidden));
    assert.equal(uint(find(message, AvpType.ProtocolVersion)), 0x0100);
    assert.equal(uint(find(message, AvpType.FramingCapabilities)), 3);
    assert.deepEqual(find(message, AvpType.HostName)?.value, utf8("simplon"));
    assert.notEqual(talk.tunnelId, 0);
    assert.deepEqual(reply.path, PATH);
  });

  test("SCCCN establishes the tunnel; its ZLB comes 100 ms later", () => {
    const talk = new Talk();
    talk.request([avp(AvpType.VendorName, utf8("xelerance.com"), { mandatory: false })]);
    assert.deepEqual(
      [...talk.lns.tunnels()].map(({ state }) => state),
      ["wait-ctl-conn"],
    );
    talk.now = 500;
    assert.deepEqual(talk.say(typed("SCCCN")), []);
    const [event] = talk.events;
    assert.equal(event?.type, "tunnel-up");
    const expected = {
      tunnelId: talk.tunnelId,
      peerTunnelId: 100,
      role: "lns",
      path: PATH,
      hostName: "lac.example",
      vendorName: "xelerance.com",
      state: "established",
      sessions: 0,
      since: 0,
    };
    assert.deepEqual(event.tunnel, expected);
    assert.deepEqual([...talk.lns.tunnels()], [expected]);
    assert.deepEqual(names(talk.until(599)), []);
    const [zlb] = talk.until(600);
    assert.equal(zlb?.name, "ZLB");
    assert.deepEqual([zlb.message.tunnelId, zlb.message.ns, zlb.message.nr], [100, 1, 2]);
    assert.deepEqual(zlb.message.sessionId, 0);
  });

  test("an xl2tpd SCCRQ with all its optional AVPs is taken", () => {
    const talk = new Talk();
    const out = talk.request([
      avp(AvpType.BearerCapabilities, u32(0)),
      avp(AvpType.FirmwareRevision, u16(0x0690), { mandatory: false }),
      avp(AvpType.VendorName, utf8("xelerance.com"), { mandatory: false }),
      avp(AvpType.TieBreaker, new Uint8Array(8), { mandatory: false }),
      avp(AvpType.ReceiveWindowSize, u16(4)),
    ]);
    assert.deepEqual(names(out), ["SCCRP"]);
  });

  test("SCCRP stays within 128 octets with the longest name, with Challenge and Response", () => {
    const hostName = "n".repeat(200);
    const open = new Talk({ hostName }).request()[0];
    assert.ok(open !== undefined);
    assert.equal(open.datagram.length, 60 + HOST_NAME_MAX);
    const talk = new Talk({ secret: "s", hostName });
    const [reply] = talk.request([avp(AvpType.Challenge, utf8("c"))]);
    assert.equal(reply?.name, "SCCRP");
    assert.ok(find(reply.message, AvpType.Challenge) !== undefined);
    assert.ok(find(reply.message, AvpType.ChallengeResponse) !== undefined);
    assert.equal(find(reply.message, AvpType.HostName)?.value.length, HOST_NAME_WITH_SECRET_MAX);
    for (const { datagram } of [open, reply]) assert.ok(datagram.length <= UNPROVEN_ANSWER_MAX);
    assert.equal(reply.datagram.length, UNPROVEN_ANSWER_MAX, "and no shorter than it may be");
  });

  test("SCCRP names our window, unless name and secret leave no room for it", () => {
    const windowOf = (hostName: string, secret: string) => {
      const talk = new Talk({ secret, hostName });
      const [reply] = talk.request(secret === "" ? [] : [avp(AvpType.Challenge, utf8("c"))]);
      assert.ok(reply !== undefined && reply.datagram.length <= UNPROVEN_ANSWER_MAX);
      return uint(find(reply.message, AvpType.ReceiveWindowSize));
    };
    assert.equal(windowOf("n".repeat(64), ""), RECEIVE_WINDOW);
    assert.equal(windowOf("n".repeat(24), "s"), RECEIVE_WINDOW);
    assert.equal(windowOf("n".repeat(25), "s"), 0);
  });

  test("a long host name is cut between characters", () => {
    const talk = new Talk({ hostName: `${"a".repeat(HOST_NAME_MAX - 1)}üb` });
    const [reply] = talk.request();
    assert.ok(reply !== undefined);
    const name = find(reply.message, AvpType.HostName)?.value;
    assert.deepEqual(name, utf8("a".repeat(HOST_NAME_MAX - 1)));
    assert.throws(() => newLns({ hostName: "" }), RangeError);
  });

  test("text of the peer is cut and loses control characters", () => {
    const talk = new Talk();
    const hostName = utf8(`\u001b[2J${"n".repeat(400)}`);
    talk.request([], { [AvpType.HostName]: hostName });
    const [tunnel] = talk.lns.tunnels();
    assert.equal(tunnel?.hostName, `\ufffd[2J${"n".repeat(124)}`);
  });

  test("the peer's Receive Window Size bounds what is on its way; 4 when it names none", () => {
    for (const [more, window] of [
      [[], 4],
      [[avp(AvpType.ReceiveWindowSize, u16(2))], 2],
      [[avp(AvpType.ReceiveWindowSize, u16(7))], 7],
    ] as const) {
      const talk = new Talk();
      talk.request([...more]);
      talk.say(typed("SCCCN"));
      for (let id = 1; id <= 20; id++) {
        // Each ICRQ acknowledges what came before it, so that CWND grows.
        talk.say(talk.icrq(id));
      }
      const nr = talk.nr;
      let unacknowledged = 0;
      for (let id = 21; id <= 40; id++) unacknowledged += talk.say(talk.icrq(id), { nr }).length;
      const icrps = talk.sent.filter(({ name, message }) => name === "ICRP" && message.ns >= nr);
      assert.equal(icrps.length, window, `window ${window}`);
      assert.ok(unacknowledged >= icrps.length);
    }
  });

  test("two tunnels of one peer and the same id from another peer are three tunnels", () => {
    const lns = newLns();
    const a = new Talk(lns);
    const b = new Talk(lns);
    const c = new Talk(lns);
    b.ownId = 101;
    c.path = { ...PATH, peer: "192.0.2.8" };
    for (const talk of [a, b, c]) talk.establish();
    assert.equal(new Set([a, b, c].map(({ tunnelId }) => tunnelId)).size, 3);
    assert.equal([...lns.tunnels()].length, 3);
  });
});

describe("tunnel authentication", () => {
  const challenge = utf8("a challenge of the LAC");

  test("both directions: SCCRP answers and asks, SCCCN answers", () => {
    const talk = new Talk({ secret: "geheim" });
    const [reply] = talk.request([avp(AvpType.Challenge, challenge)]);
    assert.equal(reply?.name, "SCCRP");
    const response = find(reply.message, AvpType.ChallengeResponse)?.value;
    assert.deepEqual(response, chapResponse(MessageType.SCCRP, "geheim", challenge));
    const asked = find(reply.message, AvpType.Challenge)?.value;
    assert.equal(asked?.length, 16);
    const answer = chapResponse(MessageType.SCCCN, "geheim", asked);
    talk.say(typed("SCCCN", avp(AvpType.ChallengeResponse, answer)));
    assert.deepEqual(talk.takeEvents(), ["tunnel-up"]);
  });

  test("the LNS with a secret asks a peer that does not", () => {
    const talk = new Talk({ secret: "geheim" });
    const [reply] = talk.request();
    assert.ok(reply !== undefined);
    assert.equal(find(reply.message, AvpType.ChallengeResponse), undefined);
    assert.equal(find(reply.message, AvpType.Challenge)?.value.length, 16);
  });

  test("every tunnel is asked another challenge", () => {
    const lns = newLns({ secret: "geheim", random: seededRandom(3) });
    const challenges = new Set<string>();
    for (let id = 1; id <= 20; id++) {
      const talk = new Talk(lns);
      talk.ownId = id;
      const [reply] = talk.request();
      const value = reply && find(reply.message, AvpType.Challenge)?.value;
      challenges.add(Buffer.from(value ?? []).toString("hex"));
    }
    assert.equal(challenges.size, 20);
  });

  for (const [what, answer, text, counter] of [
    [
      "the response to another secret",
      (asked: Uint8Array) => chapResponse(3, "falsch", asked),
      "wrong Challenge Response",
      "refused-secret",
    ],
    [
      "the response with the wrong id",
      (asked: Uint8Array) => chapResponse(2, "geheim", asked),
      "wrong Challenge Response",
      "refused-secret",
    ],
    ["no response", () => undefined, "Challenge Response missing", "missing-avp"],
  ] as const) {
    test(`${what} is StopCCN 4`, () => {
      const talk = new Talk({ secret: "geheim" });
      const [reply] = talk.request([avp(AvpType.Challenge, challenge)]);
      assert.ok(reply !== undefined);
      const asked = find(reply.message, AvpType.Challenge)?.value;
      assert.ok(asked !== undefined);
      const value = answer(asked);
      const out = talk.say(
        typed("SCCCN", ...(value === undefined ? [] : [avp(AvpType.ChallengeResponse, value)])),
      );
      assert.deepEqual(names(out), ["StopCCN"]);
      assert.ok(out[0] !== undefined);
      assert.deepEqual(resultOf(out[0].message), [4, 0, text]);
      assert.equal(uint(find(out[0].message, AvpType.AssignedTunnelId)), talk.tunnelId);
      const [event] = talk.events;
      assert.equal(event?.type, "tunnel-down");
      const result = { code: 4, error: 0, message: text };
      assert.deepEqual([event.by, event.result], ["local", result]);
      assert.equal(event.tunnel.state, "wait-ctl-conn");
      assert.equal(talk.lns.counters[counter], 1);
      assert.deepEqual([...talk.lns.tunnels()], []);
    });
  }

  test("a Challenge without a secret of ours is StopCCN 4, and no tunnel", () => {
    const talk = new Talk();
    const out = talk.request([avp(AvpType.Challenge, challenge)]);
    assert.deepEqual(names(out), ["StopCCN"]);
    assert.ok(out[0] !== undefined);
    assert.deepEqual(resultOf(out[0].message), [4, 0, "no secret for this tunnel"]);
    assert.deepEqual([...talk.lns.tunnels()], []);
    talk.pass(UNPROVEN_MEMORY_MS);
    assert.equal(talk.lns.pollTimeout(), Infinity);
  });

  test("a response that nobody asked for does no harm", () => {
    const talk = new Talk();
    talk.request();
    talk.say(typed("SCCCN", avp(AvpType.ChallengeResponse, new Uint8Array(16))));
    assert.deepEqual(talk.takeEvents(), ["tunnel-up"]);
  });
});

describe("an SCCRQ that is refused leaves no state", () => {
  const cases: [string, () => Talk, (talk: Talk) => ReturnType<Talk["request"]>, unknown][] = [
    [
      "version 2",
      () => new Talk(),
      (t) => t.request([], { [AvpType.ProtocolVersion]: u16(0x0200) }),
      [5, 0x0100, "version 1.0 only"],
    ],
    [
      "revision 1",
      () => new Talk(),
      (t) => t.request([], { [AvpType.ProtocolVersion]: u16(0x0101) }),
      [5, 0x0100, "version 1.0 only"],
    ],
    [
      "window 0",
      () => new Talk(),
      (t) => t.request([avp(AvpType.ReceiveWindowSize, u16(0))]),
      [2, 3, "Receive Window Size 0"],
    ],
    ["no room", () => new Talk({ maxTunnels: 0 }), (t) => t.request(), [2, 7, "no tunnel free"]],
    [
      "no version",
      () => new Talk(),
      (t) => t.request([], { [AvpType.ProtocolVersion]: undefined }),
      [2, 3, "Protocol Version missing"],
    ],
    [
      "no host name",
      () => new Talk(),
      (t) => t.request([], { [AvpType.HostName]: undefined }),
      [2, 3, "Host Name missing"],
    ],
    [
      "no framing",
      () => new Talk(),
      (t) => t.request([], { [AvpType.FramingCapabilities]: undefined }),
      [2, 3, "Framing Capabilities missing"],
    ],
    [
      "empty host name",
      () => new Talk(),
      (t) => t.request([], { [AvpType.HostName]: utf8("") }),
      [2, 2, "Host Name"],
    ],
    [
      "short framing",
      () => new Talk(),
      (t) => t.request([], { [AvpType.FramingCapabilities]: u16(3) }),
      [2, 2, "Framing Capabilities"],
    ],
    [
      "empty challenge",
      () => new Talk({ secret: "s" }),
      (t) => t.request([avp(AvpType.Challenge, utf8(""))]),
      [2, 2, "Challenge"],
    ],
  ];
  for (const [what, make, ask, expected] of cases) {
    test(what, () => {
      const talk = make();
      // Long enough for the Error Message, as a refusal is no larger than what it refuses.
      talk.usual = [avp(AvpType.VendorName, utf8("Vendor of LACs"), { mandatory: false })];
      const out = ask(talk);
      assert.deepEqual(names(out), ["StopCCN"]);
      const message = out[0]?.message;
      assert.ok(message !== undefined);
      assert.deepEqual(resultOf(message), expected);
      assert.deepEqual(
        [message.tunnelId, message.sessionId, message.ns, message.nr],
        [100, 0, 0, 1],
      );
      assert.notEqual(uint(find(message, AvpType.AssignedTunnelId)), 0);
      assert.deepEqual([...talk.lns.tunnels()], []);
      assert.deepEqual(talk.takeEvents(), ["refused"]);
      talk.pass(UNPROVEN_MEMORY_MS);
      assert.equal(talk.lns.pollTimeout(), Infinity);
      const refused = Object.values(talk.lns.counters).reduce((sum, count) => sum + count, 0);
      assert.equal(refused, 1);
    });
  }

  test("without a valid Assigned Tunnel ID the answer goes to Tunnel ID 0", () => {
    for (const id of [undefined, u16(0), utf8("abc")]) {
      const talk = new Talk();
      const out = talk.request([], { [AvpType.AssignedTunnelId]: id });
      assert.deepEqual(names(out), ["StopCCN"]);
      assert.equal(out[0]?.message.tunnelId, 0);
      talk.pass(UNPROVEN_MEMORY_MS);
      assert.equal(talk.lns.pollTimeout(), Infinity);
    }
  });

  test("max-tunnels counts what is established; half-open tunnels take no place away", () => {
    const lns = newLns({ maxTunnels: 1 });
    const [a, b, c] = [new Talk(lns), new Talk(lns), new Talk(lns)];
    [a.ownId, b.ownId, c.ownId] = [1, 2, 3];
    a.request();
    b.request();
    a.say(typed("SCCCN"));
    const [late] = b.say(typed("SCCCN"));
    assert.equal(late?.name, "StopCCN");
    assert.deepEqual(resultOf(late.message), [2, 7, "no tunnel free"]);
    assert.deepEqual(names(c.request()), ["StopCCN"]);
    assert.equal(lns.counters["refused-tunnels"], 2);
    a.say(a.stopCcn());
    c.ns = 0;
    assert.deepEqual(names(c.request()), ["SCCRP"]);
    c.say(typed("SCCCN"));
    assert.deepEqual(c.takeEvents().slice(-1), ["tunnel-up"]);
  });

  test("an SCCRQ whose Ns is not 0 is dropped", () => {
    const talk = new Talk();
    assert.deepEqual(talk.say(sccrq(100), { tunnelId: 0, ns: 1 }), []);
    assert.equal(talk.lns.counters["out-of-window"], 1);
    assert.deepEqual([...talk.lns.tunnels()], []);
  });
});
