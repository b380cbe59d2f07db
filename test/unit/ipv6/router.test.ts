import assert from "node:assert/strict";
import { test } from "node:test";
import { type CounterName, Router, type RouterOptions } from "../../../src/ipv6/index.ts";
import { ND_BURST, ND_REFILL_MS } from "../../../src/limits.ts";
import { seededRandom } from "../../peer/ppp-conversation.ts";
import {
  ALL_NODES,
  ALL_ROUTERS,
  address,
  type Icmp,
  icmpPacket,
  linkLocal,
  readAdvertisement,
  readIcmp,
  SlaacHost,
  solicitedNode,
  UNSPECIFIED,
} from "../../peer/slaac.ts";

const OWN_ID = address("0011223344556677");
const OWN = linkLocal(OWN_ID);
const HOST = linkLocal(address("88990000aabbccdd"));
const PREFIX = address("20010db800640007 0000000000000000");
const GATEWAY = address("20010db800640000 0000000000000001");
const GLOBAL = address("20010db800640007 88990000aabbccdd");
const OTHER = linkLocal(address("1122334455667788"));
const RS = { source: HOST, destination: ALL_ROUTERS, type: 133, body: new Uint8Array(4) };
const SOURCE_OPTION = [1, 1, 1, 2, 3, 4, 5, 6];

type Input = Partial<Icmp> & Pick<Icmp, "source" | "destination">;

class Bench {
  readonly counters: Partial<Record<CounterName, number>> = {};
  readonly router: Router;
  now = 1_000;

  constructor(options: Partial<RouterOptions> = {}) {
    const usual = { interfaceId: OWN_ID, prefix: PREFIX, gateway: GATEWAY, mtu: 1_400 };
    const random = seededRandom(1);
    this.router = new Router({ ...usual, random, counters: this.counters, ...options }, this.now);
  }

  /** Past the first advertisement, and far from the next. */
  quiet(): this {
    while (this.router.pollTimeout() < this.now + 60_000) this.advance(60_000);
    return this;
  }

  say(input: Input): Icmp[] {
    return this.sayRaw(icmpPacket(input));
  }

  sayRaw(packet: Uint8Array): Icmp[] {
    this.router.handleInput(packet, this.now);
    return this.drain().map(({ packet: sent }) => sent);
  }

  drain(): { at: number; packet: Icmp }[] {
    const sent: { at: number; packet: Icmp }[] = [];
    for (let out = this.router.pollTransmit(); out; out = this.router.pollTransmit()) {
      sent.push({ at: this.now, packet: readIcmp(out) });
    }
    return sent;
  }

  advance(milliseconds: number): { at: number; packet: Icmp }[] {
    const end = this.now + milliseconds;
    const sent: { at: number; packet: Icmp }[] = [];
    for (let due = this.router.pollTimeout(); due <= end; due = this.router.pollTimeout()) {
      assert.ok(due >= this.now, "a timeout in the past");
      this.now = due;
      this.router.handleTimeout(due);
      sent.push(...this.drain());
    }
    this.now = end;
    return sent;
  }
}

function ask(target: Uint8Array, more: Partial<Input> = {}, options: number[] = []): Input {
  const body = Uint8Array.of(0, 0, 0, 0, ...target, ...options);
  return { source: HOST, destination: solicitedNode(target), type: 135, body, ...more };
}

function echo(destination: Uint8Array, size = 12, source = HOST): Input {
  const body = Uint8Array.from({ length: size }, (_, at) => at & 0xff);
  return { source, destination, type: 128, hopLimit: 64, body };
}

