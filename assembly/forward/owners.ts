// Who works on a session: each slot has one owner, and nobody else writes what belongs to a session
// of that slot. Owners change only while no worker runs, so they are read without ordering.

import { read32 } from "../bytes";
import {
  CONTROL_OWNERS,
  CONTROL_STEER,
  SESSION_KEY,
  SLOT_COUNT,
  STEER_SESSION,
  WORKER_INDEX,
} from "../layout";

/** Index of the worker that owns a session, by its key: Tunnel ID << 16 | Session ID. */
function ownerOfKey(key: u32): u32 {
  const id = read32(CONTROL_STEER) === STEER_SESSION ? key : key >> 16;
  return read32(CONTROL_OWNERS + (id & (SLOT_COUNT - 1)) * 4);
}

export function ownerOf(session: usize): u32 {
  return ownerOfKey(read32(session + SESSION_KEY));
}

export function isOwn(worker: usize, session: usize): bool {
  return ownerOf(session) === read32(worker + WORKER_INDEX);
}
