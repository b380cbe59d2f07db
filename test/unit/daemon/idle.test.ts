// Silence and traffic: when a session is ended for want of packets, and what is not asked of a peer
// whose packets are seen. Virtual time, real data plane.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LocalUsers } from "../../../src/aaa/index.ts";
import { ECHO_INTERVAL_MS } from "../../../src/limits.ts";
import { LCP } from "../../peer/ppp.ts";
import { packet } from "../dataplane/frames.ts";
import { type Client, HOST, House, NETWORK, USERS } from "./house.ts";

const ECHO_REQUEST = 9;
const TERMINATE_REQUEST = 5;
const DISCARD_REQUEST = 11;
const IDLE_MS = 60_000;

/** A house whose sessions may be idle for a minute, and a client that is up. */
async function quietHouse(idle = IDLE_MS): Promise<{ house: House; client: Client }> {
  const house = new House(new LocalUsers({ networks: [{ ...NETWORK, idle }], users: USERS }));
  const client = house.open(5);
  await client.establish();
  return { house, client };
}

/** Lets time pass in seconds, the work of each done; `each` is told the second. */
async function pass(house: House, client: Client, seconds: number, each = (_: number) => {}) {
  for (let second = 1; second <= seconds; second++) {
    house.now += 1_000;
    house.subscribers.handleTimeout(house.now);
    each(second);
    await client.talk();
  }
}

function heard({ link }: Client, code: number): number {
  return link.heard.filter((each) => each.protocol === LCP && each.code === code).length;
}

test("a session without a packet is ended: Terminate-Request, CDN 3, code idle-timeout", async () => {
  const { house, client } = await quietHouse();
  await pass(house, client, 60);
  assert.equal(heard(client, TERMINATE_REQUEST), 0);
  assert.ok(heard(client, ECHO_REQUEST) > 0, "echoes are no packets");
  await pass(house, client, 2);
  assert.equal(heard(client, TERMINATE_REQUEST), 1);
  const [closed] = house.closed;
  assert.deepEqual(closed?.result, { code: 3, message: "idle for too long" });
  client.hangUp();
  const [entry] = house.entries;
  assert.deepEqual([entry?.code, entry?.by, entry?.user], ["idle-timeout", "local", "demo"]);
});

test("a packet of either direction puts the end off", async () => {
  const { house, client } = await quietHouse();
  await pass(house, client, 300, (second) => {
    if (second % 50 === 0) client.ping();
  });
  assert.equal(heard(client, TERMINATE_REQUEST), 0);
  await pass(house, client, 300, (second) => {
    if (second % 50 === 0) house.plane.down([packet(HOST, client.link.address)]);
  });
  assert.equal(heard(client, TERMINATE_REQUEST), 0);
  await pass(house, client, 70);
  assert.equal(heard(client, TERMINATE_REQUEST), 1);
});

test("without an idle time a session stays, and so does one that has a dropped packet only", async () => {
  const forever = await quietHouse(0);
  await pass(forever.house, forever.client, 600);
  assert.equal(heard(forever.client, TERMINATE_REQUEST), 0);
  const { house, client } = await quietHouse();
  await pass(house, client, 62, () => client.ping("10.64.0.99"));
  assert.equal(heard(client, TERMINATE_REQUEST), 1, "what goes nowhere is no traffic");
});

test("a row tells how long there was no packet, and the bounds of the user", async () => {
  const networks = [{ ...NETWORK, rateDown: 1_250_000, rateUp: 64_000 }];
  const house = new House(new LocalUsers({ networks, users: USERS }));
  const client = house.open(5);
  await pass(house, client, 600);
  const [quiet] = house.rows;
  assert.deepEqual([quiet?.seconds, quiet?.idle], [600, 599], "never a packet");
  await client.establish();
  await pass(house, client, 30, (second) => {
    if (second === 12) client.ping();
  });
  const { seconds, idle, rateDown, rateUp } = house.rows[0] ?? {};
  assert.deepEqual([seconds, rateDown, rateUp], [630, 10_000_000, 512_000]);
  assert.equal(idle, 17, "whole seconds after the one of the packet");
});

test("a client whose packets are seen is not asked whether it is there", async () => {
  const { house, client } = await quietHouse();
  await pass(house, client, 200, (second) => {
    if (second % 10 === 0) client.ping();
  });
  assert.equal(heard(client, ECHO_REQUEST), 0);
  await pass(house, client, ECHO_INTERVAL_MS / 1_000);
  assert.equal(heard(client, ECHO_REQUEST), 1);
});

test("packets to a client say nothing of it: it is asked, and given up", async () => {
  const { house, client } = await quietHouse();
  client.link.handleInput = () => undefined;
  await pass(house, client, 101, () => {
    house.plane.down([packet(HOST, "10.64.0.2")]);
  });
  await pass(house, client, 10);
  assert.deepEqual(house.closed[0]?.result.message, "no answer to LCP Echo-Request");
});

test("a tunnel was heard when the last of its sessions was, by packets or by frames", async () => {
  const { house, client } = await quietHouse(0);
  const second = house.open(6);
  assert.equal(house.subscribers.lastHeard(2), Number.NEGATIVE_INFINITY);
  await pass(house, client, 15);
  client.ping();
  assert.equal(house.subscribers.lastHeard(1), 15_000);
  await pass(house, second, 3);
  second.connect();
  second.link.open(house.now);
  await second.talk();
  assert.equal(house.subscribers.lastHeard(1), 18_000);
  await pass(house, second, 2);
  second.link.send(LCP, DISCARD_REQUEST, 1, new Uint8Array(4));
  await second.talk();
  assert.equal(house.subscribers.lastHeard(1), 20_000);
});
