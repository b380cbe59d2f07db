// The policer: what a peer sends beyond its rate is dropped. A burst as long as BURST_SHARE of a second
// passes, so that a TCP sender that loses packets has time to come back to the rate.

import { read32, read64, write64 } from "../bytes";
import {
  COUNT_UP_POLICED,
  SESSION_DROPS,
  SESSION_FLAGS,
  SESSION_POLICE_AT,
  SESSION_POLICE_RATE,
  SESSION_POLICE_TOKENS,
  SESSION_POLICED,
} from "../layout";
import { countDrop } from "./counters";
import { refilled, timeNow, tokensOf } from "./tokens";

const BURST_SHARE: u32 = 5;
/** What a slow session may send at once: a few packets of the usual size. */
const BURST_MIN: u32 = 12_000;

/** Charges a packet of `octets`; true when it has to be dropped, which is counted. */
export function isPoliced(worker: usize, session: usize, octets: u32): bool {
  if ((read32(session + SESSION_FLAGS) & SESSION_POLICED) === 0) return false;
  const rate = read32(session + SESSION_POLICE_RATE);
  const now = timeNow(worker);
  const burst = max(rate / BURST_SHARE, BURST_MIN);
  const before = <i64>read64(session + SESSION_POLICE_TOKENS);
  const tokens = refilled(before, read64(session + SESSION_POLICE_AT), now, rate, burst);
  const left = tokens - tokensOf(octets);
  write64(session + SESSION_POLICE_AT, now);
  write64(session + SESSION_POLICE_TOKENS, left < 0 ? tokens : left);
  if (left >= 0) return false;
  countDrop(worker, COUNT_UP_POLICED, session + SESSION_DROPS);
  return true;
}
