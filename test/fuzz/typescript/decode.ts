/**
 * Captures and dumps of any kind: each is read to its end, and printed without a control character.
 *
 * @module
 */
import { buildHeader, buildPpp, MessageType } from "../../../src/codec/index.ts";
import {
  Capture,
  Datagrams,
  type Filter,
  formatJson,
  Messages,
  parseFilter,
  TextPrinter,
} from "../../../src/decode/index.ts";
import type { Name } from "../../peer/lac.ts";
import { encodeOptions, packet } from "../../peer/ppp.ts";
import { must, Octets } from "../octets.ts";
import { message } from "./control-message.ts";
import { Peer } from "./peer.ts";

const SECRET = "a secret";
/** All but the line feed. */
const CONTROL = /[^\n\P{Cc}]|[\p{Cf}\u2028\u2029]/u;
const NAMES = Object.keys(MessageType) as [Name, ...Name[]];
const PROTOCOLS = [0xc021, 0xc023, 0xc223, 0x8021, 0x8057, 0x0021, 0x0057, 0xc227, 0x80fd] as const;
const FILTERS = [
  "",
  "control",
  "!data malformed",
  "tunnel=1,2 type=ICRQ",
  "session=",
  "peer=192.0.2.7",
] as const;
const ETHERNET = [...new Uint8Array(12), 8, 0];
const PCAP = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, ...new Uint8Array(10), 4, 0, 1, 0, 0, 0];
const PCAPNG = [
  ...[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0],
  ...[255, 255, 255, 255, 255, 255, 255, 255, 28, 0, 0, 0],
  ...[1, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0],
];

export function decode(input: Uint8Array): void {
  const choices = new Octets(input);
  const setup = choices.next();
  const filter = parseFilter(choices.of(FILTERS));
  const show = new Show((setup & 1) === 0, typeof filter === "function" ? filter : () => true);
  const file = fileOf(setup >> 1, choices);
  const cut = (setup & 0x80) === 0 ? file.length : file.length >> 1;
  show.take(file.subarray(0, cut));
  show.take(file.subarray(cut));
  show.end();
}

function fileOf(kind: number, choices: Octets): Uint8Array {
  switch (kind & 3) {
    case 0:
      return framed(PCAP, choices, record);
    case 1:
      return framed(PCAPNG, choices, enhanced);
    case 2:
      return Buffer.from(dump(kind >> 2, datagram(choices, new Peer(PATH, 7, SECRET)), choices));
    default:
      return choices.rest();
  }
}

const PATH = { peer: "192.0.2.7", peerPort: 1701, local: "192.0.2.1" };

function framed(
  head: readonly number[],
  choices: Octets,
  frame: (choices: Octets, octets: Uint8Array) => Uint8Array,
): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.from(head)];
  const peer = new Peer(PATH, 7, SECRET);
  while (choices.left > 0) parts.push(frame(choices, ip(choices, datagram(choices, peer))));
  const file = Buffer.concat(parts);
  if (choices.seldom(4)) file[choices.u16() % file.length] = choices.next();
  return file;
}

function record(choices: Octets, octets: Uint8Array): Uint8Array {
  const head = Buffer.alloc(16);
  const length = choices.seldom(8) ? choices.u16() : octets.length;
  head.writeUInt32LE(length, 8);
  head.writeUInt32LE(Math.max(length, octets.length), 12);
  return Buffer.concat([head, octets]);
}

function enhanced(choices: Octets, octets: Uint8Array): Uint8Array {
  const padding = (4 - (octets.length % 4)) % 4;
  const total = 32 + octets.length + padding;
  const block = Buffer.alloc(total);
  block.writeUInt32LE(choices.seldom(8) ? choices.below(6) : 6, 0);
  block.writeUInt32LE(total, 4);
  block.writeUInt32LE(choices.seldom(8) ? choices.u16() : octets.length, 20);
  block.writeUInt32LE(octets.length, 24);
  block.set(octets, 28);
  block.writeUInt32LE(choices.seldom(16) ? choices.next() : total, total - 4);
  return block;
}

