import assert from "node:assert/strict";
import { test } from "node:test";
import { Gateway } from "../../../src/host/gateway.ts";
import { address, icmpPacket, readIcmp } from "../../peer/slaac.ts";
import { echoRequest, sum } from "./echo.ts";

const CLIENT = "10.64.0.7";
const GATEWAY = "10.64.0.1";
const DATA = Uint8Array.from({ length: 57 }, (_, index) => 255 - index);
const CLIENT6 = address("20010db800640001 0000000000000007");
const GATEWAY6 = address("20010db800640000 0000000000000001");

function open(): Gateway {
  return new Gateway({ gateway: GATEWAY, gateway6: "2001:db8:64::1" });
}

/** Changes octets and, on demand, mends the checksum of the header. */
function changed(packet: Uint8Array, at: number, octets: readonly number[]): Uint8Array {
  const copy = packet.slice();
  copy.set(octets, at);
  if (at < 20) {
    copy.set([0, 0], 10);
    const check = 0xffff - sum(copy.subarray(0, 20));
    copy.set([check >> 8, check & 0xff], 10);
  }
  return copy;
}

test("an echo request to the gateway is answered, with its data and right checksums", () => {
  const gateway = open();
  const request = echoRequest(CLIENT, GATEWAY, DATA);
  const reply = gateway.answer(request) ?? new Uint8Array();
  assert.equal(reply.length, request.length);
  assert.deepEqual([...reply.subarray(12, 20)], [10, 64, 0, 1, 10, 64, 0, 7]);
  assert.equal(sum(reply.subarray(0, 20)), 0xffff);
  assert.equal(sum(reply.subarray(20)), 0xffff);
  assert.deepEqual([...reply.subarray(20, 22)], [0, 0], "Echo Reply");
  assert.deepEqual(reply.subarray(24), request.subarray(24), "identifier, sequence, data");
  assert.deepEqual(gateway.counters, {
    "host-answered": 1,
    "host-malformed": 0,
    "host-no-route": 0,
    "host-not-echo": 0,
  });
});

test("what follows the total length is padding, and options are not sent back", () => {
  const request = echoRequest(CLIENT, GATEWAY, DATA);
  const padded = new Uint8Array([...request, 1, 2, 3]);
  assert.deepEqual(open().answer(padded), open().answer(request));
  const withOptions = Uint8Array.from([
    ...request.subarray(0, 20),
    ...[1, 1, 1, 0],
    ...request.subarray(20),
  ]);
  withOptions.set([0x46], 0);
  withOptions.set([0, withOptions.length], 2);
  withOptions.set([0, 0], 10);
  const check = 0xffff - sum(withOptions.subarray(0, 24));
  withOptions.set([check >> 8, check & 0xff], 10);
  assert.deepEqual(open().answer(withOptions), open().answer(request));
});

test("an ICMPv6 echo request to the gateway is answered", () => {
  const body = Buffer.concat([Uint8Array.of(0xbe, 0xef, 0, 3), DATA]);
  const fields = { source: CLIENT6, destination: GATEWAY6, type: 128, body };
  const reply = open().answer(new Uint8Array(icmpPacket(fields))) ?? new Uint8Array();
  const seen = readIcmp(reply); // which looks at the checksum
  assert.deepEqual([seen.type, seen.code], [129, 0]);
  assert.deepEqual(Buffer.from(seen.source), Buffer.from(GATEWAY6));
  assert.deepEqual(Buffer.from(seen.destination), Buffer.from(CLIENT6));
  assert.deepEqual(Buffer.from(seen.body), body);
});

test("all else is dropped and counted by its reason", () => {
  const request = echoRequest(CLIENT, GATEWAY, DATA);
  const echo6 = new Uint8Array(
    icmpPacket({ source: CLIENT6, destination: GATEWAY6, type: 128, body: DATA }),
  );
  const cases: [string, Uint8Array, string][] = [
    ["nothing", new Uint8Array(), "host-malformed"],
    ["another version", Uint8Array.of(0x50, ...request.subarray(1)), "host-malformed"],
    ["a header cut short", request.subarray(0, 19), "host-malformed"],
    ["a packet cut short", request.subarray(0, 40), "host-malformed"],
    ["a wrong header checksum", request.with(10, (request[10] ?? 0) ^ 1), "host-malformed"],
    ["a wrong ICMP checksum", request.with(40, (request[40] ?? 0) ^ 1), "host-malformed"],
    ["a wrong ICMPv6 checksum", echo6.with(60, (echo6[60] ?? 0) ^ 1), "host-malformed"],
    ["IPv6 cut short", echo6.subarray(0, 41), "host-malformed"],
    ["another address", echoRequest(CLIENT, "192.0.2.1", DATA), "host-no-route"],
    ["another IPv6 address", echo6.with(39, 2), "host-no-route"],
    ["UDP", changed(request, 9, [17]), "host-not-echo"],
    ["a first fragment", changed(request, 6, [0x20, 0]), "host-not-echo"],
    ["a later fragment", changed(request, 6, [0, 8]), "host-not-echo"],
    ["an Echo Reply", changed(request, 20, [0]), "host-not-echo"],
    ["another code", changed(request, 21, [1]), "host-not-echo"],
    ["an ICMP header cut short", echoHeader(6), "host-not-echo"],
    ["TCP in IPv6", echo6.with(6, 6), "host-not-echo"],
  ];
  for (const [what, packet, reason] of cases) {
    const gateway = open();
    assert.equal(gateway.answer(packet), undefined, what);
    const counted = Object.entries(gateway.counters).filter(([, count]) => count > 0);
    assert.deepEqual(counted, [[reason, 1]], what);
  }
});

test("without IPv6 pools there is no IPv6 gateway", () => {
  const gateway = new Gateway({ gateway: GATEWAY });
  const packet = icmpPacket({ source: CLIENT6, destination: GATEWAY6, type: 128, body: DATA });
  assert.equal(gateway.answer(new Uint8Array(packet)), undefined);
  assert.equal(gateway.counters["host-no-route"], 1);
});

/** A packet whose ICMP message has so few octets. */
function echoHeader(length: number): Uint8Array {
  const packet = echoRequest(CLIENT, GATEWAY, DATA).slice(0, 20 + length);
  return changed(packet, 2, [0, packet.length]);
}
