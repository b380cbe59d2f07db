/**
 * Users whose passwords are in the configuration.
 *
 * An unknown name and a wrong password take the same path and the same time: both are compared with
 * some password, octet for octet over a hash of fixed size.
 *
 * @module
 */
import { md5 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { AuthRequest } from "../ppp/index.ts";
import { authenticatorResponse, ntResponse } from "./mschapv2.ts";

export interface User {
  readonly name: string;
  readonly password: string;
  /** Name of the virtual network that the user belongs to. */
  readonly network: string;
  /** In place of those of the network. */
  readonly rateDown?: number;
  readonly rateUp?: number;
  /** Subnets behind its client. */
  readonly routes?: readonly string[];
}

interface Verified {
  /** Absent when the name was not proved. */
  readonly user?: User;
  /** For MS-CHAPv2, what convinces the peer that we know the password too. */
  readonly proof?: string | undefined;
}

const ENCODER = new TextEncoder();
/** Stands in for the password of someone unknown; that it matches counts for nothing. */
const NOBODY: User = { name: "", password: "nobody has this password", network: "" };
const NOT_VERIFIED: Verified = Object.freeze({});

export class Passwords {
  readonly #users: ReadonlyMap<string, User>;

  /** @throws {RangeError} when a name is there twice */
  constructor(users: readonly User[]) {
    this.#users = new Map(users.map((user) => [user.name, user]));
    if (this.#users.size !== users.length) throw new RangeError("a user name is there twice");
  }

  /** The user who has proved the name in `request`, and what proves us to the user. */
  verify(request: AuthRequest): Verified {
    const user = this.#find(request.name);
    const { password } = user ?? NOBODY;
    const { isRight, proof } = compare(request, password);
    // An empty password protects nothing, and CHAP forbids it (RFC 1994 2.3).
    return isRight && password.length > 0 && user !== undefined ? { user, proof } : NOT_VERIFIED;
  }

  /** Whether there is a user of that name. */
  knows(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** Windows puts a domain in front of the name when it is told one: DOMAIN\user is user here. */
  #find(name: string): User | undefined {
    const whole = this.#users.get(name);
    const part = this.#users.get(withoutDomain(name));
    return whole ?? part;
  }
}

/** Whether `request` was made with `password`, and our own proof that we know it. */
function compare(request: AuthRequest, password: string): { isRight: boolean; proof?: string } {
  switch (request.method) {
    case "pap":
      return { isRight: isEqual(request.password, ENCODER.encode(password)) };
    case "chap": {
      const { identifier, challenge, response } = request;
      const secret = ENCODER.encode(password);
      return { isRight: isEqual(response, chapResponse(identifier, secret, challenge)) };
    }
    case "mschapv2": {
      const { challenge, peerChallenge, response } = request;
      const exchange = { challenge, peerChallenge, name: withoutDomain(request.name) };
      const isRight = isEqual(response, ntResponse(exchange, password));
      return { isRight, proof: authenticatorResponse(exchange, response, password) };
    }
  }
}

export function withoutDomain(name: string): string {
  return name.slice(name.lastIndexOf("\\") + 1);
}

/** MD5 over Identifier, secret and Challenge Value (RFC 1994 4.1). */
export function chapResponse(
  identifier: number,
  secret: Uint8Array,
  challenge: Uint8Array,
): Uint8Array {
  const stream = new Uint8Array(1 + secret.length + challenge.length);
  stream[0] = identifier;
  stream.set(secret, 1);
  stream.set(challenge, 1 + secret.length);
  return md5(stream);
}

/** Takes the same time wherever the two differ and whatever the length of the secret one. */
function isEqual(given: Uint8Array, secret: Uint8Array): boolean {
  const a = sha256(given);
  const b = sha256(secret);
  let difference = 0;
  for (let at = 0; at < a.length; at++) difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
  return difference === 0;
}
