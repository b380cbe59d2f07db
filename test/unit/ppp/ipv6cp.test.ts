import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePpp } from "../../../src/codec/index.ts";
import { decodeOptions, IPCP, IPV6, IPV6CP, LCP, type OptionList } from "../../peer/ppp.ts";
import { Bench, brief } from "../../peer/ppp-bench.ts";
import { seededRandom } from "../../peer/ppp-conversation.ts";
import { IPV4, network6, opened6, PROFILE6, THEIRS, ZERO } from "./network6.ts";

/** The identifier that we ask for. */
function ours(bench: Bench): number[] {
  const request = decodeOptions(bench.requests.get(IPV6CP)?.data ?? Buffer.of());
  assert.equal(request.length, 1);
  const [type, ...identifier] = request[0] ?? [];
  assert.deepEqual([type, identifier.length], [1, 8]);
  return identifier;
}

function option(identifier: readonly number[]): [number, ...number[]] {
  return [1, ...identifier];
}

/** Octets of a real request and of what has to come back, frame by frame. */
test("a Windows-like request is answered octet for octet, after our own request", () => {
  const bench = network6();
  const request = [1, 7, 0, 14, 1, 10, 0x02, 0x0c, 0x29, 0xff, 0xfe, 0x3e, 0x11, 0x22];
  bench.link.handleInput(Uint8Array.of(0xff, 3, 0x80, 0x57, ...request), 0);
  const first = bench.link.pollTransmit() ?? Uint8Array.of();
  const second = bench.link.pollTransmit() ?? Uint8Array.of();
  assert.deepEqual([...first.subarray(0, 10)], [0xff, 3, 0x80, 0x57, 1, 1, 0, 14, 1, 10]);
  assert.equal(first.length, 18);
  assert.deepEqual([...second], [0xff, 3, 0x80, 0x57, 2, ...request.slice(1)]);
});

test("nothing of IPv6 is said to a peer that does not ask", () => {
  const bench = new Bench({ authMethods: ["pap"] });
  bench.establish();
  bench.pap(1);
  bench.answer({ ok: true, profile: PROFILE6 });
  bench.ask(IPCP, 1, [IPV4]);
  bench.ack(IPCP);
  const later = bench.advance(3_600_000);
  assert.ok(later.every(({ protocol }) => protocol === LCP));
  assert.equal(bench.requests.get(IPV6CP), undefined);
});

test("our identifier is random, local, and another on each link", () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 50; seed++) {
    const bench = network6(new Bench({ authMethods: ["pap"], random: seededRandom(seed) }));
    bench.ask(IPV6CP, 1, [THEIRS]);
    const identifier = ours(bench);
    assert.equal((identifier[0] ?? 0) & 2, 0);
    seen.add(identifier.join());
  }
  assert.equal(seen.size, 50);
});

test("our identifier and our suggestion differ and are not zero, whatever is random", () => {
  for (const fill of [0, 0xff, 7]) {
    const random = (length: number) => new Uint8Array(length).fill(fill);
    const bench = network6(new Bench({ authMethods: ["pap"], random }));
    const [, nak] = bench.ask(IPV6CP, 1, [ZERO]);
    const [, ...suggested] = decodeOptions(nak?.data ?? Buffer.of())[0] ?? [];
    const own = ours(bench);
    assert.ok(own.some((octet) => octet !== 0) && suggested.some((octet) => octet !== 0));
    assert.notDeepEqual(own, suggested);
    assert.equal(((own[0] ?? 2) | (suggested[0] ?? 2)) & 2, 0);
  }
});

test("IPv6 is up once both identifiers are agreed, and says both", () => {
  const bench = network6();
  assert.deepEqual(brief(bench.ask(IPV6CP, 1, [THEIRS])), ["IPV6CP 1", "IPV6CP 2"]);
  assert.deepEqual(bench.kinds, []);
  bench.ack(IPV6CP);
  assert.deepEqual(bench.events, [
    {
      type: "ipv6-up",
      interfaceId: Uint8Array.from(THEIRS.slice(1)),
      ownInterfaceId: Uint8Array.from(ours(bench)),
      peer: { mru: 1500, acfc: false, pfc: false, accm: 0xffffffff },
    },
  ]);
});

const REFUSED: [name: string, identifier: OptionList[number]][] = [
  ["an identifier of zero", ZERO],
  ["an identifier that is too short", [1, 1, 2, 3, 4, 5, 6, 7]],
  ["an identifier that is too long", [...THEIRS, 9]],
  ["no identifier at all", [1]],
];
for (const [name, identifier] of REFUSED) {
  test(`${name} is refused with one to take, the same each time, and that is taken`, () => {
    const bench = network6();
    const [, nak] = bench.ask(IPV6CP, 1, [identifier]);
    const [again] = bench.ask(IPV6CP, 2, [identifier]);
    assert.deepEqual([nak?.code, again?.code, again?.data], [3, 3, nak?.data]);
    const [suggested] = decodeOptions(nak?.data ?? Buffer.of());
    assert.ok(suggested !== undefined && suggested.length === 9);
    assert.notDeepEqual(suggested.slice(1), ours(bench));
    assert.equal(bench.ask(IPV6CP, 3, [suggested])[0]?.code, 2);
  });
}

test("our own identifier is refused with another", () => {
  const bench = network6();
  bench.ask(IPV6CP, 1, [ZERO]);
  const own = ours(bench);
  const [nak] = bench.ask(IPV6CP, 2, [option(own)]);
  const [suggested] = decodeOptions(nak?.data ?? Buffer.of());
  assert.equal(nak?.code, 3);
  assert.notDeepEqual(suggested?.slice(1), own);
});

