/**
 * The wire formats of an L2TP tunnel: header, control messages and AVPs (RFC 2661), PPP frames
 * (RFC 1661), IP headers and checksum. Pure, synchronous, without dependencies: it runs in Node,
 * Deno, Bun and browsers. The work is done in WebAssembly, in a memory that the module owns.
 *
 * @module
 */

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
export { checkIpv4, checkIpv6, checksum } from "./ip.ts";
export { buildPpp, parsePpp } from "./ppp.ts";
export type {
  Avp,
  AvpInput,
  Compression,
  ControlMessage,
  ControlMessageInput,
  Header,
  ParsedHeader,
  PppFrame,
  Status,
} from "./types.ts";
