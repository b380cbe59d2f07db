/**
 * What is read of files: configurations and captures.
 *
 * @module
 */
import { parseConfig } from "../../src/config/load.ts";
import { Capture, Datagrams, formatJson, Messages, TextPrinter } from "../../src/decode/index.ts";
import { b16, ethernet, ipv4, pcap } from "../unit/decode/build.ts";
import type { Subject } from "./measure.ts";

const CAPTURE: readonly [number, number] = [512, 65_536];
const TEXT: readonly [number, number] = [512, 65_536];
const NETWORK =
  '[[network]]\nname = "default"\ntun = "simplon0"\ngateway = "10.64.0.1"\npool = ["10.64.0.0/16"]\n';

const encode = (text: string) => new TextEncoder().encode(text);

/** Pieces until there are `size` octets; each knows its number. */
function pieces(size: number, piece: (at: number) => string): string {
  const parts: string[] = [];
  for (let [at, length] = [0, 0]; length < size; at++) {
    const part = piece(at);
    parts.push(part);
    length += part.length;
  }
  return parts.join("");
}

function config(name: string, text: (size: number) => string, sizes = TEXT): Subject {
  const prepare = (size: number) => {
    const whole = text(size);
    return () => parseConfig(whole, "simplon.toml");
  };
  return { name: `configuration: ${name}`, unit: "octets", sizes, prepare };
}

function capture(name: string, file: (size: number) => Uint8Array): Subject {
  const prepare = (size: number) => {
    const whole = file(size);
    return () => show(whole);
  };
  return { name: `decode: ${name}`, unit: "octets", sizes: CAPTURE, prepare };
}

/** All that the program does with a file. */
function show(file: Uint8Array): void {
  const capture = new Capture();
  const datagrams = new Datagrams();
  const messages = new Messages({ secret: "opensesame", isPasswordShown: true });
  const text = new TextPrinter({ hasColours: false, isBrief: false });
  for (const frames of [capture.push(file), capture.end()]) {
    for (const frame of frames) {
      for (const datagram of datagrams.of(frame)) {
        const message = messages.read(datagram);
        text.format(message);
        formatJson(message);
      }
    }
  }
}

function records(size: number, octets: (at: number) => Uint8Array): Uint8Array {
  const list: { octets: Uint8Array }[] = [];
  for (let [at, length] = [0, 0]; length < size; at++) {
    const each = octets(at);
    list.push({ octets: each });
    length += 16 + each.length;
  }
  return pcap(list);
}

function fragment(id: number): Uint8Array {
  const packet = ipv4(new Uint8Array(8)).slice();
  packet.set([(id >> 8) & 255, id & 255, 0x20, 0], 4);
  return ethernet(packet);
}

function data(information: readonly number[], tunnel = 7, session = 9): Uint8Array {
  const head = [0, 2, ...b16(tunnel), ...b16(session)];
  return ethernet(ipv4(Uint8Array.from([...head, ...information])));
}

const OPTIONS = Array.from({ length: 600 }, () => [7, 2]).flat();
const LCP = [0xc0, 0x21, 1, 1, ...b16(OPTIONS.length + 4), ...OPTIONS];
const EMPTY_AVPS = Array.from({ length: 60 }, () => [0, 6, 0, 0, 0, 99]).flat();
const CONTROL = [0xc8, 2, ...b16(12 + EMPTY_AVPS.length), 0, 7, 0, 0, 0, 0, 0, 0, ...EMPTY_AVPS];

export const FILES: readonly Subject[] = [
  config("a comment", (size) => `#${" ".repeat(size)}\n`),
  config("a long text", (size) => `[lns]\nsecret = "${"x".repeat(size)}"\n`),
  config("keys that are none", (size) => `[lns]\n${pieces(size, (at) => `k${at} = 1\n`)}`),
  config("tables that are none", (size) => pieces(size, (at) => `[t${at}]\n`)),
  config("dotted keys", (size) => `[lns]\n${pieces(size, () => "a.")}a = 1\n`),
  config("an array of arrays", (size) => `[lns]\nsecret = [${"[],".repeat(size / 3)}]`),
  {
    ...config("nested arrays", (size) => `[lns]\nsecret = ${"[".repeat(size)}`),
    reads: "1,000 levels, refused at the next",
  },
  config(
    "users",
    (size) =>
      NETWORK +
      pieces(size, (at) => `[[user]]\nname = "u${at}"\npassword = "p"\nnetwork = "default"\n`),
  ),
  config(
    "users of no network",
    (size) =>
      NETWORK + pieces(size, (at) => `[[user]]\nname = "u${at}"\npassword = "p"\nnetwork = "x"\n`),
  ),
  config(
    "the same user",
    (size) =>
      NETWORK + pieces(size, () => `[[user]]\nname = "u"\npassword = "p"\nnetwork = "default"\n`),
  ),
  config(
    "routes",
    (size) => {
      const users = pieces(size, (at) => {
        const route = `10.${(at >> 8) & 255}.${at & 255}.0/24`;
        return `[[user]]\nname = "u${at}"\npassword = "p"\nnetwork = "default"\nroutes = ["${route}"]\n`;
      });
      return NETWORK + users;
    },
    [2_048, 262_144],
  ),
  config("pools", (size) => {
    const pool = pieces(size, (at) => `"10.${at >> 8}.${at & 255}.0/24", `);
    return `[[network]]\nname = "n"\ntun = "t"\ngateway = "192.0.2.1"\npool = [${pool}]\n`;
  }),
  capture("octets that mean nothing", (size) => new Uint8Array(size).fill(0x41)),
  capture("hex", (size) => encode("c8 ".repeat(size / 3))),
  capture("escapes", (size) => encode(`"\\xc8${'\\"\\xc8'.repeat(size / 6)}`)),
  capture("an array of C", (size) => encode(`{${"0xc8, ".repeat(size / 6)}x`)),
  capture("brackets", (size) => encode(`${"a [ ".repeat(size / 4)}= `)),
  capture("short lines of hex", (size) => encode("c802000c000700000000000\n".repeat(size / 24))),
  capture("one fragment each", (size) => records(size, fragment)),
  capture("PPP options", (size) => records(size, () => data(LCP))),
  capture("empty AVPs", (size) => records(size, () => ethernet(ipv4(Uint8Array.from(CONTROL))))),
  capture("a session each", (size) =>
    records(size, (at) => data([0, 0x21], at & 0xffff, at & 0xffff)),
  ),
];
