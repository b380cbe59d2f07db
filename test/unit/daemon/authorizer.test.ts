// What a LAC says that it has done for us, and how much of it counts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { proxyOf } from "../../../src/daemon/authorizer.ts";
import type { SessionInfo } from "../../../src/l2tp/index.ts";

const proxyLcp = { lastReceived: Uint8Array.of(5, 6, 1, 2, 3, 4) };
const proxyAuthen = { type: 3, name: Uint8Array.of(0x61), id: 1, response: Uint8Array.of(0x62) };

function session(connected?: SessionInfo["connected"]): SessionInfo {
  const path = { peer: "192.0.2.9", peerPort: 1701, local: "192.0.2.1" };
  return {
    ...{ tunnelId: 1, sessionId: 2, peerTunnelId: 3, peerSessionId: 4, path, state: "established" },
    ...{ role: "lns", direction: "incoming", callSerialNumber: 1, call: {}, since: 0 },
    ...(connected !== undefined && { connected }),
  } as SessionInfo;
}

test("proxy authentication that is turned off leaves proxy LCP: the peer is asked anew (RFC 2661 9.5)", () => {
  const [want, allow] = [Uint8Array.of(7, 2), Uint8Array.of(8, 2)];
  const line = { lcpWantOptions: want, lcpAllowOptions: allow };
  const told = session({ proxyLcp, proxyAuthen, ...line });
  const known = { lcp: proxyLcp, want, allow };
  assert.deepEqual(proxyOf(told, true), { ...known, authen: proxyAuthen });
  assert.deepEqual(proxyOf(told, false), known);
  assert.deepEqual(proxyOf(told), known);
});

test("of a LAC that has done nothing there is nothing to take over", () => {
  for (const trusted of [true, false]) {
    const { lcp, authen } = proxyOf(session(), trusted);
    assert.deepEqual([lcp, authen], [undefined, undefined]);
  }
});
