/**
 * Captures in words: octets of a file in, messages of L2TP out. Pure: no file, no terminal.
 *
 * ```ts
 * const capture = new Capture();
 * const datagrams = new Datagrams();
 * const messages = new Messages({});
 * for (const frame of capture.push(chunk)) {
 *   for (const datagram of datagrams.of(frame)) print(messages.read(datagram));
 * }
 * ```
 *
 * @module
 */
export { Capture } from "./capture.ts";
export { Datagrams } from "./datagrams.ts";
export { type Filter, parseFilter, TERMS } from "./filter.ts";
export { formatJson } from "./json.ts";
export { type DecodeOptions, Messages } from "./messages.ts";
export { type TextOptions, TextPrinter } from "./text.ts";
export type { Datagram, Field, Frame, Message, Ppp } from "./types.ts";
