/**
 * What PAP and CHAP have in common on the side that wants to know who the peer is.
 *
 * The peer is asked, its first whole answer becomes a request to AAA, and AAA's answer is final:
 * from then on every repetition gets the same result (RFC 1334 2.2.1, RFC 1994 4.1).
 *
 * @module
 */
import { AUTH_ANSWER_MS, AUTH_MESSAGE_MAX, AUTH_NAME_MAX, MRU_DEFAULT } from "../../limits.ts";
import { buildPacket, type Packet, parsePacket } from "../options.ts";
import type { Outbox } from "../outbox.ts";
import type { AuthReply, AuthRequest, DownReason, ProxyAuthen } from "../types.ts";

/** Proxy Authen Type (RFC 2661 4.4.5); there is none for MS-CHAPv2. */
export const ProxyType = { Textual: 1, Chap: 2, Pap: 3 } as const;

const NAME_DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

export abstract class Authenticator {
  /** `peer`: waiting for the peer; `aaa`: waiting for the answer to the request. */
  state: "peer" | "aaa" | "passed" | "failed" = "peer";
  deadline = Infinity;
  /** Identity that AAA was asked about. */
  name = "";
  /** What the peer has said, until AAA answers: for somebody else to judge in our place. */
  heard: ProxyAuthen | undefined;

  protected readonly outbox: Outbox;
  #message = "";

  constructor(outbox: Outbox) {
    this.outbox = outbox;
  }

  get isPassed(): boolean {
    return this.state === "passed";
  }

  get failure(): DownReason | undefined {
    return this.state === "failed" ? "authentication" : undefined;
  }

  abstract get protocol(): number;
  abstract start(now: number): void;
  /** Runs what is due at `deadline` while the peer has not answered. */
  protected abstract waitedForPeer(now: number): void;
  /** The request that a packet makes, if it makes one. */
  protected abstract read(packet: Packet): AuthRequest | undefined;
  protected abstract sendResult(passed: boolean, message: string): void;
  /** The request that a LAC has heard in our place, if it is a whole answer to what we ask. */
  protected abstract readProxy(authen: ProxyAuthen): AuthRequest | undefined;
  /** Whether a packet repeats the request that was taken. */
  protected abstract repeats(packet: Packet): boolean;

  /** Returns what AAA has to be asked, once. */
  input(octets: Uint8Array, now: number): AuthRequest | undefined {
    const packet = parsePacket(octets, MRU_DEFAULT);
    if (packet === undefined) {
      this.outbox.count("malformed-packet");
      return undefined;
    }
    if (this.state !== "peer") {
      if (this.repeats(packet) && this.state !== "aaa") this.#repeatResult();
      return undefined;
    }
    return this.#asking(this.read(packet), now);
  }

  /** Goes on from what a LAC has heard in our place; `undefined` when the peer has to be asked. */
  takeOver(authen: ProxyAuthen, now: number): AuthRequest | undefined {
    return this.#asking(this.readProxy(authen), now);
  }

  timeout(now: number): void {
    if (now < this.deadline) return;
    if (this.state === "peer") this.waitedForPeer(now);
    else this.state = "failed";
    if (this.state === "failed") this.deadline = Infinity;
  }

  answer(reply: AuthReply): void {
    this.state = reply.ok ? "passed" : "failed";
    this.deadline = Infinity;
    this.heard = undefined;
    this.#message = this.resultText(reply);
    this.#repeatResult();
  }

  /** What the peer reads next to the result. */
  protected resultText(reply: AuthReply): string {
    return reply.ok ? "" : displayable(reply.message);
  }

  #asking(request: AuthRequest | undefined, now: number): AuthRequest | undefined {
    if (request === undefined) return undefined;
    this.state = "aaa";
    this.name = request.name;
    this.deadline = now + AUTH_ANSWER_MS;
    return request;
  }

  #repeatResult(): void {
    this.sendResult(this.state === "passed", this.#message);
  }

  protected send(code: number, identifier: number, data: Uint8Array): void {
    this.outbox.send(this.protocol, buildPacket(code, identifier, data));
  }
}

/** Of an Identifier in a Proxy Authen ID, of which the upper octet is zero. */
export function isIdentifier(id: number | undefined): id is number {
  return id !== undefined && id <= 0xff;
}

/** Whether it has as many octets as a name or a password may have. */
export function isCredential(octets: Uint8Array | undefined): octets is Uint8Array {
  return octets !== undefined && octets.length <= AUTH_NAME_MAX;
}

export function decodeName(octets: Uint8Array): string {
  return NAME_DECODER.decode(octets);
}

/** Messages to a peer hold ASCII 32 to 126 only (RFC 1334 2.2.2, RFC 1994 4.2). */
export function displayable(text: string): string {
  return text.replace(/[^ -~]/g, "?").slice(0, AUTH_MESSAGE_MAX);
}
