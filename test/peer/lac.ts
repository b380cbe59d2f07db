/**
 * A LAC for tests, written against the codec and RFC 2661 alone: nothing of it comes from src/l2tp.
 *
 * Its reliable delivery is the plainest that the RFC allows: a fixed window, messages out of turn
 * discarded, everything that is not acknowledged sent again each second.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import {
  type Avp,
  type AvpInput,
  AvpType,
  buildControlMessage,
  type ControlMessage,
  MessageType,
  parseControlMessage,
} from "../../src/codec/index.ts";

export type Name = keyof typeof MessageType;

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

export function u32(value: number): Uint8Array {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, value);
  return octets;
}

export function utf8(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function avp(type: number, value: Uint8Array, more: Partial<AvpInput> = {}): AvpInput {
  return { type, value, ...more };
}

export function typed(name: Name, ...rest: AvpInput[]): AvpInput[] {
  return [avp(AvpType.MessageType, u16(MessageType[name])), ...rest];
}

/** An SCCRQ's AVPs; entries in `replace` override or (undefined) remove what is usual. */
export function sccrq(
  tunnelId: number,
  more: AvpInput[] = [],
  replace: Partial<Record<number, Uint8Array | undefined>> = {},
): AvpInput[] {
  const usual: [number, Uint8Array][] = [
    [AvpType.ProtocolVersion, u16(0x0100)],
    [AvpType.FramingCapabilities, u32(3)],
    [AvpType.HostName, utf8("lac.example")],
    [AvpType.AssignedTunnelId, u16(tunnelId)],
  ];
  const avps: AvpInput[] = [];
  for (const [type, value] of usual) {
    const chosen = type in replace ? replace[type] : value;
    if (chosen !== undefined) avps.push(avp(type, chosen));
  }
  return typed("SCCRQ", ...avps, ...more);
}

/** RFC 2661 4.4.3: MD5 over Message Type, secret, challenge. */
export function chapResponse(id: number, secret: string, challenge: Uint8Array): Uint8Array {
  const hash = createHash("md5").update(Uint8Array.of(id)).update(secret).update(challenge);
  return new Uint8Array(hash.digest());
}

export interface Received {
  readonly name: Name | "ZLB" | number;
  readonly message: ControlMessage;
}

export function parsed(datagram: Uint8Array): Received {
  const message = parseControlMessage(datagram);
  if (typeof message === "string") throw new Error(`the LNS built a message that is ${message}`);
  const first = message.avps[0];
  if (first === undefined) return { name: "ZLB", message };
  if (first.type !== AvpType.MessageType) throw new Error("Message Type is not first");
  const type = uint(first);
  const entry = Object.entries(MessageType).find(([, value]) => value === type);
  return { name: (entry?.[0] as Name | undefined) ?? type, message };
}

export function uint(found: Avp | undefined): number {
  let value = 0;
  for (const octet of found?.value ?? []) value = value * 256 + octet;
  return value;
}

export function find(message: ControlMessage, type: number): Avp | undefined {
  return message.avps.find((candidate) => candidate.vendor === 0 && candidate.type === type);
}

/** [Result Code, Error Code, Error Message] of a StopCCN or CDN. */
export function resultOf(message: ControlMessage): [number, number | undefined, string] {
  const value = find(message, AvpType.ResultCode)?.value ?? new Uint8Array();
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const error = value.length >= 4 ? view.getUint16(2) : undefined;
  return [view.getUint16(0), error, new TextDecoder().decode(value.subarray(4))];
}

export interface Call {
  readonly id: number;
  readonly serial: number;
  peerId: number;
  state: "wait-reply" | "established" | "closed";
}

/** Of an LNS that names none (RFC 2661 4.4.3). */
const WINDOW = 4;
const RETRANSMIT_MS = 1_000;
const GIVE_UP = 8;

interface Queued {
  readonly ns: number;
  readonly sessionId: () => number;
  readonly avps: readonly AvpInput[];
}

