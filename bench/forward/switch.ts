/**
 * A switch between the client and the host, as a program under test: sockets, memory, records and
 * loop of the LNS, without its control thread, as the ids are agreed on.
 *
 * @module
 */

import * as layout from "../../assembly/layout.ts";
import { SLOT_COUNT } from "../../assembly/layout.ts";
import { Loop } from "../../src/dataplane/loop.ts";
import { createMemory, instantiate, offloadBits, workerAt } from "../../src/dataplane/memory.ts";
import { InjectRing } from "../../src/dataplane/rings.ts";
import { type SessionHandle, SessionTable } from "../../src/dataplane/session-table.ts";
import { POLL_MS } from "../../src/limits.ts";
import { checked } from "../../src/linux/errno.ts";
import { openLibc } from "../../src/linux/ffi.ts";
import { wantHugePages } from "../../src/linux/huge-pages.ts";
import { sleepExactly } from "../../src/linux/process.ts";
import { encodePktinfo, encodeSockaddr } from "../../src/linux/sockaddr.ts";
import { openSockets } from "../../src/linux/udp.ts";
import { offloadsWithout } from "../../src/offloads.ts";
import { CLIENT_ADDRESS, HOST_ADDRESS, L2TP_PORT, LNS_ADDRESS } from "./lab.ts";
import { FIXED, ONWARD, type SwitchSettings } from "./settings.ts";

const REGION = workerAt(0);
const OFFLOADS = ["udp-gro", "udp-gso"] as const;

/** Runs until it is killed. */
export function switchSessions({ sessions }: SwitchSettings): never {
  const libc = openLibc();
  sleepExactly(libc);
  const steering = { by: "tunnel", slots: SLOT_COUNT } as const;
  const { sockets, lacking } = openSockets(libc, LNS_ADDRESS, L2TP_PORT, OFFLOADS, steering);
  const memory = createMemory();
  const base = libc.address(new Uint8Array(memory.buffer));
  wantHugePages(libc, base, memory.buffer.byteLength);
  const forwarding = instantiate(memory);
  const none = "there is no device";
  const states = offloadsWithout(new Map([...lacking, ["tso", none], ["uso", none]]));
  forwarding.layoutWorker(REGION, base, offloadBits(states));
  const inject = new InjectRing(memory, REGION + layout.WORKER_INJECT);
  const table = new SessionTable(memory, forwarding, () => inject);
  for (let session = 1; session <= sessions; session++) {
    const here = publish(table, session, FIXED.lnsTunnel, FIXED.clientTunnel, CLIENT_ADDRESS);
    const onward = publish(table, session, ONWARD.tunnel, ONWARD.peerTunnel, HOST_ADDRESS);
    table.switch(here, onward);
  }
  const wake = checked(libc, "eventfd", libc.eventfd());
  const loop = new Loop(libc, forwarding, {
    ...{ memory, base, worker: REGION, link: sockets.link, data: sockets.data, tuns: [] },
    ...{ wakes: [wake], wakeControl: wake, clock: () => performance.now() },
  });
  console.log("ready");
  for (;;) loop.turn(POLL_MS);
}

function publish(
  table: SessionTable,
  sessionId: number,
  tunnelId: number,
  peerTunnelId: number,
  address: string,
): SessionHandle {
  const handle = table.publish({
    ...{ tunnelId, sessionId, peerTunnelId, peerSessionId: sessionId },
    name: encodeSockaddr(address, L2TP_PORT),
    control: encodePktinfo(LNS_ADDRESS),
  });
  if (handle === undefined) throw new Error("the session table is full");
  return handle;
}
