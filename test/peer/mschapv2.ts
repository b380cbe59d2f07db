/**
 * What an MS-CHAP-V2 client computes (RFC 2759 section 8), written apart from src/aaa: MD4 from the
 * text of RFC 1320, DES as the triple DES of OpenSSL with one key three times.
 *
 * @module
 */
import { createCipheriv, createHash } from "node:crypto";

/** The NT-Response (8.1); `user` without a domain. */
export function ntResponse(
  challenge: Uint8Array,
  peerChallenge: Uint8Array,
  user: string,
  password: string,
): Buffer {
  const clear = sha1(peerChallenge, challenge, Buffer.from(user)).subarray(0, 8);
  const keys = Buffer.alloc(21);
  md4(Buffer.from(password, "utf16le")).copy(keys);
  return Buffer.concat([0, 7, 14].map((at) => des(keys.subarray(at, at + 7), clear)));
}

/** What the Message of a Success has to begin with (8.7). */
export function authenticatorResponse(
  challenge: Uint8Array,
  peerChallenge: Uint8Array,
  user: string,
  password: string,
  response: Uint8Array,
): string {
  const hashHash = md4(md4(Buffer.from(password, "utf16le")));
  const signed = sha1(hashHash, response, Buffer.from("Magic server to client signing constant"));
  const clear = sha1(peerChallenge, challenge, Buffer.from(user)).subarray(0, 8);
  const padding = Buffer.from("Pad to make it do more than one iteration");
  return `S=${sha1(signed, clear, padding).toString("hex").toUpperCase()}`;
}

/** The Value of a client's Response (section 4), and the proof that it wants to see for it. */
export function mschapv2(challenge: Uint8Array, name: string, password: string) {
  const user = name.slice(name.lastIndexOf("\\") + 1);
  const peerChallenge = sha1(challenge, Buffer.from("what a client draws")).subarray(0, 16);
  const response = ntResponse(challenge, peerChallenge, user, password);
  const proof = authenticatorResponse(challenge, peerChallenge, user, password, response);
  return { value: [...peerChallenge, ...Buffer.alloc(8), ...response, 0], proof };
}

function sha1(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha1");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Encrypting, decrypting and encrypting with one key is encrypting once. */
function des(key: Uint8Array, clear: Uint8Array): Buffer {
  let bits = 0n;
  for (const octet of key) bits = (bits << 8n) | BigInt(octet);
  const octets = Array.from({ length: 8 }, (_, at) => {
    return Number((bits >> BigInt(49 - 7 * at)) & 0x7fn) << 1;
  });
  const cipher = createCipheriv("des-ede3", Buffer.from([...octets, ...octets, ...octets]), null);
  cipher.setAutoPadding(false);
  return cipher.update(clear);
}

const SHIFTS = [
  [3, 7, 11, 19],
  [3, 5, 9, 13],
  [3, 9, 11, 15],
];
const ORDERS = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
  [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
];
const ADDED = [0, 0x5a827999, 0x6ed9eba1];
const ROUNDS: ((x: number, y: number, z: number) => number)[] = [
  (x, y, z) => (x & y) | (~x & z),
  (x, y, z) => (x & y) | (x & z) | (y & z),
  (x, y, z) => x ^ y ^ z,
];

/** RFC 1320 section 3. */
export function md4(message: Uint8Array): Buffer {
  const padded = Buffer.alloc((((message.length + 8) >> 6) + 1) * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  padded.writeUInt32LE(message.length * 8, padded.length - 8);
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  for (let block = 0; block < padded.length; block += 64) {
    const before = state.slice();
    for (const [round, order] of ORDERS.entries()) {
      for (const [step, word] of order.entries()) {
        const [a = 0, b = 0, c = 0, d = 0] = state;
        const mixed = ROUNDS[round]?.(b, c, d) ?? 0;
        const sum = (a + mixed + padded.readUInt32LE(block + word * 4) + (ADDED[round] ?? 0)) >>> 0;
        const shift = SHIFTS[round]?.[step % 4] ?? 0;
        state.set([d, (sum << shift) | (sum >>> (32 - shift)), b, c]);
      }
    }
    for (const [at, value] of before.entries()) state[at] = (state[at] ?? 0) + value;
  }
  return Buffer.from(state.buffer);
}
