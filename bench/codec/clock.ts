/** How long a piece of work takes on a machine that also does other things. @module */

const SLICE_MS = 0.1;
const SLICES_MAX = 4_096;
const slices = new Float64Array(SLICES_MAX);

/**
 * Nanoseconds per run of `work`, measured for `seconds`: the median of slices of SLICE_MS, so that
 * those count for little in which the machine did something else. codec.c measures the same way.
 */
export function nsPerRun(work: () => number, seconds: number): number {
  const start = performance.now();
  let runs = 1;
  let count = 0;
  let sum = 0;
  let passed = 0;
  do {
    const from = performance.now();
    for (let i = 0; i < runs; i++) sum += work();
    const taken = performance.now() - from;
    if (taken < SLICE_MS / 2) runs *= 2;
    else slices[count++] = (taken * 1e6) / runs;
    passed = performance.now() - start;
  } while (count < SLICES_MAX && (passed < seconds * 1_000 || count === 0));
  // Looked at, so that no work can be left out.
  if (Number.isNaN(sum)) throw new Error("no result");
  return slices.subarray(0, count).sort()[count >> 1] ?? Number.NaN;
}
