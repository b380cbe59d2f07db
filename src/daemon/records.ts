/** The record of a session in the data plane, as its call and its tunnel want it. @module */
import type { SessionHandle, SessionTable } from "../dataplane/session-table.ts";
import type { SessionInfo } from "../l2tp/index.ts";
import { encodePktinfo, encodeSockaddr, type Family } from "../linux/sockaddr.ts";

/** `undefined` when the table is full; `family` is that of the sockets that its packets pass. */
export function publish(
  table: SessionTable,
  session: SessionInfo,
  family?: Family,
): SessionHandle | undefined {
  const { tunnelId, sessionId, peerTunnelId, peerSessionId, path, call } = session;
  const handle = table.publish({
    ...{ tunnelId, sessionId, peerTunnelId, peerSessionId },
    name: encodeSockaddr(path.peer, path.peerPort, family),
    control: encodePktinfo(path.local, family),
  });
  if (handle !== undefined) table.mark(handle, call.dscp);
  return handle;
}
