/**
 * Result Codes and Error Codes in the words of RFC 2661 4.4.2, and what a CDN says beside them.
 *
 * @module
 */
import {
  callResultText,
  disconnectCauseText,
  disconnectDirectionText,
  errorText,
  stopResultText,
} from "../codec/index.ts";
import type { Disconnect } from "../l2tp/index.ts";
import type { EndResult } from "./entry.ts";

/** RFC 2661 4.4.2: beside this code the Error Code is no error but a version. */
const STOP_VERSION = 5;

/** "StopCCN 2 (general error), error 4 (insufficient resources ...)": without the peer's text. */
export function resultWords({ disconnect, ...result }: EndResult): string {
  const words = codeWords(result);
  return disconnect === undefined ? words : `${words}, ${disconnect}`;
}

/** "PPP disconnect cause 16 (authentication failed, at peer)"; with the text of the CDN. */
export function disconnectWords({ ppp, q931 }: Disconnect): string {
  const words: string[] = [];
  if (ppp !== undefined) {
    const { code, direction, message } = ppp;
    const means = [disconnectCauseText(code) ?? "unknown"];
    if (direction !== 0) means.push(disconnectDirectionText(direction) ?? `direction ${direction}`);
    words.push(said(`PPP disconnect cause ${code} (${means.join(", ")})`, message));
  }
  if (q931 !== undefined) words.push(said(`Q.931 cause ${q931.cause}`, q931.advisory));
  return words.join(", ");
}

function said(words: string, text = ""): string {
  return text === "" ? words : `${words}, ${JSON.stringify(text)}`;
}

function codeWords({ message, code, error }: EndResult): string {
  const text = message === "StopCCN" ? stopResultText(code) : callResultText(code);
  const whole = `${message} ${code} (${text ?? "unknown"})`;
  if (error === undefined || error === 0) return whole;
  if (message === "StopCCN" && code === STOP_VERSION) {
    return `${whole}, highest version ${error >> 8}.${error & 0xff}`;
  }
  return `${whole}, error ${error} (${errorText(error) ?? "unknown"})`;
}
