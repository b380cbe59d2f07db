// The host at the end that dials in, against our own router and against advertisements made by hand
// (RFC 4861, RFC 4862, RFC 8106).
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type CounterName,
  Host,
  type HostEvent,
  type HostOptions,
  Router,
} from "../../../src/ipv6/index.ts";
import { HOST_PREFIXES_MAX, ND_BURST } from "../../../src/limits.ts";
import { seededRandom } from "../../peer/ppp-conversation.ts";
import {
  ALL_NODES,
  ALL_ROUTERS,
  address,
  type Icmp,
  icmpPacket,
  linkLocal,
  readIcmp,
  solicitedNode,
  UNSPECIFIED,
} from "../../peer/slaac.ts";

const OWN_ID = address("88990000aabbccdd");
const OWN = linkLocal(OWN_ID);
const ROUTER_ID = address("0011223344556677");
const ROUTER = linkLocal(ROUTER_ID);
const PREFIX = address("20010db800640007");
const GLOBAL = Uint8Array.of(...PREFIX, ...OWN_ID);
const TEXT = "2001:db8:64:7:8899:0:aabb:ccdd";
const FOREVER = 0xffffffff;
const HOUR = 3_600_000;

const u32 = (value: number) => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];

interface PrefixFields {
  prefix?: Uint8Array;
  length?: number;
  flags?: number;
  valid?: number;
  preferred?: number;
}

function prefixOption(fields: PrefixFields = {}): number[] {
  const { prefix = PREFIX, length = 64, flags = 0x40, valid = 5_400, preferred = 2_700 } = fields;
  const times = [...u32(valid), ...u32(preferred)];
  return [3, 4, length, flags, ...times, 0, 0, 0, 0, ...prefix, ...new Uint8Array(8)];
}

const mtuOption = (mtu: number) => [5, 1, 0, 0, ...u32(mtu)];
const dnsOption = (lifetime: number, ...servers: string[]) => [
  ...[25, 1 + 2 * servers.length, 0, 0, ...u32(lifetime)],
  ...servers.flatMap((server) => [...address(server)]),
];
const DNS = ["20010db800000000 0000000000000053", "20010db800000000 0000000000000054"];

/** A whole Router Advertisement. */
function advertisement(options: number[], lifetime = 1_800, more: Partial<Icmp> = {}): Uint8Array {
  const head = [64, 0, lifetime >> 8, lifetime & 255, 0, 0, 0, 0, 0, 0, 0, 0];
  const body = Uint8Array.of(...head, ...options);
  return icmpPacket({ source: ROUTER, destination: ALL_NODES, type: 134, body, ...more });
}

class Bench {
  readonly counters: Partial<Record<CounterName, number>> = {};
  readonly host: Host;
  now = 1_000;

  constructor(options: Partial<HostOptions> = {}) {
    const usual = { interfaceId: OWN_ID, mtu: 1_400, random: seededRandom(1) };
    this.host = new Host({ ...usual, counters: this.counters, ...options }, this.now);
  }

  /** What it says to a packet, and what its owner hears. */
  say(packet: Uint8Array): { sent: Icmp[]; events: HostEvent[] } {
    this.host.handleInput(packet, this.now);
    return { sent: this.sent(), events: this.events() };
  }

  hear(options: number[], lifetime?: number, more?: Partial<Icmp>): HostEvent[] {
    return this.say(advertisement(options, lifetime, more)).events;
  }

  sent(): Icmp[] {
    const sent: Icmp[] = [];
    for (let out = this.host.pollTransmit(); out; out = this.host.pollTransmit()) {
      sent.push(readIcmp(out));
    }
    return sent;
  }

  events(): HostEvent[] {
    const events: HostEvent[] = [];
    for (let event = this.host.pollEvent(); event; event = this.host.pollEvent()) {
      events.push(event);
    }
    return events;
  }

  /** Lets time pass; what was sent, with its time, and what was heard. */
  advance(milliseconds: number): { times: number[]; events: HostEvent[] } {
    const end = this.now + milliseconds;
    const times: number[] = [];
    const events: HostEvent[] = [];
    for (let due = this.host.pollTimeout(); due <= end; due = this.host.pollTimeout()) {
      assert.ok(due >= this.now, "a timeout in the past");
      this.now = due;
      this.host.handleTimeout(due);
      times.push(...this.sent().map(() => due));
      events.push(...this.events());
    }
    this.now = end;
    return { times, events };
  }
}

