/**
 * Nak append. What a Configure-Nak suggests was appended behind the end of the buffer of the request
 * that it answers.
 *
 * RFC 1661 5.3: a Nak may grow by options that were not asked for. Ours has each option once, so it
 * has a bound that no request moves.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dice } from "../peer/garbage.ts";
import { CHAP, IPCP, IPV6CP, LCP, type OptionList } from "../peer/ppp.ts";
import { Bench, PeerBench } from "../peer/ppp-bench.ts";
import { PROFILE } from "../peer/ppp-conversation.ts";

const NAK = 3;
const MRU = 1_500;
const HEADER = 4;
/** MRU, ACCM, Magic-Number and authentication of LCP; address and name servers of IPCP. */
const NAK_MAX = HEADER + 5 * 6 + 10;
const PROFILE6 = { ...PROFILE, prefix6: "2001:db8:64:7::/64", gateway6: "2001:db8:64::1" };

/** Options that another value is suggested for. */
const ODD = new Map([
  [LCP, [1, 2, 5]],
  [IPCP, [3, 129, 130, 131, 132]],
  [IPV6CP, [1]],
]);

/** Some of them once each, as short as they cannot be or without a value. */
function odd(protocol: number, roll: (below: number) => number): OptionList {
  const types = (ODD.get(protocol) ?? []).filter(() => roll(3) > 0);
  return types.map((type) => [type, ...new Array<number>(roll(2) * 4).fill(0)]);
}

/** The same again and again, as often as a packet holds them. */
function repeated(protocol: number): OptionList {
  const types = ODD.get(protocol) ?? [];
  return Array.from({ length: 240 }, (_, at) => [types[at % types.length] ?? 1, 0, 0, 0, 0]);
}

/** As many options as a packet holds, most of which are there more than once. */
function many(roll: (below: number) => number): OptionList {
  const options: [number, ...number[]][] = [];
  for (let left = MRU - HEADER; ; ) {
    const size = roll(9);
    left -= 2 + size;
    if (left < 0) return options;
    const type = [1, 2, 3, 5, 7, 8, 129, 130, 131, 132, roll(256)][roll(11)] ?? 1;
    options.push([type, ...Array.from({ length: size }, () => (roll(2) === 0 ? 0 : roll(256)))]);
  }
}

function links(): [string, Bench | PeerBench, readonly number[]][] {
  const fresh = new Bench();
  fresh.open();
  const network = new Bench();
  const [challenge] = network.establish();
  network.say(CHAP, 2, challenge?.identifier ?? 0, [16, ...new Uint8Array(16), 0x61]);
  network.answer({ ok: true, profile: PROFILE6 });
  const dialling = new PeerBench({ ipv6: true });
  dialling.toNetwork();
  return [
    ["LCP", fresh, [LCP]],
    ["NCPs", network, [IPCP, IPV6CP]],
    ["NCPs of the end that dials in", dialling, [IPCP, IPV6CP]],
  ];
}

test("a Nak is no longer than all that it could suggest, whatever is asked for", () => {
  const roll = dice(1);
  const seen = new Map<string, number>();
  for (let round = 0; round < 60; round++) {
    for (const [name, bench, protocols] of links()) {
      for (const protocol of protocols) {
        for (const options of [odd(protocol, roll), many(roll), repeated(protocol), []]) {
          for (const reply of bench.ask(protocol, round, options)) {
            const octets = HEADER + reply.data.length;
            assert.ok(octets <= MRU, `${name}: ${octets} octets`);
            if (reply.code !== NAK) continue;
            assert.ok(octets <= NAK_MAX, `${name}: a Nak of ${octets} octets`);
            seen.set(name, (seen.get(name) ?? 0) + 1);
          }
        }
      }
    }
  }
  assert.deepEqual([...seen.keys()].toSorted(), ["LCP", "NCPs", "NCPs of the end that dials in"]);
});
