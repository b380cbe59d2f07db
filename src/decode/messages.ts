/**
 * Datagrams become messages: what the codec says of each, in words, with what was seen before.
 *
 * @module
 */
import { md5 } from "@noble/hashes/legacy.js";
import {
  type Avp,
  AvpType,
  type Fault,
  MessageType,
  messageTypeName,
  parseControlMessage,
  parseHeader,
  readAvp,
  revealAvps,
} from "../codec/index.ts";
import { describeAvps } from "./avps.ts";
import {
  Conversations,
  isRepetition,
  receiverOf,
  type Session,
  senderOf,
  type Tunnel,
  type Way,
} from "./conversations.ts";
import { CONTROL_HEADER, faultText } from "./faults.ts";
import { reservedBits } from "./look.ts";
import { hex16, octetsText } from "./octets.ts";
import { readPpp } from "./ppp.ts";
import { violationOf } from "./refusal.ts";
import { summarizeControl } from "./summary.ts";
import type { AvpFields, Datagram, HeaderFields, Ids, Message, Ppp, Time } from "./types.ts";
import { readHeader, walkAvps } from "./walk.ts";

export interface DecodeOptions {
  /** The secret of the tunnels: reveals hidden AVPs and proves Challenge Responses. */
  readonly secret?: string | undefined;
  readonly isPasswordShown?: boolean | undefined;
}

interface Context {
  readonly begin: Time | undefined;
  readonly datagram: Datagram;
  readonly header: HeaderFields;
  readonly way: Way | undefined;
  readonly notes: string[];
}

const ALONE = { tunnel: undefined, session: undefined };
const RESPONSES: readonly number[] = [MessageType.SCCRP, MessageType.SCCCN];
const PAP_REQUEST = "PAP Authenticate-Request";
const CHAP_RESPONSE = "CHAP Response";

export class Messages {
  readonly #conversations = new Conversations();
  readonly #secret: Uint8Array | undefined;
  readonly #isPasswordShown: boolean;
  #begin: Time | undefined;

  constructor({ secret, isPasswordShown = false }: DecodeOptions) {
    this.#secret = secret === undefined ? undefined : new TextEncoder().encode(secret);
    this.#isPasswordShown = isPasswordShown;
  }

  read(datagram: Datagram): Message {
    const { source, destination, payload, missing } = datagram;
    const way = source && destination && this.#conversations.wayOf(source, destination);
    this.#begin ??= datagram.time;
    const notes = notesOf(datagram);
    const context: Context = {
      begin: this.#begin,
      datagram,
      header: readHeader(payload),
      way,
      notes,
    };
    // What the capture did not keep is no fault of the sender.
    const whole = missing === 0 ? payload : padded(payload, missing);
    const header = parseHeader(whole);
    if (typeof header === "string") return this.#malformed(context, header, []);
    const reserved = reservedBits(payload);
    if (reserved !== 0)
      notes.push(`reserved bits ${hex16(reserved)} of the header are to be ignored`);
    const { length } = context.header;
    if (length !== undefined && length < whole.length) {
      notes.push(`${octetsText(whole.length - length)} of padding behind Length`);
    }
    if (header.control) return this.#control(context, whole);
    const at = header.payload.byteOffset - whole.byteOffset;
    return this.#data(context, payload.subarray(at, at + header.payload.length));
  }

