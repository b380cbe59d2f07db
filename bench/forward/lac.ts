/**
 * The access concentrator of TCP: the data plane of simplon in the mirror. Its session's inner
 * address is that of the host, so that what comes from the TUN device for the host goes into the
 * session, and what comes out of it is from the host.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import type { PacketCalls } from "../../src/dataplane/calls.ts";
import { Loop } from "../../src/dataplane/loop.ts";
import { createMemory, instantiate, offloadBits, workerAt } from "../../src/dataplane/memory.ts";
import { InjectRing, PuntRing } from "../../src/dataplane/rings.ts";
import { SessionTable } from "../../src/dataplane/session-table.ts";
import { checked } from "../../src/linux/errno.ts";
import type { Libc } from "../../src/linux/libc.ts";
import { encodePktinfo } from "../../src/linux/sockaddr.ts";
import { openTun } from "../../src/linux/tun.ts";
import { ipv4, ipv4Prefix } from "../../src/net.ts";
import { OFFLOADS, type Offload, offloadsWithout } from "../../src/offloads.ts";
import { CLIENT_ADDRESS, HOST_ADDRESS } from "./lab.ts";
import { pause } from "./lines.ts";
import type { Session } from "./loads.ts";

export interface LacSettings {
  readonly offloads: readonly Offload[];
  readonly isOnePerCall: boolean;
  readonly dataSocket: number;
  /** Socket address of the LNS. */
  readonly name: Uint8Array;
  readonly session: Session;
  /** Ids of the session at this end. */
  readonly tunnelId: number;
  readonly sessionId: number;
}

const MTU = 1_400;
const TURN_MS = 5;
const REGION = workerAt(0);
const NETWORK = 0;
const WITHOUT = "turned off for the measurement";

export class TcpLac {
  readonly #libc: Libc;
  readonly #tun: number;
  readonly #wake: number;
  readonly #loop: Loop;
  readonly #punt: PuntRing;
  readonly #running: Promise<void>;
  #isEnding = false;

  /** Runs from now on; frames that are no packets go to `punted`. */
  constructor(libc: Libc, settings: LacSettings, punted: (frame: Uint8Array) => void) {
    const { offloads, session, dataSocket } = settings;
    this.#libc = libc;
    const device = {
      ...{ name: "lac0", gateway: ipv4(session.address), mtu: MTU },
      pool: [ipv4Prefix(`${HOST_ADDRESS}/32`)],
    };
    const [queue = -1] = openTun(libc, device, offloads, 1).queues;
    this.#tun = queue;
    const memory = createMemory();
    const base = libc.address(new Uint8Array(memory.buffer));
    const forwarding = instantiate(memory);
    const without = OFFLOADS.filter((each) => !offloads.includes(each));
    const states = offloadsWithout(new Map(without.map((each) => [each, WITHOUT])));
    forwarding.layoutWorker(REGION, base, offloadBits(states));
    const inject = new InjectRing(memory, REGION + layout.WORKER_INJECT);
    publish(new SessionTable(memory, forwarding, () => inject), settings);
    this.#punt = new PuntRing(memory, REGION + layout.WORKER_PUNT);
    this.#wake = checked(libc, "eventfd", libc.eventfd());
    this.#loop = new Loop(callsOf(libc, settings), forwarding, {
      ...{ memory, base, worker: REGION, link: [], data: [dataSocket], tuns: [[this.#tun]] },
      ...{ wakes: [this.#wake], wakeControl: this.#wake, clock: () => performance.now() },
    });
    this.#running = this.#run(punted);
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
    this.#loop.close();
    this.#libc.close(this.#tun);
    this.#libc.close(this.#wake);
  }

  /** The loop and everything else of this process take turns. */
  async #run(punted: (frame: Uint8Array) => void): Promise<void> {
    while (!this.#isEnding) {
      const until = performance.now() + TURN_MS;
      while (performance.now() < until) this.#loop.turn(TURN_MS);
      for (let taken = this.#punt.take(); taken !== undefined; taken = this.#punt.take()) {
        punted(taken.frame);
      }
      await pause();
    }
  }
}

function publish(table: SessionTable, { session, name, tunnelId, sessionId }: LacSettings): void {
  const handle = table.publish({
    ...{ tunnelId, sessionId, name },
    ...{ peerTunnelId: session.tunnelId, peerSessionId: session.sessionId },
    control: encodePktinfo(CLIENT_ADDRESS),
  });
  if (handle === undefined) throw new Error("the session table is full");
  const options = { network: NETWORK, mtu: MTU, acfc: false, pfc: false };
  table.forward(handle, { ...options, address: ipv4(HOST_ADDRESS) });
}

function callsOf(libc: Libc, { isOnePerCall }: LacSettings): PacketCalls {
  if (!isOnePerCall) return libc;
  return { ...libc, sendmmsg: (fd, messages, _, flags) => libc.sendmmsg(fd, messages, 1, flags) };
}
