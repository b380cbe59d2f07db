/**
 * Sends the same batch of datagrams over and over, as fast as sendmmsg takes them.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import { createMemory, instantiate } from "../../src/dataplane/memory.ts";
import type { Libc } from "../../src/linux/libc.ts";
import { encodeSockaddr } from "../../src/linux/sockaddr.ts";

export interface Target {
  readonly datagram: Uint8Array;
  readonly address: string;
  readonly port: number;
}

const BATCHES_PER_LOOK = 32;

/** Returns how many datagrams the kernel took in `seconds`. At most BATCH_COUNT targets. */
export function blast(libc: Libc, fd: number, targets: readonly Target[], seconds: number): number {
  const memory = createMemory();
  const octets = new Uint8Array(memory.buffer);
  const view = new DataView(memory.buffer);
  const base = libc.address(octets);
  const batch = layout.CONTROL_SEND;
  instantiate(memory).layoutBatch(batch, base);
  targets.forEach(({ datagram, address, port }, index) => {
    const slot = batch + layout.BATCH_SLOTS + index * layout.SLOT_SIZE + layout.SLOT_HEADROOM;
    const vector = batch + layout.BATCH_VECTORS + index * layout.IOVEC_SIZE;
    const message = batch + layout.BATCH_HEADERS + index * layout.MMSGHDR_SIZE;
    const name = encodeSockaddr(address, port);
    octets.set(datagram, slot);
    octets.set(name, batch + layout.BATCH_NAMES + index * layout.SOCKADDR_MAX);
    view.setBigUint64(vector + layout.IOVEC_LENGTH, BigInt(datagram.length), true);
    view.setUint32(message + layout.MMSGHDR_NAME_LENGTH, name.length, true);
    view.setBigUint64(message + layout.MMSGHDR_CONTROL_LENGTH, 0n, true);
  });
  const messages = base + BigInt(batch + layout.BATCH_HEADERS);
  const end = performance.now() + seconds * 1000;
  let sent = 0;
  while (performance.now() < end) {
    for (let turn = 0; turn < BATCHES_PER_LOOK; turn++) {
      sent += Math.max(0, libc.sendmmsg(fd, messages, targets.length, 0));
    }
  }
  return sent;
}
