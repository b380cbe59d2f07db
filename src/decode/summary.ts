/**
 * What matters of a control message in the line that stands for it.
 *
 * @module
 */
import { type Avp, AvpType, MessageType, readAvp } from "../codec/index.ts";
import type { AvpFields } from "./types.ts";

/** AVPs that are worth their place, and what goes in front of their words. */
const SHOWN: readonly (readonly [type: number, label: string])[] = [
  [AvpType.HostName, "host "],
  [AvpType.AssignedTunnelId, "assigns tunnel "],
  [AvpType.AssignedSessionId, "assigns session "],
  [AvpType.CalledNumber, "called "],
  [AvpType.CallingNumber, "calling "],
  [AvpType.TxConnectSpeed, ""],
  [AvpType.ProxyAuthenName, "proxy for "],
  [AvpType.ResultCode, ""],
  [AvpType.Q931CauseCode, "cause "],
  [AvpType.CallErrors, ""],
  [AvpType.Accm, ""],
];

const ASSIGNED: readonly number[] = [AvpType.AssignedTunnelId, AvpType.AssignedSessionId];
/** Their IDs are no new ones. */
const ENDS: readonly number[] = [MessageType.StopCCN, MessageType.CDN];
/** What says nothing. */
const NO_ERROR = "; error: no general error (0)";
const NO_SPEED = "0 bps";

export function summarizeControl(avps: readonly Avp[], fields: readonly AvpFields[]): string {
  const isEnd = ENDS.includes(readAvp(avps, AvpType.MessageType) ?? 0);
  const parts: string[] = [];
  for (const [type, label] of SHOWN) {
    if (isEnd && ASSIGNED.includes(type)) continue;
    const index = avps.findIndex((avp) => avp.vendor === 0 && avp.type === type);
    const text = fields[index]?.text ?? NO_SPEED;
    if (text !== NO_SPEED) parts.push(`${label}${text.replace(NO_ERROR, "")}`);
  }
  return parts.join(", ");
}
