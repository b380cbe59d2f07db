/** Hides an AVP value (RFC 2661 4.3) with node:crypto, for tests of the other direction. */
import { createHash } from "node:crypto";

export function hide(
  attributeType: number,
  value: Uint8Array,
  secret: string,
  randomVector: Uint8Array,
  padding = 0,
): Uint8Array {
  const clear = Buffer.concat([
    Buffer.of(value.length >> 8, value.length & 0xff),
    value,
    Buffer.alloc(padding, 0x5a),
  ]);
  const type = Buffer.of(attributeType >> 8, attributeType & 0xff);
  const hidden: number[] = [];
  for (let at = 0; at < clear.length; at += 16) {
    const hash = createHash("md5");
    if (at === 0) hash.update(type).update(secret).update(randomVector);
    else hash.update(secret).update(Uint8Array.from(hidden.slice(at - 16, at)));
    const pad = hash.digest();
    for (let i = at; i < Math.min(at + 16, clear.length); i++) {
      hidden.push((clear[i] ?? 0) ^ (pad[i - at] ?? 0));
    }
  }
  return Uint8Array.from(hidden);
}
