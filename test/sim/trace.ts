/**
 * What happened in a world, as a hash that is always kept and as lines on demand.
 *
 * @module
 */
import {
  AvpType,
  messageTypeName,
  parseControlMessage,
  parseHeader,
  parsePpp,
  readAvp,
} from "../../src/codec/index.ts";

export class Trace {
  /** Takes each line; without it only the hash is kept. */
  readonly #print: ((line: string) => void) | undefined;
  #a = 0x9747b28c;
  #b = 0x3c6ef372;

  constructor(print?: (line: string) => void) {
    this.#print = print;
  }

  /** 64 bits over all that was recorded, times and octets. */
  get hash(): string {
    return [this.#a, this.#b].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  datagram(now: number, where: string, octets: Uint8Array): void {
    this.#mixText(now, where);
    const { length } = octets;
    const at = (index: number) => octets[index] ?? 0;
    for (let i = 0; i < length; i += 4) {
      this.#mix(at(i) | (at(i + 1) << 8) | (at(i + 2) << 16) | (at(i + 3) << 24));
    }
    this.#mix(length);
    this.#print?.(`${clock(now)} ${where} ${describe(octets)}`);
  }

  note(now: number, text: string): void {
    this.#mixText(now, text);
    this.#print?.(`${clock(now)} ${text}`);
  }

  #mixText(now: number, text: string): void {
    this.#mix(now);
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i));
  }

  #mix(value: number): void {
    this.#a = Math.imul(this.#a ^ value, 0x01000193);
    this.#b = Math.imul((this.#b << 5) | (this.#b >>> 27), 0x9e3779b1) ^ value;
  }
}

function clock(now: number): string {
  return (now / 1000).toFixed(3).padStart(9);
}

function describe(octets: Uint8Array): string {
  const message = parseControlMessage(octets);
  if (message === "control-bits") return describeData(octets);
  if (typeof message === "string") return `${message} ${hex(octets)}`;
  const type = readAvp(message.avps, AvpType.MessageType);
  const name = type === undefined ? "ZLB" : (messageTypeName(type) ?? `message ${type}`);
  const { tunnelId, sessionId, ns, nr } = message;
  const result = readAvp(message.avps, AvpType.ResultCode);
  const why = result === undefined ? "" : ` ${JSON.stringify(result)}`;
  return `${name} to ${tunnelId}/${sessionId} Ns ${ns} Nr ${nr}${why}`;
}

const PROTOCOLS: Readonly<Record<number, string>> = {
  33: "IPv4",
  87: "IPv6",
  32801: "IPCP",
  32855: "IPV6CP",
  49185: "LCP",
  49187: "PAP",
  49699: "CHAP",
};

function describeData(octets: Uint8Array): string {
  const header = parseHeader(octets);
  if (typeof header === "string") return `${header} ${hex(octets)}`;
  const { tunnelId, sessionId, payload } = header;
  const ppp = parsePpp(payload);
  if (typeof ppp === "string") return `data to ${tunnelId}/${sessionId} ${ppp} ${hex(payload)}`;
  const name = PROTOCOLS[ppp.protocol] ?? ppp.protocol.toString(16);
  return `data to ${tunnelId}/${sessionId} ${name} ${hex(ppp.information)}`;
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString("hex");
}
