/**
 * The Password Authentication Protocol as the side that is authenticated (RFC 1334 section 2).
 *
 * @module
 */
import { step } from "../../sansio/automaton.ts";
import type { Packet } from "../options.ts";
import { PAP } from "../protocols.ts";
import { PapCode } from "./pap.ts";
import { automaton, type Event, type State } from "./pap-peer-automaton.ts";
import { AuthPeer, decodeText } from "./peer.ts";

const ENCODER = new TextEncoder();
const { AuthenticateRequest, AuthenticateAck, AuthenticateNak } = PapCode;

export class PapPeer extends AuthPeer {
  #state: State = "Req-Sent";
  /** Identifier of the last request, and how many were sent: each has a new one. */
  #identifier = 0;
  #requests = 0;

  override get protocol(): number {
    return PAP;
  }

  override get isPassed(): boolean {
    return this.#state === "Passed";
  }

  override start(now: number): void {
    super.start(now);
    this.#sendRequest(now);
  }

  protected override take({ code, identifier, data }: Packet, now: number): void {
    // A reply without even a Msg-Length is what some servers send, and clear enough.
    const [length = 0, ...message] = data;
    if ((code !== AuthenticateAck && code !== AuthenticateNak) || length > message.length) {
      this.outbox.count("malformed-packet");
    } else if (((this.#identifier - identifier) & 0xff) >= this.#requests) {
      this.outbox.count("stale-reply");
    } else {
      this.#event(code === AuthenticateAck ? "RAA" : "RAN", now);
      this.message = decodeText(data.subarray(1, 1 + length));
    }
  }

  protected override timedOut(hasTime: boolean, now: number): void {
    this.#event(hasTime ? "TO+" : "TO-", now);
  }

  #event(event: Event, now: number): void {
    const cell = step(automaton, this.#state, event);
    if (cell === undefined) {
      this.outbox.count("stale-reply");
      return;
    }
    this.#state = cell.next;
    this.deadline = Infinity;
    if (cell.actions.length > 0) this.#sendRequest(now);
    // A server that does not decide has refused nothing.
    if (cell.next === "Failed") this.failure = event === "RAN" ? "authentication" : "negotiation";
  }

  /** Identifier changes each time (RFC 1334 2.2.1). All ask the same, so any reply counts. */
  #sendRequest(now: number): void {
    const name = ENCODER.encode(this.credentials.name);
    const password = this.credentials.pap();
    const data = new Uint8Array(2 + name.length + password.length);
    data[0] = name.length;
    data.set(name, 1);
    data[1 + name.length] = password.length;
    data.set(password, 2 + name.length);
    this.#identifier = (this.#identifier + 1) & 0xff;
    this.#requests += 1;
    this.await(now);
    this.send(AuthenticateRequest, this.#identifier, data);
  }
}
