import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { encodePktinfo, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { PacketRandom } from "../../reference/packets.ts";
import { CLIENT, dataMessage, HOST, message, packet, pppFrame } from "./frames.ts";
import { start, WAKE_CONTROL } from "./kernel.ts";
import { Plane } from "./plane.ts";

const OURS = 0xcafe_f00d;
const MTU = 1400;
const LCP = [0xff, 3, 0xc0, 0x21];
const REQUEST = 9;
const REPLY = 10;

function planeOf(magic = OURS): Plane {
  const plane = new Plane();
  const handle = plane.session(7, 8, CLIENT, { mtu: MTU });
  plane.table.answerEcho(handle, magic);
  return plane;
}

function lcp(code: number, id: number, magic: number, data: readonly number[] = []): Uint8Array {
  const octets = Uint8Array.of(code, id, 0, 0, 0, 0, 0, 0, ...data);
  const view = new DataView(octets.buffer);
  view.setUint16(2, octets.length);
  view.setUint32(4, magic);
  return octets;
}

function frames(plane: Plane): Uint8Array[] {
  return plane.echoes.splice(0).map(({ datagram }) => datagram);
}

test("a request is answered: same Identifier and data, our Magic-Number, nothing punted", () => {
  const plane = planeOf();
  const data = [1, 2, 3, 4, 5];
  assert.deepEqual(
    plane.up([dataMessage(7, 8, pppFrame(lcp(REQUEST, 77, 0x1234_5678, data), LCP))]),
    [],
  );
  const [answer, ...others] = plane.echoes;
  assert.deepEqual(others, []);
  assert.deepEqual(answer?.datagram, dataMessage(8, 9, pppFrame(lcp(REPLY, 77, OURS, data), LCP)));
  assert.deepEqual(answer?.name, encodeSockaddr("192.0.2.9", 1701));
  assert.deepEqual(answer?.control, encodePktinfo("192.0.2.1"));
  assert.deepEqual(plane.counters(), { "up.echo-answered": 1 });
  assert.equal(plane.punt.take(), undefined);
});

test("no two calls answer the same request", () => {
  const plane = planeOf();
  plane.up([dataMessage(7, 8, pppFrame(lcp(REQUEST, 1, 5), LCP))]);
  assert.equal(frames(plane).length, 1);
  plane.up([message(packet(CLIENT, HOST))]);
  assert.equal(frames(plane).length, 0);
});

const whole = lcp(REQUEST, 1, 5, [1, 2, 3]);
const PUNTED: readonly (readonly [string, Uint8Array])[] = [
  ["an Echo-Reply", lcp(REPLY, 1, 5)],
  ["a Discard-Request", lcp(11, 1, 5)],
  ["a Configure-Request", lcp(1, 1, 5)],
  ["our own Magic-Number", lcp(REQUEST, 1, OURS)],
  ["no Magic-Number", Uint8Array.of(REQUEST, 1, 0, 4)],
  ["a cut header", whole.slice(0, 3)],
  ["a Length beyond the end", whole.slice(0, 10)],
  ["padding behind it", Uint8Array.of(...whole, 0)],
  ["a Length of 0", Uint8Array.of(REQUEST, 1, 0, 0, 0, 0, 0, 5)],
  ["more than the peer takes", lcp(REQUEST, 1, 5, Array(MTU - 7).fill(1))],
];

for (const [name, information] of PUNTED) {
  test(`left to the control thread: ${name}`, () => {
    const plane = planeOf();
    plane.up([dataMessage(7, 8, pppFrame(information, LCP))]);
    assert.deepEqual(plane.echoes, []);
    assert.deepEqual(plane.punt.take()?.frame, pppFrame(information, LCP));
    assert.deepEqual(plane.counters(), { "up.punted": 1 });
  });
}

test("as much as the peer takes is answered, whatever room a slot has", () => {
  const plane = planeOf();
  const data = Array.from({ length: MTU - 8 }, (_, index) => index & 0xff);
  plane.up([dataMessage(7, 8, pppFrame(lcp(REQUEST, 1, 5, data), LCP))]);
  assert.deepEqual(frames(plane), [dataMessage(8, 9, pppFrame(lcp(REPLY, 1, OURS, data), LCP))]);
  const wide = new Plane();
  wide.table.answerEcho(wide.session(7, 8, CLIENT, { mtu: 9_000 }), OURS);
  const most = layout.SLOT_CAPACITY - 4 - 8;
  for (const length of [most, most + 1]) {
    const octets = lcp(REQUEST, 1, 5, Array(length).fill(7));
    wide.up([dataMessage(7, 8, pppFrame(octets, LCP))]);
  }
  assert.equal(frames(wide).length, 1);
});

test("LCP that goes down and comes up again: punted, then the new number", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8, CLIENT);
  const ask = () => {
    plane.up([dataMessage(7, 8, pppFrame(lcp(REQUEST, 3, 9), LCP))]);
    const [answer] = frames(plane);
    return answer && new DataView(answer.buffer).getUint32(16);
  };
  assert.equal(ask(), undefined);
  plane.table.answerEcho(handle, 0x8000_0001);
  assert.equal(ask(), 0x8000_0001);
  plane.table.answerEcho(handle, 0);
  assert.equal(ask(), undefined);
  plane.table.answerEcho(handle, 0xffff_ffff);
  assert.equal(ask(), 0xffff_ffff);
  plane.table.withdraw(handle);
  plane.session(7, 8, CLIENT);
  assert.equal(ask(), undefined);
});

