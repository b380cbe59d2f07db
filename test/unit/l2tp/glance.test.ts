/** What is dropped by its first octets, and what is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AvpType, buildControlMessage, MessageType } from "../../../src/codec/index.ts";
import { glanceTunnelId, isGlance } from "../../../src/l2tp/glance.ts";
import { TUNNEL_LINGER_MS, UNPROVEN_ANSWERS_PER_SOURCE_MAX } from "../../../src/limits.ts";
import { PATH, Talk } from "../../peer/control.ts";
import { avp, sccrq, typed, u16 } from "../../peer/lac.ts";

function start(tunnelId = 0): Uint8Array {
  return buildControlMessage({ tunnelId, sessionId: 0, ns: 0, nr: 0, avps: sccrq(9) });
}

test("a control message tells its tunnel, anything else does not", () => {
  assert.equal(glanceTunnelId(start()), 0);
  assert.equal(glanceTunnelId(start(0x1234)), 0x1234);
  const zlb = buildControlMessage({ tunnelId: 7, sessionId: 0, ns: 1, nr: 1, avps: [] });
  assert.equal(glanceTunnelId(zlb), 7);
  assert.equal(glanceTunnelId(zlb.subarray(0, 11)), undefined);
  for (const bit of [0x8000, 0x4000, 0x0800, 0x0200, 0x0100, 0x0001]) {
    const other = zlb.slice();
    new DataView(other.buffer).setUint16(0, 0xc802 ^ bit);
    assert.equal(glanceTunnelId(other), undefined, bit.toString(16));
  }
});

test("its type is known when it says so in plain words", () => {
  const datagram = start();
  assert.ok(isGlance(datagram, MessageType.SCCRQ));
  assert.ok(!isGlance(datagram, MessageType.SCCRP));
  assert.ok(!isGlance(datagram.subarray(0, 19), MessageType.SCCRQ));
  for (const [at, bits] of [
    [12, 0x40],
    [13, 0x01],
    [15, 0x01],
    [17, 0x01],
    [18, 0x01],
  ] as const) {
    const other = datagram.slice();
    other[at] = (other[at] ?? 0) ^ bits;
    assert.ok(!isGlance(other, MessageType.SCCRQ), `octet ${at}`);
  }
});

test("what is for no tunnel is dropped unread, but an SCCRP is refused", () => {
  const talk = new Talk();
  talk.say(typed("HELLO"), { tunnelId: 77 });
  assert.equal(talk.lns.counters["unknown-tunnel"], 1);
  const [, ...others] = sccrq(9);
  const [refusal] = talk.say(typed("SCCRP", ...others), { tunnelId: 77 });
  assert.equal(refusal?.name, "StopCCN");
});

test("requests beyond what a source may have are dropped unread, others are heard", () => {
  const talk = new Talk();
  const { lns } = talk;
  for (let i = 0; i < 2 * UNPROVEN_ANSWERS_PER_SOURCE_MAX; i++) {
    lns.handleInput({ datagram: start(), path: { ...PATH, peerPort: 2_000 + i } }, i);
  }
  const now = 2 * UNPROVEN_ANSWERS_PER_SOURCE_MAX;
  const dropped = lns.counters["dropped-rate"];
  assert.ok(dropped > 0);
  const broken = start();
  broken[21] = 0xff; // the Length of its second AVP
  lns.handleInput({ datagram: broken, path: PATH }, now);
  assert.equal(lns.counters["dropped-rate"], dropped + 1, "as malformed as it is");
  const other = { ...PATH, peer: "192.0.2.77" };
  lns.handleInput({ datagram: broken, path: other }, now);
  assert.equal(lns.counters["dropped-rate"], dropped + 1);
  assert.equal(lns.counters["malformed-avp-length"], 1);
});

test("who gives up is heard, however many requests its address has sent", () => {
  const talk = new Talk();
  const { lns } = talk;
  for (let i = 0; i < 2 * UNPROVEN_ANSWERS_PER_SOURCE_MAX; i++) {
    lns.handleInput({ datagram: start(), path: { ...PATH, peerPort: 2_000 + i } }, i);
  }
  const dropped = lns.counters["dropped-rate"];
  const avps = typed("StopCCN", ...sccrq(9).slice(4, 5), avp(AvpType.ResultCode, u16(1)));
  const datagram = buildControlMessage({ tunnelId: 0, sessionId: 0, ns: 1, nr: 0, avps });
  lns.handleInput({ datagram, path: { ...PATH, peerPort: 2_000 } }, 0);
  assert.equal(lns.counters["dropped-rate"], dropped);
});

test("our address for a message of a known peer is that of its tunnel, while there is one", () => {
  const talk = new Talk().establish();
  const { lns } = talk;
  const [tunnel] = [...lns.tunnels()];
  const { peer, peerPort, local } = PATH;
  assert.equal(lns.localOf(tunnel?.tunnelId ?? 0, "192.0.2.200", 1), local, "by the tunnel");
  assert.equal(lns.localOf(0, peer, peerPort), local, "by the endpoint");
  assert.equal(lns.localOf(0, peer, peerPort + 1), undefined);
  talk.say(typed("HELLO"), { path: { ...PATH, peerPort: 40_000 } });
  assert.equal(lns.localOf(0, peer, 40_000), local, "it has moved");
  assert.equal(lns.localOf(0, peer, peerPort), undefined);
  talk.path = { ...PATH, peerPort: 40_000 };
  talk.say(talk.stopCcn());
  talk.pass(TUNNEL_LINGER_MS);
  assert.equal(lns.localOf(0, peer, 40_000), undefined);
});
