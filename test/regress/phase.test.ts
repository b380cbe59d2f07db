/**
 * Phase. PAP was taken outside of its phase, and its user was in.
 *
 * RFC 1661 3.4, 3.5: before Authenticate phase is left nothing but LCP, authentication and link quality
 * is taken, all else is silently discarded; in Network phase what is not known draws a Protocol-Reject.
 * Every Protocol field in every phase; the packets of the protocols that we have, code by code, are in
 * test/unit/ppp/phases.test.ts.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CHAP, IPCP, IPV6, IPV6CP, LCP, PAP } from "../peer/ppp.ts";
import { Bench, brief, papRequest } from "../peer/ppp-bench.ts";
import { PROFILE } from "../peer/ppp-conversation.ts";

const IPV4 = 0x0021;
/** Before the peer has authenticated itself, and after. */
const PHASES: readonly [string, "silent" | "rejects", (bench: Bench) => unknown][] = [
  ["dead", "silent", () => undefined],
  ["establish", "silent", (bench) => bench.open()],
  ["authenticate", "silent", (bench) => bench.establish()],
  ["network", "rejects", (bench) => bench.toNetwork()],
  ["network", "rejects", (bench) => bench.toOpened()],
  ["terminate", "silent", close],
  ["dead", "silent", (bench) => close(bench).advance(10_000)],
];

function close(bench: Bench): Bench {
  bench.toOpened();
  bench.link.close(bench.now);
  return bench;
}

/** A request with which any of ours would begin. */
const REQUEST = [1, 1, 0, 4];
const OURS: readonly number[] = [LCP, PAP, CHAP, IPCP];
const PACKETS: readonly number[] = [IPV4, IPV6];

for (const [phase, expected, reach] of PHASES) {
  for (const authMethods of [["pap"], ["chap"]] as const) {
    test(`${phase}, ${authMethods}: all protocols that are not ours, ${expected}`, () => {
      const bench = new Bench({ authMethods });
      reach(bench);
      bench.drain();
      assert.equal(bench.link.phase, phase);
      const told = bench.kinds;
      for (let protocol = 1; protocol <= 0xffff; protocol++) {
        // An odd octet in front is a field of one octet (RFC 1661 6.5), and another protocol.
        if ((protocol & 0x0100) !== 0) continue;
        if (OURS.includes(protocol) || PACKETS.includes(protocol)) continue;
        const frame = Uint8Array.of(0xff, 3, protocol >> 8, protocol & 0xff, ...REQUEST);
        bench.link.handleInput(frame, bench.now);
        const reply = bench.link.pollTransmit();
        if (expected === "silent") assert.equal(reply, undefined, protocol.toString(16));
        else {
          const head = [0xff, 3, 0xc0, 0x21, 8];
          assert.deepEqual([...(reply ?? []).slice(0, 5)], head, protocol.toString(16));
        }
        assert.equal(bench.link.pollTransmit(), undefined);
      }
      assert.deepEqual(bench.kinds, told);
      assert.equal(bench.link.phase, phase);
    });
  }
}

test("whoever says who he is before he is asked, or in another way, is not heard", () => {
  for (const [method, other] of [
    ["pap", CHAP],
    ["chap", PAP],
  ] as const) {
    for (const [, , reach] of PHASES) {
      for (const protocol of [PAP, CHAP]) {
        const bench = new Bench({ authMethods: [method] });
        reach(bench);
        bench.drain();
        const { phase } = bench.link;
        bench.events.length = 0;
        // The right one is heard in its phase, and answered as before after it (RFC 1334 2.2.1).
        if (protocol !== other && (phase === "authenticate" || phase === "network")) continue;
        for (let code = 0; code < 8; code++) {
          assert.deepEqual(bench.say(protocol, code, 1, papRequest("demo", "demo")), []);
        }
        assert.deepEqual(bench.kinds, []);
        assert.equal(bench.link.phase, phase);
      }
    }
  }
});

for (const isAllowed of [false, true]) {
  const answer = isAllowed ? "yes" : "no";
  test(`no network protocol opens, and no packet passes, before AAA has said ${answer}`, () => {
    const bench = new Bench({ authMethods: ["pap"] });
    bench.establish();
    const tries = () => {
      for (const protocol of [IPCP, IPV6CP]) {
        assert.deepEqual(bench.ask(protocol, 1, []), []);
        for (let code = 2; code < 8; code++) assert.deepEqual(bench.say(protocol, code, 1), []);
      }
      for (const protocol of [IPV4, IPV6]) assert.deepEqual(bench.sayRaw(protocol, [0x45, 0]), []);
      bench.link.sendIpv6(new Uint8Array(40));
      assert.deepEqual(bench.drain(), []);
      assert.notEqual(bench.link.phase, "network");
    };
    tries();
    bench.pap(1);
    tries();
    assert.deepEqual(bench.kinds, ["authenticate"]);
    const said = isAllowed
      ? bench.answer({ ok: true, profile: PROFILE })
      : bench.answer({ ok: false, reason: "credentials", message: "no" });
    assert.deepEqual(brief(said), isAllowed ? ["PAP 2", "IPCP 1"] : ["PAP 3", "LCP 5"]);
    if (!isAllowed) tries();
    assert.equal(bench.link.phase, isAllowed ? "network" : "terminate");
  });
}
