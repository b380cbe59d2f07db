/**
 * A PPP client for tests, written from the RFCs and apart from src/ppp: it shares only the codec.
 *
 * It negotiates LCP, authenticates with PAP, CHAP-MD5 or MS-CHAPv2, asks for addresses of IPv4 and,
 * when it is to, of IPv6, and keeps a record of every packet that it got. What it wishes and
 * accepts is data.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { buildPpp, parsePpp } from "../../src/codec/index.ts";
import { mschapv2 } from "./mschapv2.ts";
import { SlaacHost } from "./slaac.ts";

export const LCP = 0xc021;
export const PAP = 0xc023;
export const CHAP = 0xc223;
export const IPCP = 0x8021;
export const IPV6CP = 0x8057;
export const IPV6 = 0x0057;

export type OptionList = readonly (readonly [type: number, ...data: number[]])[];

export type Method = "mschapv2" | "chap" | "pap";

export interface PeerWishes {
  /** Options of its first LCP Configure-Request. */
  lcp?: OptionList;
  /** Authentication protocols that it agrees to. */
  accepts?: readonly Method[];
  /** How it refuses another: with its wish as Data of the option, or for good. */
  refusal?: readonly number[] | "reject";
  name?: string;
  password?: string;
  /** Options of its first IPCP Configure-Request. */
  ipcp?: OptionList;
  /** Options of its first IPV6CP Configure-Request; without them it has no IPv6. */
  ipv6cp?: OptionList;
  /** Has no IPv4, and answers IPCP with a Protocol-Reject. */
  isWithoutIpv4?: boolean;
  /** Types of ours that it rejects in LCP, besides what `accepts` says. */
  rejects?: readonly number[];
  /** Opens LCP only when it is spoken to. */
  isPassive?: boolean;
}

export interface Heard {
  readonly protocol: number;
  readonly code: number;
  readonly identifier: number;
  readonly data: Buffer;
  readonly at: number;
}

const RESTART_MS = 3_000;
const PAP_OPTION = [0xc0, 0x23];
const CHAP_OPTION = [0xc2, 0x23, 5];
const AUTH_OPTION = 3;

export function packet(code: number, identifier: number, data: Iterable<number> = []): Uint8Array {
  const octets = [...data];
  const length = octets.length + 4;
  return Uint8Array.from([code, identifier, length >> 8, length & 0xff, ...octets]);
}

export function frame(
  protocol: number,
  code: number,
  identifier: number,
  data: Iterable<number> = [],
): Uint8Array {
  return buildPpp(protocol, packet(code, identifier, data));
}

export function encodeOptions(list: OptionList): number[] {
  return list.flatMap(([type, ...data]) => [type, data.length + 2, ...data]);
}

export function decodeOptions(data: Uint8Array): [number, ...number[]][] {
  const list: [number, ...number[]][] = [];
  for (let at = 0; at < data.length; at += data[at + 1] as number) {
    if ((data[at + 1] ?? 0) < 2) throw new Error("an option without a length");
    list.push([data[at] as number, ...data.subarray(at + 2, at + (data[at + 1] as number))]);
  }
  return list;
}

export function read(octets: Uint8Array, at = 0): Heard {
  const ppp = parsePpp(octets);
  if (typeof ppp === "string") throw new Error(`our own frame does not parse: ${ppp}`);
  const information = Buffer.from(ppp.information);
  const length = information.readUInt16BE(2);
  if (length !== information.length) throw new Error("Length field and frame differ");
  return {
    protocol: ppp.protocol,
    code: information.readUInt8(0),
    identifier: information.readUInt8(1),
    data: information.subarray(4),
    at,
  };
}

export function text(value: string): number[] {
  return [...Buffer.from(value)];
}

/** Half of a negotiation: our request, and what we said to the other's. */
class Negotiation {
  readonly protocol: number;
  wishes: Map<number, readonly number[]>;
  identifier = 0;
  isAcked = false;
  hasAcked = false;
  isStarted = false;
  deadline = Infinity;

  constructor(protocol: number, wishes: OptionList) {
    this.protocol = protocol;
    this.wishes = new Map(wishes.map(([type, ...data]) => [type, data]));
  }

  get isOpened(): boolean {
    return this.isAcked && this.hasAcked;
  }
}

export class PppPeer {
  readonly heard: Heard[] = [];
  readonly lcp: Negotiation;
  ipcp: Negotiation;
  ipv6cp: Negotiation | undefined;
  /** Its side of IPv6 while IPV6CP is opened. */
  host: SlaacHost | undefined;
  /** What it agreed to last. */
  authentication: Method | undefined;
  verdict: "success" | "failure" | undefined;
  isTerminated = false;
  readonly #wishes: PeerWishes;
  readonly #frames: Uint8Array[] = [];
  /** What the Message of a Success has to begin with. */
  #proof = "";
  #papDeadline = Infinity;
  #papIdentifier = 0;

