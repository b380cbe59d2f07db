/**
 * What makes an endpoint refuse a message whose form is right: told by the reader of our own.
 *
 * @module
 */
import { type Avp, AvpType, errorText } from "../codec/index.ts";
import { readMessage } from "../l2tp/messages.ts";

/** Whatever is wrong with them, they end the tunnel or the session. */
const ENDS: readonly string[] = ["StopCCN", "CDN"];

export interface Violation {
  readonly text: string;
  readonly isRefused: boolean;
}

/** `received` are AVPs as they were on the wire; none are a ZLB. */
export function violationOf(received: readonly Avp[], secret: Uint8Array): Violation | undefined {
  const [first] = received;
  if (first === undefined) return undefined;
  const { name, mandatory, fault } = readMessage(received, secret);
  // What is hidden from us need not be so from the receiver.
  if (fault === undefined || fault.counter === "unrevealed-avp") return undefined;
  if (ENDS.includes(name))
    return { text: `${what(first, fault.result)}, and it ends all the same`, isRefused: false };
  const isRefused = name !== "unknown" || mandatory;
  const verdict = isRefused ? "a receiver refuses it" : "a receiver ignores it";
  return { text: `${verdict}: ${what(first, fault.result)}`, isRefused };
}

function what(
  first: Avp,
  { error = 0, message = "" }: { error?: number; message?: string },
): string {
  if (first.vendor !== 0 || first.type !== AvpType.MessageType) {
    return "its first AVP is not the Message Type (RFC 2661 4.4.1)";
  }
  if (first.hidden) return "its Message Type is hidden (RFC 2661 4.4.1)";
  return `${message} (Error Code ${error}, ${errorText(error) ?? "unknown"})`;
}
