// Who answers a client's LCP Echo-Request: the worker while LCP is opened, nobody else and never after.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pppFrame } from "../dataplane/frames.ts";
import { type Client, House } from "./house.ts";

const LCP = [0xff, 3, 0xc0, 0x21];
const CONFIGURE_REQUEST = [1, 99, 0, 4];
const TERMINATE_REQUEST = [5, 99, 0, 4];
const MAGIC = 0x1111_1111;

async function upHouse(): Promise<{ house: House; client: Client }> {
  const house = new House();
  const client = house.open(5);
  await client.establish();
  house.plane.echoes.splice(0);
  return { house, client };
}

/** Magic-Number of the worker's reply, `undefined` when it sends none. */
function ask({ house, client }: { house: House; client: Client }): number | undefined {
  const magic = [MAGIC >> 24, (MAGIC >> 16) & 255, (MAGIC >> 8) & 255, MAGIC & 255];
  client.send(pppFrame(Uint8Array.of(9, 1, 0, 8, ...magic), LCP));
  const [reply] = house.plane.echoes.splice(0);
  return reply && new DataView(reply.datagram.buffer).getUint32(16);
}

test("a session that is up: answered with the Magic-Number that was negotiated", async () => {
  const both = await upHouse();
  const magic = ask(both);
  assert.ok(magic !== undefined && magic !== 0 && magic !== MAGIC);
  assert.equal(ask(both), magic);
  assert.equal(both.house.plane.punt.take(), undefined);
});

test("before a network protocol is up the control thread answers", () => {
  const house = new House();
  const client = house.open(5);
  client.connect();
  assert.equal(ask({ house, client }), undefined);
  assert.ok(house.plane.punt.take());
});

for (const [name, packet] of [
  ["negotiates anew", CONFIGURE_REQUEST],
  ["says goodbye", TERMINATE_REQUEST],
] as const) {
  test(`no reply of the worker once the peer ${name}`, async () => {
    const both = await upHouse();
    const { house, client } = both;
    client.send(pppFrame(Uint8Array.from(packet), LCP));
    const punted = house.plane.punt.take();
    assert.ok(punted);
    house.subscribers.handleFrame(punted, house.now);
    assert.equal(ask(both), undefined);
  });
}

test("no reply once we end the session, nor for a new one in its place", async () => {
  const both = await upHouse();
  both.client.hangUp();
  assert.equal(ask(both), undefined);
  const again = both.house.open(5);
  assert.equal(ask({ house: both.house, client: again }), undefined);
});
