/** A LAC that opens tunnels and places calls, and a peer that answers garbage: nothing stays. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AvpType } from "../../src/codec/index.ts";
import { newLns, Talk } from "../peer/control.ts";
import { balance, dice, mutated } from "../peer/garbage.ts";
import { avp, typed, u16, u32, utf8 } from "../peer/lac.ts";

const SPEEDS = [avp(AvpType.TxConnectSpeed, u32(1)), avp(AvpType.FramingType, u32(1))];

/** Well-formed messages of every type, as an LNS would send them next. */
function seeds(talk: Talk, sessionIds: readonly number[], id: number): Uint8Array[] {
  const assigned = avp(AvpType.AssignedSessionId, u16(id));
  const serial = avp(AvpType.CallSerialNumber, u32(id));
  const speeds = [avp(AvpType.MinimumBps, u32(1)), avp(AvpType.MaximumBps, u32(2))];
  const line = [avp(AvpType.BearerType, u32(1)), avp(AvpType.FramingType, u32(1))];
  const number = avp(AvpType.CalledNumber, utf8("1"));
  const bodies = [
    talk.sccrp(),
    talk.sccrp([avp(AvpType.TieBreaker, new Uint8Array(8), { mandatory: false })]),
    typed("SCCCN"),
    typed("HELLO"),
    typed("ICRQ", assigned, serial),
    typed("ICRP", assigned),
    typed("ICCN", ...SPEEDS),
    typed("OCRQ", assigned, serial, ...speeds, ...line, number),
    typed("OCRP", assigned),
    typed("OCCN", ...SPEEDS),
    talk.cdn(id),
    typed("SLI", avp(AvpType.Accm, new Uint8Array(10))),
    ...(id % 16 === 0 ? [talk.stopCcn()] : []),
    [],
  ];
  const headers = [0, ...sessionIds];
  return bodies.flatMap((avps) => headers.map((sessionId) => talk.build(avps, { sessionId })));
}

test("15,000 answers, most of them out of place or mutated", () => {
  const roll = dice(11);
  const lac = newLns({ role: "lac", maxTunnels: 20, maxSessions: 30, helloInterval: 0 });
  const talk = new Talk(lac);
  const isOpen = () => [...lac.tunnels()].some(({ tunnelId }) => tunnelId === talk.tunnelId);
  let opened = 0;
  for (let round = 0; round < 15_000; round++) {
    if (!isOpen()) {
      talk.pass(100_000);
      [talk.ns, talk.nr] = [0, 0];
      talk.ownId = (talk.ownId + 1) & 0x7fff;
      talk.connect({ role: "lac" });
      opened += 1;
    }
    if (roll(4) === 0) lac.placeCall(talk.tunnelId, { calledNumber: "1" }, talk.now);
    const calls = [...lac.sessions()].map(({ sessionId }) => sessionId);
    const answered = calls[roll(calls.length || 1)];
    if (answered !== undefined && roll(8) === 0) {
      lac.connectCall(talk.tunnelId, answered, {}, talk.now);
    }
    talk.drain();
    const all = seeds(talk, calls.slice(0, 4), 1 + roll(40));
    const seed = all[roll(all.length)] as Uint8Array;
    const isWhole = roll(3) !== 0;
    const datagram = isWhole ? seed : mutated(seed, roll);
    const path = roll(10) === 0 ? { ...talk.path, peerPort: 1_702 } : talk.path;
    talk.deliver(datagram, path);
    if (roll(5) === 0) talk.ack();
    // What it acknowledges is what it has taken.
    talk.pass(100);
    for (const { message } of talk.sent.splice(0)) {
      if (message.tunnelId === talk.ownId) talk.ns = message.nr;
    }
    if (roll(50) === 0) talk.pass(roll(3) === 0 ? 20_000 : 500);
  }
  assert.ok(opened > 20, `${opened} tunnels`);
  lac.shutdown(talk.now);
  talk.pass(200_000);
  assert.equal(lac.isDrained(), true);
  assert.deepEqual([...lac.tunnels()], []);
  assert.deepEqual([...lac.sessions()], []);
  assert.equal(lac.pollTimeout(), Infinity);
  // A call that was placed need not have been open to be down.
  for (const [key, open] of balance(talk.events)) assert.ok(open <= 0, key);
  const downs = talk.events.filter(({ type }) => type === "tunnel-down");
  const ups = talk.events.filter(({ type }) => type === "tunnel-up");
  assert.equal(downs.length, opened);
  assert.ok(ups.length > 10);
});
