/**
 * How the time of some work grows with its size: the exponent k of n^k, fitted by least squares to the
 * logarithms of both. It is time of the processor, so what it does for others in between is not in it;
 * and the best of some, for whatever else the machine does only makes it longer.
 *
 * @module
 */

/** Work whose time is to be linear in its size. */
export interface Subject {
  readonly name: string;
  /** What the size is of: "octets", or "entries" of a table, each of which is looked up once. */
  readonly unit: "octets" | "entries";
  /** Smallest and largest size: two decades, or up to the limit of the parser itself. */
  readonly sizes: readonly [number, number];
  /** What the time is to be linear in, where it is not the size: a heap has a logarithm of its own. */
  readonly scaled?: (size: number) => number;
  /** How much of it is read, where it is not all. */
  readonly reads?: string;
  /** Makes work of a size: what is returned is timed, and may be called again. */
  readonly prepare: (size: number) => () => unknown;
}

/** Of a size. */
export interface Sample {
  readonly size: number;
  readonly scaled: number;
  readonly milliseconds: number;
}

export interface Effort {
  /** A time is the best of so many. */
  readonly best: number;
  /** Shorter work is repeated until it takes as long as this. */
  readonly milliseconds: number;
  /** Sizes are smaller by this: what takes a millisecond or two is seldom interrupted. */
  readonly scale: number;
}

/** Sizes that double, from the smallest to the largest. */
function measure({ sizes, prepare, scaled = (size) => size }: Subject, effort: Effort): Sample[] {
  const samples: Sample[] = [];
  const scaledDown = (size: number) => Math.max(1, Math.floor(size / effort.scale));
  const [from, to] = [scaledDown(sizes[0]), scaledDown(sizes[1])];
  prepare(to)(); // compiled before it is timed
  for (let size = from; size <= to; size *= 2) {
    samples.push({ size, scaled: scaled(size), milliseconds: timeOf(prepare(size), effort) });
  }
  return samples;
}

/** Linear is 1; caches that a larger input does not fit make it a little more. */
export const EXPONENT_MAX = 1.2;
export const ATTEMPTS = 5;

/**
 * Measures until the exponent is not too large, some times at most, and answers the measurement with
 * the least: what else the machine does makes the larger sizes take longer.
 */
export function leastOf(subject: Subject, effort: Effort): Sample[] {
  let least = measure(subject, effort);
  for (let left = ATTEMPTS - 1; left > 0 && exponent(least) > EXPONENT_MAX; left--) {
    const samples = measure(subject, effort);
    if (exponent(samples) < exponent(least)) least = samples;
  }
  return least;
}

/** Slope of log t over log n. */
export function exponent(samples: readonly Sample[]): number {
  const x = samples.map(({ scaled }) => Math.log(scaled));
  const y = samples.map(({ milliseconds }) => Math.log(milliseconds));
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [middleX, middleY] = [mean(x), mean(y)];
  let [above, below] = [0, 0];
  for (const [at, each] of x.entries()) {
    above += (each - middleX) * ((y[at] ?? 0) - middleY);
    below += (each - middleX) ** 2;
  }
  return above / below;
}

/** What the clock can tell, in milliseconds. */
const SHORTEST = 1e-4;

function timeOf(work: () => unknown, { best, milliseconds }: Effort): number {
  const once = elapsed(work, 1);
  const times = Math.max(1, Math.ceil(milliseconds / Math.max(once, SHORTEST)));
  let least = Infinity;
  for (let left = best; left > 0; left--)
    least = Math.min(least, Math.max(elapsed(work, times), SHORTEST) / times);
  return least;
}

function elapsed(work: () => unknown, times: number): number {
  const begun = process.cpuUsage();
  for (let left = times; left > 0; left--) work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1_000;
}
