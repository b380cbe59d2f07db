/**
 * AAA of a node: the local users of the program, who take their time to answer.
 *
 * @module
 */
import {
  type Aaa,
  type AaaResult,
  type Caller,
  type Grant,
  LocalUsers,
  type LocalUsersOptions,
} from "../../../src/aaa/index.ts";
import type { AuthRequest } from "../../../src/ppp/index.ts";
import type { Faults } from "../faults.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";

export interface AaaOptions extends LocalUsersOptions {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly random: Random;
  /** Longest time to an answer, ms. */
  readonly delay: number;
  /** When the control thread takes an answer that is there now; `undefined`: never. */
  readonly takesAt: () => number | undefined;
  readonly onGrant: (grant: Grant, out: ReadonlySet<Grant>) => void;
  /** Whoever waits for the answer runs when promises settle. */
  readonly onAnswer: () => void;
}

export class SimAaa implements Aaa {
  /** What is granted and not given back. */
  readonly out = new Set<Grant>();
  readonly users: Aaa;
  readonly #options: AaaOptions;

  constructor(options: AaaOptions) {
    this.#options = options;
    this.users = new LocalUsers(options);
  }

  authenticate(request: AuthRequest, caller?: Caller): Promise<AaaResult> {
    const { scheduler, faults, random, delay, takesAt, onGrant, onAnswer } = this.#options;
    return new Promise((resolve, reject) => {
      const answer = () => {
        const at = takesAt();
        if (at === undefined) return;
        if (at > scheduler.now) {
          scheduler.at(at, answer);
          return;
        }
        onAnswer();
        this.users.authenticate(request, caller).then((answer) => {
          if (answer.ok) {
            onGrant(answer.grant, this.out);
            this.out.add(answer.grant);
            if (answer.isPrefixMissing) faults.add("no /64 was free");
          } else if (answer.reason === "pool-exhausted") faults.add("no address was free");
          resolve(answer);
        }, reject);
      };
      scheduler.after(random.between(0, delay), answer);
    });
  }

  release(grant: Grant): void {
    this.out.delete(grant);
    this.users.release(grant);
  }
}
