/**
 * MS-CHAP-V2 as the side that is authenticated (RFC 2759). The server has to prove that it has the
 * password too: a Success without the right proof ends the link (section 5).
 *
 * A Failure is final: there is one password, so neither a retry (R=1) nor a change of it.
 *
 * @module
 */
import type { Random } from "../../sansio/machine.ts";
import type { Outbox } from "../outbox.ts";
import type { Credentials } from "../types.ts";
import { CHALLENGE_SIZE } from "./chap.ts";
import { ChapAuthPeer } from "./chap-peer.ts";
import { NT_RESPONSE, VALUE_SIZE } from "./mschapv2.ts";

/** Error codes of a Failure (RFC 2759 section 6). */
const ERRORS: Readonly<Record<string, string>> = {
  "646": "restricted logon hours",
  "647": "account disabled",
  "648": "password expired",
  "649": "no dial-in permission",
  "691": "authentication failure",
  "709": "changing password failed",
};
const FAILURE = /^E=(\d{1,10})(?: [A-Z]=\S*?)*?(?: M=(.*))?$/s;

export class MsChapV2Peer extends ChapAuthPeer {
  readonly #random: Random;
  #accepts: (success: string) => boolean = () => false;

  constructor(outbox: Outbox, credentials: Credentials, random: Random) {
    super(outbox, credentials);
    this.#random = random;
  }

  protected override valueFor(_: number, challenge: Uint8Array): Uint8Array | undefined {
    if (challenge.length !== CHALLENGE_SIZE) return undefined;
    const peerChallenge = this.#random(CHALLENGE_SIZE);
    const proof = this.credentials.mschapv2(challenge, peerChallenge);
    this.#accepts = (success) => proof.accepts(success);
    // Reserved and Flags stay zero.
    const value = new Uint8Array(VALUE_SIZE);
    value.set(peerChallenge);
    value.set(proof.response, NT_RESPONSE.at);
    return value;
  }

  protected override accepts(success: string): boolean {
    return this.#accepts(success);
  }

  /** The meaning of the code, and the server's own words if it has any. */
  protected override explain(failure: string): string {
    const [, code = "", words = ""] = FAILURE.exec(failure) ?? [];
    if (code === "") return failure;
    const meaning = `${ERRORS[code] ?? "error"} (E=${code})`;
    return words === "" ? meaning : `${meaning}: ${words}`;
  }
}
