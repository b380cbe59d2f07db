/**
 * The wire formats of an L2TP tunnel: header, control messages and AVPs (RFC 2661), PPP frames
 * (RFC 1661), IP headers and checksum. Pure, synchronous, without dependencies: it runs in Node,
 * Deno and browsers. The work is done in WebAssembly, in a memory that the module owns.
 *
 * Two rules hold throughout. What came from a peer is judged by a value: a parser returns what it
 * read, or a word (`Fault`) that says what is wrong. What the caller asks to be built is taken at
 * its word or throws a RangeError.
 *
 * @module
 */

export {
  type Accm,
  type AvpValue,
  type AvpValues,
  type CallErrors,
  type CauseCode,
  decodeAvp,
  isNeverHidden,
  makeAvp,
  type PppDisconnectCause,
  type ResultCode,
  readAvp,
} from "./avp.ts";
export {
  readText,
  readUint16,
  readUint32,
  textValue,
  uint16Value,
  uint32Value,
} from "./avp-value.ts";
export { Batch, type BatchOptions } from "./batch.ts";
export { AvpType, avpTypeName, MessageType, messageTypeName } from "./catalogue.ts";
export { buildControlMessage, parseControlMessage } from "./control-message.ts";
export { buildHeader, parseHeader } from "./header.ts";
export { type Hiding, hideAvp, type Md5, revealAvps } from "./hiding.ts";
export { checkIpv4, checkIpv6, checksum } from "./ip.ts";
export { load } from "./load.ts";
export { buildPpp, parsePpp } from "./ppp.ts";
export {
  callResultText,
  disconnectCauseText,
  disconnectDirectionText,
  errorText,
  stopResultText,
} from "./result-codes.ts";
export type {
  Avp,
  AvpInput,
  Compression,
  ControlMessage,
  ControlMessageInput,
  Fault,
  Header,
  ParsedHeader,
  PppFrame,
  Status,
} from "./types.ts";
