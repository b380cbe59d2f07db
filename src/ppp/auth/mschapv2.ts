/**
 * MS-CHAP-V2 as authenticator (RFC 2759): CHAP with another Value in the Response, and with text
 * in Success and Failure that the peer's program reads. What the Value proves is for AAA to say.
 *
 * @module
 */
import type { Packet } from "../options.ts";
import type { AuthReply, AuthRequest } from "../types.ts";
import { decodeName, displayable } from "./authenticator.ts";
import { CHALLENGE_SIZE, ChapAuthenticator, ChapCode, type Response } from "./chap.ts";

/** Peer-Challenge, Reserved, NT-Response, Flags (RFC 2759 section 4). */
export const VALUE_SIZE = 49;
export const NT_RESPONSE = { at: 24, size: 24 } as const;
const CHANGE_PASSWORD = 7;
/** Data of a Change-Password packet (RFC 2759 section 7: Length is 586). */
const CHANGE_PASSWORD_SIZE = 582;
/** Error codes of a Failure (RFC 2759 section 6). */
const ERROR_AUTHENTICATION_FAILURE = 691;
const ERROR_CHANGING_PASSWORD = 709;
/** Message of a Success next to the proof; some clients want that there is one. */
const WELCOME = "Welcome";

export class MsChapV2 extends ChapAuthenticator {
  protected override get valueSize(): number {
    return VALUE_SIZE;
  }

  /**
   * Reserved and Flags must be sent as zero, but nothing rests on them: they are in no hash, and a
   * peer that has something there has proved its password all the same. So they are not looked at.
   *
   * Nobody else can judge it in our place: it is none of the Proxy Authen Types of RFC 2661.
   */
  protected override request({ name, value, ...rest }: Response): AuthRequest {
    return {
      method: "mschapv2",
      name: decodeName(name),
      ...rest,
      peerChallenge: value.subarray(0, CHALLENGE_SIZE),
      response: value.subarray(NT_RESPONSE.at, NT_RESPONSE.at + NT_RESPONSE.size),
    };
  }

  /** R=0: a second try is a second call. Both texts are made once, so repetitions are equal. */
  protected override resultText(reply: AuthReply): string {
    if (!reply.ok) return this.#failure(ERROR_AUTHENTICATION_FAILURE, reply.message);
    if (reply.proof === undefined) throw new Error("no proof for an MS-CHAPv2 Success");
    return `${reply.proof} M=${WELCOME}`;
  }

  /**
   * A Change-Password answers E=648, which is never sent here. Who sends one instead of a Response
   * is told that the change failed and that there is no retry, and so has not authenticated. Later
   * ones change nothing: the Response was judged, and a Failure now would end a good link.
   */
  protected override read(packet: Packet): AuthRequest | undefined {
    const { code, identifier, data } = packet;
    if (code !== CHANGE_PASSWORD || data.length !== CHANGE_PASSWORD_SIZE) return super.read(packet);
    const message = "Passwords cannot be changed here";
    const text = this.#failure(ERROR_CHANGING_PASSWORD, message);
    this.send(ChapCode.Failure, identifier, new TextEncoder().encode(text));
    this.state = "failed";
    return undefined;
  }

  /** A challenge has to be there even when there is nothing to retry; V is what we would speak. */
  #failure(error: number, message: string): string {
    const octets = this.options.random(CHALLENGE_SIZE);
    const challenge = Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
    return `E=${error} R=0 C=${challenge.toUpperCase()} V=3 M=${displayable(message)}`;
  }
}
