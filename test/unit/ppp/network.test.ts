// Links with IPv4, with IPv6, and with both.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PPP_NETWORK_WAIT_MS } from "../../../src/limits.ts";
import { IPCP, IPV6, IPV6CP, LCP } from "../../peer/ppp.ts";
import { Bench, brief, MAGIC } from "../../peer/ppp-bench.ts";
import { Conversation, seededRandom } from "../../peer/ppp-conversation.ts";
import { IPV4, network6, opened6, PROFILE6, THEIRS, ZERO } from "./network6.ts";

test("without a /64 IPV6CP and IPv6 are rejected, and IPv4 goes on", () => {
  const bench = new Bench();
  bench.toOpened();
  for (const protocol of [IPV6CP, IPV6]) {
    const [reject] = bench.sayRaw(protocol, [1, 1, 0, 4]);
    assert.deepEqual([reject?.protocol, reject?.code], [LCP, 8]);
  }
  assert.equal(bench.kinds.at(-1), "network-up");
});

test("a peer that takes no packet of 1280 octets has no IPv6", () => {
  for (const [mru, expected] of [
    [1_279, "LCP 8"],
    [1_280, "IPV6CP 1,IPV6CP 2"],
  ] as const) {
    const bench = network6(undefined, [MAGIC, [1, mru >> 8, mru & 0xff]]);
    assert.equal(brief(bench.ask(IPV6CP, 1, [THEIRS])).join(), expected);
  }
});

test("IPV6CP that the peer closes leaves IPv4 as it is, and may come again", () => {
  const bench = network6();
  bench.ask(IPCP, 1, [IPV4]);
  bench.ack(IPCP);
  opened6(bench);
  assert.deepEqual(brief(bench.say(IPV6CP, 5, 9)), ["IPV6CP 6"]);
  bench.advance(10_000);
  assert.deepEqual(bench.kinds, ["network-up", "ipv6-up", "ipv6-down"]);
  bench.ask(IPV6CP, 10, [THEIRS]);
  bench.ack(IPV6CP);
  assert.equal(bench.kinds.at(-1), "ipv6-up");
  assert.equal(bench.link.phase, "network");
});

test("IPV6CP that the peer rejects after it began is not sent again, and IPv4 goes on", () => {
  const bench = network6();
  bench.ask(IPCP, 1, [IPV4]);
  bench.ack(IPCP);
  bench.ask(IPV6CP, 1, [THEIRS]);
  assert.deepEqual(bench.say(LCP, 8, 1, [0x80, 0x57, 1, 1, 0, 4]), []);
  assert.ok(bench.advance(60_000).every(({ protocol }) => protocol === LCP));
  assert.deepEqual(bench.kinds, ["network-up"]);
  opened6(bench);
  assert.deepEqual(bench.kinds, ["network-up", "ipv6-up"]);
});

test("a peer that answers none of our IPV6CP requests keeps IPv4", () => {
  const bench = network6();
  bench.ask(IPCP, 1, [IPV4]);
  bench.ack(IPCP);
  bench.ask(IPV6CP, 1, [THEIRS]);
  const sent = bench.advance(60_000).filter(({ protocol }) => protocol === IPV6CP);
  assert.equal(sent.length, 9, "and the first at once");
  assert.deepEqual(bench.kinds, ["network-up"]);
});

test("a peer that goes on asking for ever loses IPv6, not IPv4", () => {
  const bench = network6();
  bench.ask(IPCP, 1, [IPV4]);
  bench.ack(IPCP);
  const said: string[] = [];
  for (let id = 1; id <= 100; id++) said.push(...brief(bench.ask(IPV6CP, id, [THEIRS])));
  assert.equal(said.at(-1), "IPV6CP 5", "it is closed");
  assert.deepEqual(bench.ask(IPV6CP, 101, [THEIRS]), []);
  bench.advance(10_000);
  assert.deepEqual(bench.kinds, ["network-up"]);
});

test("a peer without IPv4 keeps its link for IPv6", () => {
  const bench = opened6();
  bench.say(LCP, 8, 1, [0x80, 0x21, 1, 1, 0, 4]);
  assert.ok(bench.advance(60_000).every(({ protocol }) => protocol === LCP));
  assert.deepEqual(bench.kinds, ["ipv6-up"]);
  assert.equal(bench.link.phase, "network");
});

test("a peer that rejects IPv4 first has some time to begin with IPv6", () => {
  const bench = network6();
  bench.say(LCP, 8, 1, [0x80, 0x21, 1, 1, 0, 4]);
  bench.advance(PPP_NETWORK_WAIT_MS - 1);
  assert.equal(bench.link.phase, "network");
  opened6(bench);
  bench.advance(60_000);
  assert.equal(bench.link.phase, "network");
});

