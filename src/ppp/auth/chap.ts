/**
 * The Challenge Handshake Authentication Protocol with MD5, as authenticator (RFC 1994).
 *
 * @module
 */
import { AUTH_NAME_MAX, AUTH_RETRY_COUNT, AUTH_RETRY_MS } from "../../limits.ts";
import type { Packet } from "../options.ts";
import type { Outbox } from "../outbox.ts";
import { CHAP } from "../protocols.ts";
import type { AuthRequest, LinkOptions } from "../types.ts";
import { Authenticator, decodeName } from "./authenticator.ts";

export const ChapCode = { Challenge: 1, Response: 2, Success: 3, Failure: 4 } as const;

const ENCODER = new TextEncoder();
const CHALLENGE_SIZE = 16;
const MD5_SIZE = 16;

export class Chap extends Authenticator {
  readonly #options: LinkOptions;
  /** Of the last Challenge: a Response to an earlier one is stale. */
  #identifier: number;
  /** Until it was answered: afterwards nothing may be computed with it again. */
  #challenge: Uint8Array | undefined;
  #transmissions = 0;

  constructor(outbox: Outbox, options: LinkOptions) {
    super(outbox);
    this.#options = options;
    this.#identifier = options.random(1)[0] ?? 0;
  }

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
    this.#challenge = this.#options.random(CHALLENGE_SIZE);
    this.deadline = now + AUTH_RETRY_MS;
    const name = ENCODER.encode(this.#options.hostName);
    const data = new Uint8Array(1 + CHALLENGE_SIZE + name.length);
    data[0] = CHALLENGE_SIZE;
    data.set(this.#challenge, 1);
    data.set(name, 1 + CHALLENGE_SIZE);
    this.send(ChapCode.Challenge, this.#identifier, data);
  }

  protected override read(packet: Packet): AuthRequest | undefined {
    if (!this.repeats(packet)) return undefined;
    const { identifier, data } = packet;
    const name = data.subarray(1 + MD5_SIZE);
    const challenge = this.#challenge;
    if (data[0] !== MD5_SIZE || data.length < 1 + MD5_SIZE || name.length > AUTH_NAME_MAX) {
      this.outbox.count("malformed-packet");
      return undefined;
    }
    if (challenge === undefined) throw new Error("no Challenge is out");
    this.#challenge = undefined;
    const response = data.slice(1, 1 + MD5_SIZE);
    return { method: "chap", name: decodeName(name), identifier, challenge, response };
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
