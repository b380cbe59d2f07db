/**
 * A socket of the control thread: datagrams in and out, with the address that each was sent to, so
 * that an answer leaves from the address that was addressed. What comes in may be a GRO buffer of
 * many datagrams of one peer; it is taken apart here.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import type { Forwarding } from "../dataplane/memory.ts";
import type { EndpointTransmit, Path } from "../l2tp/index.ts";
import { decodeSegment, encodeDscp } from "../linux/cmsg.ts";
import { EAGAIN, EINTR, SystemError } from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import {
  decodePktinfo,
  decodeSockaddr,
  encodePktinfo,
  encodeSockaddr,
  type Family,
  isReached,
} from "../linux/sockaddr.ts";
import { isIpv4 } from "../net.ts";

export interface Datagram {
  readonly datagram: Uint8Array;
  readonly path: Path;
}

export interface ControlSocketOptions {
  readonly libc: Libc;
  readonly forwarding: Forwarding;
  readonly memory: WebAssembly.Memory;
  /** Address of the memory in the process. */
  readonly base: bigint;
  readonly fd: number;
  readonly family: Family;
  /** Buffers to receive into: a region of RECEIVE_SIZE that is this socket's alone. */
  readonly receive: number;
}

const SEND_FLAGS = 0;
const NO_CONTROL = new Uint8Array(0);
const { BUFFER_COUNT, CONTROL_SEND } = layout;

export class ControlSocket {
  readonly counters = { truncated: 0, "no-address": 0, "send-failed": 0, oversize: 0 };
  readonly #options: ControlSocketOptions;
  readonly #view: DataView;
  readonly #octets: Uint8Array;
  readonly #messages: bigint;
  /** Messages of the last recvmmsg, and what of them comes next: message, octets of it behind us. */
  #received = 0;
  #next = 0;
  #offset = 0;
  /** Of that message: octets of each datagram but the last, and its ends when both are told. */
  #segment = 0;
  #path: Path | undefined;

  constructor(options: ControlSocketOptions) {
    const { forwarding, memory, base, receive } = options;
    this.#options = options;
    this.#view = new DataView(memory.buffer);
    this.#octets = new Uint8Array(memory.buffer);
    this.#messages = base + BigInt(receive + layout.RECEIVE_HEADERS);
    forwarding.layoutBuffers(receive, base);
    forwarding.layoutBatch(CONTROL_SEND, base);
  }

  /**
   * The next datagram, a copy; `undefined` when there is none for now. Nothing else is received
   * before all of the last batch is taken.
   */
  take(): Datagram | undefined {
    for (;;) {
      if (this.#next === this.#received && !this.#refill()) return undefined;
      const datagram = this.#step();
      if (datagram !== undefined) return datagram;
    }
  }

  /** Whether datagrams wait that the kernel no longer has, so that no poll tells of them. */
  get isHolding(): boolean {
    return this.#next < this.#received;
  }

  /** Sends one datagram; control messages are few, and each goes to a peer of its own. */
  send({ datagram, path, dscp }: EndpointTransmit): void {
    if (datagram.length > layout.SLOT_CAPACITY) {
      this.counters.oversize++;
      return;
    }
    const { libc, base, fd, family } = this.#options;
    if (!isReached(path.peer, family)) {
      this.counters["send-failed"]++;
      return;
    }
    const message = CONTROL_SEND + layout.BATCH_HEADERS;
    const name = encodeSockaddr(path.peer, path.peerPort, family);
    // Without an address of ours the kernel chooses one: that of a tunnel that we open.
    const info = path.local === "" ? NO_CONTROL : encodePktinfo(path.local, family);
    const mark = dscp === undefined ? NO_CONTROL : encodeDscp(dscp, isIpv4(path.peer));
    this.#octets.set(datagram, CONTROL_SEND + layout.BATCH_SLOTS + layout.SLOT_HEADROOM);
    this.#octets.set(name, CONTROL_SEND + layout.BATCH_NAMES);
    this.#octets.set(info, CONTROL_SEND + layout.BATCH_CONTROLS);
    this.#octets.set(mark, CONTROL_SEND + layout.BATCH_CONTROLS + info.length);
    this.#setLength(CONTROL_SEND + layout.BATCH_VECTORS + layout.IOVEC_LENGTH, datagram.length);
    this.#setLength(message + layout.MMSGHDR_CONTROL_LENGTH, info.length + mark.length);
    this.#view.setUint32(message + layout.MMSGHDR_NAME_LENGTH, name.length, true);
    const sent = libc.sendmmsg(fd, base + BigInt(message), 1, SEND_FLAGS);
    if (sent !== 1) this.counters["send-failed"]++; // the reliable channel sends it again
  }

  /** Receives a batch; false when the kernel has nothing. */
  #refill(): boolean {
    const { libc, forwarding, fd, receive } = this.#options;
    forwarding.resetBuffers(receive, this.#received);
    this.#received = 0;
    this.#next = 0;
    const received = libc.recvmmsg(fd, this.#messages, BUFFER_COUNT, 0);
    if (received < 0) {
      const errno = libc.errno();
      if (errno !== EAGAIN && errno !== EINTR) throw new SystemError("recvmmsg", errno);
      return false;
    }
    this.#received = received;
    return received > 0;
  }

  /** The next datagram of the message that is being read; `undefined` when it is dropped. */
  #step(): Datagram | undefined {
    const { receive } = this.#options;
    const message = receive + layout.RECEIVE_HEADERS + this.#next * layout.MMSGHDR_SIZE;
    if (this.#offset === 0) this.#open(message);
    const buffer = receive + layout.RECEIVE_BUFFERS + this.#next * layout.BUFFER_SIZE;
    const start = buffer + this.#offset;
    const whole = Math.min(this.#u32(message + layout.MMSGHDR_LENGTH), layout.BUFFER_CAPACITY);
    const length = Math.min(this.#segment, whole - this.#offset);
    this.#offset += this.#segment;
    if (this.#offset >= whole) {
      this.#offset = 0;
      this.#next++;
    }
    const isCut = (this.#u32(message + layout.MMSGHDR_FLAGS) & layout.MSG_TRUNC) !== 0;
    if (isCut) this.counters.truncated++;
    else if (this.#path === undefined) this.counters["no-address"]++;
    else return { datagram: this.#octets.slice(start, start + length), path: this.#path };
    return undefined;
  }

  /** Reads what the kernel tells of a message: how it is made up, and between whom it went. */
  #open(message: number): void {
    const { receive } = this.#options;
    const nameAt = receive + layout.RECEIVE_NAMES + this.#next * layout.SOCKADDR_MAX;
    const controls = receive + layout.RECEIVE_CONTROLS;
    const controlAt = controls + this.#next * layout.RECEIVE_CONTROL_SIZE;
    const told = this.#u32(message + layout.MMSGHDR_CONTROL_LENGTH);
    const length = Math.min(told, layout.RECEIVE_CONTROL_SIZE);
    const peer = decodeSockaddr(this.#view, nameAt);
    const local = decodePktinfo(this.#view, controlAt, length);
    const isKnown = peer !== undefined && local !== undefined;
    this.#path = isKnown ? { peer: peer.address, peerPort: peer.port, local } : undefined;
    this.#segment = decodeSegment(this.#view, controlAt, length) ?? layout.BUFFER_CAPACITY;
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  #setLength(at: number, length: number): void {
    this.#view.setBigUint64(at, BigInt(length), true);
  }
}
