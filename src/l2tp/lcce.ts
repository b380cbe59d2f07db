/**
 * What all control connections of one endpoint (LCCE) share: its options, what it has to send and
 * to tell, and its counters.
 *
 * @module
 */
import { HOST_NAME_MAX, HOST_NAME_WITH_SECRET_MAX, SESSIONS_MAX, TUNNELS_MAX } from "../limits.ts";
import { Fifo } from "../sansio/fifo.ts";
import { Admission } from "./admission.ts";
import { type CounterName, type Counters, newCounters } from "./counters.ts";
import { cutText } from "./messages.ts";
import type { LnsEvent, LnsOptions, LnsTransmit } from "./types.ts";

export class Lcce {
  readonly options: LnsOptions;
  readonly secret: Uint8Array;
  readonly hostName: Uint8Array;
  readonly sessionsMax: number;
  readonly tunnelsMax: number;
  readonly admission = new Admission();
  readonly counters: Counters = newCounters();
  readonly transmits = new Fifo<LnsTransmit>();
  readonly events = new Fifo<LnsEvent>();
  /** Sessions in all tunnels. */
  sessions = 0;
  /** Tunnels that are not closed, or whose StopCCN the peer has not acknowledged. */
  undrained = 0;
  /** Those of them that were established: half-open ones take no place away. */
  established = 0;
  shuttingDown = false;

  constructor(options: LnsOptions) {
    this.options = options;
    this.secret = new TextEncoder().encode(options.secret);
    const room = options.secret === "" ? HOST_NAME_MAX : HOST_NAME_WITH_SECRET_MAX;
    this.hostName = cutText(options.hostName, room);
    this.sessionsMax = Math.min(options.maxSessions, SESSIONS_MAX);
    this.tunnelsMax = Math.min(options.maxTunnels, TUNNELS_MAX);
    if (this.hostName.length === 0) throw new RangeError("hostName is empty");
  }

  /** When data of a tunnel last came. */
  heard(tunnelId: number): number {
    return this.options.lastHeard?.(tunnelId) ?? -Infinity;
  }

  count(name: CounterName): void {
    this.counters[name] += 1;
  }

  emit(event: LnsEvent): void {
    this.events.push(event);
  }

  transmit(item: LnsTransmit): void {
    this.transmits.push(item);
  }
}