  constructor(wishes: PeerWishes = {}) {
    this.#wishes = wishes;
    this.lcp = new Negotiation(LCP, wishes.lcp ?? [[5, 0xaa, 0xbb, 0xcc, 0xdd]]);
    this.ipcp = new Negotiation(IPCP, wishes.ipcp ?? [[3, 0, 0, 0, 0]]);
    this.#prepareIpv6();
  }

  /** Address that was acknowledged to it. */
  get address(): string {
    return this.ipcp.isAcked ? (this.ipcp.wishes.get(3) ?? []).join(".") : "";
  }

  open(now: number): void {
    if (!this.#wishes.isPassive) this.#request(this.lcp, now);
  }

  send(protocol: number, code: number, identifier: number, data: Iterable<number> = []): void {
    this.#frames.push(frame(protocol, code, identifier, data));
  }

  pollTransmit(): Uint8Array | undefined {
    const frame = this.#frames.shift();
    if (frame !== undefined) return frame;
    const packet = this.host?.pollTransmit();
    return packet && buildPpp(IPV6, packet);
  }

  pollTimeout(): number {
    const ipv6 = Math.min(this.ipv6cp?.deadline ?? Infinity, this.host?.pollTimeout() ?? Infinity);
    return Math.min(this.lcp.deadline, this.ipcp.deadline, this.#papDeadline, ipv6);
  }

  handleTimeout(now: number): void {
    if (now >= this.lcp.deadline) this.#request(this.lcp, now);
    if (now >= this.ipcp.deadline) this.#request(this.ipcp, now);
    if (this.ipv6cp !== undefined && now >= this.ipv6cp.deadline) this.#request(this.ipv6cp, now);
    this.host?.handleTimeout(now);
    if (now >= this.#papDeadline) this.#sendPap(now);
  }

  handleInput(octets: Uint8Array, now: number): void {
    const ppp = parsePpp(octets);
    if (typeof ppp !== "string" && ppp.protocol === IPV6) {
      this.host?.handleInput(ppp.information);
      return;
    }
    const heard = read(octets, now);
    this.heard.push(heard);
    if (this.isTerminated) return;
    if (heard.protocol === LCP) this.#lcpInput(heard, now);
    else if (heard.protocol === CHAP) this.#chapInput(heard, now);
    else if (heard.protocol === PAP) this.#papInput(heard, now);
    else if (heard.code <= 4 && this.lcp.isOpened) this.#networkInput(heard, now);
  }

  #networkInput(heard: Heard, now: number): void {
    const { protocol, code, identifier, data } = heard;
    if (protocol === IPCP && this.#wishes.isWithoutIpv4) {
      this.send(LCP, 8, identifier, [IPCP >> 8, IPCP & 0xff, ...packet(code, identifier, data)]);
    } else if (protocol === IPCP) {
      this.#negotiate(this.ipcp, heard, now);
      // The Success was lost, but who speaks IPCP has let us in.
      if (this.ipv6cp?.isStarted === false) this.#request(this.ipv6cp, now);
    } else if (protocol === IPV6CP && this.ipv6cp !== undefined) {
      this.#negotiate(this.ipv6cp, heard, now);
      if (!this.ipv6cp.isOpened) this.host = undefined;
      else if (this.host === undefined) {
        this.host = new SlaacHost(Uint8Array.from(this.ipv6cp.wishes.get(1) ?? []));
        this.host.start(now);
      }
    }
  }

  #prepareIpv6(): void {
    const { ipv6cp } = this.#wishes;
    this.ipv6cp = ipv6cp && new Negotiation(IPV6CP, ipv6cp);
    this.host = undefined;
  }

  #lcpInput(heard: Heard, now: number): void {
    const { code, identifier, data } = heard;
    if (code <= 4) {
      const before = this.lcp.isOpened;
      this.#negotiate(this.lcp, heard, now);
      if (before && !this.lcp.isOpened) this.#lowerDown();
      if (!before && this.lcp.isOpened && this.authentication === "pap") this.#sendPap(now);
    } else if (code === 5) {
      this.send(LCP, 6, identifier, data);
      this.isTerminated = true;
      this.lcp.deadline = this.ipcp.deadline = this.#papDeadline = Infinity;
      this.ipv6cp = this.host = undefined;
    } else if (code === 8 && data.readUInt16BE(0) === IPV6CP) {
      this.ipv6cp = this.host = undefined;
    } else if (code === 9 && this.lcp.isOpened) {
      this.send(LCP, 10, identifier, [
        ...(this.lcp.wishes.get(5) ?? [0, 0, 0, 0]),
        ...data.subarray(4),
      ]);
    }
  }

