/**
 * What a peer of an `Endpoint` knows: its numbers, and the ids and the Challenge that it was told.
 *
 * @module
 */
import { md5 } from "@noble/hashes/legacy.js";
import {
  type AvpInput,
  AvpType,
  buildControlMessage,
  parseControlMessage,
  revealAvps,
} from "../../../src/codec/index.ts";
import type { Path } from "../../../src/l2tp/index.ts";
import { avp, find, type Name, sccrq, typed, u16, u32, uint, utf8 } from "../../peer/lac.ts";
import { must } from "../octets.ts";

/** The mandatory AVPs of each message, behind its Message Type. */
const USUAL: Readonly<Record<Name, (peer: Peer) => AvpInput[]>> = {
  SCCRQ: ({ ownId }) => sccrq(ownId).slice(1),
  SCCRP: ({ ownId }) => [
    ...sccrq(ownId).slice(1),
    avp(AvpType.BearerCapabilities, u32(3)),
    avp(AvpType.ReceiveWindowSize, u16(4)),
  ],
  SCCCN: () => [],
  StopCCN: ({ ownId }) => [
    avp(AvpType.AssignedTunnelId, u16(ownId)),
    avp(AvpType.ResultCode, u16(1)),
  ],
  HELLO: () => [],
  OCRQ: ({ ownSession }) => [
    avp(AvpType.AssignedSessionId, u16(ownSession)),
    avp(AvpType.CallSerialNumber, u32(1)),
    avp(AvpType.MinimumBps, u32(1)),
    avp(AvpType.MaximumBps, u32(64_000)),
    avp(AvpType.BearerType, u32(1)),
    avp(AvpType.FramingType, u32(1)),
    avp(AvpType.CalledNumber, utf8("123")),
  ],
  OCRP: ({ ownSession }) => [avp(AvpType.AssignedSessionId, u16(ownSession))],
  OCCN: () => [avp(AvpType.TxConnectSpeed, u32(64_000)), avp(AvpType.FramingType, u32(1))],
  ICRQ: ({ ownSession }) => [
    avp(AvpType.AssignedSessionId, u16(ownSession)),
    avp(AvpType.CallSerialNumber, u32(1)),
  ],
  ICRP: ({ ownSession }) => [avp(AvpType.AssignedSessionId, u16(ownSession))],
  ICCN: () => [avp(AvpType.TxConnectSpeed, u32(64_000)), avp(AvpType.FramingType, u32(1))],
  CDN: ({ ownSession }) => [
    avp(AvpType.ResultCode, u16(1)),
    avp(AvpType.AssignedSessionId, u16(ownSession)),
  ],
  WEN: () => [avp(AvpType.CallErrors, new Uint8Array(26))],
  SLI: () => [avp(AvpType.Accm, new Uint8Array(10))],
};

export class Peer {
  readonly path: Path;
  readonly ownId: number;
  /** Those that the endpoint gave. */
  tunnelId = 0;
  sessionId = 0;
  challenge: Uint8Array | undefined;
  ns = 0;
  nr = 0;
  ownSession = 0;

  readonly #secret: Uint8Array;

  constructor(path: Path, ownId: number, secret: string) {
    this.path = path;
    this.#secret = utf8(secret);
    this.ownId = ownId;
  }

  avps(name: Name): AvpInput[] {
    if (name === "ICRQ" || name === "OCRQ") this.ownSession += 1;
    return typed(name, ...USUAL[name](this));
  }

  /** A message with the next Ns; one without AVPs is a ZLB. */
  next(avps: readonly AvpInput[], sessionId: number, isFirst: boolean): Uint8Array {
    const { ns, nr } = this;
    if (avps.length > 0) this.ns = (ns + 1) & 0xffff;
    const tunnelId = isFirst ? 0 : this.tunnelId;
    return buildControlMessage({ tunnelId, sessionId, ns, nr, avps });
  }

  /** What the endpoint sends is well-formed in any case. */
  hear(datagram: Uint8Array, path: Path): void {
    const message = parseControlMessage(datagram);
    must(typeof message !== "string", `the endpoint built a message that is ${String(message)}`);
    const isOurs = message.tunnelId === this.ownId || message.tunnelId === 0;
    if (!isOurs || path.peer !== this.path.peer || message.avps.length === 0) return;
    const avps = revealAvps(message.avps, this.#secret, md5);
    const found = (type: number) => find({ ...message, avps }, type);
    if (message.ns === this.nr) this.nr = (this.nr + 1) & 0xffff;
    const [assigned, session] = [AvpType.AssignedTunnelId, AvpType.AssignedSessionId];
    this.tunnelId = uint(found(assigned)) || this.tunnelId;
    this.sessionId = uint(found(session)) || this.sessionId;
    this.challenge = found(AvpType.Challenge)?.value ?? this.challenge;
  }
}
