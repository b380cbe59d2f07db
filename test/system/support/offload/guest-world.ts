/** The same mix through a simplon that stands on the kernel of a guest. */
import type { Offload } from "../../../../src/offloads.ts";
import { Guest } from "../guest.ts";
import { Lab } from "../lab.ts";
import { runtime } from "../runtime.ts";
import { type Simplon, simplonArgs, USERS, writeConfig } from "../simplon.ts";
import { Client } from "./client.ts";
import type { SessionEnds, Size } from "./mix.ts";
import { type Captured, runMix } from "./run.ts";
import { WireEnd } from "./station.ts";
import { ether, lengthenQueue, silence } from "./wire.ts";
import { SESSIONS } from "./world.ts";

const ID = 1;
const ADDRESS = "10.9.101.2";
/** The other end of the guest's second wire (guest.sh). */
const DEVICE = `core${ID}`;

export interface GuestOutcome extends Captured {
  readonly ends: readonly SessionEnds[];
  readonly counters: Awaited<ReturnType<Simplon["counters"]>>;
}

export class GuestWorld {
  readonly lab: Lab;
  readonly guest: Guest;

  private constructor(lab: Lab, guest: Guest) {
    this.lab = lab;
    this.guest = guest;
  }

  static async open(name: string): Promise<GuestWorld> {
    const lab = await Lab.open(name, 0, { capture: false });
    try {
      const guest = new Guest(lab, ID, { mem: "1024M", wires: 2 });
      lab.guests.push(guest);
      await guest.ready();
      for (const device of [`guest${ID}`, DEVICE]) {
        await lengthenQueue(lab.namespace("lac"), device);
      }
      await silence(lab, "lac", DEVICE);
      return new GuestWorld(lab, guest);
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.lab.close();
  }

  async simplon(offloads: readonly Offload[], seed: number, size: Size): Promise<GuestOutcome> {
    const config = writeConfig(this.lab, {
      lns: { offloads, socket: "/run/simplon.sock", history: "" },
      network: { mtu: size.mtu, pool6: ["2001:db8:64::/48"] },
      level: "info",
    });
    const [node = "", launcher = ""] = simplonArgs();
    const keys = { node, simplon: launcher, config };
    const { behind = "" } = await this.guest.must("lns", { ...keys, runtime });
    const namespace = this.lab.namespace("lac");
    const client = new Client(namespace, ADDRESS);
    const host = new WireEnd({ namespace, device: DEVICE, peer: ether(behind) });
    try {
      await client.dial(SESSIONS, size.mtu, { name: "bob", password: USERS.bob });
      const captured = await runMix(client, host, seed, size);
      const { counters = "" } = await this.guest.must("show", keys);
      await client.hangUp();
      return { ...captured, ends: client.ends, counters: JSON.parse(counters) };
    } finally {
      host.close();
      client.close();
      await this.guest.must("lns-stop");
    }
  }
}