test("a peer that rejects IPv4 and never begins with IPv6 loses the link in bounded time", () => {
  const bench = network6();
  bench.say(LCP, 8, 1, [0x80, 0x21, 1, 1, 0, 4]);
  const [terminate] = bench.advance(PPP_NETWORK_WAIT_MS);
  assert.deepEqual([terminate?.protocol, terminate?.code], [LCP, 5]);
  assert.equal(terminate?.at, PPP_NETWORK_WAIT_MS);
  bench.advance(10_000);
  assert.deepEqual(bench.kinds, ["down negotiation"]);
});

test("time to begin is given once: repeated rejections do not add to it", () => {
  const bench = network6();
  for (let n = 1; n < 20; n++) {
    bench.say(LCP, 8, n, [0x80, 0x21, 1, 1, 0, 4]);
    bench.advance(1_000);
  }
  assert.equal(bench.link.phase, "terminate");
});

test("a peer that answers no IPCP but has IPv6 keeps the link", () => {
  const bench = opened6();
  const sent = bench.advance(60_000).filter(({ protocol }) => protocol === IPCP);
  assert.equal(sent.length, 9);
  assert.deepEqual(bench.kinds, ["ipv6-up"]);
});

test("a peer whose IPCP stops half-way loses the link, for it may take IPv4 for up", () => {
  const bench = network6();
  bench.ask(IPCP, 1, [IPV4]);
  opened6(bench);
  bench.advance(60_000);
  assert.deepEqual(bench.kinds, ["ipv6-up", "ipv6-down", "down negotiation"]);
});

test("IPv4 that is terminated leaves IPv6, and IPv6 that follows ends the link", () => {
  const bench = network6();
  bench.ask(IPCP, 1, [IPV4]);
  bench.ack(IPCP);
  opened6(bench);
  bench.say(IPCP, 5, 9);
  bench.advance(20_000);
  assert.deepEqual(bench.kinds, ["network-up", "ipv6-up", "network-down"]);
  bench.say(IPV6CP, 5, 9);
  bench.advance(20_000);
  assert.deepEqual(bench.kinds.slice(-2), ["ipv6-down", "down peer"]);
});

test("both protocols rejected end the link at once", () => {
  const bench = opened6();
  bench.say(LCP, 8, 1, [0x80, 0x21, 1, 1, 0, 4]);
  assert.deepEqual(brief(bench.say(LCP, 8, 2, [0x80, 0x57, 1, 1, 0, 4])), ["LCP 5"]);
  bench.advance(10_000);
  assert.deepEqual(bench.kinds, ["ipv6-up", "ipv6-down", "down negotiation"]);
});

test("IPv4 that was rejected comes up when the peer asks for it after all", () => {
  const bench = opened6();
  bench.say(LCP, 8, 1, [0x80, 0x21, 1, 1, 0, 4]);
  assert.deepEqual(brief(bench.ask(IPCP, 1, [IPV4])), ["IPCP 1", "IPCP 2"]);
  bench.ack(IPCP);
  assert.deepEqual(bench.kinds, ["ipv6-up", "network-up"]);
});

test("a link that ends takes both down, one that renegotiates LCP too", () => {
  const bench = network6();
  bench.ask(IPCP, 1, [IPV4]);
  bench.ack(IPCP);
  opened6(bench);
  bench.ask(LCP, 50, [MAGIC]);
  assert.deepEqual(bench.kinds.slice(2), ["network-down", "ipv6-down"]);

  const other = opened6();
  other.link.close(0);
  other.advance(20_000);
  assert.deepEqual(other.kinds, ["ipv6-up", "ipv6-down", "down local"]);
  assert.equal(other.link.pollTimeout(), Number.POSITIVE_INFINITY);
});

test("only a Configure-Request begins IPV6CP", () => {
  const bench = network6();
  for (const code of [2, 3, 4, 5, 6, 7]) assert.deepEqual(bench.say(IPV6CP, code, 1, [1, 2]), []);
  assert.equal(bench.link.counters["stale-reply"], 6);
  assert.equal(bench.link.counters["illegal-event"], undefined);
});

test("a whole client with both protocols, over a path that loses a third of the frames", () => {
  const lossy = seededRandom(7);
  const talk = new Conversation({
    peer: { accepts: ["chap"], ipv6cp: [ZERO] },
    answer: () => ({ ok: true, profile: PROFILE6 }),
    path: () => ((lossy(1)[0] ?? 0) < 85 ? 0 : 1),
  });
  talk.open().run(60_000);
  assert.ok(talk.kinds.includes("ipv6-up") && talk.kinds.includes("network-up"));
  assert.equal(talk.peer.address, "10.64.0.7");
  assert.ok(talk.kinds.includes("ipv6-packet"), "its Router Solicitation");
});

test("a whole client without IPv4", () => {
  const talk = new Conversation({
    peer: { isWithoutIpv4: true, ipv6cp: [THEIRS] },
    answer: () => ({ ok: true, profile: PROFILE6 }),
  });
  talk.open().run(60_000);
  assert.deepEqual(new Set(talk.kinds), new Set(["authenticate", "ipv6-up", "ipv6-packet"]));
  assert.equal(talk.link.phase, "network");
});
