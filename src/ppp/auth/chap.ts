/**
 * The Challenge Handshake Authentication Protocol as authenticator (RFC 1994): what every algorithm
 * of it shares, and the one with MD5.
 *
 * @module
 */
import { AUTH_NAME_MAX, AUTH_RETRY_COUNT, AUTH_RETRY_MS } from "../../limits.ts";
import type { Packet } from "../options.ts";
import type { Outbox } from "../outbox.ts";
import { CHAP } from "../protocols.ts";
import type { AuthRequest, LinkOptions, ProxyAuthen } from "../types.ts";
import {
  Authenticator,
  decodeName,
  isCredential,
  isIdentifier,
  ProxyType,
} from "./authenticator.ts";

export const ChapCode = { Challenge: 1, Response: 2, Success: 3, Failure: 4 } as const;

const ENCODER = new TextEncoder();
/** As unique as an MD5 hash is long (RFC 1994 2.3), and what MS-CHAP-V2 has (RFC 2759 3). */
export const CHALLENGE_SIZE = 16;
const MD5_SIZE = 16;
/** Octets that the Value-Size of a Challenge can say. */
const CHALLENGE_SIZE_MAX = 255;

/** The fields of a Response; copies, for they outlive the frame. */
export interface Response {
  readonly name: Uint8Array;
  readonly identifier: number;
  /** What we asked. */
  readonly challenge: Uint8Array;
  readonly value: Uint8Array;
}

export abstract class ChapAuthenticator extends Authenticator {
  protected readonly options: LinkOptions;
  /** Of the last Challenge: a Response to an earlier one is stale. */
  #identifier: number;
  /** Until it was answered: afterwards nothing may be computed with it again. */
  #challenge: Uint8Array | undefined;
  #transmissions = 0;

  constructor(outbox: Outbox, options: LinkOptions) {
    super(outbox);
    this.options = options;
    this.#identifier = options.random(1)[0] ?? 0;
  }

  /** Octets of the Value of a Response: the algorithm has one size. */
  protected abstract get valueSize(): number;
  protected abstract request(response: Response): AuthRequest;

  override get protocol(): number {
    return CHAP;
  }

  override start(now: number): void {
    this.#sendChallenge(now);
  }

  protected override waitedForPeer(now: number): void {
    if (this.#transmissions < AUTH_RETRY_COUNT) this.#sendChallenge(now);
    else this.state = "failed";
  }

  /** Identifier and Value change each time that a Challenge is sent (RFC 1994 4.1). */
  #sendChallenge(now: number): void {
    this.#transmissions += 1;
    this.#identifier = (this.#identifier + 1) & 0xff;
    this.#challenge = this.options.random(CHALLENGE_SIZE);
    this.deadline = now + AUTH_RETRY_MS;
    const name = ENCODER.encode(this.options.hostName);
    const data = new Uint8Array(1 + CHALLENGE_SIZE + name.length);
    data[0] = CHALLENGE_SIZE;
    data.set(this.#challenge, 1);
    data.set(name, 1 + CHALLENGE_SIZE);
    this.send(ChapCode.Challenge, this.#identifier, data);
  }

  protected override read(packet: Packet): AuthRequest | undefined {
    if (!this.repeats(packet)) return undefined;
    const { identifier, data } = packet;
    const size = this.valueSize;
    const name = data.subarray(1 + size);
    const challenge = this.#challenge;
    if (data[0] !== size || data.length < 1 + size || name.length > AUTH_NAME_MAX) {
      this.outbox.count("malformed-packet");
      return undefined;
    }
    if (challenge === undefined) throw new Error("no Challenge is out");
    this.#challenge = undefined;
    const value = data.slice(1, 1 + size);
    return this.request({ name: name.slice(), identifier, challenge, value });
  }

  /** MS-CHAPv2 among it: which algorithm the Response is of, LCP has said. */
  protected override readProxy(authen: ProxyAuthen): AuthRequest | undefined {
    const { type, name, challenge, id, response } = authen;
    if (type !== ProxyType.Chap || !isIdentifier(id) || !isCredential(name)) return undefined;
    if (challenge === undefined || response?.length !== this.valueSize) return undefined;
    if (challenge.length === 0 || challenge.length > CHALLENGE_SIZE_MAX) return undefined;
    this.#identifier = id;
    const value = response.slice();
    return this.request({
      name: name.slice(),
      identifier: id,
      challenge: challenge.slice(),
      value,
    });
  }

  protected override repeats({ code, identifier }: Packet): boolean {
    if (code === ChapCode.Response && identifier === this.#identifier) return true;
    this.outbox.count(code === ChapCode.Response ? "stale-reply" : "malformed-packet");
    return false;
  }

  protected override sendResult(passed: boolean, message: string): void {
    const code = passed ? ChapCode.Success : ChapCode.Failure;
    this.send(code, this.#identifier, ENCODER.encode(message));
  }
}

/** Algorithm 5, MD5 (RFC 1994 section 3). */
export class Chap extends ChapAuthenticator {
  protected override get valueSize(): number {
    return MD5_SIZE;
  }

  protected override request({ name, value: response, ...rest }: Response): AuthRequest {
    const { identifier: id, challenge } = rest;
    this.heard = { type: ProxyType.Chap, name, challenge, id, response };
    return { method: "chap", name: decodeName(name), ...rest, response };
  }
}
