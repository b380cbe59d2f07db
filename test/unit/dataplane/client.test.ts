// A network whose one session is our own link to a provider: everything goes into it and comes out of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import type { SessionHandle } from "../../../src/dataplane/session-table.ts";
import { ipv4 } from "../../../src/net.ts";
import {
  CLIENT,
  CLIENT6,
  dataMessage,
  HOST,
  HOST6,
  PPP_IPV6,
  packet,
  packet6,
  pppFrame,
  prefix6,
} from "./frames.ts";
import { FORWARDING, Plane } from "./plane.ts";

const OURS = { network: 1, everything: true } as const;
/** Another client, of network 0 and a server of ours. */
const OTHER = "10.99.0.2";
const OTHER6 = "2001:db8:99:2::5";

function start(more: object = { prefix6: prefix6(CLIENT6) }): { plane: Plane; own: SessionHandle } {
  const plane = new Plane();
  const own = plane.session(7, 8, CLIENT, { ...OURS, ...more });
  return { plane, own };
}

const up = (inner: Uint8Array, sessionId = 8) => dataMessage(7, sessionId, pppFrame(inner));
const up6 = (inner: Uint8Array, sessionId = 8) =>
  dataMessage(7, sessionId, pppFrame(inner, PPP_IPV6));

test("whatever the device has goes to the peer, of both families", () => {
  const { plane } = start();
  for (const far of [HOST, "8.8.8.8", "10.1.2.3", OTHER]) {
    const inner = packet(CLIENT, far);
    const [sent] = plane.down([inner.slice()], 1);
    assert.deepEqual(sent?.datagram, dataMessage(8, 9, pppFrame(inner)));
  }
  const inner = packet6(CLIENT6, HOST6);
  const [sent] = plane.down([inner.slice()], 1);
  assert.deepEqual(sent?.datagram, dataMessage(8, 9, pppFrame(inner, PPP_IPV6)));
  assert.deepEqual(plane.down([packet6(CLIENT6, "fe80::1")], 1), []);
  assert.deepEqual(plane.down([packet(CLIENT, HOST)], 0), []);
});

test("packets from anywhere come out, for our address and for what is behind us", () => {
  const { plane } = start();
  for (const to of [CLIENT, "192.168.7.7"]) {
    const inner = packet(HOST, to);
    assert.deepEqual(plane.up([up(inner)]), [{ network: 1, packet: inner }]);
  }
  for (const to of [CLIENT6, "2001:db8:77::1"]) {
    const inner = packet6(HOST6, to);
    assert.deepEqual(plane.up([up6(inner)]), [{ network: 1, packet: inner }]);
  }
});

test("neither it nor clients of other networks reach each other", () => {
  const { plane } = start();
  plane.session(7, 9, OTHER, { prefix6: prefix6(OTHER6) });
  assert.deepEqual(plane.up([up(packet(HOST, OTHER)), up6(packet6(HOST6, OTHER6))]), []);
  assert.deepEqual(plane.up([up(packet(OTHER, CLIENT), 9), up6(packet6(OTHER6, CLIENT6), 9)]), []);
  assert.equal(plane.counters()["up.other-network"], 4);
  // That everything is for it there makes nothing unreachable here.
  const inner = [packet(OTHER, HOST), packet6(OTHER6, HOST6)] as const;
  assert.deepEqual(
    plane.up([up(inner[0], 9), up6(inner[1], 9)]).map(({ packet }) => packet),
    inner,
  );
});

test("what another session of the network has is its own", () => {
  const { plane } = start();
  plane.session(7, 9, OTHER, { network: 1, routes: ["10.1.0.0/16"] });
  const idOf = (to: string) => {
    const [sent] = plane.down([packet(HOST, to)], 1);
    return sent?.datagram[7];
  };
  assert.deepEqual([OTHER, "10.1.2.3", "10.2.2.3"].map(idOf), [10, 10, 9]);
});

test("a family that is not up takes nothing", () => {
  const { plane } = start({});
  assert.deepEqual(plane.down([packet6(CLIENT6, HOST6)], 1), []);
  assert.deepEqual(plane.up([up6(packet6(HOST6, CLIENT6))]), []);
  assert.deepEqual(plane.counters(), { "down.not-open": 1, "up.not-open": 1 });
});

test("it ends with the session, with the link, and when it is not said again", () => {
  for (const end of ["withdraw", "hold", "forward"] as const) {
    const { plane, own } = start();
    const again = { ...FORWARDING, network: 1, address: ipv4(CLIENT) };
    if (end === "forward") plane.table.forward(own, again);
    else plane.table[end](own);
    assert.deepEqual(plane.down([packet(CLIENT, HOST)], 1), []);
    assert.equal(plane.counters()["down.no-route"], 1);
    if (end === "forward") {
      assert.deepEqual(plane.up([up(packet(HOST, CLIENT))]), []);
      assert.equal(plane.counters()["up.source-address"], 1);
    }
    const next = plane.session(7, 10, "10.64.0.9", OURS);
    assert.equal(plane.down([packet(CLIENT, HOST)], 1).length, 1);
    plane.table.withdraw(next);
  }
});

test("the end of a session before leaves that of the one after it", () => {
  const { plane, own } = start();
  plane.session(7, 9, "10.64.0.9", OURS);
  plane.table.withdraw(own);
  const [sent] = plane.down([packet("10.64.0.9", HOST)], 1);
  assert.equal(sent?.datagram[7], 10);
});

test("a packet that another worker has read goes to the owner of the session", () => {
  const { plane: first } = start();
  const second = new Plane(1, 0, first.memory);
  for (let slot = 0; slot < layout.SLOT_COUNT; slot++) {
    first.view.setUint32(layout.CONTROL_OWNERS + slot * 4, slot % 2, true);
  }
  const inner = packet(CLIENT, HOST);
  assert.deepEqual(first.down([inner.slice()], 1), []);
  const [sent] = second.takeHanded().messages;
  assert.deepEqual(sent?.datagram, dataMessage(8, 9, pppFrame(inner)));
});
