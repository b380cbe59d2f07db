// Hash chains through records of a table, for one writer and many readers: the session table and
// the route table are both made of them. The link to the next record is the first word of a
// record; index 0 ends a chain. The control thread is the only writer; workers read while it
// writes. A record is complete before it is linked and unlinked before it is reused, and records
// are reused oldest first, so a reader that stands on a record which goes at worst misses one
// packet. No walk is longer than CHAIN_MAX, whatever the memory says.

import { readShared32, write32, writeShared32 } from "../bytes";
import { CHAIN_MAX } from "../layout";

/** Links record `index` in front. False when the chain is full. */
export function link(bucket: usize, records: usize, size: u32, index: u32): bool {
  let next = readShared32(bucket);
  for (let length: u32 = 1; next !== 0; length++) {
    if (length >= CHAIN_MAX) return false;
    next = readShared32(records + next * size);
  }
  write32(records + index * size, readShared32(bucket));
  writeShared32(bucket, index);
  return true;
}

/** Takes record `index` out; harmless when it is not in. */
export function unlink(bucket: usize, records: usize, size: u32, index: u32): void {
  let at = bucket;
  for (let length: u32 = 0; length < CHAIN_MAX; length++) {
    const found = readShared32(at);
    if (found === 0) return;
    const record = records + found * size;
    if (found === index) {
      writeShared32(at, readShared32(record));
      return;
    }
    at = record;
  }
}
