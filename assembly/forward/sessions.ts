// The session table: records found by (local Tunnel ID, local Session ID).

import { read32, readShared32 } from "../bytes";
import {
  CHAIN_MAX,
  SESSION_BUCKETS,
  SESSION_COUNT,
  SESSION_GENERATION,
  SESSION_KEY,
  SESSION_NAME,
  SESSION_NEXT,
  SESSION_RECORDS,
  SESSION_SIZE,
  SESSION_STATE,
} from "../layout";
import { link, unlink } from "./chain";

export function sessionAt(index: u32): usize {
  return SESSION_RECORDS + index * SESSION_SIZE;
}

export function indexOf(session: usize): u32 {
  return <u32>(session - SESSION_RECORDS) / SESSION_SIZE;
}

function bucketAt(key: u32): usize {
  return SESSION_BUCKETS + ((key * 0x9e3779b1) >> 16) * 4;
}

/** Index of the record with this key, 0 when there is none. */
export function findSession(key: u32): u32 {
  let index = readShared32(bucketAt(key));
  for (let length: u32 = 0; length < CHAIN_MAX && index !== 0; length++) {
    if (index > SESSION_COUNT) return 0;
    const record = sessionAt(index);
    if (read32(record + SESSION_KEY) === key) return index;
    index = readShared32(record + SESSION_NEXT);
  }
  return 0;
}

/** Loads the cache lines that a packet with this key will need; the result says nothing. */
export function touchSession(key: u32): u32 {
  return touchRecord(readShared32(bucketAt(key)));
}

export function touchRecord(index: u32): u32 {
  if (index > SESSION_COUNT) return 0;
  const record = sessionAt(index);
  return read32(record) + read32(record + SESSION_NAME);
}

/** A route that outlived its session (its record has a newer generation) leads nowhere. */
export function liveSession(index: u32, generation: u32): u32 {
  if (index === 0 || index > SESSION_COUNT) return 0;
  return read32(sessionAt(index) + SESSION_GENERATION) === generation ? index : 0;
}

/** Publishes a complete record. False when its chain is full: choose another Session ID. */
export function insertSession(index: u32): bool {
  const bucket = bucketAt(read32(sessionAt(index) + SESSION_KEY));
  return link(bucket, SESSION_RECORDS, SESSION_SIZE, index);
}

export function removeSession(index: u32): void {
  const bucket = bucketAt(read32(sessionAt(index) + SESSION_KEY));
  unlink(bucket, SESSION_RECORDS, SESSION_SIZE, index);
}

export function sessionState(record: usize): u32 {
  return readShared32(record + SESSION_STATE);
}
