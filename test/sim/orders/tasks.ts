/**
 * Work by the handful: all orders that begin with one input, or some that are drawn; from one state.
 *
 * @module
 */
import { Random } from "../random.ts";
import { INPUTS } from "./inputs.ts";
import {
  ENDS,
  type End,
  FINISHES,
  type Finish,
  type NewEndpoint,
  print,
  runOrder,
} from "./order.ts";
import type { Step } from "./peer.ts";
import { STATES, type State } from "./states.ts";

export type Task =
  /** `first`: index of the input that they begin with; without it the empty order alone. */
  | { readonly state: number; readonly first?: number; readonly length: number }
  | { readonly state: number; readonly seed: number; readonly count: number };

export interface Tally {
  /** By their length. */
  readonly orders: number[];
  readonly ends: Record<End, number>;
  readonly failures: string[];
}

/** Up to which length every order comes to each end; those that are drawn come to them by turns. */
const LENGTHS: Readonly<Record<Finish, number>> = {
  closed: Infinity,
  "left alone": 3,
  "the peer lives on": 2,
};
const SAMPLED_LENGTH = 5;
const FAILURES_MAX = 20;
/** How Ns may be wrong: of a message before, ahead of its turn, far from it. */
const SHIFTS = [-1, -2, -300, 1, 2, 3, 20, 40_000];

export function noTally(): Tally {
  const ends = Object.fromEntries(ENDS.map((end) => [end, 0])) as Record<End, number>;
  return { orders: [], ends, failures: [] };
}

export function add(to: Tally, { orders, ends, failures }: Tally): void {
  orders.forEach((count, length) => {
    to.orders[length] = (to.orders[length] ?? 0) + count;
  });
  for (const end of ENDS) to.ends[end] += ends[end];
  to.failures.push(...failures);
}

/** Every order up to `length`, from every state. */
export function everyOrder(length: number): Task[] {
  return STATES.flatMap((_, state) => [
    { state, length },
    ...INPUTS.map((_, first) => ({ state, first, length })),
  ]);
}

/** So many orders of length 5 in all, equally many from every state. */
export function sample(total: number, handful = 4_000): Task[] {
  const each = Math.ceil(total / STATES.length);
  return STATES.flatMap((_, state) =>
    Array.from({ length: Math.ceil(each / handful) }, (_, at) => {
      const seed = state * each + at * handful;
      return { state, seed, count: Math.min(handful, each - at * handful) };
    }),
  );
}

export function runTask(task: Task, make?: NewEndpoint): Tally {
  const tally = noTally();
  const state = STATES[task.state];
  if (state === undefined) throw new RangeError(`no state ${task.state}`);
  const run = (steps: readonly Step[], finish: Finish) =>
    attempt(tally, state, steps, finish, make);
  if ("seed" in task) {
    for (let seed = task.seed; seed < task.seed + task.count; seed++) {
      run(draw(seed), FINISHES[seed % FINISHES.length] ?? "closed");
      count(tally, SAMPLED_LENGTH);
    }
    return tally;
  }
  const from = (steps: readonly Step[]) => {
    for (const finish of FINISHES) if (steps.length <= LENGTHS[finish]) run(steps, finish);
    count(tally, steps.length);
    if (steps.length === task.length || steps.length === 0) return;
    for (const input of INPUTS) from([...steps, { input, shift: 0 }]);
  };
  const input = task.first === undefined ? undefined : INPUTS[task.first];
  from(input === undefined ? [] : [{ input, shift: 0 }]);
  return tally;
}

function draw(seed: number): Step[] {
  const random = new Random(seed, "order");
  return Array.from({ length: SAMPLED_LENGTH }, () => {
    const input = random.pick(INPUTS);
    return { input, shift: random.chance(1 / 8) ? random.pick(SHIFTS) : 0 };
  });
}

function attempt(
  tally: Tally,
  state: State,
  steps: readonly Step[],
  finish: Finish,
  make: NewEndpoint | undefined,
): void {
  try {
    tally.ends[runOrder(state, steps, finish, make)]++;
  } catch (error) {
    if (tally.failures.length >= FAILURES_MAX) return;
    const what = error instanceof Error ? error.message : String(error);
    const from = `${state.role} ${state.name}`;
    const replay = `npm run sim:orders -- --state "${from}" --order "${print(steps)}"`;
    tally.failures.push(`${from}: ${print(steps)}, then ${finish}: ${what}\n  replay: ${replay}`);
  }
}

function count({ orders }: Tally, length: number): void {
  orders[length] = (orders[length] ?? 0) + 1;
}
