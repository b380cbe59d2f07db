/**
 * One order of inputs, from one state: what has to hold after each of them, and when all is over.
 *
 * @module
 */
import { Endpoint, type EndpointOptions, type Role } from "../../../src/l2tp/index.ts";
import { SESSION_SETUP_MS, TUNNEL_LINGER_MS, TUNNEL_SETUP_MS } from "../../../src/limits.ts";
import { INPUTS, type Input } from "./inputs.ts";
import { PATH, Peer, type Step } from "./peer.ts";
import { type State, seen } from "./states.ts";

/** The peer speaks of one call at a time; one that is left takes a place that is missed. */
const SESSIONS_MAX = 2;
/** What is not up by then is given up, acknowledged, and no longer there to be repeated; and a HELLO. */
const SETTLED_MS = Math.max(SESSION_SETUP_MS, TUNNEL_SETUP_MS) + TUNNEL_LINGER_MS + 2_000;

export type NewEndpoint = (role: Role) => Endpoint;

export function newOptions(role: Role): EndpointOptions {
  return {
    role,
    hostName: "simplon",
    secret: "",
    helloInterval: 60_000,
    retransmitCap: 8_000,
    retransmitCount: 5,
    maxTunnels: 1,
    maxSessions: SESSIONS_MAX,
    followPort: true,
    random: counter(),
  };
}

const newEndpoint: NewEndpoint = (role) => new Endpoint(newOptions(role));

/** Octets that are not the same twice soon: ids are to be distinct, no more. */
function counter(): (length: number) => Uint8Array {
  let count = 0;
  return (length) => {
    const octets = new Uint8Array(length);
    for (let at = 0; at < length; at++) octets[at] = count = (count * 5 + 113) & 0xff;
    return octets;
  };
}

/** How an order has ended, before all was closed. */
export const ENDS = ["no tunnel", "opening", "established", "with a session"] as const;
export type End = (typeof ENDS)[number];

/**
 * The operator closes what there is and the peer acknowledges; nobody does or says anything; or the
 * peer acknowledges, HELLO too, and asks for nothing, and only then the operator closes.
 */
export const FINISHES = ["closed", "left alone", "the peer lives on"] as const;
export type Finish = (typeof FINISHES)[number];

/** @throws {Error} when something does not hold */
export function runOrder(
  state: State,
  steps: readonly Step[],
  finish: Finish,
  make: NewEndpoint = newEndpoint,
): End {
  const peer = new Peer(make(state.role));
  state.reach(peer);
  if (seen(peer) !== state.seen) throw new Error(`${seen(peer)} was reached`);
  for (const step of steps) {
    peer.step(step);
    checkTimer(peer);
  }
  const end = endOf(peer);
  if (finish === "the peer lives on") {
    peer.rest(true, peer.now + SETTLED_MS);
    checkSettled(peer);
  }
  if (finish !== "left alone") {
    for (const { tunnelId } of [...peer.endpoint.tunnels()]) {
      peer.endpoint.closeTunnel(tunnelId, { code: 1 }, peer.now);
    }
    peer.drain();
  }
  peer.rest(finish !== "left alone");
  checkNothingLeft(peer);
  return end;
}

/**
 * An endpoint with a tunnel has a timer, and it lies ahead. It is the earliest of all: whether each
 * session has its own is seen when the peer lives on, for then nothing else ends it.
 */
function checkTimer({ endpoint, now }: Peer): void {
  const timeout = endpoint.pollTimeout();
  if (timeout <= now) throw new Error("work that is due is left");
  if (timeout !== Infinity) return;
  for (const { state } of endpoint.tunnels()) throw new Error(`tunnel in ${state} without a timer`);
}

/** Each tunnel and session is established or gone, ids and all. */
function checkSettled({ endpoint, tunnels }: Peer): void {
  for (const { state } of endpoint.sessions()) {
    if (state !== "established") throw new Error(`session in ${state} beside a peer that lives`);
  }
  const up = new Set<number>();
  for (const { state, tunnelId } of endpoint.tunnels()) {
    if (state !== "established") throw new Error(`tunnel in ${state} beside a peer that lives`);
    up.add(tunnelId);
  }
  for (const id of tunnels) {
    if (up.has(id) || endpoint.localOf(id, "", 0) === undefined) continue;
    throw new Error(`Tunnel ID ${id} is left beside a peer that lives`);
  }
}

function endOf({ endpoint }: Peer): End {
  const [tunnel] = endpoint.tunnels();
  if (tunnel === undefined) return "no tunnel";
  if (tunnel.state !== "established") return "opening";
  return tunnel.sessions === 0 ? "established" : "with a session";
}

/** No tunnel, session or id is left, seen from outside: each place can be taken again. */
function checkNothingLeft(peer: Peer): void {
  const { endpoint, tunnels, now } = peer;
  const left = seen(peer);
  if (left !== "") throw new Error(`${left} is left`);
  if (peer.unended > 0) throw new Error(`${peer.unended} sessions were not said to be down`);
  const known = [...tunnels].filter((id) => endpoint.localOf(id, "", 0) !== undefined);
  if (known.length > 0) throw new Error(`Tunnel ID ${known.join()} is left`);
  if (endpoint.localOf(0, PATH.peer, PATH.peerPort) !== undefined) {
    throw new Error("a tunnel of the peer's port is left");
  }
  const tunnelId = endpoint.connect({ path: PATH, role: "lns" }, now);
  if (tunnelId === undefined) throw new Error("the place of a tunnel is taken");
  for (let free = 0; free < SESSIONS_MAX; free++) {
    const id = endpoint.placeCall(tunnelId, {}, now);
    if (id === undefined) throw new Error(`${SESSIONS_MAX - free} places of sessions are taken`);
  }
  if (endpoint.placeCall(tunnelId, {}, now) !== undefined) {
    throw new Error("more sessions than there are places for");
  }
}

/** "ICRQ ICCN+1": a shift of Ns stands behind the input. */
export function print(steps: readonly Step[]): string {
  return steps
    .map(({ input, shift }) => `${input}${shift === 0 ? "" : `${shift > 0 ? "+" : ""}${shift}`}`)
    .join(" ");
}

export function parse(text: string): Step[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => {
      const [, name = "", shift = "0"] = /^([A-Za-z]+)([+-]\d+)?$/.exec(word) ?? [];
      if (!INPUTS.includes(name as Input)) throw new RangeError(`${word} is no input`);
      return { input: name as Input, shift: Number(shift) };
    });
}
