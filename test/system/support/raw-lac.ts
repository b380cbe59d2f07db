/**
 * A LAC that sends octets as it is told, for what no stock client sends. One tunnel, one session,
 * over a network that loses nothing: no retransmission. With a secret it asks for the LNS's proof,
 * and hides what may be hidden from the ICRQ on.
 */
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import {
  type AvpInput,
  AvpType,
  buildControlMessage,
  buildHeader,
  buildPpp,
  type ControlMessage,
  MessageType,
  parseControlMessage,
  parseHeader,
  parsePpp,
} from "../../../src/codec/index.ts";
import { hide } from "../../peer/hide.ts";
import { chapResponse } from "../../peer/lac.ts";
import { LNS_ADDRESS } from "./lab.ts";
import { messageName, uint16 } from "./traffic.ts";

const PATIENCE_MS = 8_000;
export const TUNNEL_ID = 7;
const SESSION_ID = 9;
const FRAMING_SYNC = Uint8Array.of(0, 0, 0, 1);
const CHALLENGE = new TextEncoder().encode("what is our word");
const BLOCK = 16;
const RANDOM_VECTOR = new TextEncoder().encode("sixteen octets!!");

export interface Frame {
  readonly protocol: number;
  readonly information: Uint8Array;
  /** As it came, headers included. */
  readonly octets: Uint8Array;
}

export class RawLac {
  readonly #socket: Socket;
  readonly #frames: Frame[] = [];
  readonly #messages: ControlMessage[] = [];
  #wake: () => void = () => undefined;
  #peerTunnelId = 0;
  #peerSessionId = 0;
  #ns = 0;
  #nr = 0;
  readonly #lns: string;
  readonly #secret: string;

  constructor(lns = LNS_ADDRESS, secret = "") {
    this.#lns = lns;
    this.#secret = secret;
    this.#socket = createSocket("udp4");
    this.#socket.on("message", (datagram) => this.#receive(new Uint8Array(datagram)));
  }

  close(): void {
    this.#socket.close();
  }

