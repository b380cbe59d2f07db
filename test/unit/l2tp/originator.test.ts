/** An SCCRP that the originator of a tunnel cannot take, and what it says (RFC 2661 7.2.1). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AvpType } from "../../../src/codec/index.ts";
import { newLns, Talk } from "../../peer/control.ts";
import { find, resultOf, u16, uint } from "../../peer/lac.ts";

function answered(replace: Parameters<Talk["sccrp"]>[1]): Talk {
  const talk = new Talk(newLns({ role: "lac" }));
  talk.connect({ role: "lac" });
  talk.say(talk.sccrp([], replace));
  return talk;
}

test("an SCCRP of a version that is not ours has a StopCCN, and the tunnel is cleaned up", () => {
  for (const version of [0x0000, 0x0200]) {
    const talk = answered({ [AvpType.ProtocolVersion]: u16(version) });
    const stop = talk.sent.at(-1);
    assert.equal(stop?.name, "StopCCN");
    assert.deepEqual(resultOf(stop.message), [5, 0x0100, "version 1.0 only"]);
    assert.equal(stop.message.tunnelId, talk.ownId);
    assert.equal(uint(find(stop.message, AvpType.AssignedTunnelId)), talk.tunnelId);
    assert.deepEqual(talk.takeEvents(), ["tunnel-down"]);
  }
});

test("an SCCRP that lacks what it has to have, has a StopCCN", () => {
  for (const type of [AvpType.ProtocolVersion, AvpType.FramingCapabilities, AvpType.HostName]) {
    const talk = answered({ [type]: undefined });
    assert.equal(talk.sent.at(-1)?.name, "StopCCN");
    assert.deepEqual(talk.takeEvents(), ["tunnel-down"]);
  }
});

test("without an Assigned Tunnel ID the StopCCN goes to Tunnel ID 0", () => {
  const talk = answered({ [AvpType.AssignedTunnelId]: undefined });
  const stop = talk.sent.at(-1);
  assert.deepEqual([stop?.name, stop?.message.tunnelId], ["StopCCN", 0]);
});