  #lowerDown(): void {
    this.verdict = undefined;
    this.ipcp = new Negotiation(IPCP, this.#wishes.ipcp ?? [[3, 0, 0, 0, 0]]);
    this.#prepareIpv6();
    this.#papDeadline = Infinity;
  }

  #negotiate(side: Negotiation, { code, identifier, data }: Heard, now: number): void {
    if (code === 1) {
      if (!side.isStarted) this.#request(side, now);
      else if (side.isOpened) {
        side.isAcked = false;
        this.#request(side, now);
      }
      const [answer, options] = this.#judge(side, decodeOptions(data));
      side.hasAcked = answer === 2;
      this.send(side.protocol, answer, identifier, encodeOptions(options));
    } else if (identifier === side.identifier && !side.isAcked) {
      if (code === 2) {
        side.isAcked = true;
        side.deadline = side.hasAcked ? Infinity : now + RESTART_MS;
        return;
      }
      for (const [type, ...value] of decodeOptions(data)) {
        if (code === 4) side.wishes.delete(type);
        else side.wishes.set(type, value);
      }
      this.#request(side, now);
    }
    if (side.isOpened) side.deadline = Infinity;
  }

  #judge(side: Negotiation, options: [number, ...number[]][]): [number, OptionList] {
    if (side.protocol !== LCP) return [2, options];
    const {
      accepts = ["mschapv2", "chap", "pap"],
      refusal = "reject",
      rejects = [],
    } = this.#wishes;
    const refused = options.filter(([type]) => rejects.includes(type));
    const auth = options.find(([type]) => type === AUTH_OPTION);
    if (auth !== undefined) {
      const method = auth[1] === 0xc0 ? "pap" : auth[3] === 0x81 ? "mschapv2" : "chap";
      if (accepts.includes(method)) this.authentication = method;
      else if (refusal === "reject") refused.push(auth);
      else if (refused.length === 0) return [3, [[AUTH_OPTION, ...refusal]]];
    }
    return refused.length > 0 ? [4, refused] : [2, options];
  }

  #request(side: Negotiation, now: number): void {
    side.isStarted = true;
    side.isAcked = false;
    side.identifier = (side.identifier + 1) & 0xff;
    side.deadline = now + RESTART_MS;
    const list = [...side.wishes].map(([type, data]) => [type, ...data] as const);
    this.send(side.protocol, 1, side.identifier, encodeOptions(list));
  }

  #chapInput({ code, identifier, data }: Heard, now: number): void {
    // RFC 2759 section 5: without the server's proof the peer has to end the session.
    if (code === 3) this.#decided(data.toString().startsWith(this.#proof), now);
    if (code === 4) this.#decided(false, now);
    if (code !== 1) return;
    const challenge = data.subarray(1, 1 + data.readUInt8(0));
    const { name = "demo", password = "demo" } = this.#wishes;
    if (this.authentication === "mschapv2") {
      const { value, proof } = mschapv2(challenge, name, password);
      this.#proof = proof;
      this.send(CHAP, 2, identifier, [value.length, ...value, ...text(name)]);
      return;
    }
    const response = md5(identifier, password, challenge);
    this.send(CHAP, 2, identifier, [16, ...response, ...text(name)]);
  }

  #sendPap(now: number): void {
    const { name = "demo", password = "demo" } = this.#wishes;
    this.#papIdentifier = (this.#papIdentifier + 1) & 0xff;
    this.#papDeadline = now + RESTART_MS;
    const data = [name.length, ...text(name), password.length, ...text(password)];
    this.send(PAP, 1, this.#papIdentifier, data);
  }

  #papInput({ code }: Heard, now: number): void {
    if (code !== 2 && code !== 3) return;
    this.#papDeadline = Infinity;
    this.#decided(code === 2, now);
  }

  #decided(success: boolean, now: number): void {
    if (this.verdict !== undefined) return;
    this.verdict = success ? "success" : "failure";
    if (!success) return;
    if (!this.ipcp.isStarted && !this.#wishes.isWithoutIpv4) this.#request(this.ipcp, now);
    if (this.ipv6cp?.isStarted === false) this.#request(this.ipv6cp, now);
  }
}

export function md5(identifier: number, secret: string, challenge: Uint8Array): Buffer {
  return createHash("md5")
    .update(Uint8Array.of(identifier))
    .update(secret)
    .update(challenge)
    .digest();
}

export { CHAP_OPTION, PAP_OPTION };
