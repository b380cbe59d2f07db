// The queues of a session: flows share QUEUE_COUNT of them by their hash, and they take turns (deficit
// round robin, Shreedhar and Varghese 1995), so that a flow of few packets never waits behind the
// whole of another one. What is dropped for want of room is the head of the longest queue: its
// sender learns of it soonest.

import { getU8, getU16, read32, read64, write32 } from "../bytes";
import { IPV6_HEADER, ipv4HeaderLength } from "../ip/header";
import { TCP, UDP } from "../ip/transport";
import {
  POOL_COUNT,
  POOL_LENGTH,
  POOL_NEXT,
  QUEUE_COUNT,
  QUEUE_DEFICIT,
  QUEUE_HEAD,
  QUEUE_OCTETS,
  QUEUE_SIZE,
  QUEUE_TAIL,
  SHAPER_FRAMES,
  SHAPER_QUEUED,
  SHAPER_QUEUES,
  SHAPER_TURN,
  SLOT_CAPACITY,
} from "../layout";
import { giveSlot, slotAt } from "./pool";

/** Octets that a queue may send in its turn: no packet that waits is larger. */
const QUANTUM: i32 = <i32>SLOT_CAPACITY;
const VERSION_6: u32 = 6;
const FRAGMENT: u32 = 0x3fff; // More Fragments and Fragment Offset
const TOP: u64 = 61; // QUEUE_COUNT are the three uppermost bits

function queueAt(shaper: usize, index: u32): usize {
  return shaper + SHAPER_QUEUES + index * QUEUE_SIZE;
}

/** The queue of the flow of the packet at `at`: addresses, and ports where all packets have them. */
export function queueOf(shaper: usize, at: usize): usize {
  let mixed: u64 = 0;
  if (getU8(at) >> 4 === VERSION_6) {
    mixed = read64(at + 8) + read64(at + 24) * 3;
    mixed = (mixed ^ (mixed >> 29)) + read64(at + 16) * 5 + read64(at + 32) * 7;
    const next = getU8(at + 6);
    if (next === TCP || next === UDP) mixed ^= read32(at + IPV6_HEADER);
  } else {
    mixed = read64(at + 12);
    const protocol = getU8(at + 9);
    const isWhole = (getU16(at + 6) & FRAGMENT) === 0;
    if (isWhole && (protocol === TCP || protocol === UDP)) {
      mixed ^= (<u64>read32(at + ipv4HeaderLength(at))) << 16;
    }
  }
  mixed *= (0x9e3779b9 << 32) | 0x7f4a7c15; // Knuth's multiplicative hash
  return queueAt(shaper, <u32>(mixed >> TOP) & (QUEUE_COUNT - 1));
}

/** Puts a slot with a packet of `octets` at the end of a queue. */
export function append(worker: usize, shaper: usize, queue: usize, slot: u32, octets: u32): void {
  write32(slotAt(worker, slot) + POOL_NEXT, 0);
  write32(slotAt(worker, slot) + POOL_LENGTH, octets);
  if (read32(queue + QUEUE_HEAD) === 0) {
    write32(queue + QUEUE_HEAD, slot);
    write32(queue + QUEUE_DEFICIT, QUANTUM); // a flow that begins need not wait for its turn
  } else {
    write32(slotAt(worker, read32(queue + QUEUE_TAIL)) + POOL_NEXT, slot);
  }
  write32(queue + QUEUE_TAIL, slot);
  write32(queue + QUEUE_OCTETS, read32(queue + QUEUE_OCTETS) + octets);
  write32(shaper + SHAPER_FRAMES, read32(shaper + SHAPER_FRAMES) + 1);
  write32(shaper + SHAPER_QUEUED, read32(shaper + SHAPER_QUEUED) + octets);
}

/** The queue that has its turn; 0 when all are empty. */
export function nextQueue(shaper: usize): usize {
  let turn = read32(shaper + SHAPER_TURN) & (QUEUE_COUNT - 1);
  for (let step: u32 = 0; step < 2 * QUEUE_COUNT + 1; step++) {
    const queue = queueAt(shaper, turn);
    if (read32(queue + QUEUE_HEAD) !== 0) {
      const deficit = <i32>read32(queue + QUEUE_DEFICIT);
      if (deficit > 0) {
        write32(shaper + SHAPER_TURN, turn);
        return queue;
      }
      write32(queue + QUEUE_DEFICIT, deficit + QUANTUM);
    }
    turn = (turn + 1) & (QUEUE_COUNT - 1);
  }
  return 0;
}

/** Takes the head of a queue away: its slot, which is given back; 0 when there is none. */
export function removeHead(worker: usize, shaper: usize, queue: usize): u32 {
  const slot = read32(queue + QUEUE_HEAD);
  if (slot === 0 || slot > POOL_COUNT) return 0;
  const octets = read32(slotAt(worker, slot) + POOL_LENGTH);
  const next = read32(slotAt(worker, slot) + POOL_NEXT);
  write32(queue + QUEUE_HEAD, next);
  write32(queue + QUEUE_DEFICIT, <u32>(<i32>read32(queue + QUEUE_DEFICIT) - <i32>octets));
  write32(queue + QUEUE_OCTETS, read32(queue + QUEUE_OCTETS) - octets);
  write32(shaper + SHAPER_FRAMES, read32(shaper + SHAPER_FRAMES) - 1);
  write32(shaper + SHAPER_QUEUED, read32(shaper + SHAPER_QUEUED) - octets);
  giveSlot(worker, slot);
  return slot;
}

/** Drops the head of the queue that holds most octets; false when there is none. */
export function dropLongest(worker: usize, shaper: usize): bool {
  let longest = queueAt(shaper, 0);
  for (let index: u32 = 1; index < QUEUE_COUNT; index++) {
    const queue = queueAt(shaper, index);
    if (read32(queue + QUEUE_OCTETS) > read32(longest + QUEUE_OCTETS)) longest = queue;
  }
  const deficit = read32(longest + QUEUE_DEFICIT);
  if (removeHead(worker, shaper, longest) === 0) return false;
  write32(longest + QUEUE_DEFICIT, deficit); // what was not sent is not charged
  return true;
}

/** All queues are empty from here on, whatever stood in them. */
export function clearQueues(shaper: usize): void {
  memory.fill(shaper + SHAPER_QUEUES, 0, QUEUE_COUNT * QUEUE_SIZE);
  write32(shaper + SHAPER_FRAMES, 0);
  write32(shaper + SHAPER_QUEUED, 0);
}