/** Ethernet, IPv4, UDP around it; a fragment now and then. */
function ip(choices: Octets, payload: Uint8Array): Uint8Array {
  const length = 28 + payload.length;
  const fragment = choices.seldom(6) ? choices.u16() : 0;
  const ports = choices.seldom(8) ? [choices.next(), 1] : [6, 0xa5];
  const addresses = [192, 0, 2, 7, 192, 0, 2, 1];
  if (choices.seldom(2)) addresses.push(...addresses.splice(0, 4));
  const udp = [...ports, 6, 0xa5, (length - 20) >> 8, (length - 20) & 255, 0, 0];
  const head = [
    0x45,
    0,
    length >> 8,
    length & 255,
    0,
    9,
    fragment >> 8,
    fragment & 255,
    64,
    17,
    0,
    0,
  ];
  return Buffer.concat([Buffer.from([...ETHERNET, ...head, ...addresses, ...udp]), payload]);
}

/** A message of L2TP, or octets. */
function datagram(choices: Octets, peer: Peer): Uint8Array {
  const kind = choices.below(8);
  if (kind === 0) return choices.take(choices.below(64));
  if (kind < 5) {
    const name = choices.of(NAMES);
    peer.tunnelId = choices.below(3);
    return message(choices, peer, name, peer.avps(name), SECRET);
  }
  const sequence = choices.seldom(3) ? { ns: choices.next(), nr: 0 } : {};
  const ids = { tunnelId: choices.below(3), sessionId: choices.below(3) };
  const frame = buildPpp(choices.of(PROTOCOLS), information(choices));
  return buildHeader({ control: false, priority: choices.seldom(8), ...sequence, ...ids }, frame);
}

function information(choices: Octets): Uint8Array {
  if (choices.seldom(3)) return choices.take(choices.below(60));
  const list: [number, ...number[]][] = [];
  for (let left = choices.below(4); left > 0; left--) {
    list.push([choices.below(20), ...choices.take(choices.below(8))]);
  }
  return packet(choices.below(14), choices.next(), encodeOptions(list));
}

/** As other programs print octets. */
function dump(form: number, octets: Uint8Array, choices: Octets): string {
  const hex = Buffer.from(octets).toString("hex");
  const pairs = hex.match(/../g) ?? [];
  const texts = [
    hex,
    `0000  ${pairs.join(" ")}\n`,
    `char a[] = { ${pairs.map((pair) => `0x${pair}`).join(", ")} };\n`,
    `b"${pairs.map((pair) => `\\x${pair}`).join("")}"\n`,
    `\t0x0000:  ${(hex.match(/.{1,4}/g) ?? []).join(" ")}\n`,
  ];
  const text = texts[form % texts.length] ?? hex;
  const at = choices.u16() % (text.length + 1);
  return text.slice(0, at) + Buffer.from(choices.rest()).toString("latin1") + text.slice(at);
}

class Show {
  readonly #capture = new Capture();
  readonly #datagrams = new Datagrams();
  readonly #messages: Messages;
  readonly #text: TextPrinter;
  readonly #filter: Filter;

  constructor(isBrief: boolean, filter: Filter) {
    this.#messages = new Messages({ secret: SECRET, isPasswordShown: !isBrief });
    this.#text = new TextPrinter({ hasColours: false, isBrief });
    this.#filter = filter;
  }

  take(octets: Uint8Array): void {
    this.#print(this.#capture.push(octets));
  }

  end(): void {
    this.#print(this.#capture.end());
  }

  #print(frames: ReturnType<Capture["push"]>): void {
    for (const frame of frames) {
      for (const datagram of this.#datagrams.of(frame)) {
        const message = this.#messages.read(datagram);
        const text = this.#text.format(message);
        must(!CONTROL.test(text), "a control character is printed");
        must(text.endsWith("\n") && formatJson(message).endsWith("}\n"), "a line without an end");
        this.#filter(message);
      }
    }
  }
}
