/** Whether an LNS numbers data messages, which a LAC then does too (RFC 2661 5.4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHeader } from "../../../src/codec/index.ts";
import { packet } from "../dataplane/frames.ts";
import { HOST, House } from "./house.ts";

/** Ns of two packets to the client. */
function numbers({ plane }: House): (number | undefined)[] {
  const sent = plane.down([packet(HOST, "10.64.0.2"), packet(HOST, "10.64.0.2")]);
  return sent.map(({ datagram }) => {
    const header = parseHeader(datagram);
    assert.ok(typeof header !== "string");
    return header.ns;
  });
}

test("a network may want data messages to its clients numbered", async () => {
  const house = new House();
  house.network.sequencing = true;
  await house.open(5).establish();
  const [first, second] = numbers(house);
  assert.equal(second, (first ?? Number.NaN) + 1);
});

test("a LAC may require it, and nobody else does", async () => {
  for (const [connected, expected] of [
    [{ sequencingRequired: true }, true],
    [{}, false],
  ] as const) {
    const house = new House();
    await house.open(5, {}, { connected }).establish();
    assert.deepEqual(
      numbers(house).map((ns) => ns !== undefined),
      [expected, expected],
    );
  }
});

test("a client that comes into another network has what that one wants", async () => {
  const house = new House();
  const client = house.open(5);
  await client.establish();
  for (const sequencing of [true, false]) {
    house.network.sequencing = sequencing;
    client.renegotiate({});
    await client.talk();
    assert.equal(numbers(house)[1] !== undefined, sequencing);
  }
});
