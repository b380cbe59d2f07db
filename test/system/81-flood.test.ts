/** What a flood of anything leaves to those who have a tunnel, and to those who want one. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { addSources, generator, generatorIn } from "./load/generator.ts";
import type { Child } from "./support/child.ts";
import { Lab } from "./support/lab.ts";
import { Simplon, USERS } from "./support/simplon.ts";

const HELLO_MS = 1_000;
const ECHO_MS = 1_000;
const DIAL_MS = 10_000;
/** How long HELLOs are said and clients dial in each case; the last one is waited for. */
const MEASURE_MS = 5_000;
/** What fails twice is no mishap of the host. */
const ATTEMPTS = 2;
/** As many as there are slots: one of them shares its slot with whoever floods. */
const KEPT = "8";
const GATEWAY = "10.64.0.1";
const [user, password] = ["bob", USERS.bob];
const SECONDS = "60"; // a generator is ended before
const DOWNWARD = "packets to one session, as many as the kernel takes";
const LCP_FRAMES = "LCP frames in one session, as many as the kernel takes";

interface Figures {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

interface Measured {
  readonly hello: Figures;
  readonly echo: Figures;
  readonly up: Figures;
  readonly dial: Figures;
  readonly kept: boolean;
}

let lab: Lab;
let prober: Child;
let measured = 0;

before(async () => {
  lab = await Lab.open("flood", 0, { capture: false });
  await addSources(lab);
});
after(() => lab.close());

async function measure(): Promise<Measured> {
  prober.write(`measure ${MEASURE_MS}\n`);
  measured++;
  const isDone = () => prober.lines.filter((line) => line.startsWith("{")).length === measured;
  const end = performance.now() + MEASURE_MS + 40_000;
  while (!isDone() && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(isDone(), "the prober does not answer");
  return JSON.parse(prober.lines.at(-1) ?? "");
}

/** What a generator has said last, as rates. */
function rates(attack: Child): Record<string, number> {
  const last = attack.lines.filter((line) => line.startsWith("{")).at(-1) ?? "{}";
  const { seconds = 1, taken, ...sent } = JSON.parse(last) as Record<string, number>;
  const entries = Object.entries(sent).filter(([, count]) => typeof count === "number");
  return Object.fromEntries(entries.map(([name, count]) => [name, Math.round(count / seconds)]));
}

function flood(requests: number, garbage: number, strays = 0): () => Child {
  const args = ["10.9.130.1", "10000", `${requests}`, `${garbage}`, SECONDS, `${strays}`];
  return () => generator(lab, "attack.ts", "flood", ...args);
}

function saturate(kind: "packets" | "frames" | "strays" | "nothing"): () => Child {
  return () => generator(lab, "saturate.ts", kind, user, password, GATEWAY);
}

/** A client that takes what it gets, and one beyond the LNS that sends to it. */
async function downward(): Promise<Child> {
  const sink = saturate("nothing")();
  const { inner } = JSON.parse(await sink.line(/^{/, 30_000));
  return generatorIn(lab, "core", "downward.ts", inner);
}

type Case = readonly [
  what: string,
  start: () => Child | Promise<Child>,
  least: Readonly<Record<string, number>>,
];

const CONTROL: readonly Case[] = [
  ["20,000 SCCRQs a second from 10,000 addresses", flood(20_000, 0), { requests: 19_000 }],
  ["200,000 garbage datagrams a second", flood(0, 200_000), { garbage: 190_000 }],
  [
    "50,000 control messages a second for tunnels that nobody has",
    flood(0, 0, 50_000),
    { strays: 48_000 },
  ],
];
const BOTH: Case = [
  "half as many SCCRQs and half as much garbage",
  flood(10_000, 100_000),
  { requests: 9_500, garbage: 95_000 },
];
const DATA: readonly Case[] = [
  ["packets of one session, as many as the kernel takes", saturate("packets"), { sent: 100_000 }],
  [DOWNWARD, downward, { sent: 100_000 }],
  ["data of no session, as much as the kernel takes", saturate("strays"), { sent: 100_000 }],
  [LCP_FRAMES, saturate("frames"), { sent: 100_000 }],
];

underFloods(1, [...CONTROL, BOTH, ...DATA]);
underFloods(2, [BOTH, ...DATA]);

function underFloods(workers: number, cases: readonly Case[]): void {
  describe(`with ${workers} ${workers === 1 ? "worker" : "workers"}`, () => {
    let lns: Simplon;

    before(async () => {
      lns = await Simplon.start(lab, { lns: { hello: 5, workers }, level: "error" });
      prober = generator(lab, "prober.ts", "10.9.224.1", KEPT, user, password, GATEWAY);
      measured = 0;
      await prober.line(/^up$/, 20_000);
    });
    after(async () => {
      await prober?.end();
      await lns?.stop();
    });

    for (const each of cases) underFlood(...each);
  });
}

function underFlood(...[what, start, least]: Case): void {
  it(`under ${what}: HELLOs and LCP Echo-Requests are answered within 1 s, a new client is in within 10 s`, async (t) => {
    for (let attempt = 1; ; attempt++) {
      const attack = await start();
      await attack.line(/^{/, 30_000);
      const found = await measure();
      const isOver = attack.exit !== undefined;
      const sent = rates(attack);
      await attack.end();
      t.diagnostic(JSON.stringify({ what, sent, ...found }));
      assert.equal(isOver, false, `the flood was over:\n${attack.text}`);
      const wrong = [...tooFew(sent, least), ...tooSlow(what, found)];
      if (wrong.length === 0) return;
      // Generator, prober and LNS share two processors with whatever else the host does just now.
      if (attempt === ATTEMPTS) assert.fail(wrong.join("; "));
    }
  });
}

function tooFew(sent: Record<string, number>, least: Readonly<Record<string, number>>): string[] {
  const missed = Object.entries(least).filter(([name, rate]) => (sent[name] ?? 0) < rate);
  return missed.map(([name]) => `too few ${name}: ${sent[name]} a second`);
}

/** What did not come in time, a clause each. */
function tooSlow(what: string, { hello, echo, up, dial, kept }: Measured): string[] {
  // LCP frames share a queue with those of their slot; all else has one of its own.
  const slowest = what === LCP_FRAMES ? echo.p50 : echo.max;
  // What goes to a client by the queue of the device that is flooded, one in eight, is lost with most
  // of the flood: such a client is in, and its pings are answered by and by.
  const isIn = what === DOWNWARD ? up : dial;
  const wrong: string[] = [];
  if (hello.max >= HELLO_MS) wrong.push(`a HELLO was answered after ${hello.max} ms`);
  if (slowest >= ECHO_MS) wrong.push(`an LCP Echo-Request was answered after ${slowest} ms`);
  if (isIn.max >= DIAL_MS) wrong.push(`a new client needed ${isIn.max} ms`);
  if (!kept) wrong.push("a client that had a link has lost it");
  return wrong;
}
