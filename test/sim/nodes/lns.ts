/**
 * An LNS of a world, which may be a switch: the program's own cores, wired as `daemon/lns.ts` wires
 * them.
 *
 * @module
 */
import type { Grant, LocalUsersOptions } from "../../../src/aaa/index.ts";
import { Caller } from "../../../src/daemon/caller.ts";
import { Forwarder, type ForwardOwner } from "../../../src/daemon/forwarder.ts";
import { Subscribers } from "../../../src/daemon/subscribers.ts";
import { Dialler, type Target } from "../../../src/dial/index.ts";
import type { Call, Connected, EndpointEvent } from "../../../src/l2tp/index.ts";
import type { AuthMethod } from "../../../src/ppp/index.ts";
import { Random } from "../random.ts";
import { SimAaa } from "./aaa.ts";
import {
  type SimGround,
  type SimSide,
  Station,
  type StationOptions,
  type StationPlan,
} from "./station.ts";

export interface LnsPlan extends StationPlan {
  readonly authMethods: readonly AuthMethod[];
  /** Answers of AAA take up to this long, ms. */
  readonly aaaDelay: number;
  /** Addresses that it has to give. */
  readonly room: number;
  readonly network: LocalUsersOptions["networks"][number] & { readonly sequencing: boolean };
  readonly users: LocalUsersOptions["users"];
  readonly forwards: NonNullable<LocalUsersOptions["forwards"]>;
  /** Where calls go on to, and LACs that are asked for outgoing ones. */
  readonly targets: readonly Target[];
  readonly trustsProxies: boolean;
}

export interface SimLnsOptions extends StationOptions {
  readonly plan: LnsPlan;
  readonly onGrant: (grant: Grant, out: ReadonlySet<Grant>) => void;
  readonly onAnswer: () => void;
}

const MTU = 1_400;

export interface LnsSide extends SimSide {
  readonly aaa: SimAaa;
  readonly subscribers: Subscribers;
  readonly forwarder: Forwarder;
  readonly caller: Caller;
}

export class SimLns extends Station<LnsSide, SimLnsOptions> {
  get aaa(): SimAaa {
    return this.side.aaa;
  }

  get subscribers(): Subscribers {
    return this.side.subscribers;
  }

  protected makeSide(ground: SimGround): LnsSide {
    const { plan, seed } = this.options;
    const { endpoint, random } = ground;
    const { targets, network, authMethods, trustsProxies, address: local } = plan;
    const dial = { targets, endpoint, local, random };
    const dialler = new Dialler<Call, Connected>({ ...dial, role: "lac" });
    const lacs = new Dialler<Call, Connected>({ ...dial, role: "lns" });
    const caller = new Caller({ ...ground, targets, dialler: lacs });
    const owner: ForwardOwner = {
      forwarded: (from, target) => subscribers.forwarded(from, target),
      forwardAgreed: (from, accm, now) => subscribers.forwardAgreed(from, accm, now),
      forwardEnded: (from, result, end, now) => subscribers.forwardEnded(from, result, end, now),
    };
    const forwarder = new Forwarder({ ...ground, dialler, owner });
    const aaa = this.#newAaa(new Random(seed, `aaa of ${plan.name} ${this.starts}`));
    const subscribers: Subscribers = new Subscribers({
      ...ground,
      ...{ aaa, forwarder, trustsProxies },
      link: { mru: MTU, authMethods, hostName: plan.name, random },
      networks: new Map([[network.name, { index: 0, mtu: MTU, sequencing: network.sequencing }]]),
      closeSession: ({ tunnelId, sessionId }, ...end) =>
        endpoint.closeSession(tunnelId, sessionId, ...end),
    });
    return {
      ...{ aaa, subscribers, forwarder, caller },
      handleEvent(event: EndpointEvent, now: number) {
        if (forwarder.handleEvent(event, now) || caller.handleEvent(event, now)) return;
        subscribers.handleEvent(event, now);
      },
      handleFrame: (punted, now) => subscribers.handleFrame(punted, now),
      handleTimeout(now: number) {
        subscribers.handleTimeout(now);
        forwarder.handleTimeout(now);
        caller.handleTimeout(now);
      },
      resume: () => subscribers.resume(),
      pollTimeout: () =>
        Math.min(subscribers.pollTimeout(), forwarder.pollTimeout(), caller.pollTimeout()),
      lastHeard: (tunnelId) =>
        Math.max(subscribers.lastHeard(tunnelId), forwarder.lastHeard(tunnelId)),
      *waiting(now: number) {
        for (const { sessionId, phase } of subscribers.rows(now)) {
          if (phase !== "dead" && phase !== "forwarded")
            yield `session ${sessionId} in phase ${phase}`;
        }
      },
      stop() {
        dialler.stop();
        caller.stop();
      },
    };
  }

  #newAaa(random: Random): SimAaa {
    const { plan, scheduler, faults, onGrant, onAnswer } = this.options;
    const { starts } = this;
    return new SimAaa({
      ...{ users: plan.users, networks: [plan.network], forwards: plan.forwards },
      ...{ scheduler, random, faults, delay: plan.aaaDelay, onGrant, onAnswer },
      takesAt: () => (this.isDown || this.starts !== starts ? undefined : this.pausedUntil.control),
    });
  }
}
