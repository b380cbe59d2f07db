/**
 * Publish last. A session could be found before its tunnel had a reference to it, and after that one was
 * gone.
 *
 * A record is complete before a worker can find it, and cannot be found when anything of it goes. Here
 * packets pass between any two steps of the control thread: at each call that links into a table or
 * takes out of it, before and after. Whatever comes out then belongs to the session that is there.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHeader } from "../../src/codec/index.ts";
import type { Forwarding } from "../../src/dataplane/memory.ts";
import { type SessionHandle, SessionTable } from "../../src/dataplane/session-table.ts";
import { RECORD_REST_MS } from "../../src/limits.ts";
import { encodePktinfo, encodeSockaddr } from "../../src/linux/sockaddr.ts";
import { ipv4 } from "../../src/net.ts";
import { dice } from "../peer/garbage.ts";
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
} from "../unit/dataplane/frames.ts";
import { FORWARDING, Plane } from "../unit/dataplane/plane.ts";

const TUNNEL = 7;
const LINKS = [
  "insertSession",
  "removeSession",
  "insertRoute",
  "removeRoute",
  "insertSubnet",
  "removeSubnet",
  "insertPrefix",
  "removePrefix",
] as const;
const GATHERED = { address: ipv4(CLIENT), prefix6: prefix6(CLIENT6) };

/** A table whose every link is a moment at which the worker runs. */
class Watched {
  readonly plane = new Plane();
  readonly table: SessionTable;
  /** Peer's Session ID of the one session that may pass packets now; 0: none. */
  peerSessionId = 0;
  #now = 0;
  readonly passed = { up: 0, down: 0 };
  moments = 0;

  constructor() {
    const { memory, forwarding, inject } = this.plane;
    const moment = () => this.look();
    const watched: Record<string, unknown> = { ...forwarding };
    for (const name of LINKS) {
      watched[name] = (index: number) => {
        moment();
        const result = (forwarding[name] as (at: number) => number)(index);
        moment();
        return result;
      };
    }
    this.table = new SessionTable(memory, watched as unknown as Forwarding, () => inject);
  }

  pass(ms: number): void {
    this.#now += ms;
    this.table.setTime(this.#now);
  }

  publish(sessionId: number): SessionHandle {
    const handle = this.table.publish({
      ...{ tunnelId: TUNNEL, sessionId, peerTunnelId: 70, peerSessionId: 1_000 + sessionId },
      name: encodeSockaddr("192.0.2.9", 1701),
      control: encodePktinfo("192.0.2.1"),
    });
    assert.ok(handle !== undefined);
    return handle;
  }

  /** Packets both ways, of both families, and what came of them. */
  look(): void {
    this.moments += 1;
    const down = this.plane.down([packet(HOST, CLIENT), packet6(HOST6, CLIENT6)]);
    for (const { datagram, name } of down) {
      const header = parseHeader(datagram);
      assert.ok(typeof header !== "string" && header.length === datagram.length);
      assert.deepEqual([header.tunnelId, header.sessionId], [70, this.peerSessionId]);
      assert.deepEqual(name, encodeSockaddr("192.0.2.9", 1701));
      assert.deepEqual([...header.payload.subarray(0, 2)], [0xff, 0x03]);
    }
    this.passed.down += down.length;
    const id = this.peerSessionId - 1_000;
    for (const sessionId of [1, 2, 3]) {
      const v4 = dataMessage(TUNNEL, sessionId, pppFrame(packet(CLIENT, HOST)));
      const v6 = dataMessage(TUNNEL, sessionId, pppFrame(packet6(CLIENT6, HOST6), PPP_IPV6));
      const up = this.plane.up([v4, v6]);
      assert.ok(up.length === 0 || sessionId === id, `session ${sessionId} instead of ${id}`);
      this.passed.up += up.length;
    }
  }
}

test("between any two links of a session that opens, is held and goes, packets are its own or none's", () => {
  const watched = new Watched();
  const { table } = watched;
  for (let round = 0; round < 60; round++) {
    const sessionId = 1 + (round % 3);
    watched.peerSessionId = 1_000 + sessionId;
    const handle = watched.publish(sessionId);
    assert.ok(table.forward(handle, { ...FORWARDING, ...GATHERED, routes: ["192.0.2.64/26"] }));
    watched.look();
    if (round % 2 === 0) table.hold(handle);
    table.withdraw(handle);
    watched.peerSessionId = 0;
    watched.look();
    watched.pass(RECORD_REST_MS);
  }
  assert.ok(watched.moments > 60 * 8, `${watched.moments} moments`);
  assert.ok(watched.passed.up > 60 && watched.passed.down > 60, "packets passed meanwhile");
});

test("an address that goes from one session to the next is never both's", () => {
  const watched = new Watched();
  const { table } = watched;
  const roll = dice(1);
  let before: SessionHandle | undefined;
  const generations = new Set<string>();
  for (let round = 0; round < 200; round++) {
    if (before !== undefined) table.withdraw(before);
    watched.peerSessionId = 0;
    watched.pass(roll(2) * RECORD_REST_MS);
    const sessionId = 1 + roll(3);
    const handle = watched.publish(sessionId);
    const name = `${handle.index} ${handle.generation}`;
    assert.ok(!generations.has(name), "a record that is used again has another generation");
    generations.add(name);
    watched.peerSessionId = 1_000 + sessionId;
    assert.ok(table.forward(handle, { ...FORWARDING, ...GATHERED }));
    watched.look();
    before = handle;
  }
});
