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

export interface User {
  readonly name: string;
  readonly password: string;
  /** Name of the virtual network that the user belongs to. */
  readonly network: string;
}

const ENCODER = new TextEncoder();
/** Stands in for the password of someone unknown; that it matches counts for nothing. */
const NOBODY: User = { name: "", password: "nobody has this password", network: "" };

export class Passwords {
  readonly #users: ReadonlyMap<string, User>;

  /** @throws {RangeError} when a name is there twice */
  constructor(users: readonly User[]) {
    this.#users = new Map(users.map((user) => [user.name, user]));
    if (this.#users.size !== users.length) throw new RangeError("a user name is there twice");
  }

  /** The user who has proved the name in `request`, or `undefined`. */
  verify(request: AuthRequest): User | undefined {
    const user = this.#users.get(request.name);
    const password = ENCODER.encode((user ?? NOBODY).password);
    const isRight =
      request.method === "pap"
        ? isEqual(request.password, password)
        : isEqual(request.response, chapResponse(request.identifier, password, request.challenge));
    // An empty password protects nothing, and CHAP forbids it (RFC 1994 2.3).
    return isRight && password.length > 0 ? user : undefined;
  }
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
