/** Random and mutated datagrams: no exception, and nothing stays. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AvpType } from "../../src/codec/index.ts";
import { PATH, Talk } from "../peer/control.ts";
import { balance, dice, mutated } from "../peer/garbage.ts";
import { hide } from "../peer/hide.ts";
import { avp, sccrq, typed, u16, u32, utf8 } from "../peer/lac.ts";

const SECRET = "a secret";

/** Well-formed messages of every type, as the peer of `talk` would send them next. */
function seeds(talk: Talk, sessionId: number): Uint8Array[] {
  const vector = utf8("sixteen octets!!");
  const hidden = (type: number, value: Uint8Array) =>
    avp(type, hide(type, value, SECRET, vector, 4), { hidden: true });
  const bodies = [
    sccrq(talk.ownId, [avp(AvpType.Challenge, utf8("c")), avp(AvpType.ReceiveWindowSize, u16(4))]),
    sccrq(talk.ownId + 1, [avp(AvpType.RandomVector, vector), hidden(AvpType.Challenge, vector)]),
    typed("SCCRP", avp(AvpType.AssignedTunnelId, u16(talk.ownId))),
    typed("SCCCN", avp(AvpType.ChallengeResponse, new Uint8Array(16))),
    talk.stopCcn(),
    typed("HELLO"),
    talk.icrq(9, avp(AvpType.CalledNumber, utf8("123"))),
    typed(
      "ICRQ",
      avp(AvpType.RandomVector, vector),
      hidden(AvpType.AssignedSessionId, u16(8)),
      hidden(AvpType.CallSerialNumber, u32(8)),
    ),
    typed("ICRP", avp(AvpType.AssignedSessionId, u16(9))),
    talk.iccn(),
    talk.cdn(9),
    typed("OCRQ", avp(AvpType.AssignedSessionId, u16(9))),
    typed("WEN", avp(AvpType.CallErrors, new Uint8Array(26))),
    typed("SLI", avp(AvpType.Accm, new Uint8Array(10))),
    [],
  ];
  return bodies.flatMap((avps) => [
    talk.build(avps, { tunnelId: 0, ns: 0, nr: 0 }),
    talk.build(avps, { sessionId }),
    talk.build(avps),
  ]);
}

for (const own of [false, true]) {
  const from = own ? "the tunnel's own peer" : "strangers";
  test(`25,000 random and mutated datagrams from ${from}`, () => {
    const roll = dice(own ? 5 : 6);
    const talk = new Talk({ secret: SECRET, maxTunnels: 20, helloInterval: 0 });
    const renew = () => {
      [talk.ns, talk.nr] = [0, 0];
      talk.ownId = (talk.ownId + 2) & 0x7fff;
      talk.establish(SECRET);
      return talk.upSession(1);
    };
    let sessionId = renew();
    for (let round = 0; round < 25_000; round++) {
      const path = own ? PATH : { ...PATH, peer: `203.0.113.${roll(4)}` };
      const all = round % 50 === 0 ? [] : seeds(talk, sessionId);
      const seed = all[roll(all.length || 1)] ?? new Uint8Array(roll(200)).map(() => roll(256));
      talk.deliver(mutated(seed, roll), path);
      if (own && round % 7 === 0) talk.ack();
      if (round % 100 === 0) talk.pass(roll(4) === 0 ? 40_000 : 500);
      const alive = [...talk.lns.tunnels()].some(({ tunnelId }) => tunnelId === talk.tunnelId);
      if (own && !alive) {
        talk.pass(100_000);
        sessionId = renew();
      }
    }
    if (!own) {
      assert.deepEqual(
        [...talk.lns.sessions()].map((session) => session.sessionId),
        [sessionId],
      );
      assert.ok([...talk.lns.tunnels()].some(({ tunnelId }) => tunnelId === talk.tunnelId));
    }
    for (const { tunnelId } of [...talk.lns.tunnels()]) {
      talk.lns.closeTunnel(tunnelId, { code: 1 }, talk.now);
    }
    talk.pass(200_000);
    assert.deepEqual([...talk.lns.tunnels()], []);
    assert.deepEqual([...talk.lns.sessions()], []);
    assert.equal(talk.lns.pollTimeout(), Infinity);
    for (const [key, open] of balance(talk.events)) assert.equal(open, 0, key);
    const { counters } = talk.lns;
    assert.ok(counters["malformed-avp-length"] > 100 && counters["malformed-length"] > 100);
    assert.ok(own ? counters["out-of-sequence"] > 100 : counters["wrong-peer"] > 1_000);
  });
}