  #control(context: Context, whole: Uint8Array): Message {
    const { datagram, header } = context;
    if (datagram.missing > 0) {
      const { avps } = walkAvps(datagram.payload.subarray(CONTROL_HEADER));
      return this.#message(context, avps);
    }
    const message = parseControlMessage(whole);
    if (typeof message !== "string") return this.#message(context, message.avps);
    const end = Math.min(header.length ?? whole.length, whole.length);
    return this.#malformed(context, message, walkAvps(whole.subarray(CONTROL_HEADER, end)).avps);
  }

  /** A control message whose AVPs are as they have to be. */
  #message(context: Context, received: readonly Avp[]): Message {
    const { header, way } = context;
    const { tunnelId = 0, sessionId = 0, ns = 0 } = header;
    const avps = this.#reveal(received);
    const type = readAvp(avps, AvpType.MessageType);
    const name = nameOf(received, type);
    const isRefused = this.#judge(context, received);
    if (way === undefined) {
      return { ...this.#finish(context, received, avps, undefined), name, isRefused };
    }
    const assignedTunnel = readAvp(avps, AvpType.AssignedTunnelId);
    const tunnel = this.#conversations.tunnelOf(way, tunnelId, assignedTunnel);
    const assigned = readAvp(avps, AvpType.AssignedSessionId);
    const ids = { tunnelId, sessionId };
    const session = this.#conversations.sessionOf(way, tunnel, ids, assigned);
    const isRepeated =
      name !== "ZLB" && tunnel !== undefined && isRepetition(senderOf(tunnel, way), ns);
    if (type === MessageType.StopCCN && tunnel !== undefined) tunnel.isClosed = true;
    if (type === MessageType.CDN && session !== undefined) session.isClosed = true;
    const user = readAvp(avps, AvpType.ProxyAuthenName);
    if (session !== undefined && user !== undefined) session.user = user;
    const isResponseRight = this.#prove(avps, type, tunnel, way);
    const message = this.#finish(context, received, avps, isResponseRight);
    return { ...message, name, isRefused, isRepeated, ...idsOf(tunnel, session) };
  }

  /** Says what is wrong with the AVPs of a message; whether a receiver refuses it for that. */
  #judge({ datagram, notes }: Context, received: readonly Avp[]): boolean {
    if (received.some(({ recognised }) => !recognised)) {
      notes.push("an AVP with a reserved bit set has to be treated as unrecognized");
    }
    // What the capture did not keep may be what seems to be missing.
    if (datagram.missing > 0) return false;
    const violation = violationOf(received, this.#secret ?? new Uint8Array(0));
    if (violation !== undefined) notes.push(violation.text);
    return violation?.isRefused === true;
  }

  #reveal(avps: readonly Avp[]): readonly Avp[] {
    if (this.#secret === undefined || !avps.some(({ hidden }) => hidden)) return avps;
    return revealAvps(avps, this.#secret, md5);
  }

  /** Whether a Challenge Response answers the Challenge that was seen (RFC 2661 4.4.3). */
  #prove(
    avps: readonly Avp[],
    type: number | undefined,
    tunnel: Tunnel | undefined,
    way: Way,
  ): boolean | undefined {
    if (tunnel === undefined) return undefined;
    const asked = readAvp(avps, AvpType.Challenge);
    if (asked !== undefined) senderOf(tunnel, way).challenge = asked;
    const response = readAvp(avps, AvpType.ChallengeResponse);
    const { challenge } = receiverOf(tunnel, way);
    if (response === undefined || challenge === undefined || this.#secret === undefined) {
      return undefined;
    }
    if (type === undefined || !RESPONSES.includes(type)) return undefined;
    const right = md5(Uint8Array.of(type, ...this.#secret, ...challenge));
    return right.every((octet, index) => octet === response[index]);
  }

  #finish(
    context: Context,
    received: readonly Avp[],
    avps: readonly Avp[],
    isResponseRight: boolean | undefined,
  ): Message {
    const fields = describeAvps(avps, {
      received,
      isResponseRight,
      hasSecret: this.#secret !== undefined,
      isPasswordShown: this.#isPasswordShown,
    });
    return {
      ...plain(context),
      kind: "control",
      name: "",
      summary: summarizeControl(avps, fields),
      avps: fields,
    };
  }

  #malformed(context: Context, status: Fault, received: readonly Avp[]): Message {
    const { datagram, header } = context;
    const avps = this.#reveal(received);
    const fields: AvpFields[] = describeAvps(avps, {
      received,
      isResponseRight: undefined,
      hasSecret: this.#secret !== undefined,
      isPasswordShown: this.#isPasswordShown,
    });
    const type = readAvp(avps, AvpType.MessageType);
    const isControl = header.bits.startsWith("T");
    const name = isControl && received.length > 0 ? nameOf(received, type) : "malformed";
    const text = faultText(status, datagram.payload, header);
    return {
      ...plain(context),
      kind: "malformed",
      name,
      summary: "",
      avps: fields,
      fault: { status, text },
    };
  }

  #data(context: Context, frame: Uint8Array): Message {
    const { header, way } = context;
    const { tunnelId = 0, sessionId = 0 } = header;
    const message = plain(context);
    const tunnel = way && this.#conversations.tunnelOf(way, tunnelId, undefined);
    const ids = { tunnelId, sessionId };
    const session = way && this.#conversations.sessionOf(way, tunnel, ids, undefined);
    const ppp = readPpp(frame, this.#isPasswordShown);
    const known = { ...message, ...idsOf(tunnel, session) };
    if (ppp === undefined) {
      const text = `the PPP frame of ${octetsText(frame.length)} ends within its header`;
      const fault = { status: "short", text } as const;
      return { ...known, kind: "malformed", name: "malformed", summary: "", fault };
    }
    const name = ppp.code === undefined ? ppp.name : `${ppp.name} ${ppp.code.name}`;
    learnUser(session, name, ppp);
    const user = session?.user;
    return { ...known, kind: "data", name, summary: ppp.summary, ppp, user };
  }
}

function plain({
  begin,
  datagram,
  header,
  way,
  notes,
}: Context): Omit<Message, "kind" | "name" | "summary"> {
  return {
    datagram,
    begin,
    isFromLeft: way?.isFromLeft ?? true,
    header,
    ...ALONE,
    user: undefined,
    isRepeated: false,
    isRefused: false,
    avps: [],
    ppp: undefined,
    fault: undefined,
    notes,
  };
}

/** PAP and CHAP say who is calling. */
function learnUser(session: Session | undefined, name: string, ppp: Ppp): void {
  if (session === undefined || (name !== PAP_REQUEST && name !== CHAP_RESPONSE)) return;
  const field = ppp.fields.find((each) => each.name === "Peer-ID" || each.name === "Name");
  if (typeof field?.value === "string" && field.value !== "") session.user = field.value;
}

/** The first AVP is the Message Type (RFC 2661 4.1); without any it is a ZLB. */
function nameOf(avps: readonly Avp[], type: number | undefined): string {
  if (avps.length === 0) return "ZLB";
  if (type === undefined) return "control message without Message Type";
  return messageTypeName(type) ?? `control message of type ${type}`;
}

function idsOf(
  tunnel: Tunnel | undefined,
  session: Session | undefined,
): { tunnel: Ids | undefined; session: Ids | undefined; user: string | undefined } {
  return {
    tunnel: tunnel && { left: tunnel.ends[0].tunnelId, right: tunnel.ends[1].tunnelId },
    session: session && { left: session.ids[0], right: session.ids[1] },
    user: session?.user,
  };
}

function notesOf({ missing, payload, fragments, place }: Datagram): string[] {
  const notes: string[] = [];
  if (missing > 0) {
    notes.push(`the capture kept ${payload.length} of ${octetsText(payload.length + missing)}`);
  }
  if (place !== undefined) notes.push(`datagram ${place} that an offload merged`);
  if (fragments.length > 0) notes.push(`IP fragments in packets ${fragments.join(", ")}`);
  return notes;
}

function padded(payload: Uint8Array, missing: number): Uint8Array {
  const whole = new Uint8Array(payload.length + missing);
  whole.set(payload);
  return whole;
}
