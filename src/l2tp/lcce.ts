/**
 * What all control connections of one endpoint (LCCE) share: its options, what it has to send and
 * to tell, and its counters.
 *
 * @module
 */
import { readUint32 } from "../codec/index.ts";
import {
  BEARER_CAPABILITIES_SIZE,
  HOST_NAME_MAX,
  HOST_NAME_WITH_SECRET_MAX,
  SESSIONS_MAX,
  TUNNELS_MAX,
} from "../limits.ts";
import { Fifo } from "../sansio/fifo.ts";
import { Admission } from "./admission.ts";
import { type CounterName, type Counters, newCounters } from "./counters.ts";
import { cutText } from "./result-code.ts";
import type { EndpointEvent, EndpointOptions, EndpointTransmit } from "./types.ts";

export class Lcce {
  readonly options: EndpointOptions;
  readonly secret: Uint8Array;
  readonly hostName: Uint8Array;
  readonly sessionsMax: number;
  readonly tunnelsMax: number;
  readonly admission = new Admission();
  readonly counters: Counters = newCounters();
  readonly transmits = new Fifo<EndpointTransmit>();
  readonly events = new Fifo<EndpointEvent>();
  /** Sessions in all tunnels. */
  sessions = 0;
  /** Tunnels that are not closed, or whose StopCCN the peer has not acknowledged. */
  undrained = 0;
  /** Those of them that were established: half-open ones take no place away. */
  established = 0;
  shuttingDown = false;
  #serial: number | undefined;

  constructor(options: EndpointOptions) {
    this.options = options;
    this.secret = new TextEncoder().encode(options.secret);
    const room = options.secret === "" ? HOST_NAME_MAX : HOST_NAME_WITH_SECRET_MAX;
    const bearer = options.role === "lac" ? BEARER_CAPABILITIES_SIZE : 0;
    this.hostName = cutText(options.hostName, room - bearer);
    this.sessionsMax = Math.min(options.maxSessions, SESSIONS_MAX);
    this.tunnelsMax = Math.min(options.maxTunnels, TUNNELS_MAX);
    if (this.hostName.length === 0) throw new RangeError("hostName is empty");
  }

  /** When data of a tunnel last came. */
  heard(tunnelId: number): number {
    return this.options.lastHeard?.(tunnelId) ?? -Infinity;
  }

  /** The next Call Serial Number; it begins anywhere, so that those of two runs differ. */
  nextSerial(): number {
    const last = this.#serial ?? readUint32(this.options.random(4)) ?? 0;
    this.#serial = (last + 1) >>> 0;
    return this.#serial;
  }

  count(name: CounterName): void {
    this.counters[name] += 1;
  }

  emit(event: EndpointEvent): void {
    this.events.push(event);
  }

  transmit(item: EndpointTransmit): void {
    this.transmits.push(item);
  }
}