test("it solicits at once, from its link-local address, without a link-layer address", () => {
  const bench = new Bench();
  bench.host.handleTimeout(bench.now);
  const [packet, ...rest] = bench.sent();
  assert.deepEqual(rest, []);
  const { source, destination, hopLimit, type, code, body } = packet as Icmp;
  assert.deepEqual(
    [Buffer.from(source), Buffer.from(destination)],
    [OWN, ALL_ROUTERS].map((a) => Buffer.from(a)),
  );
  assert.deepEqual([hopLimit, type, code, [...body]], [255, 133, 0, [0, 0, 0, 0]]);
});

test("it goes on soliciting in intervals that double up to an hour, until a router answers", () => {
  const bench = new Bench();
  const { times } = bench.advance(20 * HOUR);
  const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0));
  assert.ok((gaps[0] ?? 0) >= 3_600 && (gaps[0] ?? 0) <= 4_400);
  for (const [at, gap] of gaps.slice(1, 9).entries()) {
    const ratio = gap / (gaps[at] ?? 1);
    assert.ok(ratio > 1.79 && ratio < 2.21, `${ratio}`);
  }
  for (const gap of gaps.slice(12)) assert.ok(gap >= 0.9 * HOUR && gap <= 1.1 * HOUR);
  bench.hear([], 1_800);
  assert.deepEqual(bench.advance(1_000_000).times, []);
});

test("our own router answers it: an address, a way out, the MTU", () => {
  const prefix = Uint8Array.of(...PREFIX, ...new Uint8Array(8));
  const random = seededRandom(2);
  const router = new Router(
    { interfaceId: ROUTER_ID, prefix, mtu: 1_380, random, counters: {} },
    0,
  );
  const bench = new Bench();
  bench.host.handleTimeout(bench.now);
  router.handleInput(bench.host.pollTransmit() ?? new Uint8Array(), bench.now);
  const { events } = bench.say(router.pollTransmit() ?? new Uint8Array());
  assert.deepEqual(events, [
    { type: "router", address: "fe80::11:2233:4455:6677", mtu: 1_380 },
    { type: "address", address: TEXT, isPreferred: true },
  ]);
  assert.deepEqual(bench.counters, {});
  assert.deepEqual(bench.say(icmpPacket({ source: ROUTER, destination: GLOBAL })).sent.length, 1);
});

test("our own router and host stay together for days, and no event comes", () => {
  const prefix = Uint8Array.of(...PREFIX, ...new Uint8Array(8));
  const random = seededRandom(2);
  const router = new Router(
    { interfaceId: ROUTER_ID, prefix, mtu: 1_380, random, counters: {} },
    0,
  );
  const bench = new Bench();
  bench.host.handleTimeout(bench.now);
  let count = 0;
  const due = () => Math.min(router.pollTimeout(), bench.host.pollTimeout());
  while (due() <= 72 * HOUR) {
    bench.now = Math.max(bench.now, due());
    router.handleTimeout(bench.now);
    bench.host.handleTimeout(bench.now);
    for (let out = router.pollTransmit(); out; out = router.pollTransmit()) {
      count += bench.say(out).events.length;
    }
  }
  assert.equal(count, 2);
});

test("an advertisement that only repeats itself is no event, and renews what it says", () => {
  const bench = new Bench();
  assert.equal(bench.hear(prefixOption()).length, 2);
  for (let turn = 0; turn < 10; turn++) {
    assert.deepEqual(bench.advance(1_000_000).events, []);
    assert.deepEqual(bench.hear(prefixOption()), []);
  }
});

test("without another word: no router, then no preferred address, then none at all", () => {
  const bench = new Bench();
  bench.hear(prefixOption());
  const { events, times } = bench.advance(5_400_000);
  assert.deepEqual(events, [
    { type: "router-gone" },
    { type: "address", address: TEXT, isPreferred: false },
    { type: "gone", address: TEXT },
  ]);
  assert.ok(times.length > 3, "it solicits again");
  assert.ok((times[0] ?? 0) >= 1_000 + 1_800_000);
});

test("lifetimes that never end do not", () => {
  const bench = new Bench();
  bench.hear(prefixOption({ valid: FOREVER, preferred: FOREVER }), 65_535);
  bench.advance(1_000 * HOUR);
  assert.deepEqual(bench.say(icmpPacket({ source: ROUTER, destination: GLOBAL })).sent.length, 1);
});

