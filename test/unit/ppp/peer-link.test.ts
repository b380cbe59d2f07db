// The end that dials in, against the end that lets in: whole conversations in virtual time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { credentials } from "../../../src/aaa/index.ts";
import { type AuthMethod, PeerLink } from "../../../src/ppp/index.ts";
import { IPCP, IPV6CP, LCP } from "../../peer/ppp.ts";
import { brief, MAGIC, PeerBench, peerSettings } from "../../peer/ppp-bench.ts";
import { Dial, judge } from "../../peer/ppp-dial.ts";

const METHODS: readonly AuthMethod[] = ["mschapv2", "chap", "pap"];
const UP = { mru: 1500, acfc: false, pfc: false, accm: 0xffffffff };

for (const method of METHODS) {
  test(`${method}: both families come up, with what the server has to give`, () => {
    const dial = new Dial({ server: { authMethods: [method] }, client: { ipv6: true } });
    dial.open().run(5_000);
    assert.deepEqual(dial.kinds.toSorted(), ["ipv6-up", "network-up"]);
    assert.deepEqual(dial.last("network-up"), {
      type: "network-up",
      address: "10.64.0.7",
      gateway: "10.64.0.1",
      dns: ["192.0.2.53", "192.0.2.54"],
      nbns: ["192.0.2.137"],
      peer: UP,
    });
    const there = dial.serverEvents.find((event) => event.type === "ipv6-up");
    const here = dial.last("ipv6-up");
    assert.deepEqual(here?.interfaceId, there?.ownInterfaceId);
    assert.deepEqual(here?.ownInterfaceId, there?.interfaceId);
    assert.equal(dial.server.user, "demo");
    assert.deepEqual([dial.server.phase, dial.client.phase], ["network", "network"]);
  });

  test(`${method}: a wrong password ends the link, and the server's words are told`, () => {
    const client = { credentials: credentials("demo", "guess") };
    const dial = new Dial({ server: { authMethods: [method] }, client });
    dial.open().run(10_000);
    assert.deepEqual(dial.kinds, ["down authentication"]);
    assert.match(dial.last("down")?.message ?? "", /Authentication failed/);
    assert.deepEqual(dial.serverKinds, ["authenticate", "down authentication"]);
    assert.equal(dial.client.pollTimeout(), Infinity);
  });

  test(`${method}: it is asked for in the end when nothing else is allowed here`, () => {
    const server = { authMethods: METHODS.toReversed() };
    const dial = new Dial({ server, client: { methods: [method] } });
    dial.open().run(5_000);
    assert.deepEqual(dial.kinds, ["network-up"]);
    assert.equal(dial.serverEvents[0]?.type, "authenticate");
    assert.ok(dial.serverEvents[0]?.type === "authenticate");
    assert.equal(dial.serverEvents[0].request.method, method);
  });
}

test("no method in common: both ends say so, each for itself", () => {
  const dial = new Dial({ server: { authMethods: ["pap"] }, client: { methods: ["mschapv2"] } });
  dial.open().run(60_000);
  assert.deepEqual(dial.kinds, ["down no-authentication-method"]);
  assert.deepEqual(dial.serverKinds, ["down no-authentication-method"]);
});

test("a Windows domain in front of the name proves itself without it", () => {
  const client = { credentials: credentials("BIGCO\\demo", "demo") };
  const dial = new Dial({ server: { authMethods: ["mschapv2"] }, client });
  dial.open().run(5_000);
  assert.deepEqual(dial.kinds, ["network-up"]);
  assert.equal(dial.server.user, "BIGCO\\demo");
});

test("MS-CHAPv2: a server that lets us in without the right proof is left", () => {
  const dial = new Dial({
    server: { authMethods: ["mschapv2"] },
    answer: (request) => ({ ...judge(request), proof: `S=${"0".repeat(40)}` }) as never,
  });
  dial.open().run(10_000);
  assert.deepEqual(dial.kinds, ["down server-authentication"]);
});

test("who may come in but finds no address hears it, and not of a wrong password", () => {
  const dial = new Dial({
    answer: () => ({ ok: false, reason: "pool-exhausted", message: "" }),
  });
  dial.open().run(10_000);
  assert.deepEqual(dial.kinds, ["down peer"]);
  assert.equal(dial.last("down")?.message, "No address is free");
});

test("hanging up: the server hears the usual words, and both are dead at once", () => {
  const dial = new Dial({ client: { ipv6: true } });
  dial.open().run(5_000);
  dial.client.close(dial.now);
  assert.equal(dial.client.ending, "local");
  dial.run(5_000);
  assert.deepEqual(dial.kinds.slice(2), ["network-down", "ipv6-down", "down local"]);
  assert.equal(Buffer.from(dial.server.farewell ?? []).toString(), "User request");
  assert.equal(dial.serverKinds.at(-1), "down peer");
});

