/**
 * The fifteen inputs: each control message of RFC 2661 with the AVPs that it has to have, and ZLB.
 *
 * @module
 */
import { type AvpInput, AvpType, buildControlMessage } from "../../../src/codec/index.ts";
import { avp, sccrq, typed, u16, u32, utf8 } from "../../peer/lac.ts";

export const INPUTS = [
  "SCCRQ",
  "SCCRP",
  "SCCCN",
  "StopCCN",
  "HELLO",
  "OCRQ",
  "OCRP",
  "OCCN",
  "ICRQ",
  "ICRP",
  "ICCN",
  "CDN",
  "WEN",
  "SLI",
  "ZLB",
] as const;

export type Input = (typeof INPUTS)[number];

/** The peer's own ids, as its messages assign them. */
export interface OwnIds {
  readonly tunnel: number;
  readonly session: number;
}

export interface Header {
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly ns: number;
  readonly nr: number;
}

/** What has been built once is only given another header. */
const built = new Map<string, Uint8Array>();

export function datagramOf(input: Input, own: OwnIds, header: Header): Uint8Array {
  const key = `${input} ${own.tunnel} ${own.session}`;
  let datagram = built.get(key);
  if (datagram === undefined) {
    datagram = buildControlMessage({ ...header, avps: avpsOf(input, own) });
    built.set(key, datagram);
  }
  const { tunnelId, sessionId, ns, nr } = header;
  let at = 4; // after T, L, S, Ver and Length (RFC 2661 3.1)
  for (const word of [tunnelId, sessionId, ns, nr]) {
    datagram[at++] = word >> 8;
    datagram[at++] = word & 0xff;
  }
  return datagram.slice();
}

const line = [avp(AvpType.TxConnectSpeed, u32(1_000_000)), avp(AvpType.FramingType, u32(2))];
const bearer = avp(AvpType.BearerCapabilities, u32(3));
const result = avp(AvpType.ResultCode, u16(1));

function avpsOf(input: Input, { tunnel, session }: OwnIds): AvpInput[] {
  const assigned = avp(AvpType.AssignedSessionId, u16(session));
  const serial = avp(AvpType.CallSerialNumber, u32(1));
  switch (input) {
    case "ZLB":
      return [];
    case "SCCRQ":
      return sccrq(tunnel, [bearer]);
    case "SCCRP":
      return typed(input, ...sccrq(tunnel, [bearer]).slice(1));
    case "StopCCN":
      return typed(input, avp(AvpType.AssignedTunnelId, u16(tunnel)), result);
    case "SCCCN":
    case "HELLO":
      return typed(input);
    case "ICRQ":
      return typed(input, assigned, serial);
    case "ICRP":
    case "OCRP":
      return typed(input, assigned);
    case "ICCN":
    case "OCCN":
      return typed(input, ...line);
    case "OCRQ":
      return typed(
        input,
        ...[assigned, serial],
        avp(AvpType.MinimumBps, u32(1)),
        avp(AvpType.MaximumBps, u32(2)),
        avp(AvpType.BearerType, u32(1)),
        avp(AvpType.FramingType, u32(1)),
        avp(AvpType.CalledNumber, utf8("100")),
      );
    case "CDN":
      return typed(input, result, assigned);
    case "WEN":
      return typed(input, avp(AvpType.CallErrors, new Uint8Array(26)));
    case "SLI":
      return typed(input, avp(AvpType.Accm, new Uint8Array(10)));
  }
}
