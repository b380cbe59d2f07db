/**
 * Every parser, with the content that costs it most: many tiny elements, one long one, deep ones, what
 * is refused at its end only.
 *
 * @module
 */
import { md5 } from "@noble/hashes/legacy.js";
import {
  type Avp,
  AvpType,
  buildControlMessage,
  buildHeader,
  buildPpp,
  checkIpv4,
  checkIpv6,
  checksum,
  parseControlMessage,
  parseHeader,
  parsePpp,
  revealAvps,
} from "../../src/codec/index.ts";
import { decodeRequest, encodeMessage, MessageReader } from "../../src/daemon/api-messages.ts";
import { parseHistory } from "../../src/daemon/history-file.ts";
import { parseFilter } from "../../src/decode/index.ts";
import { walkAvps } from "../../src/decode/walk.ts";
import { formatLine } from "../../src/history/entry.ts";
import { Gateway } from "../../src/host/gateway.ts";
import { Host, Router } from "../../src/ipv6/index.ts";
import { AUTH_NAME_MAX, AVPS_MAX } from "../../src/limits.ts";
import { Link } from "../../src/ppp/index.ts";
import { parseOptions } from "../../src/ppp/options.ts";
import { CHAP, IPCP, LCP, PAP, packet } from "../peer/ppp.ts";
import { Bench } from "../peer/ppp-bench.ts";
import { linkOptions, seededRandom } from "../peer/ppp-conversation.ts";
import { ALL_NODES, address, icmpPacket, linkLocal } from "../peer/slaac.ts";
import { entry } from "../unit/history/entries.ts";
import type { Subject } from "./measure.ts";

/** From a short datagram to the longest. */
const DATAGRAM: readonly [number, number] = [256, 32_768];
const AVP_HEADER = 6;
/** Empty AVPs, from one to as many as there may be. */
const TO_THE_LIMIT: readonly [number, number] = [AVP_HEADER, AVP_HEADER * AVPS_MAX];
const SECRET = new TextEncoder().encode("a secret");

function octets(name: string, prepare: Subject["prepare"], sizes = DATAGRAM): Subject {
  return { name, unit: "octets", sizes, prepare };
}

/** What is not read to its end, however long it is. */
function partly(reads: string, subject: Subject): Subject {
  return { ...subject, reads };
}

function repeated(piece: readonly number[], size: number): Uint8Array {
  const count = Math.floor(size / piece.length);
  return Uint8Array.from(
    { length: count * piece.length },
    (_, at) => piece[at % piece.length] ?? 0,
  );
}

/** As many AVPs as a message may have, each of the same length. */
function mostAvps(size: number): Uint8Array {
  const value = new Uint8Array(Math.max(0, Math.floor(size / AVPS_MAX) - AVP_HEADER));
  const avps = Array.from({ length: AVPS_MAX }, () => ({ type: 99, value }));
  return buildControlMessage({ tunnelId: 1, sessionId: 0, ns: 0, nr: 0, avps });
}

/** A message of AVPs that have nothing to read. */
function tinyAvps(size: number): Uint8Array {
  const head = buildControlMessage({ tunnelId: 1, sessionId: 0, ns: 0, nr: 0, avps: [] });
  const whole = Buffer.concat([head, repeated([0, 6, 0, 0, 0, 99], size)]);
  whole.writeUInt16BE(whole.length, 2);
  return whole;
}

const HIDDEN_TINY = (size: number): Avp[] => {
  const usual = { vendor: 0, mandatory: true, recognised: true };
  const vector = { ...usual, hidden: false, type: AvpType.RandomVector, value: new Uint8Array(16) };
  const tiny = { ...usual, hidden: true, type: AvpType.HostName, value: new Uint8Array(2) };
  return [vector, ...Array.from({ length: size / 8 }, () => tiny)];
};
const HIDDEN_LONG = (size: number): Avp[] => {
  const [vector, tiny] = HIDDEN_TINY(8);
  return vector && tiny ? [vector, { ...tiny, value: new Uint8Array(size) }] : [];
};

/** A link that takes a frame of any length. */
function longBench(): Bench {
  return new Bench({ mru: 65_535, authMethods: ["pap"] });
}

/** As often as it may be said to one link: a negotiation that goes on for longer is ended. */
const SAID = 8;

function said(protocol: number, data: (size: number) => Uint8Array, open: (bench: Bench) => void) {
  return (size: number) => {
    const frame = buildPpp(protocol, packet(1, 1, data(size)));
    return () => {
      const bench = longBench();
      open(bench);
      for (let left = SAID; left > 0; left--) {
        bench.link.handleInput(frame, 0);
        while (bench.link.pollTransmit() !== undefined);
      }
    };
  };
}

