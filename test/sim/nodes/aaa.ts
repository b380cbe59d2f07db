/**
 * AAA of a world: the local users of the program, who take their time to answer.
 *
 * @module
 */
import { type Aaa, type AaaResult, type Grant, LocalUsers } from "../../../src/aaa/index.ts";
import type { AuthRequest } from "../../../src/ppp/index.ts";
import { USERS } from "../plan.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";

export const NETWORK = {
  name: "default",
  gateway: "10.64.0.1",
  pool: ["10.64.0.0/24"],
  pool6: ["2001:db8:64::/56"],
  dns: ["192.0.2.53"],
};

export interface AaaOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** Longest time to an answer, ms. */
  readonly delay: number;
  readonly onGrant: (grant: Grant, out: ReadonlySet<Grant>) => void;
}

export class SimAaa implements Aaa {
  /** What is granted and not given back. */
  readonly out = new Set<Grant>();
  /** An answer was given and its taker has not run yet. */
  hasAnswered = false;
  readonly users: Aaa = new LocalUsers({ users: USERS, networks: [NETWORK] });
  readonly #options: AaaOptions;

  constructor(options: AaaOptions) {
    this.#options = options;
  }

  authenticate(request: AuthRequest): Promise<AaaResult> {
    const { scheduler, random, delay, onGrant } = this.#options;
    return new Promise((resolve, reject) => {
      scheduler.after(random.between(0, delay), () => {
        this.hasAnswered = true;
        this.users.authenticate(request).then((answer) => {
          if (answer.ok) {
            onGrant(answer.grant, this.out);
            this.out.add(answer.grant);
          }
          resolve(answer);
        }, reject);
      });
    });
  }

  release(grant: Grant): void {
    this.out.delete(grant);
    this.users.release(grant);
  }
}
