/**
 * Result Codes and Error Codes in the words of RFC 2661 4.4.2.
 *
 * @module
 */
import { callResultText, errorText, stopResultText } from "../codec/index.ts";
import type { EndResult } from "./entry.ts";

/** RFC 2661 4.4.2: beside this code the Error Code is no error but a version. */
const STOP_VERSION = 5;

/** "StopCCN 2 (general error), error 4 (insufficient resources ...)": without the peer's text. */
export function resultWords({ message, code, error }: EndResult): string {
  const text = message === "StopCCN" ? stopResultText(code) : callResultText(code);
  const whole = `${message} ${code} (${text ?? "unknown"})`;
  if (error === undefined || error === 0) return whole;
  if (message === "StopCCN" && code === STOP_VERSION) {
    return `${whole}, highest version ${error >> 8}.${error & 0xff}`;
  }
  return `${whole}, error ${error} (${errorText(error) ?? "unknown"})`;
}