export class Lac {
  readonly tunnelId: number;
  readonly secret: string;
  peerTunnelId = 0;
  state: "idle" | "wait-ctl-reply" | "established" | "closed" = "idle";
  readonly calls = new Map<number, Call>();
  /** Datagrams to send. */
  readonly outbox: Uint8Array[] = [];
  /** Every message that was taken in order, once. */
  readonly delivered: Received[] = [];
  readonly #receiveWindow: number;
  /** The LNS's. */
  #window = WINDOW;
  #ns = 0;
  #nr = 0;
  #queue: Queued[] = [];
  #retransmitAt = Infinity;
  #attempts = 0;
  #challenge: Uint8Array | undefined;
  #waitingCalls: Call[] = [];
  /** It has given up: whatever comes has no answer. */
  #mute = false;

  constructor(tunnelId: number, secret = "", receiveWindow = 8) {
    this.tunnelId = tunnelId;
    this.secret = secret;
    this.#receiveWindow = receiveWindow;
  }

  get timeout(): number {
    return this.#retransmitAt;
  }

  get idle(): boolean {
    return this.#queue.length === 0;
  }

  start(now: number): void {
    this.state = "wait-ctl-reply";
    const more: AvpInput[] = [avp(AvpType.ReceiveWindowSize, u16(this.#receiveWindow))];
    if (this.secret !== "") {
      this.#challenge = utf8(`challenge of ${this.tunnelId}`);
      more.push(avp(AvpType.Challenge, this.#challenge));
    }
    this.#send(() => 0, sccrq(this.tunnelId, more), now);
  }

  call(id: number, now: number): void {
    const call: Call = { id, serial: 1_000 + id, peerId: 0, state: "wait-reply" };
    this.calls.set(id, call);
    if (this.state === "established") this.#request(call, now);
    else this.#waitingCalls.push(call);
  }

  hangUp(id: number, now: number): void {
    const call = this.calls.get(id);
    if (call === undefined || call.state === "closed" || this.state !== "established") return;
    call.state = "closed";
    const { peerId } = call;
    const result = avp(AvpType.ResultCode, u16(1));
    const assigned = avp(AvpType.AssignedSessionId, u16(id));
    this.#send(() => peerId, typed("CDN", result, assigned), now);
  }

  /** A WEN of a call that is up: so many errors of CRC. */
  report(id: number, crc: number, now: number): void {
    const { peerId } = this.calls.get(id) ?? {};
    const errors = Uint8Array.of(0, 0, ...u32(crc), ...new Uint8Array(20));
    this.#send(() => peerId ?? 0, typed("WEN", avp(AvpType.CallErrors, errors)), now);
  }

  stop(now: number): void {
    if (this.state === "closed") return;
    this.#close();
    const assigned = avp(AvpType.AssignedTunnelId, u16(this.tunnelId));
    this.#send(() => 0, typed("StopCCN", assigned, avp(AvpType.ResultCode, u16(1))), now);
  }

  /** A HELLO, to find out whether the LNS is there. */
  ping(now: number): void {
    if (this.state === "established") this.#send(() => 0, typed("HELLO"), now);
  }

  handle(datagram: Uint8Array, now: number): void {
    if (this.#mute) return;
    const received = parsed(datagram);
    const { message, name } = received;
    if (message.tunnelId !== this.tunnelId) throw new Error(`wrong Tunnel ID in ${name}`);
    this.#acknowledge(message.nr, now);
    if (name === "ZLB") return;
    if (message.ns !== this.#nr) {
      this.#zlb();
      return;
    }
    this.#nr = (this.#nr + 1) & 0xffff;
    this.delivered.push(received);
    this.#deliver(received, now);
    this.#zlb();
  }

  tick(now: number): void {
    if (this.#retransmitAt > now) return;
    this.#attempts += 1;
    if (this.#attempts > GIVE_UP) {
      this.#queue = [];
      this.#retransmitAt = Infinity;
      this.#mute = true;
      this.#close();
      return;
    }
    this.#retransmitAt = now + RETRANSMIT_MS;
    for (const queued of this.#queue.slice(0, this.#window)) this.#transmit(queued);
  }

  #deliver({ name, message }: Received, now: number): void {
    const call = this.calls.get(message.sessionId);
    switch (name) {
      case "SCCRP":
        if (this.state === "wait-ctl-reply") this.#connect(message, now);
        return;
      case "ICRP":
        if (call?.state === "wait-reply") {
          call.peerId = uint(find(message, AvpType.AssignedSessionId));
          call.state = "established";
          const speed = avp(AvpType.TxConnectSpeed, u32(10_000_000));
          const { peerId } = call;
          this.#send(() => peerId, typed("ICCN", speed, avp(AvpType.FramingType, u32(1))), now);
        }
        return;
      case "CDN":
        if (call !== undefined) call.state = "closed";
        return;
      case "StopCCN":
        this.#queue = [];
        this.#retransmitAt = Infinity;
        this.#close();
        return;
    }
  }

  #connect(message: ControlMessage, now: number): void {
    this.peerTunnelId = uint(find(message, AvpType.AssignedTunnelId));
    this.#window = uint(find(message, AvpType.ReceiveWindowSize)) || WINDOW;
    if (this.#challenge !== undefined) {
      const response = find(message, AvpType.ChallengeResponse)?.value ?? new Uint8Array(16);
      const right = chapResponse(MessageType.SCCRP, this.secret, this.#challenge);
      if (!timingSafeEqual(response, right)) throw new Error("the LNS has another secret");
    }
    const asked = find(message, AvpType.Challenge)?.value;
    const answer =
      asked === undefined
        ? []
        : [avp(AvpType.ChallengeResponse, chapResponse(MessageType.SCCCN, this.secret, asked))];
    this.state = "established";
    this.#send(() => 0, typed("SCCCN", ...answer), now);
    for (const call of this.#waitingCalls.splice(0)) this.#request(call, now);
  }

  #request(call: Call, now: number): void {
    const assigned = avp(AvpType.AssignedSessionId, u16(call.id));
    const serial = avp(AvpType.CallSerialNumber, u32(call.serial));
    this.#send(() => 0, typed("ICRQ", assigned, serial), now);
  }

  #close(): void {
    this.state = "closed";
    for (const call of this.calls.values()) call.state = "closed";
  }

  #send(sessionId: () => number, avps: readonly AvpInput[], now: number): void {
    const queued = { ns: this.#ns, sessionId, avps };
    this.#ns = (this.#ns + 1) & 0xffff;
    this.#queue.push(queued);
    if (this.#queue.length <= this.#window) this.#transmit(queued);
    if (this.#retransmitAt === Infinity) this.#retransmitAt = now + RETRANSMIT_MS;
  }

  #acknowledge(nr: number, now: number): void {
    const before = this.#queue.length;
    this.#queue = this.#queue.filter(({ ns }) => ((ns - nr) & 0xffff) < 0x8000);
    const gone = before - this.#queue.length;
    if (gone === 0) return;
    this.#attempts = 0;
    this.#retransmitAt = this.#queue.length === 0 ? Infinity : now + RETRANSMIT_MS;
    const unsent = Math.max(0, this.#window - gone);
    for (const queued of this.#queue.slice(unsent, this.#window)) {
      this.#transmit(queued);
    }
  }

  #transmit({ ns, sessionId, avps }: Queued): void {
    const { peerTunnelId: tunnelId } = this;
    const nr = this.#nr;
    this.outbox.push(buildControlMessage({ tunnelId, sessionId: sessionId(), ns, nr, avps }));
  }

  #zlb(): void {
    const { peerTunnelId: tunnelId } = this;
    const message = { tunnelId, sessionId: 0, ns: this.#ns, nr: this.#nr, avps: [] };
    this.outbox.push(buildControlMessage(message));
  }
}
