/**
 * Many clients from one process, each at an address of its own with one tunnel and one session:
 *
 *   fleet.ts LNS FIRST-ADDRESS COUNT NAME PASSWORD [no-checksum]
 *
 * Each line on standard input, "dial MS", lets all of them dial anew, spread over that time. It
 * prints {"up":N,"seconds":S,"attempts":A} twice a second and once when all are up.
 *
 * @module
 */
import { createInterface } from "node:readline";
import { ipv4 } from "../../../src/net.ts";
import { Client } from "./client.ts";
import { Wire } from "./wire.ts";

const TICK_MS = 50;
const REPORT_MS = 500;

const [to = "", first = "", count = "1", name = "", password = "", ...flags] =
  process.argv.slice(2);
const wire = new Wire(to, { checksum: !flags.includes("no-checksum") });
const base = ipv4(first);
const clients = Array.from(
  { length: Number(count) },
  (_, index) => new Client(base + index, { name, password }),
);

let began = Infinity;
let spread = 0;
let dialled = clients.length;
let ticked = 0;
let reported = 0;

function turn(now: number): void {
  const due = Math.min(1, spread === 0 ? 1 : (now - began) / spread) * clients.length;
  while (dialled < due) start(clients[dialled++], now);
  while (wire.receive((address, datagram) => take(clients[address - base], datagram, now)) > 0);
  if (now - ticked >= TICK_MS) {
    ticked = now;
    for (const client of clients) {
      client.tick(now);
      flush(client);
    }
  }
  wire.flush();
}

function start(client: Client | undefined, now: number): void {
  client?.dial(now);
  flush(client);
}

function take(client: Client | undefined, datagram: Uint8Array, now: number): void {
  client?.handle(datagram, now);
  flush(client);
}

function flush(client: Client | undefined): void {
  for (const datagram of client?.transmits() ?? []) wire.send(client?.address ?? 0, datagram);
}

function report(now: number): void {
  const up = clients.filter((client) => client.isUp).length;
  const isDone = up === clients.length && dialled === clients.length;
  if (began === Infinity || (!isDone && now - reported < REPORT_MS)) return;
  reported = now;
  const attempts = clients.reduce((sum, client) => sum + client.attempts, 0);
  const seconds = Number(((now - began) / 1000).toFixed(2));
  console.log(JSON.stringify({ up, seconds, attempts }));
  if (isDone) began = Infinity;
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    spread = Number(line.split(" ")[1] ?? 0);
    began = performance.now();
    dialled = 0;
  })
  .on("close", () => process.exit(0));

for (;;) {
  turn(performance.now());
  report(performance.now());
  await new Promise((resolve) => setTimeout(resolve, 1));
}