const MANY_OPTIONS = (size: number) => repeated([0xee, 2], size);
const LONG_OPTIONS = (size: number) => repeated([0xee, 255, ...new Uint8Array(253)], size);

/** Both fields as long as they may be at 512 octets. */
function papRequest(size: number): Uint8Array {
  const text = new Uint8Array(Math.max(0, size / 2 - (256 - AUTH_NAME_MAX))).fill(0x61);
  return Uint8Array.from([text.length, ...text, text.length, ...text]);
}

const OWN = address("0011223344556677");
const OTHER = linkLocal(address("88990000aabbccdd"));
const V6 = { interfaceId: OWN, mtu: 1_400, random: seededRandom(1), counters: {} };
const advertisement = (option: readonly number[]) => (size: number) =>
  Uint8Array.from(
    icmpPacket({
      source: OTHER,
      destination: ALL_NODES,
      type: 134,
      body: Uint8Array.from([64, 0, 7, 8, ...new Uint8Array(8), ...repeated(option, size)]),
    }),
  );
const PREFIX = [3, 4, 64, 0xc0, 0, 0, 7, 8, 0, 0, 7, 8, 0, 0, 0, 0, 0x20, 1, ...new Uint8Array(14)];

function host(option: readonly number[]): Subject["prepare"] {
  return (size) => {
    const said = advertisement(option)(size);
    const node = new Host(V6, 0);
    return () => {
      node.handleInput(said, 0);
      while (node.pollEvent() !== undefined);
    };
  };
}

function router(size: number): () => void {
  const body = Uint8Array.from([0, 0, 0, 0, ...repeated([14, 1, 0, 0, 0, 0, 0, 0], size)]);
  const said = Uint8Array.from(
    icmpPacket({ source: OTHER, destination: linkLocal(OWN), type: 133, body }),
  );
  const node = new Router({ ...V6, prefix: OWN }, 0);
  return () => {
    node.handleInput(said, 0);
    while (node.pollTransmit() !== undefined);
  };
}

function echo(size: number): () => unknown {
  const request = Uint8Array.from([
    ...[0x45, 0, (size + 28) >> 8, (size + 28) & 255, 0, 0, 0, 0, 64, 1, 0, 0, 10, 64, 0, 7],
    ...[10, 64, 0, 1, 8, 0, 0, 0, 0, 0, 0, 0],
    ...new Uint8Array(size),
  ]);
  const put = (at: number, sum: number) => request.set([sum >> 8, sum & 255], at);
  put(10, checksum(request.subarray(0, 20)));
  put(22, checksum(request.subarray(20)));
  return () => {
    const gateway = new Gateway({ gateway: "10.64.0.1" });
    return gateway.answer(request);
  };
}

/** As much of an API message as fits; its parts come one by one. */
function apiStream(parts: number): Subject["prepare"] {
  return (size) => {
    const message = new Uint8Array(4 + size);
    new DataView(message.buffer).setUint32(0, size);
    const step = Math.ceil(message.length / parts);
    return () => {
      const reader = new MessageReader(size);
      for (let at = 0; at < message.length; at += step)
        reader.push(message.subarray(at, at + step));
    };
  };
}

function history(line: (at: number) => string): Subject["prepare"] {
  return (size) => {
    let text = "";
    for (let at = 0; text.length < size; at++) text += `${line(at)}\n`;
    return () => parseHistory(text);
  };
}

