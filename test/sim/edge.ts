/**
 * A path between two nodes: a link each way, the port by which a NAT shows the one that dials, and
 * the letters of those nodes that are the program.
 *
 * @module
 */
import type { Faults } from "./faults.ts";
import { Letters } from "./letters.ts";
import { Link } from "./link.ts";
import type { Station } from "./nodes/station.ts";
import type { EdgePlan } from "./plan.ts";
import { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export const PORT = 1_701;
const CONTROL = 0x80; // T, in the first octet of the header

export type End = "client" | "server";

export interface EdgeOptions {
  readonly name: string;
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly plan: EdgePlan;
  readonly server: Station;
  /** Address of who dials. */
  readonly client: string;
  /** A datagram has come through. */
  readonly deliver: (edge: Edge, to: End, datagram: Uint8Array, isDamaged: boolean) => void;
}

export class Edge {
  readonly name: string;
  readonly server: Station;
  readonly client: string;
  readonly toServer: Link;
  readonly toClient: Link;
  /** By which the server sees who dials. */
  port = PORT;
  /** Of the two ends; unused where an end is not the program. */
  readonly letters: Record<End, Letters> = { client: new Letters(), server: new Letters() };
  /** Tunnels of who dials may have met something that was not what was sent. */
  isDamaged = false;

  constructor(options: EdgeOptions) {
    const { name, seed, scheduler, faults, plan, server, client, deliver } = options;
    this.name = name;
    this.server = server;
    this.client = client;
    const link = (to: End) => {
      const quality = to === "server" ? plan.toServer : plan.toClient;
      const random = new Random(seed, `link of ${name} to ${to}`);
      return new Link(scheduler, random, faults, quality, (datagram, isDamaged) => {
        if (isDamaged && ((datagram[0] ?? 0) & CONTROL) !== 0) {
          this.letters.client.spoil();
          this.letters.server.spoil();
        }
        deliver(this, to, datagram, isDamaged);
      });
    };
    this.toServer = link("server");
    this.toClient = link("client");
  }

  get sent(): number {
    return this.toServer.sent + this.toClient.sent;
  }

  /** The NAT has another port for who dials, and forgets the old one. */
  rebind(): void {
    this.port++;
    this.letters.server.excuse();
    this.letters.client.excuse();
  }

  /** An end has crashed: what it has written is forgotten. */
  forget(end: End): void {
    const { isSpoiled, isHostile } = this.letters[end];
    this.letters[end] = Object.assign(new Letters(), { isSpoiled, isHostile });
  }

  heal(): void {
    this.toServer.heal();
    this.toClient.heal();
  }
}
