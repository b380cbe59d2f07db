/**
 * Hostile traffic from one process:
 *
 *   attack.ts LNS mutate FIRST-ADDRESS COUNT NAME PASSWORD SEED
 *     real clients, one after the other, whose own datagrams are sent again with octets changed,
 *     cut, added, and generated ones between them: COUNT in all
 *   attack.ts LNS flood FIRST-ADDRESS ADDRESSES REQUESTS GARBAGE SECONDS [STRAYS]
 *     REQUESTS valid SCCRQs a second from ADDRESSES addresses that never answer, GARBAGE random
 *     datagrams a second, and STRAYS well-formed control messages for tunnels that nobody has
 *
 * Prints {"sent":N,...} each second and at the end, the last line with "done".
 *
 * @module
 */
import { ipv4 } from "../../../src/net.ts";
import { Client } from "./client.ts";
import { mutate, random } from "./mutate.ts";
import { hello, startRequest } from "./requests.ts";
import { Wire } from "./wire.ts";

const REPORT_MS = 1_000;
/** A client is good for this many mutations; they have often closed its tunnel long before. */
const MUTATIONS_PER_CLIENT = 10_000;
const CLIENT_PATIENCE_MS = 3_000;
const BURST = 64;
/** Datagrams of a client that are kept to be mutated: all of its set-up. */
const SEEDS_MAX = 64;
const GARBAGE_MAX = 128;
/** Random octets that garbage is cut from: its making must not be what takes long. */
const GARBAGE_POOL = 1_048_576;

const [to = "", kind = "", first = "", ...numbers] = process.argv.slice(2);
const base = ipv4(first);
const wire = new Wire(to);

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

async function mutateClients(count: number, name: string, password: string, seed: number) {
  const roll = random(seed);
  let reported = performance.now();
  let [sent, clients, established] = [0, 0, 0];
  while (sent < count) {
    const client = new Client(base + clients++, { name, password });
    const seeds: Uint8Array[] = [];
    client.dial(performance.now());
    const began = performance.now();
    while (!client.isUp && performance.now() - began < CLIENT_PATIENCE_MS) {
      serve(client, seeds);
      await pause();
    }
    if (client.isUp) established += 1;
    serve(client, seeds);
    for (let turn = 0; turn < MUTATIONS_PER_CLIENT / BURST && sent < count; turn++) {
      const burst = Math.min(BURST, count - sent);
      for (let i = 0; i < burst; i++) wire.send(client.address, mutate(seeds, roll));
      wire.flush();
      sent += burst;
      serve(client, []);
      if (performance.now() - reported < REPORT_MS) continue;
      reported = performance.now();
      console.log(JSON.stringify({ sent, clients, established }));
      await pause();
    }
  }
  console.log(JSON.stringify({ sent, clients, established, done: true }));
}

/** One turn of a client; what it sends is kept in `seeds`. */
function serve(client: Client, seeds: Uint8Array[]): void {
  const now = performance.now();
  const take = (address: number, datagram: Uint8Array) => {
    if (address === client.address) client.handle(datagram, now);
  };
  while (wire.receive(take) > 0);
  client.tick(now);
  for (const datagram of client.transmits()) {
    if (seeds.length < SEEDS_MAX) seeds.push(datagram);
    wire.send(client.address, datagram);
  }
  wire.flush();
}

async function flood(
  addresses: number,
  requests: number,
  garbage: number,
  seconds: number,
  strays: number,
) {
  const roll = random(1);
  const request = startRequest();
  const began = performance.now();
  const sent = { requests: 0, garbage: 0, strays: 0 };
  const stray = hello();
  const pool = Uint8Array.from({ length: GARBAGE_POOL }, () => roll() & 0xff);
  let reported = began;
  for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - began) / 1000) {
    for (; sent.requests < requests * elapsed; sent.requests++) {
      wire.send(base + (sent.requests % addresses), request(1 + (roll() % 65_535)));
    }
    for (; sent.garbage < garbage * elapsed; sent.garbage++) {
      const dice = roll();
      const at = dice % (pool.length - GARBAGE_MAX);
      const length = (dice >>> 24) % GARBAGE_MAX;
      wire.send(base + (sent.garbage % addresses), pool.subarray(at, at + length));
    }
    for (; sent.strays < strays * elapsed; sent.strays++) {
      wire.send(base + (sent.strays % addresses), stray(1 + (roll() % 65_535)));
    }
    wire.flush();
    if (performance.now() - reported < REPORT_MS) continue;
    reported = performance.now();
    console.log(JSON.stringify({ ...sent, taken: wire.sent, seconds: (reported - began) / 1000 }));
    await pause();
  }
  const took = (performance.now() - began) / 1000;
  console.log(JSON.stringify({ ...sent, taken: wire.sent, seconds: took, done: true }));
}

if (kind === "mutate") {
  const [count, name = "", password = "", seed] = numbers;
  await mutateClients(Number(count), name, password, Number(seed));
} else {
  const [addresses, requests, garbage, seconds, strays] = numbers.map(Number);
  await flood(addresses ?? 1, requests ?? 0, garbage ?? 0, seconds ?? 0, strays ?? 0);
}
process.exit(0);