  /** SCCRQ to ICCN; `more` goes into the ICRQ, `opening` into the SCCRQ. */
  async connect(more: readonly AvpInput[] = [], opening: readonly AvpInput[] = []): Promise<void> {
    this.send("SCCRQ", [
      avp(AvpType.ProtocolVersion, u16(0x0100)),
      avp(AvpType.HostName, new TextEncoder().encode("raw")),
      avp(AvpType.FramingCapabilities, FRAMING_SYNC),
      avp(AvpType.AssignedTunnelId, u16(TUNNEL_ID)),
      ...(this.#secret === "" ? [] : [avp(AvpType.Challenge, CHALLENGE)]),
      ...opening,
    ]);
    const reply = await this.message("SCCRP");
    this.#peerTunnelId = idOf(reply, AvpType.AssignedTunnelId);
    this.send("SCCCN", this.#proofs(reply));
    this.send(
      "ICRQ",
      this.#hidden([
        avp(AvpType.AssignedSessionId, u16(SESSION_ID)),
        avp(AvpType.CallSerialNumber, Uint8Array.of(0, 0, 0, 1)),
        ...more,
      ]),
    );
    this.#peerSessionId = idOf(await this.message("ICRP"), AvpType.AssignedSessionId);
    const speed = avp(AvpType.TxConnectSpeed, Uint8Array.of(0, 0, 0, 0));
    const avps = this.#hidden([speed, avp(AvpType.FramingType, FRAMING_SYNC)]);
    this.send("ICCN", avps, this.#peerSessionId);
  }

  /** What our SCCCN says to the Challenge of the LNS; its own answer has to be right. */
  #proofs(reply: ControlMessage): AvpInput[] {
    if (this.#secret === "") return [];
    const right = chapResponse(MessageType.SCCRP, this.#secret, CHALLENGE);
    assert.deepEqual(avpValue(reply, AvpType.ChallengeResponse), right);
    const asked = avpValue(reply, AvpType.Challenge);
    if (asked === undefined) return [];
    const proof = chapResponse(MessageType.SCCCN, this.#secret, asked);
    return [avp(AvpType.ChallengeResponse, proof)];
  }

  #hidden(avps: readonly AvpInput[]): readonly AvpInput[] {
    if (this.#secret === "") return avps;
    const values = avps.map(({ type, value }) => {
      // l2tpns takes nothing hidden that is short.
      const padding = BLOCK - ((value.length + 2) % BLOCK);
      return { type, value: hide(type, value, this.#secret, RANDOM_VECTOR, padding), hidden: true };
    });
    return [avp(AvpType.RandomVector, RANDOM_VECTOR), ...values];
  }

  send(name: keyof typeof MessageType, avps: readonly AvpInput[], sessionId = 0): void {
    const type = avp(AvpType.MessageType, u16(MessageType[name]));
    this.#sendControl([type, ...avps], sessionId);
    this.#ns++;
  }

  async message(name: string): Promise<ControlMessage> {
    return this.#next(this.#messages, (message) => messageName(message) === name, name);
  }

  sendPpp(protocol: number, information: Uint8Array): void {
    const payload = buildPpp(protocol, information);
    const [tunnelId, sessionId] = [this.#peerTunnelId, this.#peerSessionId];
    const header = { control: false, priority: false, tunnelId, sessionId };
    this.#transmit(buildHeader(header, payload));
  }

  /** The next frame that matches; what came before it and does not is dropped. */
  frame(what: string, matches: (frame: Frame) => boolean): Promise<Frame> {
    return this.#next(this.#frames, matches, what);
  }

  /** Frames that came and nobody asked for. */
  get unread(): readonly Frame[] {
    return this.#frames;
  }

  #receive(datagram: Uint8Array): void {
    const header = parseHeader(datagram);
    assert.ok(typeof header !== "string", `a datagram that our codec refuses: ${header}`);
    if (header.control) this.#receiveControl(datagram);
    else {
      const frame = parsePpp(header.payload);
      assert.ok(typeof frame !== "string", `a frame that our codec refuses: ${frame}`);
      this.#frames.push({ ...frame, octets: header.payload });
    }
    this.#wake();
  }

  #receiveControl(datagram: Uint8Array): void {
    const message = parseControlMessage(datagram);
    assert.ok(typeof message !== "string", `a message that our codec refuses: ${message}`);
    if (message.avps.length === 0 || message.ns !== this.#nr) return;
    this.#nr++;
    this.#messages.push(message);
    // Where to is known from the SCCRP on, which the SCCCN acknowledges.
    if (this.#peerTunnelId !== 0) this.#sendControl([], 0);
  }

  #sendControl(avps: readonly AvpInput[], sessionId: number): void {
    const [tunnelId, ns, nr] = [this.#peerTunnelId, this.#ns, this.#nr];
    this.#transmit(buildControlMessage({ tunnelId, sessionId, ns, nr, avps }));
  }

  #transmit(datagram: Uint8Array): void {
    this.#socket.send(datagram, 1701, this.#lns);
  }

  async #next<T>(queue: T[], matches: (item: T) => boolean, what: string): Promise<T> {
    const end = performance.now() + PATIENCE_MS;
    while (performance.now() < end) {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
        if (matches(item)) return item;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return assert.fail(`no ${what} within ${PATIENCE_MS} ms`);
  }
}

function avp(type: number, value: Uint8Array): AvpInput {
  return { type, value };
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value);
}

function idOf(message: ControlMessage, type: number): number {
  const value = avpValue(message, type);
  return value ? uint16(value, 0) : 0;
}

function avpValue(message: ControlMessage, type: number): Uint8Array | undefined {
  return message.avps.find((candidate) => candidate.type === type)?.value;
}