test("a router that says that it is none is left; its prefixes stay", () => {
  const bench = new Bench();
  bench.advance(HOUR);
  bench.hear(prefixOption());
  assert.deepEqual(bench.hear([], 0), [{ type: "router-gone" }]);
  assert.deepEqual(bench.hear([], 0), []);
  assert.equal(bench.advance(5_000).times.length, 1);
});

test("soliciting does not go faster for routers that come and go", () => {
  const bench = new Bench();
  for (let turn = 0; turn < 1_000; turn++) {
    bench.hear([], turn % 2);
    bench.now += 1_000;
    bench.host.handleTimeout(bench.now);
  }
  assert.ok(bench.sent().length <= 300);
});

test("the MTU is taken from 1280 octets up to what the link takes, and a change is told", () => {
  const bench = new Bench();
  const mtu = (events: HostEvent[]) => events.map((event) => "mtu" in event && event.mtu);
  assert.deepEqual(mtu(bench.hear(mtuOption(1_279))), [1_400]);
  assert.deepEqual(mtu(bench.hear(mtuOption(1_401))), []);
  assert.deepEqual(mtu(bench.hear(mtuOption(1_280))), [1_280]);
  assert.deepEqual(mtu(bench.hear([])), [], "it stays");
  assert.deepEqual(mtu(bench.hear(mtuOption(1_400))), [1_400]);
});

for (const [name, fields] of [
  ["one that is not for addresses", { flags: 0x80 }],
  ["one that is gone already", { valid: 0, preferred: 0 }],
] as const) {
  test(`of ${name} no address is made, and that is no fault`, () => {
    const bench = new Bench();
    assert.deepEqual(bench.hear(prefixOption(fields), 0), []);
    assert.deepEqual(bench.counters, {});
  });
}

for (const [name, fields] of [
  ["a prefix of another length", { length: 63 }],
  ["a prefix that is preferred for longer than it is valid", { valid: 10, preferred: 11 }],
  ["the link-local prefix", { prefix: address("fe80000000000000") }],
  ["a multicast prefix", { prefix: address("ff02000000000000") }],
  ["the prefix of the loopback address", { prefix: new Uint8Array(8) }],
] as const) {
  test(`of ${name} no address is made, and it is counted`, () => {
    const bench = new Bench();
    assert.deepEqual(bench.hear(prefixOption(fields), 0), []);
    assert.deepEqual(bench.counters, { "refused-prefix": 1 });
  });
}

test("an address that begins deprecated, and becomes preferred", () => {
  const bench = new Bench();
  const told = (isPreferred: boolean) => [{ type: "address", address: TEXT, isPreferred }];
  assert.deepEqual(bench.hear(prefixOption({ preferred: 0 }), 0), told(false));
  assert.deepEqual(bench.hear(prefixOption(), 0), told(true));
  assert.deepEqual(bench.hear(prefixOption({ preferred: 0 }), 0), told(false));
});

test("no advertisement takes an address away within two hours (RFC 4862 5.5.3 e)", () => {
  const bench = new Bench();
  bench.hear(prefixOption({ valid: 36_000, preferred: 36_000 }), 0);
  bench.hear(prefixOption({ valid: 0, preferred: 0 }), 0);
  assert.deepEqual(bench.advance(7_199_000).events, []);
  assert.deepEqual(bench.advance(2_000).events, [{ type: "gone", address: TEXT }]);
  bench.hear(prefixOption({ valid: 5_000 }), 0);
  bench.hear(prefixOption({ valid: 10, preferred: 10 }), 0);
  const { events } = bench.advance(4_999_000);
  assert.deepEqual(events, [{ type: "address", address: TEXT, isPreferred: false }]);
});

test("at most so many prefixes make addresses", () => {
  const bench = new Bench();
  const prefixes = Array.from({ length: HOST_PREFIXES_MAX + 2 }, (_, at) =>
    prefixOption({ prefix: Uint8Array.of(...PREFIX.subarray(0, 7), at) }),
  );
  const events = bench.hear(prefixes.flat(), 0);
  assert.equal(events.length, HOST_PREFIXES_MAX);
  assert.deepEqual(bench.counters, { "refused-prefix": 2 });
});

test("name servers: taken, told when they change, ended by lifetime", () => {
  const bench = new Bench();
  const dns = (...servers: string[]) => [{ type: "dns", servers }];
  assert.deepEqual(bench.hear(dnsOption(600, ...DNS), 0), dns("2001:db8::53", "2001:db8::54"));
  assert.deepEqual(bench.hear(dnsOption(1_200, ...DNS), 0), []);
  assert.deepEqual(bench.hear(dnsOption(0, DNS[0] as string), 0), dns("2001:db8::54"));
  assert.deepEqual(bench.advance(1_200_000).events, dns());
});