export const PARSERS: readonly Subject[] = [
  partly(
    "its head",
    octets("L2TP header of a long frame", (size) => {
      const header = { control: false, priority: false, tunnelId: 1, sessionId: 1 };
      const datagram = buildHeader(header, new Uint8Array(size));
      return () => parseHeader(datagram);
    }),
  ),
  partly(
    "its head",
    octets("L2TP header, Offset Pad", (size) => {
      const ids = { tunnelId: 1, sessionId: 1 };
      const datagram = buildHeader({ control: false, priority: false, ...ids, offsetSize: size });
      return () => parseHeader(datagram);
    }),
  ),
  octets(
    "control message of empty AVPs",
    (size) => {
      const datagram = tinyAvps(size);
      return () => parseControlMessage(datagram);
    },
    TO_THE_LIMIT,
  ),
  octets(`control message of ${AVPS_MAX} AVPs`, (size) => {
    const datagram = mostAvps(size);
    return () => parseControlMessage(datagram);
  }),
  partly(
    `${AVPS_MAX} AVPs, refused at the next`,
    octets("control message of more empty AVPs", (size) => {
      const datagram = tinyAvps(size);
      return () => parseControlMessage(datagram);
    }),
  ),
  octets(
    "walk of empty AVPs (decode)",
    (size) => {
      const list = tinyAvps(size).subarray(12);
      return () => walkAvps(list);
    },
    TO_THE_LIMIT,
  ),
  partly(
    `${AVPS_MAX} AVPs`,
    octets("walk of more empty AVPs (decode)", (size) => {
      const list = tinyAvps(size).subarray(12);
      return () => walkAvps(list);
    }),
  ),
  octets("hidden AVPs, many", (size) => {
    const avps = HIDDEN_TINY(size);
    return () => revealAvps(avps, SECRET, md5);
  }),
  octets("hidden AVP, long", (size) => {
    const avps = HIDDEN_LONG(size);
    return () => revealAvps(avps, SECRET, md5);
  }),
  partly(
    "its head",
    octets("PPP frame", (size) => {
      const frame = buildPpp(LCP, new Uint8Array(size));
      return () => parsePpp(frame);
    }),
  ),
  octets("PPP options, empty", (size) => {
    const list = MANY_OPTIONS(size);
    return () => parseOptions(list);
  }),
  octets("PPP options, cut at the end", (size) => {
    const list = Uint8Array.from([...MANY_OPTIONS(size), 1]);
    return () => parseOptions(list);
  }),
  octets(
    "LCP Configure-Request, empty options",
    said(LCP, MANY_OPTIONS, (bench) => bench.open()),
  ),
  octets(
    "LCP Configure-Request, long options",
    said(LCP, LONG_OPTIONS, (bench) => bench.open()),
  ),
  octets(
    "IPCP Configure-Request",
    said(IPCP, MANY_OPTIONS, (bench) => bench.toNetwork()),
  ),
  octets(
    "PAP request, name and password",
    said(PAP, papRequest, (bench) => bench.establish()),
    [8, 512],
  ),
  partly(
    "its head",
    octets(
      "PAP request, long after its end",
      said(
        PAP,
        (size) => new Uint8Array(size),
        (bench) => bench.establish(),
      ),
    ),
  ),
  partly(
    "refused at its protocol",
    octets(
      "CHAP packet where PAP was agreed",
      said(
        CHAP,
        (size) => new Uint8Array(size),
        (bench) => bench.establish(),
      ),
    ),
  ),
  octets("proxied LCP of many options", (size) => {
    const lastSent = MANY_OPTIONS(size);
    const lcp = { initialReceived: lastSent, lastSent, lastReceived: lastSent };
    return () => new Link(linkOptions()).open(0, { lcp });
  }),
  octets("Router Advertisement, tiny options", host([14, 1, 0, 0, 0, 0, 0, 0])),
  octets("Router Advertisement, prefixes", host(PREFIX)),
  octets("Router Solicitation, tiny options", router),
  octets("checksum", (size) => {
    const packet = new Uint8Array(size);
    return () => checksum(packet);
  }),
  partly(
    "its head",
    octets("IPv4 and IPv6 header check", (size) => {
      const packet = new Uint8Array(size).fill(0x45);
      return () => [checkIpv4(packet), checkIpv6(packet)];
    }),
  ),
  octets("ICMP echo to the gateway", echo),
  octets("API: one message at once", apiStream(1)),
  octets("API: one message in 64 parts", apiStream(64)),
  octets(
    "API: request of nested arrays",
    (size) => {
      const body = Uint8Array.from({ length: size }, () => 0x91);
      return () => decodeRequest(body);
    },
    [32, 4_096],
  ),
  octets(
    "API: request of many keys",
    (size) => {
      const keys = Object.fromEntries(Array.from({ length: size / 8 }, (_, at) => [`k${at}`, at]));
      const body = encodeMessage(keys as never).subarray(4);
      return () => decodeRequest(body);
    },
    [32, 4_096],
  ),
  octets(
    "history file, many entries",
    history((at) => formatLine(entry({ id: `a.${at}` }))),
    [1_024, 131_072],
  ),
  octets(
    "history file, lines that are none",
    history(() => "{".repeat(63)),
    [1_024, 131_072],
  ),
  octets("filter of decode", (size) => {
    const text = `type=${"a,".repeat(size / 2)}a`;
    return () => parseFilter(text);
  }),
];
