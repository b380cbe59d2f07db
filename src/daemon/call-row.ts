/** What a row says of the call of its session (RFC 2661 4.4.4). @module */
import type { SessionInfo } from "../l2tp/index.ts";
import type { SessionRow } from "./api-messages.ts";

type CallRow = Pick<SessionRow, "called" | "calling" | "txSpeed" | "rxSpeed">;

export function callRow({ call, connected = {} }: SessionInfo): CallRow {
  return {
    called: call.calledNumber ?? "",
    calling: call.callingNumber ?? "",
    txSpeed: connected.txConnectSpeed ?? 0,
    rxSpeed: connected.rxConnectSpeed ?? connected.txConnectSpeed ?? 0,
  };
}
