/**
 * Tunnel authentication (RFC 2661 5.1.1) and hidden AVPs (RFC 2661 4.3). Both use the shared
 * secret of the tunnel and MD5.
 *
 * @module
 */
import { md5 } from "@noble/hashes/legacy.js";
import { MessageType } from "../codec/index.ts";
import { CHALLENGE_SIZE } from "../limits.ts";
import type { Random } from "../sansio/machine.ts";
import { type Fault, NO_RESPONSE, WRONG_RESPONSE } from "./results.ts";

const BLOCK = 16;
/** Length of Original Value, the first field of the Hidden AVP Subformat. */
const LENGTH_FIELD = 2;

/** What answers a Challenge. */
type Answer = "SCCRP" | "SCCCN";

/** CHAP-style response: MD5 over Message Type, secret and challenge (RFC 2661 4.4.3). */
export function challengeResponse(
  messageType: number,
  secret: Uint8Array,
  challenge: Uint8Array,
): Uint8Array {
  return md5
    .create()
    .update(Uint8Array.of(messageType & 0xff))
    .update(secret)
    .update(challenge)
    .digest();
}

/** Tunnel authentication of one control connection, both ways (RFC 2661 5.1.1). */
export class Authentication {
  readonly #secret: Uint8Array;
  /** What the peer has to answer. */
  #asked: Uint8Array | undefined;

  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  get hasSecret(): boolean {
    return this.#secret.length > 0;
  }

  /** Our Challenge, of SCCRQ or SCCRP; none without a secret. */
  ask(random: Random): Uint8Array | undefined {
    if (this.hasSecret) this.#asked = random(CHALLENGE_SIZE);
    return this.#asked;
  }

  /** The Challenge Response that our SCCRP or SCCCN has. */
  answer(name: Answer, challenge: Uint8Array | undefined): Uint8Array | undefined {
    if (challenge === undefined) return undefined;
    return challengeResponse(MessageType[name], this.#secret, challenge);
  }

  /** Why the Challenge Response of the peer's SCCRP or SCCCN is not what was asked for. */
  refusal(name: Answer, response: Uint8Array | undefined): Fault | undefined {
    if (this.#asked === undefined) return undefined;
    if (response === undefined) return NO_RESPONSE;
    const right = challengeResponse(MessageType[name], this.#secret, this.#asked);
    return equal(response, right) ? undefined : WRONG_RESPONSE;
  }
}

/** Compares in a time that depends on the length alone. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/**
 * The original value of a hidden AVP, or `undefined` when what comes out cannot be one: the peer
 * has another secret or the AVP is malformed. The inner length never reaches past what is there.
 */
export function reveal(
  attributeType: number,
  value: Uint8Array,
  secret: Uint8Array,
  randomVector: Uint8Array,
): Uint8Array | undefined {
  const clear = new Uint8Array(value.length);
  const type = Uint8Array.of(attributeType >> 8, attributeType & 0xff);
  let pad = md5.create().update(type).update(secret).update(randomVector).digest();
  for (let at = 0; at < value.length; at += BLOCK) {
    const hidden = value.subarray(at, at + BLOCK);
    for (let i = 0; i < hidden.length; i++) clear[at + i] = (hidden[i] ?? 0) ^ (pad[i] ?? 0);
    if (at + BLOCK < value.length) pad = md5.create().update(secret).update(hidden).digest();
  }
  const length = ((clear[0] ?? 0) << 8) | (clear[1] ?? 0);
  if (length > value.length - LENGTH_FIELD) return undefined;
  return clear.slice(LENGTH_FIELD, LENGTH_FIELD + length);
}
