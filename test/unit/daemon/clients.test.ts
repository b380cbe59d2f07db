/** Clients of a LAC: from the call to what this host and the data plane have of it, and back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeDscp } from "../../../src/linux/cmsg.ts";
import { encodePktinfo } from "../../../src/linux/sockaddr.ts";
import { dataMessage, packet, pppFrame } from "../dataplane/frames.ts";
import { LacHouse, TEXT } from "./lac-house.ts";

test("a client dials, proves its password, and has what the LNS gives it", async () => {
  const house = new LacHouse();
  await house.run(2_000);
  const { state, address, lns, problem, tun } = house.client;
  assert.deepEqual(
    { state, address, lns, problem, tun },
    {
      state: "connected",
      address: "10.64.0.2",
      lns: "192.0.2.9:1701",
      problem: "",
      tun: "office0",
    },
  );
  assert.deepEqual(house.sent, ["SCCRQ", "ICRQ 100"]);
  const asked = house.asked.filter((line) => !line.includes("2001:"));
  assert.deepEqual(asked, ["up 0 10.64.0.2 192.0.2.9", "dns 0 10.64.0.53"]);
});

test("all that comes from its device goes to the LNS, and comes from there whatever its source", async () => {
  const house = new LacHouse();
  await house.run(2_000);
  house.plane.at(house.now);
  const [session] = house.clients.sessionRows(house.now);
  const incoming = pppFrame(packet("198.51.100.7", "10.64.0.2"));
  const up = house.plane.up([dataMessage(1, session?.sessionId ?? 0, incoming)]);
  assert.deepEqual(
    up.map(({ network }) => network),
    [0],
  );
  const down = house.plane.down([packet("10.64.0.2", "203.0.113.5")], 0);
  assert.equal(down.length, 1);
});

test("its data messages have Ns while those of the LNS have (RFC 2661 5.4)", async () => {
  const house = new LacHouse();
  await house.run(2_000);
  house.plane.at(house.now);
  const [session] = house.clients.sessionRows(house.now);
  const frame = pppFrame(packet("198.51.100.7", "10.64.0.2"));
  const plain = dataMessage(1, session?.sessionId ?? 0, frame);
  const numbered = Uint8Array.of(0x48, 2, 0, plain.length + 4, ...plain.subarray(4, 8));
  for (const hasNs of [true, false]) {
    house.plane.up([hasNs ? Uint8Array.of(...numbered, 0, 0, 0, 0, ...frame) : plain]);
    const [sent] = house.plane.down([packet("10.64.0.2", "203.0.113.5")], 0);
    assert.equal(((sent?.datagram[0] ?? 0) & 0x08) !== 0, hasNs);
  }
});

test("what carries its packets has the DSCP that the call has agreed on (RFC 3308)", async () => {
  for (const dscp of [46, undefined]) {
    const house = new LacHouse();
    house.isThere = false;
    await house.run(100);
    house.calls("100", undefined, dscp === undefined ? {} : { dscp });
    await house.run(2_000);
    house.plane.at(house.now);
    const [sent] = house.plane.down([packet("10.64.0.2", "203.0.113.5")], 0);
    const mark = dscp === undefined ? [] : encodeDscp(dscp, true);
    assert.deepEqual(sent?.control, Uint8Array.of(...encodePktinfo("192.0.2.1"), ...mark));
  }
});

test("an SLI of the LNS is told of, and changes nothing", async () => {
  const house = new LacHouse();
  await house.run(2_000);
  house.sets({ send: 0, receive: 7 });
  await house.run(100);
  const line = house.log.find((each) => each.includes("ACCM"));
  const { client, send, receive } = JSON.parse(line ?? "{}") as Record<string, unknown>;
  assert.deepEqual([client, send, receive], ["office", 0, 7]);
  assert.equal(house.client.state, "connected");
});

test("it makes itself an IPv6 address of the prefix that is advertised", async () => {
  const house = new LacHouse();
  await house.run(8_000);
  const { address6 } = house.client;
  assert.match(address6, /^2001:db8:64:[0-9a-f:]+$/);
  assert.ok(house.asked.includes(`up 0 ${address6} 192.0.2.9`), house.asked.join("; "));
});

test("a connection that ends is taken back, and dialled again after a while", async () => {
  const house = new LacHouse();
  await house.run(2_000);
  house.asked.length = 0;
  house.hangUp();
  await house.run(50);
  const { state, address, problem, next } = house.client;
  assert.deepEqual([state, address, problem, next], ["waiting", "", "lns-hung-up", 1]);
  assert.deepEqual(
    house.asked.filter((line) => !line.includes("IPv6")),
    ["down 0 IPv4", "dns 0"],
  );
  await house.run(3_000);
  assert.equal(house.client.state, "connected");
  const [entry] = house.entries;
  assert.deepEqual(
    [entry?.code, entry?.user, entry?.rank, entry?.addresses.includes("10.64.0.2")],
    ["lns-hung-up", "office", "user", true],
  );
});

test("the LNS is told who calls whom, and so is who asks for the sessions", async () => {
  const house = new LacHouse(`${TEXT}calling-number = "+41443334455"\nsub-address = "7"\n`);
  await house.run(5_000);
  assert.ok(house.sent.includes("ICRQ 100 +41443334455 7"), house.sent.join());
  const [row] = house.clients.sessionRows(house.now);
  assert.deepEqual([row?.called, row?.calling], ["100", "+41443334455"]);
});

test("an LNS that is silent is told of, and found when it is back", async () => {
  const house = new LacHouse();
  house.isThere = false;
  await house.run(8_200);
  const { state, problem } = house.client;
  assert.deepEqual([state, problem], ["waiting", "lns-silent"]);
  assert.equal(house.entries[0]?.code, "lns-silent");
  house.isThere = true;
  await house.run(15_000);
  assert.equal(house.client.state, "connected");
});

test("a password that the LNS does not take is tried again only after a long while", async () => {
  const house = new LacHouse(TEXT.replace('"right"', '"wrong"'));
  await house.run(5_000);
  const { state, problem, next } = house.client;
  assert.match(problem, /^lns-refused-password/);
  assert.ok(house.sent.includes("CDN 3 cause 16 2"), "it is ours that was not taken");
  assert.equal(state, "waiting");
  assert.ok(next >= 20, String(next));
  assert.equal(house.sent.filter((word) => word.startsWith("ICRQ")).length, 1);
});

test("an LNS that wants a method that is not allowed learns no password", async () => {
  const house = new LacHouse();
  house.methods = ["pap"];
  await house.run(5_000);
  assert.match(house.client.problem, /^lns-refused/);
  assert.equal(house.entries[0]?.phase, "lcp");
});

test("an LNS may call its client, which takes one call", async () => {
  const house = new LacHouse();
  house.isThere = false;
  await house.run(500);
  house.calls("100");
  await house.run(2_000);
  assert.equal(house.client.state, "connected");
  assert.ok(house.sent.includes("OCCN"), house.sent.join("; "));
  house.hangUp();
  house.isThere = true;
  await house.run(3_000);
  assert.equal(house.client.state, "connected", "it dials again by itself");
});

test("nobody else may call it, and nobody else is called", async () => {
  const house = new LacHouse();
  await house.run(2_000);
  for (const [number, peer, result] of [
    ["100", "192.0.2.9", 8],
    ["999", "192.0.2.9", 6],
    ["100", "198.51.100.66", 6],
  ] as const) {
    house.calls(number, peer);
    await house.run(50);
    assert.equal(house.sent.at(-1), `CDN ${result}`, `${number} from ${peer}`);
  }
  assert.ok(!house.sent.includes("OCCN"));
  assert.equal(house.client.state, "connected");
});

test("what this host refuses is shown", async () => {
  const house = new LacHouse();
  await house.run(2_000);
  house.problems.push({ client: 0, problem: "the route 10.8.0.0/24 is not applied: exists" });
  await house.run(600);
  assert.match(house.client.problem, /^the route 10\.8\.0\.0\/24/);
});

test("once it is stopped all is taken back and nothing is dialled", async () => {
  const house = new LacHouse();
  await house.run(2_000);
  house.asked.length = 0;
  house.clients.stop();
  assert.ok(house.asked.includes("down 0 IPv4") && house.asked.includes("dns 0"));
  house.hangUp();
  const before = house.sent.length;
  await house.run(60_000);
  assert.equal(house.sent.slice(before).filter((word) => word.startsWith("ICRQ")).length, 0);
});