test("an advertisement has the /64 to make addresses of, the MTU, and no link-layer address", () => {
  const [first] = new Bench().advance(0);
  assert.ok(first !== undefined);
  const { source, destination, hopLimit, type, code, body } = first.packet;
  assert.deepEqual([source, destination], [Buffer.from(OWN), Buffer.from(ALL_NODES)]);
  assert.deepEqual([hopLimit, type, code], [255, 134, 0]);
  const said = readAdvertisement(body);
  assert.deepEqual([said.hopLimit, said.flags, said.lifetime], [64, 0, 1_800]);
  assert.deepEqual(said.timers, [0, 0]);
  assert.deepEqual([...said.options.keys()].sort(), [3, 5]);
  assert.deepEqual(said.options.get(5), Buffer.from("000000000578", "hex"));
  const [length, flags, times, reserved, prefix] = [0, 1, 2, 10, 14].map((at, index) =>
    Buffer.from(said.options.get(3)?.subarray(at, [1, 2, 10, 14, 30][index]) ?? []).toString("hex"),
  );
  assert.deepEqual([length, flags, reserved], ["40", "40", "00000000"]);
  assert.equal(times, "0000151800000a8c", "5400 s valid, 2700 s preferred");
  assert.equal(prefix, Buffer.from(PREFIX).toString("hex"));
});

test("bits behind the /64 are not advertised", () => {
  const [first] = new Bench({ prefix: GLOBAL }).advance(0);
  const said = readAdvertisement(first?.packet.body ?? new Uint8Array());
  assert.deepEqual(said.options.get(3)?.subarray(14), Buffer.from(PREFIX));
});

test("three advertisements within 32 s, then one every 200 to 600 s, differing", () => {
  const bench = new Bench();
  const times = bench.advance(20 * 3_600_000).map(({ at }) => at - 1_000);
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  assert.equal(times[0], 0);
  assert.deepEqual(gaps.slice(0, 2), [16_000, 16_000]);
  const rest = gaps.slice(2);
  assert.ok(rest.length > 100 && rest.every((gap) => gap >= 200_000 && gap <= 600_000));
  assert.ok(Math.max(...rest) > 580_000 && Math.min(...rest) < 220_000);
  assert.ok(new Set(rest).size > rest.length - 3);
});

test("a solicitation from an address is answered to it at once", () => {
  const bench = new Bench().quiet();
  for (const options of [[], SOURCE_OPTION, [200, 2, ...new Array(14).fill(9)]]) {
    const body = Uint8Array.of(0, 0, 0, 0, ...options);
    const [reply, ...more] = bench.say({ ...RS, body });
    assert.deepEqual([reply?.type, reply?.destination], [134, Buffer.from(HOST)]);
    assert.deepEqual(more, []);
  }
  const before = bench.router.pollTimeout();
  bench.say({ ...RS, source: GLOBAL });
  assert.equal(bench.router.pollTimeout(), before, "the next one to all nodes stays where it was");
  assert.deepEqual(bench.counters, {});
});

test("solicitations without an address are answered to all nodes, at most every 3 s", () => {
  const bench = new Bench().quiet();
  const before = bench.now;
  const sent: number[] = [];
  for (let asked = 0; asked < 100; asked++) {
    sent.push(...bench.say({ ...RS, source: UNSPECIFIED }).map(() => bench.now - before));
    sent.push(...bench.advance(100).map(({ at }) => at - before));
  }
  assert.deepEqual(sent, [0, 3_000, 6_000, 9_000]);
  const rest = bench.advance(15_000).map(({ at, packet }) => [at - before, packet.destination]);
  assert.deepEqual(rest, [[12_000, Buffer.from(ALL_NODES)]]);
});

test("neighbours that ask for our link-local or global address are told", () => {
  const bench = new Bench().quiet();
  for (const target of [OWN, GATEWAY]) {
    for (const destination of [solicitedNode(target), target]) {
      for (const options of [[], SOURCE_OPTION]) {
        const [reply, ...more] = bench.say(ask(target, { destination }, options));
        assert.deepEqual(more, []);
        assert.deepEqual([reply?.type, reply?.code, reply?.hopLimit], [136, 0, 255]);
        assert.deepEqual(reply?.source, Buffer.from(target));
        assert.deepEqual(reply?.destination, Buffer.from(HOST));
        const flags = [0xc0, 0, 0, 0]; // router, solicited, nothing to override
        assert.deepEqual(reply?.body, Buffer.from([...flags, ...target]));
      }
    }
  }
});

