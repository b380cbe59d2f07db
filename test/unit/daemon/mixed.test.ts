/** Control messages among data, and data among control messages, as UDP_GRO makes them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildControlMessage, buildHeader, buildPpp } from "../../../src/codec/index.ts";
import { handedInput, isData, strayFrame } from "../../../src/daemon/mixed.ts";
import { decodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { CLIENT, HOST, message, packet } from "../dataplane/frames.ts";
import { Plane } from "../dataplane/plane.ts";

const HELLO = Uint8Array.of(0x80, 8, 0, 0, 0, 0, 0, 6);

function hello(tunnelId: number): Uint8Array {
  const avps = [{ type: 0, value: HELLO.subarray(6) }];
  return buildControlMessage({ tunnelId, sessionId: 0, ns: 3, nr: 2, avps });
}

test("a control message behind data goes to the control thread, with who sent it", () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT);
  const data = message(packet(CLIENT, HOST, 200));
  const control = hello(7);
  const octets = Uint8Array.of(...data, ...data, ...control);
  const sender = { address: "192.0.2.9", port: 1701 };
  const writes = plane.receive([{ octets, sender, segment: data.length }]);
  assert.equal(writes.length, 2);
  assert.deepEqual(
    plane.handedOver.map(({ datagram }) => datagram),
    [control],
  );
  const [handed] = plane.handedOver;
  assert.ok(handed);
  assert.deepEqual(decodeSockaddr(handed.name, 0), sender);
  assert.equal(plane.counters()["up.control-message"], 1);
  const locals = new Map([[7, "192.0.2.1"]]);
  const path = { peer: "192.0.2.9", peerPort: 1701, local: "192.0.2.1" };
  assert.deepEqual(
    handedInput(handed, (id) => locals.get(id)),
    { datagram: control, path },
  );
  assert.equal(
    handedInput(handed, () => undefined),
    undefined,
  );
});

test("when nobody takes them, they are dropped and counted", () => {
  const plane = new Plane();
  const control = hello(7);
  const octets = Uint8Array.from({ length: control.length * 64 }, (_, at) => {
    return control[at % control.length] ?? 0;
  });
  const sender = { address: "192.0.2.9", port: 1701 };
  const batch = Array.from({ length: 5 }, () => ({ octets, sender, segment: control.length }));
  plane.receive(batch);
  assert.equal(plane.handedOver.length, 256);
  assert.equal(plane.counters()["up.control-message"], 256);
  assert.equal(plane.counters()["up.control-ring-full"], 64);
});

test("a PPP frame behind a control message is found, an IP packet is not", () => {
  const header = { control: false, priority: false, length: 0, tunnelId: 7, sessionId: 8 };
  const lcp = buildPpp(0xc021, Uint8Array.of(1, 1, 0, 4));
  const datagram = buildHeader(header, lcp);
  assert.ok(isData(datagram));
  assert.ok(!isData(hello(7)));
  assert.deepEqual(strayFrame(datagram), { tunnelId: 7, sessionId: 8, frame: lcp });
  for (const protocol of [0x0021, 0x0057]) {
    const ip = buildPpp(protocol, packet(CLIENT, HOST));
    assert.equal(strayFrame(buildHeader(header, ip)), undefined);
  }
  for (const broken of [datagram.subarray(0, 5), datagram.subarray(0, 9), hello(7)]) {
    assert.equal(strayFrame(broken), undefined);
  }
});
