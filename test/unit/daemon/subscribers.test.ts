// Sessions, links, AAA and the data plane together: real cores, real WebAssembly, no kernel.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { LocalUsers } from "../../../src/aaa/index.ts";
import type { User } from "../../../src/aaa/passwords.ts";
import { EARLY_FRAMES_MAX, EVENTS_PER_FLUSH, PPP_RESTART_INITIAL_MS } from "../../../src/limits.ts";
import { encodeDscp } from "../../../src/linux/cmsg.ts";
import { encodePktinfo } from "../../../src/linux/sockaddr.ts";
import { PppPeer } from "../../peer/ppp.ts";
import { packet } from "../dataplane/frames.ts";
import { HOST, House, NETWORK, settled, slowAaa, USERS } from "./house.ts";

test("a client authenticates, gets an address and reaches the network, and nobody else's", async () => {
  const house = new House();
  const client = house.open(5);
  assert.equal(client.ping("10.64.0.2"), 0);
  await client.establish();
  assert.equal(client.link.address, "10.64.0.2");
  assert.equal(client.ping(), 1);
  assert.equal(client.ping("10.64.0.3"), 0);
  const [row] = house.rows;
  const { user, network, address, phase, rxPackets, drops } = row ?? {};
  assert.deepEqual(
    { user, network, address, phase, rxPackets, drops },
    {
      user: "demo",
      network: "default",
      address: "10.64.0.2",
      phase: "network",
      rxPackets: 1,
      drops: 2,
    },
  );
});

test("what carries a session has the DSCP that its call has agreed on (RFC 3308)", () => {
  for (const dscp of [46, undefined]) {
    const house = new House();
    const client = house.open(5, {}, dscp === undefined ? {} : { call: { dscp } });
    client.connect();
    const [request] = house.plane.sendInjected();
    const mark = dscp === undefined ? [] : encodeDscp(dscp, true);
    assert.deepEqual(
      request?.control,
      Uint8Array.of(...encodePktinfo(client.session.path.local), ...mark),
    );
  }
});

test("frames that overtake ICCN are held, in order, up to the bound; more are counted", async () => {
  const house = new House();
  const client = house.open(5);
  client.link.open(0);
  await client.talk();
  assert.deepEqual(client.link.heard, []);
  client.connect();
  await client.talk();
  assert.equal(client.link.address, "10.64.0.2", "without a second Configure-Request");

  const flooded = house.open(6);
  for (let id = 0; id < EARLY_FRAMES_MAX + 3; id++)
    flooded.send(Uint8Array.of(0xc0, 0x21, 9, id, 0, 4));
  await flooded.talk();
  assert.equal(house.subscribers.counters["early-frames"], 3);
});

test("a session that goes takes its address and its traffic with it", async () => {
  const house = new House();
  const client = house.open(5);
  await client.establish();
  client.hangUp();
  assert.equal(client.ping("10.64.0.2"), 0);
  assert.deepEqual(house.plane.down([packet(HOST, "10.64.0.2")]), []);
  assert.deepEqual(house.released, house.granted);
  assert.deepEqual(house.rows, []);
  assert.equal(house.subscribers.pollTimeout(), Number.POSITIVE_INFINITY);
});

test("a frame that was punted for a record's last session is not taken for this one's", async () => {
  const house = new House();
  const client = house.open(5);
  await client.establish();
  const terminate = Uint8Array.of(0xff, 3, 0xc0, 0x21, 5, 1, 0, 4);
  house.subscribers.handleFrame({ session: 1, generation: 0, frame: terminate }, 0);
  assert.equal(house.subscribers.counters["stale-frames"], 1);
  assert.equal(client.ping(), 1);
  house.subscribers.handleFrame({ session: 1, generation: 1, frame: terminate }, 0);
  assert.equal(client.ping(), 0);
});

test("an answer of AAA for a session that has gone gives the address back", async () => {
  const { aaa, answer } = slowAaa();
  const house = new House(aaa);
  const client = house.open(5);
  await client.establish();
  client.hangUp();
  answer();
  await settled();
  assert.equal(house.granted.length, 1);
  assert.deepEqual(house.released, house.granted);
});

test("an answer that came too late for a renegotiated link gives the address back", async () => {
  const { aaa, answer } = slowAaa();
  const house = new House(aaa);
  const client = house.open(5);
  await client.establish();
  client.link = new PppPeer({ isPassive: true }); // it starts over and says no more
  client.send(Uint8Array.of(0xff, 3, 0xc0, 0x21, 1, 99, 0, 4));
  await client.talk();
  answer();
  await settled();
  assert.equal(house.granted.length, 1);
  assert.deepEqual(house.released, house.granted);
  assert.equal(house.rows[0]?.address, "");
});

test("a wrong password closes the call as administrative, an empty pool as lack of facilities", async () => {
  const house = new House();
  const stranger = house.open(5);
  stranger.link = new PppPeer({ name: "demo", password: "wrong" });
  await stranger.establish();
  assert.equal(stranger.link.verdict, "failure");
  assert.deepEqual(
    house.closed.map(({ result }) => result.code),
    [3],
  );

  for (let n = 0; n < 5; n++) await house.open(10 + n).establish(); // all that a /29 has
  assert.equal(house.granted.length, 5);
  await house.open(20).establish();
  assert.deepEqual(
    house.closed.map(({ result }) => result.code),
    [3, 4],
  );
});

