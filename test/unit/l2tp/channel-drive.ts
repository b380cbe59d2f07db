/** What tests of `Channel` alone have in common. */
import type { ControlMessage } from "../../../src/codec/index.ts";
import type { Channel, Departure } from "../../../src/l2tp/channel.ts";

export const OPTIONS = { retransmitCap: 8_000, retransmitCount: 5 };
export const AVPS = [{ type: 0, value: Uint8Array.of(0, 6) }];

export function message(ns: number, octets = 2): ControlMessage {
  const value = new Uint8Array(octets);
  const avp = { vendor: 0, type: 0, mandatory: true, hidden: false, recognised: true, value };
  return { tunnelId: 1, sessionId: 0, ns, nr: 0, avps: [avp] };
}

export function polled(channel: Channel, now: number): Departure[] {
  const all: Departure[] = [];
  for (let next = channel.poll(now); next !== undefined; next = channel.poll(now)) all.push(next);
  return all;
}

export function queued(channel: Channel, count: number): void {
  for (let i = 0; i < count; i++) channel.send(0, AVPS);
}
