/**
 * AAA from the configuration: its users, their networks, the pools of these. Needs no other server.
 *
 * @module
 */
import type { AuthRequest } from "../ppp/index.ts";
import { type Forward, Forwards } from "./forwards.ts";
import { Passwords, type User } from "./passwords.ts";
import { type Network, Pools } from "./pools.ts";
import { Pools6 } from "./pools6.ts";
import type { Aaa, AaaResult, Caller, Grant, Service } from "./port.ts";

export interface LocalUsersOptions {
  readonly users: readonly User[];
  readonly networks: readonly Network[];
  /** Whose calls go on to another LNS. */
  readonly forwards?: readonly Forward[];
}

export class LocalUsers implements Aaa {
  readonly #forwards: Forwards;
  readonly #passwords: Passwords;
  readonly #pools: Pools;
  readonly #pools6: Pools6;
  readonly #networks: ReadonlyMap<string, Network>;
  readonly #services: ReadonlyMap<string, Service>;
  /** Grants that are out: an address must not come back twice, nor from someone else's hands. */
  readonly #grants = new Set<Grant>();

  /** @throws {RangeError} when a user's network does not exist or pools of a network overlap */
  constructor({ users, networks, forwards = [] }: LocalUsersOptions) {
    this.#networks = new Map(networks.map((network) => [network.name, network]));
    this.#services = new Map(networks.map((network) => [network.name, serviceOf(network)]));
    for (const { name, network } of users) {
      if (!this.#networks.has(network)) {
        throw new RangeError(`user ${name}: no network is named ${network}`);
      }
    }
    this.#forwards = new Forwards(forwards);
    this.#passwords = new Passwords(users);
    this.#pools = new Pools(networks);
    this.#pools6 = new Pools6(networks);
  }

  authenticate(request: AuthRequest, caller: Caller = {}): Promise<AaaResult> {
    const peer = this.#forwards.find(request.name, caller.calledNumber ?? "");
    if (peer !== undefined) return Promise.resolve({ ok: false, reason: "forward", peer });
    return Promise.resolve(this.#judge(request, caller.held));
  }

  release(grant: Grant): void {
    if (!this.#grants.delete(grant)) return;
    const { address, prefix6 } = grant.profile;
    this.#pools.release(grant.network, address);
    if (prefix6 !== undefined) this.#pools6.release(grant.network, prefix6);
  }

  #judge(request: AuthRequest, held?: Grant): AaaResult {
    const { user, proof } = this.#passwords.verify(request);
    const network = user && this.#networks.get(user.network);
    if (user === undefined || network === undefined) {
      const detail = this.#passwords.knows(request.name) ? "wrong-password" : "unknown-user";
      return { ok: false, reason: "credentials", detail, message: "Authentication failed" };
    }
    if (held?.user === user.name && this.#grants.has(held)) return { ok: true, grant: held, proof };
    const address = this.#pools.grant(network.name);
    if (address === undefined) {
      return { ok: false, reason: "pool-exhausted", message: "No address is free" };
    }
    const { gateway, dns = [], nbns = [] } = network;
    // An IPv4 address without a /64 is of more use than neither.
    const ipv6 = this.#pools6.grant(network.name);
    const profile = { gateway, address, dns, nbns, ...ipv6 };
    const service = this.#serviceOf(user, network);
    const grant: Grant = { user: user.name, network: network.name, profile, service };
    this.#grants.add(grant);
    const isPrefixMissing = ipv6 === undefined && this.#pools6.serves(network.name);
    return { ok: true, grant, proof, isPrefixMissing };
  }

  #serviceOf(user: User, network: Network): Service {
    const common = this.#services.get(network.name);
    const { rateDown, rateUp, routes = [] } = user;
    const isCommon = rateDown === undefined && rateUp === undefined && routes.length === 0;
    return isCommon && common !== undefined ? common : serviceOf({ ...network, ...user });
  }
}

function serviceOf({ rateDown = 0, rateUp = 0, idle = 0, routes = [] }: Partial<Service>): Service {
  return { rateDown, rateUp, idle, routes };
}
