/**
 * The computations of MS-CHAP-V2 (RFC 2759 section 8). MD4, DES and SHA-1 are what the protocol is
 * made of; none of them would be chosen today.
 *
 * @module
 */
import { sha1 } from "@noble/hashes/legacy.js";
import des from "des.js";
import md4 from "js-md4";

const ENCODER = new TextEncoder();
const KEY_SIZE = 7;
const CHALLENGE_SIZE = 8;
const RESPONSE_SIZE = 24;
const MAGIC_1 = ENCODER.encode("Magic server to client signing constant");
const MAGIC_2 = ENCODER.encode("Pad to make it do more than one iteration");

/** What both ends mix into their proofs. */
export interface Exchange {
  readonly challenge: Uint8Array;
  readonly peerChallenge: Uint8Array;
  /** Without a Windows domain, whatever the peer wrote in front of it (RFC 2759 section 4). */
  readonly name: string;
}

/** The NT-Response of a peer that has the password (RFC 2759 8.1). */
export function ntResponse(exchange: Exchange, password: string): Uint8Array {
  return challengeResponse(challengeHash(exchange), ntPasswordHash(password));
}

/** "S=" and forty digits: proof for the peer that we have the password too (RFC 2759 8.7). */
export function authenticatorResponse(
  exchange: Exchange,
  response: Uint8Array,
  password: string,
): string {
  const hashHash = Uint8Array.from(md4.array(ntPasswordHash(password)));
  const digest = sha1(concat(hashHash, response, MAGIC_1));
  const proof = sha1(concat(digest, challengeHash(exchange), MAGIC_2));
  const digits = Array.from(proof, (octet) => octet.toString(16).padStart(2, "0")).join("");
  return `S=${digits.toUpperCase()}`;
}

/** RFC 2759 8.2. */
export function challengeHash({ challenge, peerChallenge, name }: Exchange): Uint8Array {
  const digest = sha1(concat(peerChallenge, challenge, ENCODER.encode(name)));
  return digest.subarray(0, CHALLENGE_SIZE);
}

/** RFC 2759 8.3: MD4 over the password in UTF-16, little-endian. */
export function ntPasswordHash(password: string): Uint8Array {
  const octets = new Uint8Array(password.length * 2);
  const view = new DataView(octets.buffer);
  for (let at = 0; at < password.length; at++) {
    view.setUint16(at * 2, password.charCodeAt(at), true);
  }
  return Uint8Array.from(md4.array(octets));
}

/** RFC 2759 8.5: the hash, zero-padded, is the keys of three encryptions. */
function challengeResponse(challenge: Uint8Array, passwordHash: Uint8Array): Uint8Array {
  const keys = new Uint8Array(3 * KEY_SIZE);
  keys.set(passwordHash);
  const response = new Uint8Array(RESPONSE_SIZE);
  for (let block = 0; block < 3; block++) {
    const raw = keys.subarray(block * KEY_SIZE, (block + 1) * KEY_SIZE);
    const cipher = des.DES.create({ type: "encrypt", key: withParity(raw), padding: false });
    response.set(cipher.update(challenge), block * CHALLENGE_SIZE);
  }
  return response;
}

/** Seven octets become eight of seven bits and one that makes their number odd (RFC 2759 9.3). */
export function withParity(key: Uint8Array): Uint8Array {
  const expanded = new Uint8Array(KEY_SIZE + 1);
  for (let at = 0; at <= KEY_SIZE; at++) {
    const before = at === 0 ? 0 : (key[at - 1] ?? 0) << (KEY_SIZE + 1 - at);
    const bits = (before | ((key[at] ?? 0) >> at)) & 0xfe;
    expanded[at] = bits | (isOdd(bits) ? 0 : 1);
  }
  return expanded;
}

function isOdd(octet: number): boolean {
  let parity = octet ^ (octet >> 4);
  parity ^= parity >> 2;
  parity ^= parity >> 1;
  return (parity & 1) === 1;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
