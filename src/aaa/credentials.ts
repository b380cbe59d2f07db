/**
 * Name and password of our own, for the link on which we are the one who dials in.
 *
 * @module
 */
import { AUTH_NAME_MAX } from "../limits.ts";
import type { Credentials } from "../ppp/index.ts";
import { authenticatorResponse, type Exchange, ntResponse } from "./mschapv2.ts";
import { chapResponse, withoutDomain } from "./passwords.ts";

const ENCODER = new TextEncoder();

/** @throws {RangeError} when one is empty (RFC 1994 2.3) or too long for the protocols */
export function credentials(name: string, password: string): Credentials {
  const secret = ENCODER.encode(password);
  for (const { length } of [ENCODER.encode(name), secret]) {
    if (length === 0 || length > AUTH_NAME_MAX) {
      throw new RangeError(`name and password have 1 to ${AUTH_NAME_MAX} octets`);
    }
  }
  return {
    name,
    pap: () => secret,
    chap: (identifier, challenge) => chapResponse(identifier, secret, challenge),
    mschapv2: (challenge, peerChallenge) => {
      const exchange: Exchange = { challenge, peerChallenge, name: withoutDomain(name) };
      const response = ntResponse(exchange, password);
      const proof = authenticatorResponse(exchange, response, password);
      // A message may follow (RFC 2759 section 5).
      return { response, accepts: (success) => success.startsWith(proof) };
    },
  };
}
