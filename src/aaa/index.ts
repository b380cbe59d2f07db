/**
 * Who may come in and what they are given: the port that the daemon asks, and its local answer.
 *
 * @module
 */
import type { AuthRequest, NetworkProfile } from "../ppp/index.ts";
import { LocalUsers, type User } from "./local.ts";
import { type Network, Pools } from "./pools.ts";

/** What an authenticated user holds until it is released. */
export interface Grant {
  readonly user: string;
  /** Name of the virtual network. */
  readonly network: string;
  readonly profile: NetworkProfile;
}

export type AaaResult =
  | { readonly ok: true; readonly grant: Grant }
  | {
      readonly ok: false;
      readonly reason: "credentials" | "pool-exhausted";
      /** For the peer to read. */
      readonly message: string;
    };

/** The port. An implementation answers every request and never rejects. */
export interface Aaa {
  authenticate(request: AuthRequest): Promise<AaaResult>;
  /** Gives back what was granted; a second time does nothing. */
  release(grant: Grant): void;
}

export interface LocalAaaOptions {
  readonly users: readonly User[];
  readonly networks: readonly Network[];
}

/** Users and pools of the configuration; needs no other server. */
export class LocalAaa implements Aaa {
  readonly #users: LocalUsers;
  readonly #pools: Pools;
  readonly #networks: ReadonlyMap<string, Network>;
  /** Grants that are out: an address must not come back twice, nor from someone else's hands. */
  readonly #grants = new Set<Grant>();

  /** @throws {RangeError} when a user's network does not exist or pools of a network overlap */
  constructor({ users, networks }: LocalAaaOptions) {
    this.#networks = new Map(networks.map((network) => [network.name, network]));
    for (const { name, network } of users) {
      if (!this.#networks.has(network)) {
        throw new RangeError(`user ${name}: no network is named ${network}`);
      }
    }
    this.#users = new LocalUsers(users);
    this.#pools = new Pools(networks);
  }

  authenticate(request: AuthRequest): Promise<AaaResult> {
    return Promise.resolve(this.#judge(request));
  }

  release(grant: Grant): void {
    if (this.#grants.delete(grant)) this.#pools.release(grant.network, grant.profile.address);
  }

  #judge(request: AuthRequest): AaaResult {
    const user = this.#users.verify(request);
    const network = user && this.#networks.get(user.network);
    if (user === undefined || network === undefined) {
      return { ok: false, reason: "credentials", message: "Authentication failed" };
    }
    const address = this.#pools.grant(network.name);
    if (address === undefined) {
      return { ok: false, reason: "pool-exhausted", message: "No address is free" };
    }
    const { gateway, dns = [], nbns = [] } = network;
    const profile = { gateway, address, dns, nbns };
    const grant: Grant = { user: user.name, network: network.name, profile };
    this.#grants.add(grant);
    return { ok: true, grant };
  }
}

export { LocalUsers, type User } from "./local.ts";
export { type Network, Pools } from "./pools.ts";