test("who probes for our address is told, with all nodes, that it is taken", () => {
  const bench = new Bench().quiet();
  const [reply] = bench.say(ask(OWN, { source: UNSPECIFIED }));
  assert.deepEqual(reply?.destination, Buffer.from(ALL_NODES));
  assert.deepEqual(reply?.body, Buffer.from([0x80, 0, 0, 0, ...OWN]));
});

test("an echo to one of our addresses comes back from it", () => {
  const bench = new Bench().quiet();
  for (const [destination, source] of [
    [OWN, HOST],
    [OWN, GLOBAL],
    [GATEWAY, HOST],
  ] as const) {
    const [reply] = bench.say(echo(destination, 13, source));
    assert.deepEqual([reply?.type, reply?.code, reply?.hopLimit], [129, 0, 64]);
    assert.deepEqual([reply?.source, reply?.destination].map(String), [
      String(Buffer.from(destination)),
      String(Buffer.from(source)),
    ]);
    assert.deepEqual(reply?.body, Buffer.from(echo(destination, 13).body ?? []));
  }
});

const REFUSED: [name: string, reason: CounterName, input: Input][] = [
  ["a solicitation from beyond the link", "hop-limit", { ...RS, hopLimit: 254 }],
  ["a solicitation with a Code", "malformed", { ...RS, code: 1 }],
  ["a solicitation that is too short", "malformed", { ...RS, body: new Uint8Array(3) }],
  [
    "a solicitation with an option of no length",
    "malformed",
    { ...RS, body: Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0) },
  ],
  [
    "a solicitation with an option that runs past its end",
    "malformed",
    { ...RS, body: Uint8Array.of(0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0) },
  ],
  [
    "a solicitation with half an option",
    "malformed",
    { ...RS, body: Uint8Array.of(0, 0, 0, 0, 1) },
  ],
  [
    "a solicitation from nowhere with a link-layer address",
    "malformed",
    { ...RS, source: UNSPECIFIED, body: Uint8Array.of(0, 0, 0, 0, ...SOURCE_OPTION) },
  ],
  ["a solicitation from all nodes", "malformed", { ...RS, source: ALL_NODES }],
  ["a neighbour from beyond the link", "hop-limit", ask(OWN, { hopLimit: 64 })],
  ["a neighbour with a Code", "malformed", ask(OWN, { code: 9 })],
  ["a neighbour without a whole target", "malformed", ask(OWN.subarray(1))],
  ["a neighbour that asks for a group", "malformed", ask(ALL_NODES)],
  [
    "a probe that is sent to us alone",
    "malformed",
    ask(OWN, { source: UNSPECIFIED, destination: OWN }),
  ],
  ["a neighbour with an option of no length", "malformed", ask(OWN, {}, [1, 0, 0, 0, 0, 0, 0, 0])],
  [
    "a probe with a link-layer address",
    "malformed",
    ask(OWN, { source: UNSPECIFIED }, SOURCE_OPTION),
  ],
  ["a neighbour that asks for someone else", "not-ours", ask(OTHER)],
  ["a probe for its own address", "not-ours", ask(HOST, { source: UNSPECIFIED })],
  ["an echo to someone else", "not-ours", echo(OTHER)],
  ["an echo to all nodes", "not-ours", echo(ALL_NODES)],
  ["an echo from nowhere", "malformed", echo(OWN, 12, UNSPECIFIED)],
  ["an echo from a group", "malformed", echo(OWN, 12, ALL_NODES)],
  ["an echo with a Code", "malformed", { ...echo(OWN), code: 1 }],
  ["an echo larger than the peer takes", "oversize", echo(OWN, 1_357)],
  ["an Echo Reply", "unknown-type", { ...echo(OWN), type: 129 }],
  ["another's Router Advertisement", "unknown-type", { ...RS, type: 134 }],
  ["a Neighbour Advertisement", "unknown-type", ask(OWN, { type: 136 })],
  ["a Redirect", "unknown-type", { ...RS, type: 137 }],
  ["a listener's report", "unknown-type", { ...RS, type: 143, hopLimit: 1 }],
  ["an error message", "unknown-type", { ...RS, type: 1 }],
];
for (const [name, reason, input] of REFUSED) {
  test(`${name} has no answer, and is counted as ${reason}`, () => {
    const bench = new Bench().quiet();
    const due = bench.router.pollTimeout();
    assert.deepEqual(bench.say(input), []);
    assert.deepEqual(bench.counters, { [reason]: 1 });
    assert.equal(bench.router.pollTimeout(), due);
  });
}

