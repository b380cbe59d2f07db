// IPCP on the end that is given its address (RFC 1332, RFC 1877). The test is the server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeOptions, type Heard, IPCP, type OptionList } from "../../peer/ppp.ts";
import { brief, PeerBench } from "../../peer/ppp-bench.ts";

const NONE = [0, 0, 0, 0] as const;
const GIVEN = [3, 10, 64, 0, 7] as const;
const ALL: OptionList = [
  [3, ...NONE],
  [129, ...NONE],
  [131, ...NONE],
  [130, ...NONE],
  [132, ...NONE],
];
const OURS: OptionList = [[3, 10, 64, 0, 1]];

const optionsOf = (packet: Heard | undefined) => decodeOptions(packet?.data ?? Buffer.of());
const up = (bench: PeerBench) => {
  const event = bench.events.at(-1);
  assert.ok(event?.type === "network-up");
  const { address, gateway, dns, nbns } = event;
  return { address, gateway, dns, nbns };
};

/** At the server's Ack of what is asked for now, with its own address. */
function opened(bench: PeerBench, server: OptionList = OURS) {
  bench.ack(IPCP);
  const [reply] = bench.ask(IPCP, 1, server);
  assert.equal(reply?.code, 2);
  return up(bench);
}

test("everything is asked for as 0.0.0.0, and what a Nak says is taken", () => {
  const bench = new PeerBench();
  const [request] = bench.toNetwork();
  assert.deepEqual(optionsOf(request), ALL);
  const given: OptionList = [
    GIVEN,
    [129, 192, 0, 2, 53],
    [131, 192, 0, 2, 54],
    [130, 192, 0, 2, 137],
  ];
  const [next] = bench.refuse(IPCP, 3, given);
  assert.deepEqual(optionsOf(next), [...given.slice(0, 3), given[3], [132, ...NONE]]);
  const [last] = bench.refuse(IPCP, 4, [[132, ...NONE]]);
  assert.deepEqual(optionsOf(last), given);
  assert.deepEqual(opened(bench), {
    address: "10.64.0.7",
    gateway: "10.64.0.1",
    dns: ["192.0.2.53", "192.0.2.54"],
    nbns: ["192.0.2.137"],
  });
});

test("without a wish for name servers none is asked for, and one that is pressed on is left", () => {
  const bench = new PeerBench({ dns: false });
  assert.deepEqual(optionsOf(bench.toNetwork()[0]), [[3, ...NONE]]);
  const [next] = bench.refuse(IPCP, 3, [GIVEN, [129, 192, 0, 2, 53], [2, 0, 0x2d, 15, 1]]);
  assert.deepEqual(optionsOf(next), [GIVEN]);
  assert.deepEqual(opened(bench).dns, []);
});

test("name servers that are rejected, or Naked with nonsense, are done without", () => {
  const bench = new PeerBench();
  bench.toNetwork();
  const [next] = bench.refuse(IPCP, 3, [
    GIVEN,
    [129, ...NONE],
    [131, 255, 255, 255, 255],
    [130, 1],
  ]);
  assert.deepEqual(optionsOf(next), [GIVEN, [132, ...NONE]]);
  bench.refuse(IPCP, 4, [[132, ...NONE]]);
  assert.deepEqual(opened(bench), {
    address: "10.64.0.7",
    gateway: "10.64.0.1",
    dns: [],
    nbns: [],
  });
});

for (const nonsense of [NONE, [127, 0, 0, 1], [224, 0, 0, 1], [255, 255, 255, 255], [10], []]) {
  test(`a server that says [${nonsense}] and no other address is asked again, and left in the end`, () => {
    const bench = new PeerBench({ dns: false });
    bench.toNetwork();
    for (let turn = 0; turn < 5; turn++) {
      const [again] = bench.refuse(IPCP, 3, [[3, ...nonsense]]);
      assert.deepEqual(optionsOf(again), [[3, ...NONE]]);
    }
    assert.deepEqual(brief(bench.refuse(IPCP, 3, [[3, ...nonsense]])), ["LCP 5"]);
    bench.advance(10_000);
    assert.deepEqual(bench.kinds, ["down negotiation"]);
  });
}

test("an address that is rejected, or 0.0.0.0 that is acknowledged, is no IPv4", () => {
  const bench = new PeerBench({ dns: false });
  bench.toNetwork();
  assert.deepEqual(brief(bench.refuse(IPCP, 4, [[3, ...NONE]])), ["LCP 5"]);
  const other = new PeerBench({ dns: false });
  other.toNetwork();
  assert.deepEqual(brief(other.ack(IPCP)), ["LCP 5"]);
  assert.deepEqual(other.kinds, []);
});

test("a server may have no address, and gets none from us", () => {
  const bench = new PeerBench({ dns: false });
  bench.toNetwork();
  bench.refuse(IPCP, 3, [GIVEN]);
  const [reject] = bench.ask(IPCP, 1, [[3, ...NONE]]);
  assert.deepEqual([reject?.code, optionsOf(reject)], [4, [[3, ...NONE]]]);
  assert.equal(opened(bench, []).gateway, "");
});

test("compression and other wishes of the server are rejected", () => {
  const bench = new PeerBench();
  bench.toNetwork();
  const wishes: OptionList = [
    [2, 0, 0x2d, 15, 1],
    [1, 10, 0, 0, 1, 10, 0, 0, 2],
    [129, 192, 0, 2, 53],
  ];
  const [reject] = bench.ask(IPCP, 1, [...wishes, ...OURS]);
  assert.deepEqual([reject?.code, optionsOf(reject)], [4, wishes]);
});

test("IPCP that the server begins anew asks for everything anew", () => {
  const bench = new PeerBench({ dns: false });
  bench.toOpened();
  const [request] = bench.ask(IPCP, 2, OURS);
  assert.deepEqual(optionsOf(request), [[3, ...NONE]]);
  bench.refuse(IPCP, 3, [[3, 10, 64, 0, 8]]);
  bench.ack(IPCP);
  assert.deepEqual(bench.kinds, ["network-up", "network-down", "network-up"]);
  assert.equal(up(bench).address, "10.64.0.8");
});
