/**
 * CHAP as the side that is authenticated (RFC 1994): what every algorithm of it shares, and the one
 * with MD5.
 *
 * @module
 */
import { step } from "../../sansio/automaton.ts";
import type { Packet } from "../options.ts";
import { CHAP } from "../protocols.ts";
import type { DownReason } from "../types.ts";
import { ChapCode } from "./chap.ts";
import { automaton, type Event, type State } from "./chap-peer-automaton.ts";
import { AuthPeer, decodeText } from "./peer.ts";

const ENCODER = new TextEncoder();

/** A server that does not decide has refused nothing. */
const FAILURES: { readonly [E in Event]?: DownReason } = {
  RFL: "authentication",
  "RS-": "server-authentication",
  "TO-": "negotiation",
};

export abstract class ChapAuthPeer extends AuthPeer {
  #state: State = "Listening";
  #identifier = 0;
  /** Data of the last Response, until it is judged. */
  #response: Uint8Array | undefined;

  /** Value of the Response; `undefined` when the Challenge is none of this algorithm. */
  protected abstract valueFor(identifier: number, challenge: Uint8Array): Uint8Array | undefined;
  /** Whether the server has proved itself as far as the algorithm lets it. */
  protected abstract accepts(success: string): boolean;
  /** What a person should read of a Failure. */
  protected abstract explain(failure: string): string;

  override get protocol(): number {
    return CHAP;
  }

  override get isPassed(): boolean {
    return this.#state === "Passed" || this.#state === "Renewing";
  }

  protected override take({ code, identifier, data }: Packet, now: number): void {
    if (code === ChapCode.Challenge) {
      this.#challenge(identifier, data, now);
    } else if (code !== ChapCode.Success && code !== ChapCode.Failure) {
      this.outbox.count("malformed-packet");
    } else if (this.#response === undefined || identifier !== this.#identifier) {
      this.outbox.count("stale-reply");
    } else if (code === ChapCode.Success) {
      this.message = decodeText(data);
      this.#event(this.accepts(this.message) ? "RS+" : "RS-", now);
    } else {
      this.message = this.explain(decodeText(data));
      this.#event("RFL", now);
    }
  }

  protected override timedOut(hasTime: boolean, now: number): void {
    this.#event(hasTime ? "TO+" : "TO-", now);
  }

  /** The Name of the server is not looked at: whom the credentials are for is the owner's choice. */
  #challenge(identifier: number, data: Uint8Array, now: number): void {
    const [size = 0] = data;
    const isWhole = size > 0 && size <= data.length - 1;
    const value = isWhole ? this.valueFor(identifier, data.slice(1, 1 + size)) : undefined;
    if (value === undefined) {
      this.outbox.count("malformed-packet");
      return;
    }
    const name = ENCODER.encode(this.credentials.name);
    const response = new Uint8Array(1 + value.length + name.length);
    response[0] = value.length;
    response.set(value, 1);
    response.set(name, 1 + value.length);
    this.#identifier = identifier;
    this.#response = response;
    this.#event("RCH", now);
  }

  #event(event: Event, now: number): void {
    const cell = step(automaton, this.#state, event);
    if (cell === undefined) {
      this.outbox.count("stale-reply");
      return;
    }
    this.#state = cell.next;
    if (cell.actions.length > 0) this.#sendResponse();
    // While the link is up, the server repeats its Challenge as long as it misses the Response.
    if (cell.next === "Response-Sent") this.await(now);
    else this.deadline = Infinity;
    if (cell.next === "Failed") this.failure = FAILURES[event];
    if (cell.next === "Failed" || cell.next === "Passed") this.#response = undefined;
  }

  #sendResponse(): void {
    if (this.#response === undefined) throw new Error("no Challenge has come");
    this.send(ChapCode.Response, this.#identifier, this.#response);
  }
}

/** Algorithm 5, MD5 (RFC 1994 section 3), in which the server proves nothing. */
export class ChapPeer extends ChapAuthPeer {
  protected override valueFor(identifier: number, challenge: Uint8Array): Uint8Array {
    return this.credentials.chap(identifier, challenge);
  }

  protected override accepts(): boolean {
    return true;
  }

  protected override explain(failure: string): string {
    return failure;
  }
}
