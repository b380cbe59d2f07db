/**
 * Whoever asks for tunnels from addresses that are not his own: the answers reach nobody, so
 * nothing shows that he is there.
 *
 * @module
 */
import { Lac } from "../../peer/lac.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Station } from "./station.ts";

const NETWORK = "203.0.113.";
const SOURCES = 3;
const WITHIN_MS = 1_000;
/** Their Tunnel IDs are nobody else's in a world. */
const FIRST_ID = 40_000;
/** So often a request comes twice. */
const REPEATED = 0.2;

export function isStranger(address: string): boolean {
  return address.startsWith(NETWORK);
}

export class Strangers {
  readonly #scheduler: Scheduler;
  #ids = FIRST_ID;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** SCCRQs for a node within a second, half of them from one address. */
  flood(station: Station, requests: number, random: Random): void {
    for (let left = requests; left > 0; left--) {
      const lac = new Lac(this.#ids++);
      lac.start(this.#scheduler.now);
      const last = random.chance(0.5) ? 1 : random.between(2, SOURCES);
      const local = station.options.plan.address;
      const path = { peer: `${NETWORK}${last}`, peerPort: random.between(1_024, 65_535), local };
      for (let times = random.chance(REPEATED) ? 2 : 1; times > 0; times--) {
        const [request = new Uint8Array()] = lac.outbox;
        this.#scheduler.after(random.between(0, WITHIN_MS), () => station.receive(request, path));
      }
    }
  }
}
