/** One run of a mix through a program under test, and what came out of it at both sides. */
import { setTimeout as sleep } from "node:timers/promises";
import { parseHeader, parsePpp } from "../../../../src/codec/index.ts";
import type { Client } from "./client.ts";
import { byFlow, type Flows } from "./compare.ts";
import { downMix, type Item, type Size, upMix } from "./mix.ts";
import { Random } from "./random.ts";
import type { WireEnd } from "./station.ts";

/** Packets that are sent at once: no queue on the way is shorter. */
const BURSTS = [1, 8, 64, 200];
/** Nothing more comes when nothing has come for so long. */
const QUIET_MS = 3;
const LAST_QUIET_MS = 250;

export interface Captured {
  /** Packets at the host. */
  readonly up: Flows;
  /** Data messages at the client. */
  readonly down: Flows;
  readonly counts: Readonly<Record<"upSent" | "up" | "downSent" | "down", number>>;
}

export async function runMix(
  client: Client,
  host: WireEnd,
  seed: number,
  size: Size,
): Promise<Captured> {
  const upItems = upMix(seed, client.ends, size);
  const up = await exchange(seed, upItems, {
    send: (random, items) => {
      const messages = items.map(({ session, packet }) => ({
        session,
        message: client.message(random, session, packet),
      }));
      client.send(random, messages);
    },
    take: () => {
      client.turn();
      return drain(host);
    },
  });
  client.take();
  const downItems = downMix(seed + 1, client.ends, size);
  const down = await exchange(seed, downItems, {
    send: (_, items) => {
      for (const { packet, segmentation } of items) host.send(packet, segmentation);
    },
    take: () => client.take(),
  });
  drain(host);
  return {
    up: byFlow(up, (packet) => packet),
    down: byFlow(down, packetOfMessage),
    counts: {
      upSent: upItems.length,
      up: up.length,
      downSent: downItems.length,
      down: down.length,
    },
  };
}

interface Way {
  readonly send: (random: Random, items: readonly Item[]) => void;
  readonly take: () => Uint8Array[];
}

async function exchange(seed: number, items: readonly Item[], way: Way): Promise<Uint8Array[]> {
  const random = new Random(seed);
  const captured: Uint8Array[] = [];
  for (let at = 0; at < items.length; ) {
    const count = random.pick(BURSTS);
    way.send(random, items.slice(at, at + count));
    at += count;
    captured.push(...(await settle(way.take, QUIET_MS)));
  }
  captured.push(...(await settle(way.take, LAST_QUIET_MS)));
  return captured;
}

/** What comes until it is quiet. */
async function settle(take: () => Uint8Array[], quietMs: number): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for (let last = performance.now(); performance.now() - last < quietMs; await sleep(1)) {
    const some = take();
    if (some.length > 0) last = performance.now();
    for (const octets of some) all.push(octets);
  }
  return all;
}

function drain(host: WireEnd): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let packet = host.receive(); packet !== undefined; packet = host.receive()) {
    if (!isKernels(packet)) all.push(packet);
  }
  return all;
}

/** What the kernel says for itself whenever it likes comes from a link-local address. */
function isKernels(packet: Uint8Array): boolean {
  return packet[0] === 0x60 && packet[8] === 0xfe && packet[9] === 0x80;
}

function packetOfMessage(message: Uint8Array): Uint8Array {
  const header = parseHeader(message);
  if (typeof header === "string") throw new Error(`the LNS sent what is ${header}`);
  const frame = parsePpp(header.payload);
  if (typeof frame === "string") throw new Error(`the LNS sent what is ${frame}`);
  return frame.information;
}
