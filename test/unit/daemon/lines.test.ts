/** What an LNS hears of the lines of its LACs, and tells them (RFC 2661 6.13, 6.14). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeOptions, LCP } from "../../peer/ppp.ts";
import { House } from "./house.ts";

const ASYNCHRONOUS = { connected: { framingType: 2 } };
const MAGIC = [5, 0xaa, 0xbb, 0xcc, 0xdd] as const;
const ACCM = [2, 0, 0x0a, 0, 0] as const;
const ESCAPE_ALL = 0xffffffff;

test("a WEN is counted, and told with the names of its session", async () => {
  const house = new House();
  const client = house.open(5);
  await client.establish();
  const errors = {
    ...{ crc: 1, framing: 2, hardwareOverruns: 3 },
    ...{ bufferOverruns: 4, timeouts: 5, alignment: 6 },
  };
  const { session } = client;
  house.subscribers.handleEvent({ type: "call-errors", session, errors }, house.now);
  assert.equal(house.subscribers.lines.counters["line-errors"], 1);
  const line = JSON.parse(house.log.at(-1) ?? "") as Record<string, unknown>;
  const { msg, user, session: id, crc, alignment } = line;
  assert.deepEqual([msg, user, id, crc, alignment], ["errors on the line", "demo", 5, 1, 6]);
});

test("the LAC of an asynchronous line is told of the ACCM that LCP has agreed on, once", async () => {
  const house = new House();
  const client = house.open(5, { lcp: [ACCM, MAGIC] }, ASYNCHRONOUS);
  await client.establish();
  assert.equal(client.link.address, "10.64.0.2");
  const told = [{ sessionId: 5, send: 0x000a_0000, receive: ESCAPE_ALL }];
  assert.deepEqual(house.told, told);
  client.ping();
  await client.talk();
  assert.deepEqual(house.told, told);
});

test("and once more when that has changed, back to the default as well", async () => {
  const house = new House();
  const client = house.open(5, { lcp: [ACCM, MAGIC] }, ASYNCHRONOUS);
  await client.establish();
  client.renegotiate({ lcp: [MAGIC] });
  await client.talk();
  assert.deepEqual(house.told.slice(1), [{ sessionId: 5, send: ESCAPE_ALL, receive: ESCAPE_ALL }]);
});

test("nothing is told where it is the default, or the line escapes nothing", async () => {
  for (const [lcp, more] of [
    [[MAGIC], ASYNCHRONOUS],
    [[[2, 255, 255, 255, 255], MAGIC], ASYNCHRONOUS],
    [[ACCM, MAGIC], { connected: { framingType: 1 } }],
    [[ACCM, MAGIC], {}],
  ] as const) {
    const house = new House();
    await house.open(5, { lcp }, more).establish();
    assert.deepEqual(house.told, []);
  }
});

test("what the LAC wants for its line is asked for, and it is told what has become of it", async () => {
  const connected = {
    framingType: 2,
    lcpWantOptions: Uint8Array.from(encodeOptions([ACCM])),
    lcpAllowOptions: Uint8Array.from(encodeOptions([ACCM])),
  };
  const house = new House();
  const client = house.open(5, { lcp: [[7], MAGIC] }, { connected });
  await client.establish();
  const requests = client.link.heard.filter(({ protocol, code }) => protocol === LCP && code <= 4);
  assert.ok(requests.some(({ code, data }) => code === 1 && data.includes(Buffer.of(2, 6, 0, 10))));
  assert.ok(requests.some(({ code, data }) => code === 4 && data.equals(Buffer.of(7, 2))));
  assert.deepEqual(house.told, [{ sessionId: 5, send: ESCAPE_ALL, receive: 0x000a_0000 }]);
});

test("a LAC that has negotiated LCP in our place knows", async () => {
  const house = new House();
  const octets = (...options: (readonly [number, ...number[]])[]) =>
    Uint8Array.from(encodeOptions(options));
  const lastSent = octets([1, 5, 0x78], [3, 0xc0, 0x23], [2, 0, 0, 0, 0], [5, 1, 2, 3, 4]);
  const lastReceived = octets(ACCM, MAGIC);
  const proxyLcp = { initialReceived: lastReceived, lastSent, lastReceived };
  const client = house.open(5, {}, { connected: { framingType: 2, proxyLcp } });
  client.connect();
  await client.talk();
  assert.ok(client.link.heard.every(({ protocol }) => protocol !== LCP));
  assert.equal(house.rows[0]?.phase, "authenticate");
  assert.deepEqual(house.told, []);
  client.renegotiate({ lcp: [ACCM, MAGIC] });
  await client.talk();
  assert.deepEqual(house.told, [{ sessionId: 5, send: 0x000a_0000, receive: ESCAPE_ALL }]);
});
