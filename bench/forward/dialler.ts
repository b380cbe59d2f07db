/**
 * Sets up the sessions of a measurement with the peers of the test suite; or, for a program without
 * a control plane, takes the ids that were agreed on.
 *
 * @module
 */
import type { Libc } from "../../src/linux/libc.ts";
import { formatIpv4, ipv4 } from "../../src/net.ts";
import { Caller } from "./caller.ts";
import { sleep } from "./lines.ts";
import type { Session } from "./loads.ts";
import { Outbox } from "./outbox.ts";
import type { UdpPair } from "./pair.ts";
import { type ClientSettings, FIXED } from "./settings.ts";

/** Calls under way at once: a window that no queue on the way overflows. */
export const CALLS_AT_ONCE = 64;
const DATAGRAM_MAX = 65_536;

export class Dialler {
  readonly tunnelId: number;
  readonly #libc: Libc;
  readonly #sockets: UdpPair;
  readonly #settings: ClientSettings;
  readonly #outbox: Outbox;
  readonly #caller: Caller;
  /** In the order of their ids at this end, which begin with 1. */
  readonly #sessions: Session[] = [];
  readonly #received = new Uint8Array(DATAGRAM_MAX);
  #opened = 0;

  constructor(
    libc: Libc,
    sockets: UdpPair,
    name: Uint8Array,
    settings: ClientSettings,
    tunnelId: number = FIXED.clientTunnel,
  ) {
    this.tunnelId = tunnelId;
    this.#libc = libc;
    this.#sockets = sockets;
    this.#settings = settings;
    this.#outbox = new Outbox(libc, sockets.control, name);
    this.#caller = new Caller({
      tunnelId,
      wishes: { name: "bench", password: "bench" },
      send: (datagram) => this.#outbox.put(datagram),
      opened: (id, session) => {
        this.#sessions[id - 1] = session;
        this.#opened++;
      },
    });
  }

  /** All sessions, in the order of their ids at this end. */
  async dial(): Promise<Session[]> {
    const { sessions: count, isFixed } = this.#settings;
    if (isFixed) return fixedSessions(count);
    let next = 1;
    this.#caller.start(performance.now());
    while (this.#opened < count) {
      const now = performance.now();
      while (next <= count && this.#caller.pending < CALLS_AT_ONCE) this.#caller.call(next++, now);
      this.turn(now);
      if (this.#caller.isClosed) throw new Error("the LNS refuses a session");
      await sleep(1);
    }
    return this.#sessions;
  }

  turn(now: number): void {
    if (this.#settings.isFixed) return;
    for (const fd of [this.#sockets.control, this.#sockets.data]) {
      for (let length = this.#receive(fd); length > 0; length = this.#receive(fd)) {
        this.#caller.handle(this.#received.slice(0, length), now);
      }
    }
    this.#caller.handleTimeout(now);
    this.#outbox.flush();
  }

  /** A frame that came by another way. */
  handleFrame(id: number, frame: Uint8Array, now: number): void {
    this.#caller.handleFrame(id, frame, now);
    this.#outbox.flush();
  }

  hangUp(now: number): void {
    if (this.#settings.isFixed) return;
    this.#caller.hangUp(now);
    this.turn(now);
  }

  #receive(fd: number): number {
    return this.#libc.recv(fd, this.#received);
  }
}

function fixedSessions(count: number): Session[] {
  const first = ipv4(FIXED.firstAddress);
  return Array.from({ length: count }, (_, index) => ({
    tunnelId: FIXED.lnsTunnel,
    sessionId: index + 1,
    address: formatIpv4(first + index),
  }));
}
