/**
 * Every table and queue: as much work as there are entries in it, each put in, looked up and taken out
 * once.
 *
 * @module
 */
import { Forwards } from "../../src/aaa/forwards.ts";
import { Passwords } from "../../src/aaa/passwords.ts";
import { Pools } from "../../src/aaa/pools.ts";
import { Pools6 } from "../../src/aaa/pools6.ts";
import { select } from "../../src/daemon/api-select.ts";
import { Freelist } from "../../src/dataplane/freelist.ts";
import { makeEntry } from "../../src/history/entry.ts";
import { Ring } from "../../src/history/ring.ts";
import { Admission } from "../../src/l2tp/admission.ts";
import { HalfOpen } from "../../src/l2tp/half-open.ts";
import { Ids } from "../../src/l2tp/ids.ts";
import { Spread } from "../../src/l2tp/spread.ts";
import { formatIpv4 } from "../../src/net.ts";
import { Fifo } from "../../src/sansio/fifo.ts";
import { Timer, Timers } from "../../src/sansio/timers.ts";
import { newLns, Talk } from "../peer/control.ts";
import { seededRandom } from "../peer/ppp-conversation.ts";
import { dataMessage } from "../unit/dataplane/frames.ts";
import { Plane } from "../unit/dataplane/plane.ts";
import { entry } from "../unit/history/entries.ts";
import type { Subject } from "./measure.ts";

const MANY: readonly [number, number] = [128, 16_384];
/** As many as there may be of one source, and in all. */
const HALF_OPEN = { ofOne: [4, 512], inAll: [32, 4_096] } as const;
/** Each of a source of its own. */
const TUNNELS: readonly [number, number] = [8, 1_024];

function entries(name: string, prepare: Subject["prepare"], sizes = MANY): Subject {
  return { name, unit: "entries", sizes, prepare };
}

const ECHO = Uint8Array.of(0xc0, 0x21, 9, 1, 0, 4);

function addressOf(at: number): string {
  return formatIpv4(0x0a00_0000 + at);
}

/** In a table that stays. */
function lookups(size: number): () => void {
  const own = new Plane();
  for (let at = 0; at < size; at++) own.session(1 + (at >> 8), 1 + (at & 255));
  const frames = Array.from({ length: size }, (_, at) =>
    dataMessage(1 + (at >> 8), 1 + (at & 255), ECHO),
  );
  return () => {
    for (let at = 0; at < size; at += 32) own.up(frames.slice(at, at + 32));
  };
}

function routes(kind: "address" | "prefix6" | "routes"): Subject["prepare"] {
  return (size) => {
    const own = new Plane();
    const handles = Array.from({ length: size }, (_, at) =>
      own.session(1 + (at >> 8), 1 + (at & 255)),
    );
    return () => {
      for (const [at, handle] of handles.entries()) {
        const given =
          kind === "address"
            ? { address: 0x0a00_0000 + at }
            : kind === "prefix6"
              ? { prefix6: 0x2001_0db8_0000_0000n + BigInt(at) }
              : { address: 0x0a00_0000 + at, routes: [`${addressOf(0x10_0000 + at * 16)}/28`] };
        own.table.forward(handle, { network: 0, mtu: 1_400, acfc: false, pfc: false, ...given });
      }
      for (const handle of handles) own.table.hold(handle);
    };
  };
}

function pool(size: number): () => void {
  const pools = new Pools([{ name: "n", gateway: "10.0.0.1", pool: ["10.0.0.0/8"] }]);
  return () => {
    const out = Array.from({ length: size }, () => pools.grant("n") ?? "");
    for (const address of out) pools.release("n", address);
  };
}

function pool6(size: number): () => void {
  const pools = new Pools6([{ name: "n", pool6: ["2001:db8::/40"] }]);
  return () => {
    const out = Array.from({ length: size }, () => pools.grant("n")?.prefix6 ?? "");
    for (const prefix of out) pools.release("n", prefix);
  };
}

function ids(size: number): () => void {
  const random = seededRandom(3);
  return () => {
    const ids = new Ids();
    const used = new Map<number, number>();
    for (let left = size; left > 0; left--) used.set(ids.take(random, used, 0), left);
    for (const id of used.keys()) ids.release(id, 0);
    ids.take(random, new Map(), 1e9);
  };
}

/** In another order each time: a processor learns a short one by heart. */
function timers(order: (at: number) => number): Subject["prepare"] {
  return (size) => {
    const all = Array.from({ length: size }, (_, at) => new Timer(at));
    return () => {
      const timers = new Timers<number>();
      for (const timer of all) timers.set(timer, order(timer.owner));
      while (timers.due(Infinity) !== undefined);
    };
  };
}

function heap(size: number): number {
  return size * Math.log2(size);
}

let drawn = 1;

