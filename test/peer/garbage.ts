/** Random changes to datagrams, and what is left of sessions after them. */
import type { EndpointEvent } from "../../src/l2tp/index.ts";
import { seededRandom } from "./control.ts";
import { u16 } from "./lac.ts";

/** A reproducible source of numbers below a bound. */
export function dice(seed: number): (below: number) => number {
  const random = seededRandom(seed);
  return (below) => {
    const octets = random(3);
    return (((octets[0] ?? 0) << 16) | ((octets[1] ?? 0) << 8) | (octets[2] ?? 0)) % below;
  };
}

/** Up to three changes: octets, bits, a cut, something added, a Length that fits again. */
export function mutated(seed: Uint8Array, roll: (below: number) => number): Uint8Array {
  let datagram = seed.slice();
  for (let i = roll(4); i > 0; i--) {
    const at = roll(datagram.length + 1);
    switch (roll(5)) {
      case 0:
        datagram[at] = roll(256);
        break;
      case 1:
        datagram[at] = (datagram[at] ?? 0) ^ (1 << roll(8));
        break;
      case 2:
        datagram = datagram.slice(0, at);
        break;
      case 3:
        datagram = Uint8Array.from([
          ...datagram,
          ...Array.from({ length: roll(40) }, () => roll(256)),
        ]);
        break;
      case 4:
        // Length follows what was cut or added, so that more than the header is reached.
        if (datagram.length >= 4) datagram.set(u16(datagram.length), 2);
        break;
    }
  }
  return datagram;
}

/** Sessions that were opened and not taken down, by events: each 0 in the end. */
export function balance(events: readonly EndpointEvent[]): Map<string, number> {
  const open = new Map<string, number>();
  for (const event of events) {
    if (!("session" in event)) continue;
    const key = `${event.session.tunnelId} ${event.session.sessionId} ${event.session.since}`;
    const change = { "session-open": 1, "session-down": -1 } as Record<string, number>;
    open.set(key, (open.get(key) ?? 0) + (change[event.type] ?? 0));
  }
  return open;
}