test("renegotiated LCP stops the traffic until the client has authenticated again", async () => {
  const house = new House();
  const client = house.open(5);
  await client.establish();
  client.link = new PppPeer({ name: "demo", password: "right" });
  client.send(Uint8Array.of(0xff, 3, 0xc0, 0x21, 1, 99, 0, 4));
  for (let punted = house.plane.punt.take(); punted; punted = house.plane.punt.take()) {
    house.subscribers.handleFrame(punted, 0);
  }
  assert.equal(client.ping("10.64.0.2"), 0);
  house.plane.sendInjected();
  client.link.open(0);
  await client.talk();
  house.now = 3_000;
  house.subscribers.handleTimeout(house.now);
  await client.talk();
  assert.equal(client.ping(), 1);
  assert.equal(house.granted[1], house.granted[0], "it keeps what it had");
  assert.deepEqual(house.released, []);
});

test("packets are no larger than the peer takes, nor than the network has", async () => {
  for (const [mru, largest] of [
    [1000, 1000],
    [1500, 1400],
  ] as const) {
    const house = new House();
    const client = house.open(5);
    client.link = new PppPeer({
      name: "demo",
      password: "right",
      lcp: [[1, mru >> 8, mru & 0xff]],
    });
    await client.establish();
    const fits = (size: number) =>
      house.plane.down([packet(HOST, client.link.address, size - 20)]).length === 1;
    assert.deepEqual([fits(largest), fits(largest + 1)], [true, false]);
  }
});

test("the record has the rates of the user, from its first packet on", async () => {
  const users = [{ ...USERS[0], rateDown: 1_250_000 } as User];
  const networks = [{ ...NETWORK, rateDown: 8_000, rateUp: 64_000 }];
  const house = new House(new LocalUsers({ networks, users }));
  const client = house.open(5);
  await client.establish();
  const read = (field: number) =>
    house.plane.view.getUint32(layout.SESSION_RECORDS + layout.SESSION_SIZE + field, true);
  house.now = 1_000;
  assert.equal(client.ping(), 1);
  assert.equal(read(layout.SESSION_SHAPE_RATE), 1_250_000);
  assert.equal(read(layout.SESSION_POLICE_RATE), 64_000);
});

test("a session that goes while it waits for the inject ring is forgotten", () => {
  const house = new House();
  const client = house.open(5);
  const other = house.plane.session(9, 9);
  const filler = Uint8Array.of(0xc0, 0x21);
  while (!house.plane.inject.isFull) house.plane.inject.put(other.index, other.generation, filler);
  client.connect();
  assert.equal(house.subscribers.resume(), false);
  client.hangUp();
  assert.equal(house.subscribers.resume(), true);
});

test("frames wait with their link while the inject ring is full, and go out in order", async () => {
  const house = new House();
  const client = house.open(5);
  const other = house.plane.session(9, 9);
  const filler = Uint8Array.of(0xc0, 0x21);
  while (!house.plane.inject.isFull) house.plane.inject.put(other.index, other.generation, filler);
  client.connect();
  assert.equal(house.subscribers.resume(), false);
  let drained = 0;
  while (drained < layout.RING_COUNT) drained += house.plane.sendInjected().length;
  assert.equal(house.subscribers.resume(), true);
  client.link.open(0);
  await client.talk();
  assert.equal(client.link.address, "10.64.0.2");
});

test("what is due at once is bounded in a turn, and the rest is due still", () => {
  const house = new House();
  for (let id = 1; id <= 2 * EVENTS_PER_FLUSH + 1; id++) house.open(id).connect();
  house.now = PPP_RESTART_INITIAL_MS;
  let turns = 0;
  while (house.subscribers.pollTimeout() <= house.now) {
    house.subscribers.handleTimeout(house.now);
    turns++;
  }
  assert.equal(turns, 3);
});

test("who calls whom is told to AAA and to the operator, and how fast the line is", async () => {
  const asked: unknown[] = [];
  const local = new LocalUsers({ networks: [NETWORK], users: USERS });
  const house = new House({
    authenticate(request, caller) {
      asked.push({ ...caller });
      return local.authenticate(request, caller);
    },
    release: (grant) => local.release(grant),
  });
  const call = { calledNumber: "100", callingNumber: "200", subAddress: "7" };
  const connected = { txConnectSpeed: 9_600, rxConnectSpeed: 1_200, privateGroupId: "blue" };
  await house.open(5, {}, { call, connected }).establish();
  assert.deepEqual(asked, [{ held: undefined, ...call, privateGroupId: "blue" }]);
  const [row] = house.rows;
  assert.deepEqual([row?.called, row?.calling], ["100", "200"]);
  assert.deepEqual([row?.txSpeed, row?.rxSpeed], [9_600, 1_200]);
});
