/** What has to hold of a run beside the one without offloads. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { parseHeader, parsePpp } from "../../../../src/codec/index.ts";
import { differences, type Flows } from "./compare.ts";
import { IP6_HEADER, TCP } from "./packets.ts";
import type { Captured } from "./run.ts";

/** Of a run's packets: SIMPLON_SEED, or any. */
export const seed = Number(process.env.SIMPLON_SEED ?? Math.floor(Math.random() * 2 ** 31));
const SHOWN = 3;
const TCP_CHECKSUM = 16;
const IPV6 = 0x0057;

/** Says what differs first, and how to have these packets again. */
export function assertSame(expected: Flows, actual: Flows, way: string): void {
  const all = differences(expected, actual);
  const title = `${way}, SIMPLON_SEED=${seed}: ${all.length} of ${expected.size} flows differ`;
  const texts = all.slice(0, SHOWN).map(({ text }) => text);
  assert.equal(all.length, 0, [title, ...texts].join("\n"));
}

/** Fails where too little came out for a comparison to say much. */
export function assertRich({ up, down, counts }: Captured, flows: number, t: TestContext): void {
  t.diagnostic(`SIMPLON_SEED=${seed}: ${JSON.stringify(counts)}`);
  assert.ok(up.size > flows / 2 && down.size > flows / 2, `${up.size} and ${down.size} flows`);
  assert.ok(counts.up > counts.upSent * 0.9, `${counts.up} of ${counts.upSent} came up`);
  assert.ok(counts.down > counts.downSent * 2, `${counts.down} of ${counts.downSent} came down`);
}

/**
 * Data messages with one notation of a TCP checksum that is 0. For a device with USO but without TSO
 * the kernel cuts TCP itself and leaves checksums to the program, which cannot know whether it would
 * have written 0 (tcp_gso_segment) or 0xffff (skb_checksum_help).
 */
export function sameZero(flows: Flows): Flows {
  return new Map([...flows].map(([name, messages]) => [name, messages.map(withZero)]));
}

function withZero(message: Uint8Array): Uint8Array {
  const header = parseHeader(message);
  const frame = typeof header === "string" ? header : parsePpp(header.payload);
  if (typeof frame === "string") throw new Error(`the LNS sent what is ${frame}`);
  const ip = frame.information;
  const isInet6 = frame.protocol === IPV6;
  if (ip[isInet6 ? 6 : 9] !== TCP) return message;
  const start = isInet6 ? IP6_HEADER : ((ip[0] ?? 0) & 15) * 4;
  const at = message.length - ip.length + start + TCP_CHECKSUM;
  if (message[at] !== 0xff || message[at + 1] !== 0xff) return message;
  return message.slice().fill(0, at, at + 2);
}
