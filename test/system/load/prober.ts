/**
 * How an LNS treats its clients while something else is going on:
 *
 *   prober.ts LNS FIRST-ADDRESS KEPT NAME PASSWORD PING-ADDRESS
 *
 * KEPT clients dial and stay; "up" is printed once they are in. Each line on standard input,
 * "measure MS", lets one of them after the other say HELLO, and ask for an LCP Echo-Reply, and new
 * clients dial, one after the other: tunnel, session, CHAP, IPCP and an answered ping. Then it prints
 * how long that took, in ms, and whether the clients that were to stay have stayed:
 *
 *   {"hello":{"count":..,"p50":..,"p95":..,"max":..},"echo":{..},"up":{..},"dial":{..},"kept":true}
 *
 * "up" is the time to an address, "dial" that to the answered ping.
 *
 * @module
 */
import { createInterface } from "node:readline";
import { ipv4 } from "../../../src/net.ts";
import { Client } from "./client.ts";
import { isEchoReply, ping } from "./ping.ts";
import { Wire } from "./wire.ts";

const HELLO_EVERY_MS = 50;
const PING_EVERY_MS = 200;
const ECHO_EVERY_MS = 50;
/** Nothing repeats an Echo-Request: what is not answered by then was lost. */
const ECHO_PATIENCE_MS = 2_000;
const TICK_MS = 20;
/** A HELLO or a client that takes longer than this is none that got through. */
const PATIENCE_MS = 15_000;

const [to = "", first = "", count = "1", name = "", password = "", pinged = ""] =
  process.argv.slice(2);
const wire = new Wire(to);
const base = ipv4(first);
const clients = new Map<number, Client>();
let ticked = 0;

function open(address: number): Client {
  const client = new Client(address, { name, password });
  clients.set(address, client);
  client.dial(performance.now());
  return client;
}

function turn(): void {
  const now = performance.now();
  const take = (address: number, datagram: Uint8Array) => {
    clients.get(address)?.handle(datagram, now);
  };
  while (wire.receive(take) > 0);
  const isTick = now - ticked >= TICK_MS;
  if (isTick) ticked = now;
  for (const client of clients.values()) {
    if (isTick) client.tick(now);
    for (const datagram of client.transmits()) wire.send(client.address, datagram);
  }
  wire.flush();
}

/** Until the condition holds; how long that took, at most `patience`. */
async function until(condition: () => boolean, patience = PATIENCE_MS): Promise<number> {
  const began = performance.now();
  while (!condition() && performance.now() - began < patience) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return performance.now() - began;
}

const kept = Array.from({ length: Number(count) }, (_, index) => open(base + index));
let fresh = base + kept.length;

async function hellos(end: number): Promise<number[]> {
  const took: number[] = [];
  for (let next = 0; performance.now() < end; next++) {
    const client = kept[next % kept.length];
    client?.hello(performance.now());
    took.push(await until(() => client?.isIdle === true));
    await new Promise((resolve) => setTimeout(resolve, HELLO_EVERY_MS));
  }
  return took;
}

async function echoes(end: number): Promise<number[]> {
  const took: number[] = [];
  for (let next = 0; performance.now() < end; next++) {
    const client = kept[next % kept.length];
    client?.echo();
    took.push(await until(() => client?.isWaiting === false, ECHO_PATIENCE_MS));
    await new Promise((resolve) => setTimeout(resolve, ECHO_EVERY_MS));
  }
  return took;
}

/** How long each client takes until it has an address, and until its ping is answered. */
async function dials(end: number): Promise<{ up: number[]; took: number[] }> {
  const took: number[] = [];
  const up: number[] = [];
  while (performance.now() < end || took.length === 0) {
    const client = open(fresh++);
    let isAnswered = false;
    client.onPacket = (packet) => {
      isAnswered ||= isEchoReply(packet);
    };
    const began = performance.now();
    let pingAt = 0;
    let upAfter = Infinity;
    const isIn = () => {
      const now = performance.now();
      if (client.isUp) upAfter = Math.min(upAfter, now - began);
      if (client.isUp && now >= pingAt) {
        pingAt = now + PING_EVERY_MS;
        client.send(ping(client.inner, pinged));
      }
      return isAnswered;
    };
    took.push(await until(isIn));
    up.push(upAfter);
    client.hangUp(performance.now());
    void until(() => client.isIdle).then(() => clients.delete(client.address));
  }
  return { up, took };
}

function summary(took: readonly number[]): Record<string, number> {
  const sorted = [...took].sort((a, b) => a - b);
  const at = (part: number) => Math.round(sorted[Math.ceil(part * sorted.length) - 1] ?? Infinity);
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}

async function measure(ms: number): Promise<void> {
  const attempts = () => kept.reduce((sum, client) => sum + client.attempts, 0);
  const before = attempts();
  const end = performance.now() + ms;
  const [hello, echo, { up, took }] = await Promise.all([hellos(end), echoes(end), dials(end)]);
  const isKept = attempts() === before && kept.every((client) => client.isUp);
  const times = {
    hello: summary(hello),
    echo: summary(echo),
    up: summary(up),
    dial: summary(took),
  };
  const figures = { ...times, kept: isKept };
  console.log(JSON.stringify(figures));
}

createInterface({ input: process.stdin })
  .on("line", (line) => void measure(Number(line.split(" ")[1] ?? 0)))
  .on("close", () => process.exit(0));

void until(() => kept.every((client) => client.isUp)).then(() => console.log("up"));
for (;;) {
  turn();
  await new Promise((resolve) => setTimeout(resolve, 1));
}