test("before any network protocol nothing is known of what the peer takes: punted", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8);
  plane.table.answerEcho(handle, OURS);
  plane.up([dataMessage(7, 8, pppFrame(lcp(REQUEST, 3, 9), LCP))]);
  assert.deepEqual([plane.echoes, plane.counters()], [[], { "up.punted": 1 }]);
});

test("numbered messages: replies, packets and injected frames share one count", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8);
  plane.table.sequence(handle);
  const forwarding = { network: 0, address: 0x0a40_0002, mtu: MTU, acfc: true, pfc: true };
  plane.table.forward(handle, forwarding);
  plane.table.answerEcho(handle, OURS);
  const request = dataMessage(7, 8, pppFrame(lcp(REQUEST, 1, 9), LCP));
  plane.up([request, request]);
  const sent = frames(plane);
  sent.push(...plane.down([packet(HOST, CLIENT)]).map(({ datagram }) => datagram));
  plane.inject.put(handle.index, handle.generation, pppFrame(lcp(5, 1, 1), LCP));
  sent.push(...plane.sendInjected().map(({ datagram }) => datagram));
  plane.up([request]);
  sent.push(...frames(plane));
  assert.deepEqual(
    sent.map((datagram) => new DataView(datagram.buffer).getUint16(8)),
    [0, 1, 2, 3, 4],
  );
  // LCP is sent with Address, Control and both octets of Protocol, whatever was agreed to.
  assert.deepEqual(
    [...(sent[0]?.slice(0, 16) ?? [])],
    [0x48, 2, 0, 24, 0, 8, 0, 9, 0, 0, 0, 0, ...LCP],
  );
});

/** As many requests of a session as it may send at once, and some, in one GRO buffer. */
function requests(sessionId: number, count: number) {
  const all = Array.from({ length: count }, (_, id) =>
    dataMessage(7, sessionId, pppFrame(lcp(REQUEST, id, 9), LCP)),
  );
  const octets = Uint8Array.from(all.flatMap((datagram) => [...datagram]));
  return { octets, sender: { address: "192.0.2.9", port: 1701 }, segment: all[0]?.length };
}

const upTo = (count: number) => Array.from({ length: count }, (_, id) => id);
const GAP = layout.ECHO_GAP;
const BURST = layout.ECHO_ALLOWANCE / GAP;