test("name servers: no more than three, none of one link, none that is none", () => {
  const bench = new Bench();
  const more = ["55", "56", "57"].map((end) => `20010db800000000 00000000000000${end}`);
  const odd = ["fe80000000000000 0000000000000001", "ff02000000000000 0000000000000001"];
  const none = "00000000000000000000000000000000";
  const [event] = bench.hear(dnsOption(600, ...odd, none, ...more, ...DNS), 0);
  assert.ok(event?.type === "dns");
  assert.deepEqual(event.servers, ["2001:db8::55", "2001:db8::56", "2001:db8::57"]);
});

test("an advertisement that is not whole, or not of this link, is none", () => {
  const bench = new Bench();
  const cases: [CounterName, Uint8Array][] = [
    ["hop-limit", advertisement(prefixOption(), 1_800, { hopLimit: 254 })],
    ["malformed", advertisement(prefixOption(), 1_800, { code: 1 })],
    ["malformed", advertisement(prefixOption(), 1_800, { source: GLOBAL })],
    ["malformed", advertisement(prefixOption(), 1_800, { source: UNSPECIFIED })],
    ["malformed", advertisement([...prefixOption(), 1, 0, 0, 0, 0, 0, 0, 0])],
    ["malformed", advertisement([...prefixOption(), 1, 2, 0, 0, 0, 0, 0, 0])],
    ["malformed", advertisement([...prefixOption(), 1])],
    ["malformed", advertisement([...prefixOption(), 3, 1, 64, 0x40, 0, 0, 0, 1])],
    ["malformed", advertisement([...prefixOption(), 5, 2, ...new Uint8Array(14)])],
    ["malformed", advertisement([...prefixOption(), 25, 1, ...new Uint8Array(6)])],
    ["malformed", advertisement([...prefixOption(), 25, 4, ...new Uint8Array(30)])],
    ["malformed", advertisement([], 1_800, { body: new Uint8Array(11) })],
    ["unknown-type", advertisement(prefixOption(), 1_800, { type: 137 })],
    ["unknown-type", advertisement(prefixOption(), 1_800, { type: 133 })],
  ];
  for (const [reason, packet] of cases) {
    const before = bench.counters[reason] ?? 0;
    assert.deepEqual(bench.say(packet), { sent: [], events: [] }, reason);
    assert.equal(bench.counters[reason], before + 1, reason);
  }
  const broken = advertisement(prefixOption());
  broken[60] = 1;
  bench.say(broken);
  assert.equal(bench.counters.checksum, 1);
});

test("options that are not known are passed over", () => {
  const bench = new Bench();
  const unknown = [14, 2, ...new Uint8Array(14), 31, 1, ...new Uint8Array(6)];
  assert.equal(bench.hear([...unknown, ...prefixOption(), 1, 1, 1, 2, 3, 4, 5, 6]).length, 2);
});

test("a flood of advertisements is read in part", () => {
  const bench = new Bench();
  for (let turn = 0; turn < 1_000; turn++) bench.hear([], turn % 2);
  assert.equal(bench.counters.rate, 1_000 - ND_BURST);
  bench.now += 1_000;
  assert.equal(bench.hear(prefixOption()).length >= 1, true);
});

test("it answers for its addresses as a host, and for no other", () => {
  const bench = new Bench();
  bench.hear(prefixOption());
  const solicit = (target: Uint8Array, source = ROUTER) => {
    const body = Uint8Array.of(0, 0, 0, 0, ...target);
    return bench.say(icmpPacket({ source, destination: solicitedNode(target), type: 135, body }))
      .sent;
  };
  for (const own of [OWN, GLOBAL]) {
    const [reply] = solicit(own);
    assert.deepEqual([reply?.type, reply?.body[0]], [136, 0x40]);
    assert.deepEqual(Buffer.from(reply?.source ?? []), Buffer.from(own));
    const [probed] = solicit(own, UNSPECIFIED);
    assert.deepEqual(
      [probed?.body[0], Buffer.from(probed?.destination ?? [])],
      [0, Buffer.from(ALL_NODES)],
    );
    const [echo] = bench.say(icmpPacket({ source: ROUTER, destination: own, hopLimit: 9 })).sent;
    assert.equal(echo?.type, 129);
  }
  assert.deepEqual(solicit(ROUTER), []);
  assert.equal(bench.counters["not-ours"], 1);
});
