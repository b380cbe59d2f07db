/** Messages of many peers, built once and changed in place. @module */
import { AvpType, buildControlMessage, parseControlMessage } from "../../../src/codec/index.ts";
import { sccrq, typed } from "../../peer/lac.ts";

/** Builds the SCCRQ of a peer with the given Tunnel ID; valid until the next call. */
export function startRequest(): (tunnelId: number) => Uint8Array {
  const build = (tunnelId: number) =>
    buildControlMessage({ tunnelId: 0, sessionId: 0, ns: 0, nr: 0, avps: sccrq(tunnelId) });
  const datagram = build(0x1234);
  const at = assignedAt(datagram);
  return (tunnelId) => {
    datagram[at] = tunnelId >> 8;
    datagram[at + 1] = tunnelId & 0xff;
    return datagram;
  };
}

/** Builds a HELLO for the given Tunnel ID; valid until the next call. */
export function hello(): (tunnelId: number) => Uint8Array {
  const avps = typed("HELLO");
  const datagram = buildControlMessage({ tunnelId: 1, sessionId: 0, ns: 3, nr: 2, avps });
  return (tunnelId) => {
    datagram[4] = tunnelId >> 8;
    datagram[5] = tunnelId & 0xff;
    return datagram;
  };
}

/** Where the value of Assigned Tunnel ID lies. */
function assignedAt(datagram: Uint8Array): number {
  const message = parseControlMessage(datagram);
  if (typeof message === "string") throw new Error(`our own SCCRQ is ${message}`);
  let at = 12;
  for (const { type, value } of message.avps) {
    if (type === AvpType.AssignedTunnelId) return at + 6;
    at += 6 + value.length;
  }
  throw new Error("an SCCRQ without Assigned Tunnel ID");
}