test("what is no whole ICMPv6 packet has no answer, and is counted", () => {
  const bench = new Bench().quiet();
  const whole = icmpPacket(echo(OWN));
  const wrong = Uint8Array.from(whole);
  wrong[43] = (wrong[43] ?? 0) ^ 1;
  const udp = Uint8Array.from(whole);
  udp[6] = 17;
  for (const packet of [whole.subarray(0, 50), new Uint8Array(0), wrong, udp]) bench.sayRaw(packet);
  assert.deepEqual(bench.counters, { malformed: 2, checksum: 1, "not-icmpv6": 1 });
});

test("the largest echo that the peer takes comes back whole", () => {
  const [reply] = new Bench().quiet().say(echo(OWN, 1_356));
  assert.equal(reply?.body.length, 1_356);
});

test("a flood of questions draws a burst of answers, then a few a second, and all else is counted", () => {
  const bench = new Bench().quiet();
  let answers = 0;
  for (const question of [echo(OWN), ask(OWN), RS]) {
    for (let n = 0; n < 1_000; n++) answers += bench.say(question).length;
  }
  assert.equal(answers, ND_BURST);
  assert.deepEqual(bench.counters, { rate: 3_000 - ND_BURST });
  for (let n = 0; n < 10; n++) {
    bench.advance(ND_REFILL_MS);
    answers += bench.say(RS).length + bench.say(echo(OWN)).length;
  }
  assert.equal(answers, ND_BURST + 10);
  bench.advance(60_000);
  for (let n = 0; n < 1_000; n++) answers += bench.say(echo(OWN)).length;
  assert.equal(answers, 2 * ND_BURST + 10, "no more than a burst is saved up");
});

test("a host makes itself an address, finds our MTU, and reaches us under both names", () => {
  const bench = new Bench().quiet();
  const host = new SlaacHost(address("88990000aabbccdd"));
  const pass = () => {
    for (let out = host.pollTransmit(); out; out = host.pollTransmit()) {
      bench.router.handleInput(out, bench.now);
    }
    for (let out = bench.router.pollTransmit(); out; out = bench.router.pollTransmit()) {
      host.handleInput(out);
    }
  };
  host.start(bench.now);
  pass();
  assert.deepEqual(host.global, GLOBAL);
  assert.deepEqual([host.router, host.mtu], [Buffer.from(OWN), 1_400]);
  for (const destination of [OWN, GATEWAY]) host.send({ destination, body: Uint8Array.of(1) });
  pass();
  assert.deepEqual(
    host.heard.map(({ type }) => type),
    [134, 129, 129],
  );
});

test("routers without a global address answer for their link-local one alone", () => {
  const { gateway: _, ...options } = { interfaceId: OWN_ID, prefix: PREFIX, gateway: GATEWAY };
  const counters = {};
  const router = new Router({ ...options, mtu: 1_280, random: seededRandom(1), counters }, 0);
  router.handleInput(icmpPacket(ask(GATEWAY)), 0);
  assert.equal(router.pollTransmit(), undefined);
  assert.deepEqual(counters, { "not-ours": 1 });
});
