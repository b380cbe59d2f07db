// Token buckets. Tokens are millionths of an octet: octets a second times microseconds.

import { readFloat64 } from "../bytes";
import { WORKER_NOW } from "../layout";

const MILLION: i64 = 1_000_000;
/** So long a pause fills every bucket. */
const ELAPSED_MAX: u64 = 1_000_000;

/** Microseconds on a monotonic scale. */
export function timeNow(worker: usize): u64 {
  return <u64>readFloat64(worker + WORKER_NOW);
}

export function tokensOf(octets: u32): i64 {
  return <i64>octets * MILLION;
}

/** Tokens after the time from `at` to `now`, `burst` octets at most; at the first time (0) all. */
export function refilled(tokens: i64, at: u64, now: u64, rate: u32, burst: u32): i64 {
  const passed = now > at ? min(now - at, ELAPSED_MAX) : 0;
  const elapsed = at === 0 ? ELAPSED_MAX : passed;
  return min(tokens + <i64>(elapsed * rate), tokensOf(burst));
}

/** Microseconds until a debt is paid. */
export function untilPaid(tokens: i64, rate: u32): u64 {
  return tokens > 0 || rate === 0 ? 0 : <u64>-tokens / rate + 1;
}
