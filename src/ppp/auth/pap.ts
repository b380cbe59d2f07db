/**
 * The Password Authentication Protocol as authenticator (RFC 1334 section 2).
 *
 * @module
 */
import { AUTH_NAME_MAX, AUTH_RETRY_COUNT, AUTH_RETRY_MS } from "../../limits.ts";
import type { Packet } from "../options.ts";
import { PAP } from "../protocols.ts";
import type { AuthRequest, ProxyAuthen } from "../types.ts";
import {
  Authenticator,
  decodeName,
  isCredential,
  isIdentifier,
  ProxyType,
} from "./authenticator.ts";

export const PapCode = {
  AuthenticateRequest: 1,
  AuthenticateAck: 2,
  AuthenticateNak: 3,
} as const;

const ENCODER = new TextEncoder();

export class Pap extends Authenticator {
  /** Of the last request, for the reply: a peer that repeats itself takes a new Identifier. */
  #identifier = 0;

  override get protocol(): number {
    return PAP;
  }

  /** The peer is in control of the timing, so it gets the time of all its retransmissions. */
  override start(now: number): void {
    this.deadline = now + AUTH_RETRY_MS * AUTH_RETRY_COUNT;
  }

  protected override waitedForPeer(): void {
    this.state = "failed";
  }

  protected override read(packet: Packet): AuthRequest | undefined {
    const fields = readRequest(packet);
    if (fields === undefined) {
      this.outbox.count("malformed-packet");
      return undefined;
    }
    return this.#ask(packet.identifier, fields.name.slice(), fields.password);
  }

  protected override readProxy(authen: ProxyAuthen): AuthRequest | undefined {
    const { type, name, id, response } = authen;
    if (type !== ProxyType.Pap || !isIdentifier(id)) return undefined;
    if (!isCredential(name) || !isCredential(response)) return undefined;
    return this.#ask(id, name.slice(), response.slice());
  }

  #ask(id: number, name: Uint8Array, response: Uint8Array): AuthRequest {
    this.#identifier = id;
    this.heard = { type: ProxyType.Pap, name, id, response };
    return { method: "pap", name: decodeName(name), password: response };
  }

  /** Whatever it names now: a second identity is not judged (RFC 1334 2.2.1). */
  protected override repeats(packet: Packet): boolean {
    if (readRequest(packet) === undefined) {
      this.outbox.count("malformed-packet");
      return false;
    }
    this.#identifier = packet.identifier;
    return true;
  }

  protected override sendResult(passed: boolean, message: string): void {
    const text = ENCODER.encode(message);
    const data = new Uint8Array(1 + text.length);
    data[0] = text.length;
    data.set(text, 1);
    const code = passed ? PapCode.AuthenticateAck : PapCode.AuthenticateNak;
    this.send(code, this.#identifier, data);
  }
}

/** Fields of an Authenticate-Request; the Password is a copy, for it outlives the frame. */
function readRequest({
  code,
  data,
}: Packet): { name: Uint8Array; password: Uint8Array } | undefined {
  const [nameLength] = data;
  if (code !== PapCode.AuthenticateRequest || nameLength === undefined) return undefined;
  const passwordLength = data[1 + nameLength];
  if (passwordLength === undefined || nameLength > AUTH_NAME_MAX) return undefined;
  const rest = data.subarray(2 + nameLength);
  if (passwordLength > rest.length || passwordLength > AUTH_NAME_MAX) return undefined;
  return { name: data.subarray(1, 1 + nameLength), password: rest.slice(0, passwordLength) };
}
