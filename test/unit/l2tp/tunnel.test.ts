/** What a tunnel makes of messages that are not for its state, and of what is out of its bounds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AvpType } from "../../../src/codec/index.ts";
import { Channel } from "../../../src/l2tp/channel.ts";
import { RECEIVE_WINDOW, SEND_QUEUE_MAX, TUNNEL_LINGER_MS } from "../../../src/limits.ts";
import { names, PATH, Talk } from "../../peer/control.ts";
import { avp, typed, u16, u32, utf8 } from "../../peer/lac.ts";
import { AVPS, OPTIONS, polled } from "./channel-drive.ts";

const ELSEWHERE = { ...PATH, peerPort: 4_000 };

test("the SCCRP of another port is taken when it is the answer to our SCCRQ and nothing else", () => {
  const right = { ns: 0, nr: 1 };
  for (const [over, avps, isTaken] of [
    [right, (talk: Talk) => talk.sccrp(), true],
    [{ ns: 1, nr: 1 }, (talk: Talk) => talk.sccrp(), false],
    [{ ns: 0, nr: 0 }, (talk: Talk) => talk.sccrp(), false],
    [{ ns: 0, nr: 2 }, (talk: Talk) => talk.sccrp(), false],
    [right, (talk: Talk) => talk.sccrp([], { [AvpType.HostName]: undefined }), false],
    [right, () => typed("HELLO"), false],
    [right, (talk: Talk) => talk.stopCcn(), false],
  ] as const) {
    const talk = new Talk();
    talk.connect({ role: "lac" });
    talk.say(avps(talk), { ...over, path: ELSEWHERE });
    assert.equal(talk.lns.counters["wrong-peer"], isTaken ? 0 : 1);
    assert.equal([...talk.lns.tunnels()][0]?.path, isTaken ? ELSEWHERE : PATH);
  }
});

test("no SCCRP of another port is taken once the tunnel is up, or closed", () => {
  for (const act of [
    (talk: Talk) => void talk.say(talk.sccrp()),
    (talk: Talk) => talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, talk.now),
  ]) {
    const talk = new Talk();
    talk.connect({ role: "lac" });
    act(talk);
    talk.drain();
    talk.say(talk.sccrp(), { ns: 0, nr: 1, path: ELSEWHERE });
    assert.equal(talk.lns.counters["wrong-peer"], 1);
  }
});

test("an Nr that acknowledges what was never sent is counted; the message is taken", () => {
  const talk = new Talk().establish();
  assert.deepEqual(names(talk.say(talk.icrq(1), { nr: talk.nr + 9 })), ["ICRP"]);
  assert.equal(talk.lns.counters["nr-never-sent"], 1);
});

test("what answers an SCCRP without acknowledging it is no answer, and counted", () => {
  const talk = new Talk();
  talk.request();
  assert.deepEqual(talk.say(typed("SCCCN"), { nr: 0 }), []);
  assert.equal(talk.lns.counters["not-acknowledged"], 1);
  assert.equal([...talk.lns.tunnels()][0]?.state, "wait-ctl-conn");
});

test("a message behind the receive window is counted, and taken when its turn has come", () => {
  const talk = new Talk().establish();
  const { ns } = talk;
  talk.say(talk.icrq(1), { ns: ns + RECEIVE_WINDOW });
  assert.equal(talk.lns.counters["out-of-window"], 1);
  talk.say(talk.icrq(2), { ns: ns + RECEIVE_WINDOW - 1 });
  assert.equal(talk.lns.counters["out-of-window"], 1);
  assert.equal(talk.lns.counters.early, 1);
});

test("an SCCRQ that comes again soon after the set-up asks for no HELLO, later it does", () => {
  for (const begin of [0, 100_000]) {
    const talk = new Talk({ helloInterval: 0 });
    talk.now = begin;
    talk.establish();
    const again = () => names(talk.say(first(talk), FIRST));
    talk.until(begin + TUNNEL_LINGER_MS - 1);
    assert.deepEqual(again(), ["ZLB"]);
    talk.until(begin + TUNNEL_LINGER_MS);
    assert.deepEqual(again(), ["HELLO"]);
  }
});

const FIRST = { tunnelId: 0, ns: 0, nr: 0 };

function first(talk: Talk) {
  return [avp(AvpType.MessageType, u16(1)), ...talk.sccrp().slice(1)];
}

test("with a long queue behind a closed window an OCRQ is left as an ICRQ is", () => {
  const talk = new Talk({ maxSessions: 5_000 }).connected("lac");
  const { nr } = talk;
  const ask = (id: number) => {
    const assigned = avp(AvpType.AssignedSessionId, u16(id));
    const serial = avp(AvpType.CallSerialNumber, u32(id));
    const speeds = [avp(AvpType.MinimumBps, u32(1)), avp(AvpType.MaximumBps, u32(2))];
    const types = [avp(AvpType.BearerType, u32(1)), avp(AvpType.FramingType, u32(1))];
    const called = avp(AvpType.CalledNumber, utf8("1"));
    return talk.say(typed("OCRQ", assigned, serial, ...speeds, ...types, called), { nr });
  };
  for (let id = 1; talk.lns.counters["send-queue-full"] === 0; id++) {
    ask(id);
    assert.ok(id <= SEND_QUEUE_MAX + 10, "the queue has its bound");
  }
  assert.ok([...talk.lns.sessions()].length >= SEND_QUEUE_MAX);
});

test("the Receive Window Size of an SCCRP bounds what is on its way to its sender", () => {
  for (const size of [1, 3]) {
    const talk = new Talk();
    talk.connect({ role: "lac" });
    talk.say(talk.sccrp([avp(AvpType.ReceiveWindowSize, u16(size))]));
    talk.ack();
    for (let call = 0; call < 20; call++) {
      talk.lns.placeCall(talk.tunnelId, {}, talk.now);
      talk.drain();
    }
    // The window opens by one with each acknowledgement, as far as the peer has said.
    let most = 0;
    for (let turn = 0; turn < 15; turn++) most = Math.max(most, talk.ack().length);
    const outstanding = talk.sent.filter(({ name }) => name === "ICRQ");
    assert.ok(most <= size, `${most} at once`);
    assert.equal(Math.max(...outstanding.map(({ message }) => message.ns)) - talk.nr + 1, 0);
  }
});

test("tunnels that were never established leave the place of none that is", () => {
  const talk = new Talk({ maxTunnels: 1 });
  for (const id of [1, 2, 3]) {
    [talk.ns, talk.nr, talk.ownId] = [0, 0, id];
    talk.request();
    talk.say(talk.stopCcn());
    talk.pass(TUNNEL_LINGER_MS);
  }
  [talk.ns, talk.nr, talk.ownId] = [0, 0, 4];
  talk.establish();
  [talk.ns, talk.nr, talk.ownId] = [0, 0, 5];
  assert.deepEqual(names(talk.request()), ["StopCCN"]);
});

test("before SCCCN a CDN, WEN or SLI is for no session, counted; any other message ends it", () => {
  const errors = avp(AvpType.CallErrors, new Uint8Array(26));
  for (const [avps, isCounted] of [
    [(talk: Talk) => talk.cdn(1), true],
    [() => typed("WEN", errors), true],
    [() => typed("SLI", avp(AvpType.Accm, new Uint8Array(10))), true],
    [(talk: Talk) => talk.icrq(1), false],
  ] as const) {
    const talk = new Talk();
    talk.request();
    const said = names(talk.say(avps(talk)));
    talk.pass(200);
    assert.equal(talk.lns.counters["unknown-session"], isCounted ? 1 : 0);
    assert.equal(said.includes("StopCCN"), !isCounted);
  }
});

test("a tunnel that closes takes no call", () => {
  const talk = new Talk().establish();
  talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, talk.now);
  assert.equal(talk.lns.placeCall(talk.tunnelId, {}, talk.now), undefined);
  assert.deepEqual(names(talk.drain()), ["StopCCN"]);
  assert.deepEqual([...talk.lns.tunnels()], []);
});

test("of two messages that went half a second apart the first has its second, not the later one", () => {
  const channel = new Channel(4, OPTIONS);
  channel.send(0, AVPS);
  polled(channel, 0);
  channel.acknowledge(1);
  channel.send(0, AVPS);
  polled(channel, 1_000);
  channel.send(0, AVPS);
  assert.equal(polled(channel, 1_500).length, 1, "the window has room for both");
  assert.equal(channel.timeout, 2_000);
});

test("the oldest message once more: only when there is one, and it acknowledges", () => {
  const channel = new Channel(4, OPTIONS);
  assert.equal(channel.again(), undefined, "nothing was sent");
  channel.send(0, AVPS);
  assert.equal(channel.again(), undefined, "what waits was not sent");
  polled(channel, 0);
  const received = { tunnelId: 1, sessionId: 0, ns: 0, nr: 0, avps: [] };
  channel.accept(received, 0);
  const retransmission = 1_000;
  assert.ok(channel.timeout < retransmission, "an acknowledgement is due");
  const again = channel.again();
  assert.deepEqual([again?.ns, again?.nr, again?.again], [0, 1, true]);
  assert.equal(channel.timeout, retransmission);
});