test("both ends begin with the same identifier and part", () => {
  const bench = network6();
  bench.ask(IPV6CP, 1, [ZERO]);
  const own = ours(bench);
  const [nak] = bench.ask(IPV6CP, 2, [option(own)]);
  // The peer refuses ours in turn, with a suggestion of its own.
  bench.refuse(IPV6CP, 3, [THEIRS]);
  assert.deepEqual(ours(bench), THEIRS.slice(1));
  const [suggested] = decodeOptions(nak?.data ?? Buffer.of());
  assert.equal(bench.ask(IPV6CP, 3, [suggested ?? ZERO])[0]?.code, 2);
  bench.ack(IPV6CP);
  assert.deepEqual(bench.kinds, ["ipv6-up"]);
});

test("a suggestion that is no use has us choose anew", () => {
  const bench = network6();
  const [, nak] = bench.ask(IPV6CP, 1, [ZERO]);
  const [mine = ZERO] = decodeOptions(nak?.data ?? Buffer.of());
  bench.ask(IPV6CP, 2, [THEIRS]);
  const before = new Set([ours(bench).join()]);
  for (const useless of [mine, ZERO, THEIRS, [1, 1] as const, THEIRS]) {
    bench.refuse(IPV6CP, 3, [useless]);
    const identifier = ours(bench);
    assert.ok(!before.has(identifier.join()), "a new one");
    assert.notDeepEqual(identifier, useless.slice(1));
    assert.equal((identifier[0] ?? 2) & 2, 0);
    before.add(identifier.join());
  }
});

test("a peer that will not hear of our identifier is not told it again, and IPv6 comes up", () => {
  const bench = network6();
  bench.ask(IPV6CP, 1, [THEIRS]);
  const own = ours(bench);
  bench.refuse(IPV6CP, 4, [option(own)]);
  assert.deepEqual(bench.requests.get(IPV6CP)?.data, Buffer.of());
  bench.ack(IPV6CP);
  const [event] = bench.events;
  assert.ok(event?.type === "ipv6-up");
  assert.deepEqual([...event.ownInterfaceId], own);
});

test("a peer that names no identifier is prompted once, then let be", () => {
  const bench = network6();
  const [, nak] = bench.ask(IPV6CP, 1, []);
  assert.deepEqual([nak?.code, decodeOptions(nak?.data ?? Buffer.of()).length], [3, 1]);
  assert.equal(bench.ask(IPV6CP, 2, [])[0]?.code, 2);
  bench.ack(IPV6CP);
  const [event] = bench.events;
  assert.ok(event?.type === "ipv6-up");
  assert.deepEqual(event.interfaceId, new Uint8Array(8));
});

test("other options are rejected, IPv6 compression among them", () => {
  const bench = network6();
  const [, reject] = bench.ask(IPV6CP, 1, [THEIRS, [2, 0, 0x4f], [14, 1, 2]]);
  assert.equal(reject?.code, 4);
  assert.deepEqual(decodeOptions(reject.data), [
    [2, 0, 0x4f],
    [14, 1, 2],
  ]);
});

test("codes above Code-Reject are unknown to IPV6CP", () => {
  const bench = opened6();
  assert.deepEqual(brief(bench.say(IPV6CP, 9, 1, [0, 0, 0, 0])), ["IPV6CP 7"]);
});

test("a Configure-Request in Opened takes IPv6 down until it is agreed anew, with our identifier", () => {
  const bench = opened6();
  const own = ours(bench);
  assert.deepEqual(brief(bench.ask(IPV6CP, 2, [THEIRS])), ["IPV6CP 1", "IPV6CP 2"]);
  assert.deepEqual(bench.kinds, ["ipv6-up", "ipv6-down"]);
  assert.deepEqual(ours(bench), own);
  bench.ack(IPV6CP);
  assert.deepEqual(bench.kinds, ["ipv6-up", "ipv6-down", "ipv6-up"]);
});

test("IPv6 packets are ours to see while IPV6CP is Opened, and are never rejected", () => {
  const bench = network6();
  const packet = [0x60, 1, 2, 3, 4, 5];
  assert.deepEqual(bench.sayRaw(IPV6, packet), []);
  assert.deepEqual(bench.kinds, []);
  assert.equal(bench.link.counters["network-packet"], 1);
  opened6(bench);
  assert.deepEqual(bench.sayRaw(IPV6, packet), []);
  assert.deepEqual(bench.events.at(-1), { type: "ipv6-packet", packet: Uint8Array.from(packet) });
  bench.say(IPV6CP, 5, 9);
  bench.sayRaw(IPV6, packet);
  assert.deepEqual(bench.kinds, ["ipv6-up", "ipv6-packet", "ipv6-down"]);
  assert.equal(bench.link.counters["network-packet"], 2);
});

test("what we send goes out while IPV6CP is Opened, and is counted at other times", () => {
  const bench = network6();
  bench.link.sendIpv6(Uint8Array.of(0x60, 1));
  assert.equal(bench.link.pollTransmit(), undefined);
  assert.equal(bench.link.counters["network-packet"], 1);
  opened6(bench);
  bench.link.sendIpv6(Uint8Array.of(0x60, 1));
  const sent = parsePpp(bench.link.pollTransmit() ?? Uint8Array.of());
  assert.ok(typeof sent !== "string");
  assert.deepEqual([sent.protocol, ...sent.information], [0x0057, 0x60, 1]);
});
