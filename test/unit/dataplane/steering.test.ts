/** What a session's coming and going writes to the maps that choose queues. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import {
  createMemory,
  type Forwarding,
  instantiate,
  workerAt,
} from "../../../src/dataplane/memory.ts";
import { InjectRing } from "../../../src/dataplane/rings.ts";
import { SessionTable } from "../../../src/dataplane/session-table.ts";
import { FORWARDING } from "./plane.ts";

const ADDRESS = 0x0a400002;
const PREFIX = 0x20010db8_00640001n;

/** A table that writes down what it asks of two devices. */
function world(steer: number, refused: Partial<Forwarding> = {}) {
  const memory = createMemory();
  new DataView(memory.buffer).setUint32(layout.CONTROL_STEER, steer, true);
  const said: string[] = [];
  const device = (name: string) => ({
    set4: (address: number, slot: number) => said.push(`${name} ${address.toString(16)} ${slot}`),
    clear4: (address: number) => said.push(`${name} -${address.toString(16)}`),
    set6: (prefix: bigint, slot: number) => said.push(`${name} ${prefix.toString(16)} ${slot}`),
    clear6: (prefix: bigint) => said.push(`${name} -${prefix.toString(16)}`),
  });
  const inject = new InjectRing(memory, workerAt(0) + layout.WORKER_INJECT);
  const devices = [device("a"), device("b")];
  const forwarding = { ...instantiate(memory), ...refused };
  const table = new SessionTable(memory, forwarding, () => inject, devices);
  const handle = table.publish({
    ...{ tunnelId: 0x1235, sessionId: 0x4322, peerTunnelId: 1, peerSessionId: 1 },
    ...{ name: new Uint8Array(16), control: new Uint8Array(32) },
  });
  assert.ok(handle !== undefined);
  return { table, handle, take: () => said.splice(0) };
}

test("both families are set at the slot of the session, and cleared with it", () => {
  for (const [steer, slot] of [
    [layout.STEER_TUNNEL, 5],
    [layout.STEER_SESSION, 2],
  ] as const) {
    const { table, handle, take } = world(steer);
    assert.deepEqual(take(), [], "a session without addresses");
    const both = { ...FORWARDING, network: 0, address: ADDRESS, prefix6: PREFIX };
    assert.ok(table.forward(handle, both));
    assert.deepEqual(take(), [`a a400002 ${slot}`, `a 20010db800640001 ${slot}`]);
    assert.ok(table.forward(handle, both));
    assert.deepEqual(take(), [], "nothing changes");
    table.withdraw(handle);
    assert.deepEqual(take(), ["a -a400002", "a -20010db800640001"]);
  }
});

test("another address takes the place of the first, and another network that of both", () => {
  const { table, handle, take } = world(layout.STEER_TUNNEL);
  const at = (network: number, address: number) => {
    assert.ok(table.forward(handle, { ...FORWARDING, network, address, prefix6: PREFIX }));
    return take();
  };
  at(0, ADDRESS);
  assert.deepEqual(at(0, ADDRESS + 1), ["a -a400002", "a a400003 5"]);
  assert.deepEqual(at(1, ADDRESS + 1), [
    "a -a400003",
    "a -20010db800640001",
    "b a400003 5",
    "b 20010db800640001 5",
  ]);
  table.hold(handle);
  assert.deepEqual(take(), ["b -a400003", "b -20010db800640001"]);
});

test("what has no room among the routes leaves nothing in the maps", () => {
  const both = { ...FORWARDING, network: 0, address: ADDRESS, prefix6: PREFIX };
  const steer = layout.STEER_TUNNEL;
  for (const [refused, said] of [
    [{ insertRoute: () => 0 }, []],
    [{ insertSubnet: () => 0 }, ["a a400002 5", "a -a400002"]],
  ] as const) {
    const { table, handle, take } = world(steer, refused);
    assert.equal(table.forward(handle, both), false);
    table.withdraw(handle);
    assert.deepEqual(take(), said);
  }
});
