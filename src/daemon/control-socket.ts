/**
 * The control thread's socket: datagrams in and out in batches, with the address that each was
 * sent to, so that an answer leaves from the address that was addressed.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import type { Forwarding } from "../dataplane/memory.ts";
import type { Path } from "../l2tp/index.ts";
import { DATAGRAMS_PER_TURN } from "../limits.ts";
import { EAGAIN, EINTR, SystemError } from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import {
  decodePktinfo,
  decodeSockaddr,
  encodePktinfo,
  encodeSockaddr,
  type Family,
} from "../linux/sockaddr.ts";

export interface Datagram {
  readonly datagram: Uint8Array;
  readonly path: Path;
}

const SEND_FLAGS = 0;
const { BATCH_COUNT, CONTROL_RECEIVE, CONTROL_SEND } = layout;

export class ControlSocket {
  readonly counters = { truncated: 0, "no-address": 0, "send-failed": 0, oversize: 0 };
  readonly #libc: Libc;
  readonly #forwarding: Forwarding;
  readonly #base: bigint;
  readonly #fd: number;
  readonly #family: Family;
  readonly #view: DataView;
  readonly #octets: Uint8Array;

  constructor(
    libc: Libc,
    forwarding: Forwarding,
    memory: WebAssembly.Memory,
    base: bigint,
    fd: number,
    family: Family,
  ) {
    this.#libc = libc;
    this.#forwarding = forwarding;
    this.#base = base;
    this.#fd = fd;
    this.#family = family;
    this.#view = new DataView(memory.buffer);
    this.#octets = new Uint8Array(memory.buffer);
    forwarding.layoutBatch(CONTROL_RECEIVE, base);
    forwarding.layoutBatch(CONTROL_SEND, base);
  }

  /** What has arrived, at most DATAGRAMS_PER_TURN; each datagram is a copy. */
  receive(): Datagram[] {
    const datagrams: Datagram[] = [];
    for (let left = DATAGRAMS_PER_TURN; left >= BATCH_COUNT; left -= BATCH_COUNT) {
      if (this.#receiveBatch(datagrams) < BATCH_COUNT) break;
    }
    return datagrams;
  }

  /** Sends one datagram; control messages are few, and each goes to a peer of its own. */
  send({ datagram, path }: Datagram): void {
    if (datagram.length > layout.SLOT_CAPACITY) {
      this.counters.oversize++;
      return;
    }
    const message = CONTROL_SEND + layout.BATCH_HEADERS;
    const name = encodeSockaddr(path.peer, path.peerPort, this.#family);
    const control = encodePktinfo(path.local, this.#family);
    this.#octets.set(datagram, packetAt(CONTROL_SEND, 0));
    this.#octets.set(name, CONTROL_SEND + layout.BATCH_NAMES);
    this.#octets.set(control, CONTROL_SEND + layout.BATCH_CONTROLS);
    this.#setLength(CONTROL_SEND + layout.BATCH_VECTORS + layout.IOVEC_LENGTH, datagram.length);
    this.#setLength(message + layout.MMSGHDR_CONTROL_LENGTH, control.length);
    this.#view.setUint32(message + layout.MMSGHDR_NAME_LENGTH, name.length, true);
    const sent = this.#libc.sendmmsg(this.#fd, this.#base + BigInt(message), 1, SEND_FLAGS);
    if (sent !== 1) this.counters["send-failed"]++; // the reliable channel sends it again
  }

  /** Adds one batch to `datagrams`; how many the kernel had, also such as are of no use. */
  #receiveBatch(datagrams: Datagram[]): number {
    const messages = this.#base + BigInt(CONTROL_RECEIVE + layout.BATCH_HEADERS);
    const received = this.#libc.recvmmsg(this.#fd, messages, BATCH_COUNT, 0);
    if (received < 0) {
      const errno = this.#libc.errno();
      if (errno !== EAGAIN && errno !== EINTR) throw new SystemError("recvmmsg", errno);
      return 0;
    }
    for (let index = 0; index < received; index++) {
      const datagram = this.#read(index);
      if (datagram !== undefined) datagrams.push(datagram);
    }
    this.#forwarding.resetReceive(CONTROL_RECEIVE, received);
    return received;
  }

  #read(index: number): Datagram | undefined {
    const message = CONTROL_RECEIVE + layout.BATCH_HEADERS + index * layout.MMSGHDR_SIZE;
    const length = this.#view.getUint32(message + layout.MMSGHDR_LENGTH, true);
    if ((this.#view.getInt32(message + layout.MMSGHDR_FLAGS, true) & layout.MSG_TRUNC) !== 0) {
      this.counters.truncated++;
      return undefined;
    }
    const nameAt = CONTROL_RECEIVE + layout.BATCH_NAMES + index * layout.SOCKADDR_MAX;
    const controlAt = CONTROL_RECEIVE + layout.BATCH_CONTROLS + index * layout.BATCH_CONTROL_SIZE;
    const controlLength = this.#view.getUint32(message + layout.MMSGHDR_CONTROL_LENGTH, true);
    const peer = decodeSockaddr(this.#view, nameAt);
    const local = decodePktinfo(this.#view, controlAt, controlLength);
    if (peer === undefined || local === undefined) {
      this.counters["no-address"]++;
      return undefined;
    }
    const at = packetAt(CONTROL_RECEIVE, index);
    const datagram = this.#octets.slice(at, at + Math.min(length, layout.SLOT_CAPACITY));
    return { datagram, path: { peer: peer.address, peerPort: peer.port, local } };
  }

  #setLength(at: number, length: number): void {
    this.#view.setBigUint64(at, BigInt(length), true);
  }
}

function packetAt(batch: number, index: number): number {
  return batch + layout.BATCH_SLOTS + index * layout.SLOT_SIZE + layout.SLOT_HEADROOM;
}
