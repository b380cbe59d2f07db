/**
 * What PAP and CHAP have in common on the side that has to show who it is.
 *
 * @module
 */
import { AUTH_RETRY_COUNT, AUTH_RETRY_MS, MRU_DEFAULT } from "../../limits.ts";
import { buildPacket, type Packet, parsePacket } from "../options.ts";
import type { Outbox } from "../outbox.ts";
import type { Credentials, DownReason } from "../types.ts";

const TEXT_DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

export abstract class AuthPeer {
  deadline = Infinity;
  /** Set when it has failed. */
  failure: DownReason | undefined;
  /** What the server said to its verdict, as it came. */
  message = "";

  protected readonly outbox: Outbox;
  protected readonly credentials: Credentials;
  /** When a server that has not decided is given up. */
  #until = Infinity;

  constructor(outbox: Outbox, credentials: Credentials) {
    this.outbox = outbox;
    this.credentials = credentials;
  }

  abstract get protocol(): number;
  abstract get isPassed(): boolean;
  /** Takes a packet whose Length is right. */
  protected abstract take(packet: Packet, now: number): void;
  protected abstract timedOut(hasTime: boolean, now: number): void;

  start(now: number): void {
    this.#until = now + AUTH_RETRY_MS * AUTH_RETRY_COUNT;
    this.deadline = this.#until;
  }

  input(octets: Uint8Array, now: number): void {
    const packet = parsePacket(octets, MRU_DEFAULT);
    if (packet === undefined) this.outbox.count("malformed-packet");
    else this.take(packet, now);
  }

  timeout(now: number): void {
    if (now >= this.deadline) this.timedOut(now < this.#until, now);
  }

  /** Until then the server has to answer, or what was sent is sent again. */
  protected await(now: number): void {
    this.deadline = Math.min(now + AUTH_RETRY_MS, this.#until);
  }

  protected send(code: number, identifier: number, data: Uint8Array): void {
    this.outbox.send(this.protocol, buildPacket(code, identifier, data));
  }
}

export function decodeText(octets: Uint8Array): string {
  return TEXT_DECODER.decode(octets);
}
