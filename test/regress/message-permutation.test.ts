/**
 * Message permutation. Messages out of their order met what was not there yet: a null pointer.
 *
 * RFC 2661 7.2, 7.4, 7.5: what an automaton has no cell for clears the call or the tunnel, or is nothing.
 * Here each message stands where any other one should, in order and ahead of its turn (5.8). All orders up
 * to length four, from every state, are a matter of test/sim/.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type AvpInput, AvpType } from "../../src/codec/index.ts";
import { Talk } from "../peer/control.ts";
import { balance } from "../peer/garbage.ts";
import { avp, sccrq, typed, u16, u32 } from "../peer/lac.ts";

const GONE_MS = 200_000;

/** Each message that there is, with the AVPs that it has to have; a ZLB. */
function messages(talk: Talk): Readonly<Record<string, AvpInput[]>> {
  const assigned = avp(AvpType.AssignedSessionId, u16(9));
  const serial = avp(AvpType.CallSerialNumber, u32(1));
  const speeds = [avp(AvpType.MinimumBps, u32(1)), avp(AvpType.MaximumBps, u32(2))];
  const types = [avp(AvpType.BearerType, u32(1)), avp(AvpType.FramingType, u32(1))];
  const called = avp(AvpType.CalledNumber, u16(0x3131));
  const connected = [avp(AvpType.TxConnectSpeed, u32(1)), avp(AvpType.FramingType, u32(1))];
  return {
    ZLB: [],
    SCCRQ: sccrq(talk.ownId),
    SCCRP: typed("SCCRP", ...sccrq(talk.ownId).slice(1)),
    SCCCN: typed("SCCCN"),
    StopCCN: talk.stopCcn(),
    HELLO: typed("HELLO"),
    OCRQ: typed("OCRQ", assigned, serial, ...speeds, ...types, called),
    OCRP: typed("OCRP", assigned),
    OCCN: typed("OCCN", ...connected),
    ICRQ: talk.icrq(9),
    ICRP: typed("ICRP", assigned),
    ICCN: talk.iccn(),
    CDN: talk.cdn(9),
    WEN: typed("WEN", avp(AvpType.CallErrors, new Uint8Array(26))),
    SLI: typed("SLI", avp(AvpType.Accm, new Uint8Array(10))),
  };
}

/** To where an endpoint may be when they come: a Session ID, where there is one. */
const PLACES: Readonly<Record<string, (talk: Talk) => number>> = {
  "before any tunnel": () => 0,
  "in place of SCCCN": (talk) => without(talk.request()),
  "in place of SCCRP": (talk) => without(talk.connect({ role: "lac" })),
  "behind the set-up": (talk) => without(talk.establish()),
  "in place of ICCN": (talk) => talk.establish().openSession(9),
  "with a call that is up": (talk) => talk.establish().upSession(9),
  "in place of ICRP": (talk) => placed(talk.connected("lac")),
  "in place of OCRP": (talk) => placed(talk.connected("lns")),
};

function without(_reached: unknown): number {
  return 0;
}

function placed(talk: Talk): number {
  const sessionId = talk.lns.placeCall(talk.tunnelId, { calledNumber: "1" }, talk.now) ?? 0;
  talk.drain();
  return sessionId;
}

const NAMES = Object.keys(messages(new Talk()));

for (const [place, reach] of Object.entries(PLACES)) {
  const isPlaced = place.endsWith("ICRP") || place.endsWith("OCRP");
  test(`${place}: any two messages, in turn and the second before the first`, () => {
    for (const first of NAMES) {
      for (const second of NAMES) {
        for (const isTurned of [false, true]) {
          const talk = new Talk();
          const sessionId = reach(talk);
          const all = messages(talk);
          const said = [first, second].map((name) => {
            const avps = all[name] ?? [];
            const datagram = talk.build(avps, { sessionId });
            if (avps.length > 0) talk.ns += 1;
            return datagram;
          });
          for (const datagram of isTurned ? said.toReversed() : said) talk.deliver(datagram);
          talk.pass(GONE_MS);
          talk.lns.shutdown(talk.now);
          talk.pass(GONE_MS);
          const what = `${place}: ${first}, ${second}`;
          assert.deepEqual([...talk.lns.tunnels(), ...talk.lns.sessions()], [], what);
          assert.equal(talk.lns.pollTimeout(), Infinity, what);
          // Who has placed a call is told of its end alone, unless it was answered.
          const isOurs = (key: string) => key.startsWith(`${talk.tunnelId} ${sessionId} `);
          for (const [key, open] of balance(talk.events)) {
            assert.ok(open === 0 || (open === -1 && isPlaced && isOurs(key)), what);
          }
        }
      }
    }
  });
}