test("the server hangs up: its words are told", () => {
  const dial = new Dial();
  dial.open().run(5_000);
  dial.server.close(dial.now);
  dial.run(5_000);
  assert.deepEqual(dial.kinds, ["network-up", "network-down", "down peer"]);
  assert.equal(dial.last("down")?.message, "Closed by the server");
});

test("both ends ask for signs of life, and either notices that the other is gone", () => {
  let isCut = false;
  const dial = new Dial({ path: () => (isCut ? 0 : 1) });
  dial.open().run(300_000);
  assert.deepEqual(dial.kinds, ["network-up"]);
  isCut = true;
  dial.run(200_000);
  assert.equal(dial.kinds.at(-1), "down echo-timeout");
  assert.equal(dial.serverKinds.at(-1), "down echo-timeout");
});

test("IPv6 packets go both ways once it is up, and nowhere before", () => {
  const dial = new Dial({ client: { ipv6: true } });
  dial.client.sendIpv6(Uint8Array.of(0x60));
  assert.equal(dial.client.counters["network-packet"], 1);
  dial.open().run(5_000);
  dial.client.sendIpv6(Uint8Array.of(0x60, 1));
  dial.server.sendIpv6(Uint8Array.of(0x60, 2));
  dial.run(1_000);
  const packets = [dial.serverEvents, dial.events].map((events) => events.at(-1));
  assert.deepEqual(packets, [
    { type: "ipv6-packet", packet: Uint8Array.of(0x60, 1) },
    { type: "ipv6-packet", packet: Uint8Array.of(0x60, 2) },
  ]);
});

test("a server that renegotiates LCP is followed through all of it again", () => {
  const bench = new PeerBench({ methods: ["chap"] });
  bench.toOpened();
  const replies = bench.ask(LCP, 9, [MAGIC]);
  assert.deepEqual(brief(replies), ["LCP 1", "LCP 2"]);
  assert.deepEqual(bench.kinds, ["network-up", "network-down"]);
  assert.equal(bench.link.phase, "establish");
  bench.ack(LCP);
  assert.equal(bench.link.phase, "network");
});

test("no authentication is taken where the methods would not prove the server either", () => {
  for (const methods of [["chap"], ["pap"], ["mschapv2", "pap"]] as const) {
    const bench = new PeerBench({ methods });
    assert.deepEqual(brief(bench.establish()), ["IPCP 1"]);
    assert.equal(bench.link.phase, "network");
  }
  const bench = new PeerBench({ methods: ["mschapv2"] });
  const [terminate] = bench.establish();
  assert.deepEqual([terminate?.protocol, terminate?.code], [LCP, 5]);
  bench.say(LCP, 6, terminate?.identifier ?? 0);
  assert.deepEqual(bench.kinds, ["down no-authentication-method"]);
});

test("without IPv4, IPCP is rejected; without IPv6, IPV6CP is", () => {
  const bench = new PeerBench({ ipv4: false, ipv6: true });
  assert.deepEqual(brief(bench.establish()), ["IPV6CP 1"]);
  assert.deepEqual(brief(bench.ask(IPCP, 1, [[3, 10, 64, 0, 1]])), ["LCP 8"]);
  assert.deepEqual(brief(bench.sayRaw(0x0021, [0x45])), ["LCP 8"]);
  const other = new PeerBench();
  other.toNetwork();
  assert.deepEqual(brief(other.ask(IPV6CP, 1, [[1, 2, 0, 0, 0, 0, 0, 0, 1]])), ["LCP 8"]);
});

test("a server that does not know one family leaves the other; without both the link ends", () => {
  const reject = (bench: PeerBench, protocol: number) =>
    bench.say(LCP, 8, 77, [protocol >> 8, protocol & 0xff, 1, 1, 0, 4]);
  const bench = new PeerBench({ ipv6: true });
  assert.deepEqual(brief(bench.establish()), ["IPCP 1", "IPV6CP 1"]);
  assert.deepEqual(reject(bench, IPV6CP), []);
  assert.equal(bench.link.phase, "network");
  assert.deepEqual(brief(reject(bench, IPCP)), ["LCP 5"]);
});

test("IPv6 is not begun over a link that does not take its smallest packets", () => {
  const bench = new PeerBench({ ipv6: true });
  assert.deepEqual(brief(bench.establish([[1, 1279 >> 8, 1279 & 0xff], MAGIC])), ["IPCP 1"]);
  const alone = new PeerBench({ ipv4: false, ipv6: true });
  assert.deepEqual(brief(alone.establish([[1, 1279 >> 8, 1279 & 0xff], MAGIC])), ["LCP 5"]);
});

test("a link without a method is refused when it is made", () => {
  assert.throws(() => new PeerLink(peerSettings({ methods: [] })), RangeError);
});