/** A linear congruential generator (Numerical Recipes). */
function draw(): number {
  drawn = (Math.imul(drawn, 1_664_525) + 1_013_904_223) >>> 0;
  return drawn;
}

function halfOpen(sources: (at: number) => number): Subject["prepare"] {
  return (size) => {
    const items = Array.from({ length: size }, (_, at) => ({
      source: `s${sources(at)}`,
      since: 0,
    }));
    const random = seededRandom(5);
    return () => {
      const table = new HalfOpen(random);
      for (const item of items) table.add(item);
      for (const item of items) table.inTheWay(item.source, 1_000);
      for (const item of items) table.delete(item);
    };
  };
}

function spread(size: number): () => void {
  const owners = Array.from({ length: 64 }, (_, at) => at % 4);
  return () => {
    const spread = new Spread({ owners });
    for (let at = 0; at < size; at++) spread.add(`e${at}`, spread.choose(`e${at}`));
    for (let at = 0; at < size; at++) spread.remove(`e${at}`, at & 63);
  };
}

function ring(rank: "user" | "visitor"): Subject["prepare"] {
  return (size) => {
    const all = Array.from({ length: size }, (_, at) =>
      entry({ rank, user: `u${at}`, at: at * 5_000 }),
    );
    return () => {
      const ring = new Ring("r");
      for (const each of all) {
        ring.settle(each.at);
        ring.add(each);
      }
      return ring.entries();
    };
  };
}

/** Tunnels of as many peers, one after the other, with a session in each. */
function tunnels(size: number): () => void {
  return () => {
    const lns = newLns({ maxTunnels: 32_768, maxSessions: 32_768 });
    for (let at = 0; at < size; at++) {
      const talk = new Talk(lns);
      talk.path = { ...talk.path, peer: addressOf(at) };
      talk.now = at * 10;
      talk.establish();
      talk.openSession(1);
    }
    lns.shutdown(size * 10);
  };
}

function calls(size: number): () => void {
  return () => {
    const talk = new Talk({ maxSessions: 32_768 }).establish();
    for (let id = 1; id <= size; id++) talk.openSession(id);
    talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, talk.now);
  };
}

export const TABLES: readonly Subject[] = [
  entries("sessions, found by their ids", lookups),
  entries("routes of addresses", routes("address")),
  entries("routes of /64s", routes("prefix6")),
  entries("routes of subnets", routes("routes"), [32, 4_096]),
  entries("free records", (size) => () => {
    const list = new Freelist(size);
    for (let round = 0; round < 2; round++) {
      const taken = Array.from({ length: size }, () => list.take(round * 1e6) ?? 0);
      for (const index of taken) list.give(index, round * 1e6);
    }
  }),
  entries("address pool", pool),
  entries("pool of /64s", pool6),
  entries("ids", ids),
  entries(
    "timers, the latest first",
    timers((at) => -at),
  ),
  { ...entries("timers, in any order", timers(draw)), scaled: heap },
  entries("queue", (size) => () => {
    const fifo = new Fifo<number>();
    for (let at = 0; at < size; at++) fifo.push(at);
    for (let at = 0; at < size; at++) fifo.at(at);
    while (fifo.shift() !== undefined);
  }),
  entries(
    "half-open tunnels of one source",
    halfOpen(() => 0),
    HALF_OPEN.ofOne,
  ),
  entries(
    "half-open tunnels of many sources",
    halfOpen((at) => at),
    HALF_OPEN.inAll,
  ),
  entries("bounds of answers to strangers", (size) => () => {
    const admission = new Admission();
    for (let at = 0; at < size; at++) admission.spend(`s${at}`, at);
    for (let at = 0; at < size; at++) admission.allows(`s${at}`, size);
    admission.handleTimeout(1e9);
  }),
  entries("spread over workers", spread),
  entries("history, of users", ring("user"), [64, 8_192]),
  entries("history, of visitors", ring("visitor"), [16, 2_048]),
  entries("rows of an answer", (size) => {
    const all = Array.from({ length: size }, (_, at) =>
      makeEntry({ ...entry(), user: `u${at}`, addresses: [addressOf(at)] }),
    );
    return () => [...select(all, { about: addressOf(size - 1) })];
  }),
  entries("users", (size) => {
    const names = Array.from({ length: size }, (_, at) => `u${at}`);
    return () => {
      const users = new Passwords(names.map((name) => ({ name, password: "p", network: "n" })));
      for (const name of names) users.knows(`D\\${name}`);
    };
  }),
  entries("forwards", (size) => {
    const names = Array.from({ length: size }, (_, at) => `r${at}`);
    return () => {
      const forwards = new Forwards(names.map((value) => ({ by: "realm", value, peer: "p" })));
      for (const name of names) forwards.find(`u@${name}`, "");
    };
  }),
  entries("tunnels of an endpoint", tunnels, TUNNELS),
  entries("sessions of a tunnel", calls, TUNNELS),
];