test("who asks without end is answered as often as it may ask, each other session as before", () => {
  for (const began of [0, 1_000, 2 ** 32 - 165, 2 ** 33 + 500]) {
    const plane = planeOf();
    plane.table.answerEcho(plane.session(7, 9, "10.64.0.3", { mtu: MTU }), OURS);
    plane.at(began);
    plane.receive([requests(8, BURST + 30)]);
    const answered = () => frames(plane).map((datagram) => datagram[13]);
    assert.deepEqual(answered(), upTo(BURST));
    plane.receive([requests(9, 1)]);
    assert.deepEqual(answered(), [0]);
    plane.at(began + GAP - 1);
    plane.receive([requests(8, 2)]);
    assert.deepEqual(answered(), []);
    plane.at(began + GAP * 3);
    plane.receive([requests(8, 9)]);
    assert.deepEqual(answered(), upTo(3));
    assert.deepEqual(plane.counters(), {
      "up.echo-answered": BURST + 1 + 3,
      "up.echo-share-full": 30 + 2 + 6,
    });
  }
});

test("however long nothing was asked, as many are answered again", () => {
  for (const pause of [GAP * BURST, 60_000, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - GAP * BURST]) {
    const plane = planeOf();
    for (const time of [77, 77 + pause]) {
      plane.at(time);
      plane.receive([requests(8, BURST + 1)]);
      assert.equal(frames(plane).length, BURST);
    }
  }
});

test("more replies than one batch holds: the rest is punted, the next call answers again", () => {
  const plane = planeOf();
  const full = layout.BATCH_COUNT / BURST;
  const ids = upTo(full + 1).map((id) => 8 + id);
  for (const id of ids.slice(1)) {
    plane.table.answerEcho(plane.session(7, id, `10.64.0.${id}`, { mtu: MTU }), OURS);
  }
  plane.receive(ids.map((id, index) => requests(id, index < full ? BURST : 6)));
  assert.equal(frames(plane).length, layout.BATCH_COUNT);
  assert.deepEqual(plane.counters(), { "up.echo-answered": layout.BATCH_COUNT, "up.punted": 6 });
  plane.receive([requests(8 + full, 1)]);
  assert.equal(frames(plane).length, 1);
});

test("the loop sends replies, and wakes nobody for them", () => {
  const { plane, kernel, loop } = start();
  plane.table.answerEcho(plane.session(7, 8, CLIENT), OURS);
  const request = dataMessage(7, 8, pppFrame(lcp(REQUEST, 1, 9, [1]), LCP));
  kernel.datagrams.push(request, request);
  loop.turn(0);
  const answer = dataMessage(8, 9, pppFrame(lcp(REPLY, 1, OURS, [1]), LCP));
  assert.deepEqual(kernel.sent, [answer, answer]);
  assert.ok(!kernel.woken.includes(WAKE_CONTROL));
  kernel.datagrams.push(dataMessage(7, 8, pppFrame(lcp(1, 1, 9, [1]), LCP)));
  loop.turn(0);
  assert.equal(kernel.sent.length, 2);
});

test("any LCP packet is answered as plainly said, or punted as it came", () => {
  const random = new PacketRandom(1661);
  const plane = planeOf();
  let answered = 0;
  for (let run = 0; run < 20_000; run++) {
    const data = [...random.fill(new Uint8Array(random.below(random.pick(4, 40, 1500))))];
    const magic = random.chance(90) ? random.u32() : OURS;
    let octets = lcp(random.pick(9, 9, 9, 10, 1, 11), random.u32() & 0xff, magic, data);
    if (random.chance(20)) octets[random.below(8)] = random.u32();
    if (random.chance(10)) octets = octets.slice(0, random.below(octets.length + 1));
    plane.at(run * GAP);
    const frame = pppFrame(octets, random.chance(70) ? LCP : [0xc0, 0x21]);
    plane.up([dataMessage(7, 8, frame)]);
    const expected = replyTo(octets);
    const punted = plane.punt.take()?.frame;
    if (expected !== undefined) answered++;
    assert.deepEqual(punted, expected === undefined ? frame : undefined);
    const reply = expected && dataMessage(8, 9, pppFrame(expected, LCP));
    assert.deepEqual(frames(plane), reply === undefined ? [] : [reply]);
  }
  assert.ok(answered > 5_000, `${answered} answered`);
});

function replyTo(octets: Uint8Array): Uint8Array | undefined {
  if (octets.length < 8 || octets.length > MTU || octets[0] !== REQUEST) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset);
  if (view.getUint16(2) !== octets.length || view.getUint32(4) === OURS) return undefined;
  return lcp(REPLY, view.getUint8(1), OURS, [...octets.slice(8)]);
}
