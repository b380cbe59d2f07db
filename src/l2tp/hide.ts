/**
 * Hidden AVPs of call management messages that we send (RFC 2661 4.3).
 *
 * What opens and closes a tunnel stays in clear words. Who receives it may have to know who the peer
 * is before it knows the secret that reveals it, or have another secret; and nothing in it is secret.
 *
 * @module
 */
import { md5 } from "@noble/hashes/legacy.js";
import { type AvpInput, AvpType, hideAvp, isNeverHidden, makeAvp } from "../codec/index.ts";
import { AVP_VALUE_MAX, RANDOM_VECTOR_SIZE } from "../limits.ts";
import type { Random } from "../sansio/machine.ts";

const BLOCK = 16;
/** Length of Original Value, before the value. */
const LENGTH_FIELD = 2;

/** The message with all of its values hidden that may be; `avps` begins with its Message Type. */
export function hidden(
  avps: readonly AvpInput[],
  secret: Uint8Array,
  random: Random,
): readonly AvpInput[] {
  const [messageType, ...rest] = avps;
  if (messageType === undefined || rest.every(({ type }) => isNeverHidden(type))) return avps;
  const randomVector = random(RANDOM_VECTOR_SIZE);
  const hide = (avp: AvpInput): AvpInput[] => {
    if (isNeverHidden(avp.type)) return [avp];
    const padding = paddingOf(avp.value.length, random);
    return padding === undefined ? [] : [hideAvp(avp, { secret, randomVector, md5, padding })];
  };
  return [messageType, makeAvp(AvpType.RandomVector, randomVector), ...rest.flatMap(hide)];
}

/**
 * Fills the last block up, so that the length is hidden too (and l2tpns takes no hidden value of less
 * than 8 octets). `undefined`: hidden, the value does not fit an AVP. Only an optional one is so
 * long, and it is left out rather than shown.
 */
function paddingOf(length: number, random: Random): Uint8Array | undefined {
  const whole = LENGTH_FIELD + length;
  if (whole > AVP_VALUE_MAX) return undefined;
  return random(Math.min((BLOCK - (whole % BLOCK)) % BLOCK, AVP_VALUE_MAX - whole));
}
