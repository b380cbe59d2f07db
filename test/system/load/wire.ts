/**
 * UDP from many addresses of this host through one socket, in batches: what a generator of load
 * needs and node's own sockets do not give.
 *
 * @module
 */
import * as layout from "../../../assembly/layout.ts";
import { createMemory, instantiate } from "../../../src/dataplane/memory.ts";
import { checked } from "../../../src/linux/errno.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { encodeSockaddr } from "../../../src/linux/sockaddr.ts";

const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const SOL_SOCKET = 1;
const SO_NO_CHECK = 11;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const BUFFER = 16 * 1024 * 1024;
const PORT = 1701;
const ANY_PORT = 0;
/** A control message with an in_pktinfo: header, then interface, address to send from, address. */
const PKTINFO_LENGTH = 28;
const PKTINFO_SPACE = 32;
const PKTINFO_SPECIFIC = 20;
const PKTINFO_ADDRESS = 24;

export class Wire {
  /** Datagrams that the kernel took. */
  sent = 0;
  readonly #libc = openLibc();
  readonly #fd: number;
  readonly #forwarding;
  readonly #octets: Uint8Array;
  readonly #view: DataView;
  readonly #base: bigint;
  #queued = 0;

  /**
   * Bound to a free port of every address; sends to port 1701 of `to`, with a zero for the UDP
   * checksum if so wished, as RFC 768 lets a sender do.
   */
  constructor(to: string, { checksum = true } = {}) {
    const memory = createMemory();
    this.#octets = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    this.#base = this.#libc.address(this.#octets);
    this.#forwarding = instantiate(memory);
    this.#forwarding.layoutBatch(layout.CONTROL_RECEIVE, this.#base);
    this.#forwarding.layoutBatch(layout.CONTROL_SEND, this.#base);
    this.#fd = this.#open(checksum);
    const name = encodeSockaddr(to, PORT);
    for (let index = 0; index < layout.BATCH_COUNT; index++) this.#layoutSend(index, name);
  }

  /** Queues a datagram from `address` (a number); a full batch goes out at once. */
  send(address: number, datagram: Uint8Array): void {
    this.#octets.set(datagram, this.slot());
    this.commit(address, datagram.length);
  }

  /** Where the next datagram may be written in place. */
  slot(): number {
    return packetAt(layout.CONTROL_SEND, this.#queued);
  }

  get memory(): DataView {
    return this.#view;
  }

  /** Queues what was written at `slot()`. */
  commit(address: number, length: number): void {
    const index = this.#queued++;
    const vector = layout.CONTROL_SEND + layout.BATCH_VECTORS + index * layout.IOVEC_SIZE;
    this.#view.setUint32(vector + layout.IOVEC_LENGTH, length, true);
    this.#view.setUint32(controlAt(layout.CONTROL_SEND, index) + PKTINFO_SPECIFIC, address);
    if (this.#queued === layout.BATCH_COUNT) this.flush();
  }

  flush(): void {
    const messages = this.#base + BigInt(layout.CONTROL_SEND + layout.BATCH_HEADERS);
    let next = 0;
    while (next < this.#queued) {
      const first = messages + BigInt(next * layout.MMSGHDR_SIZE);
      const sent = this.#libc.sendmmsg(this.#fd, first, this.#queued - next, 0);
      this.sent += Math.max(0, sent);
      next += Math.max(1, sent);
    }
    this.#queued = 0;
  }

  /** What has arrived, at most one batch, with the address it was sent to. */
  receive(take: (address: number, datagram: Uint8Array) => void): number {
    const messages = this.#base + BigInt(layout.CONTROL_RECEIVE + layout.BATCH_HEADERS);
    const received = this.#libc.recvmmsg(this.#fd, messages, layout.BATCH_COUNT, 0);
    for (let index = 0; index < received; index++) {
      const message = layout.CONTROL_RECEIVE + layout.BATCH_HEADERS + index * layout.MMSGHDR_SIZE;
      const length = this.#view.getUint32(message + layout.MMSGHDR_LENGTH, true);
      const at = packetAt(layout.CONTROL_RECEIVE, index);
      const control = controlAt(layout.CONTROL_RECEIVE, index);
      const address = this.#view.getUint32(control + PKTINFO_ADDRESS);
      take(address, this.#octets.slice(at, at + length));
    }
    if (received > 0) this.#forwarding.resetReceive(layout.CONTROL_RECEIVE, received);
    return Math.max(0, received);
  }

  #open(checksum: boolean): number {
    const libc = this.#libc;
    const fd = checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0));
    const set = (level: number, name: number, value: number) => {
      const octets = new Uint8Array(new Int32Array([value]).buffer);
      checked(libc, "setsockopt", libc.setsockopt(fd, level, name, octets));
    };
    set(SOL_SOCKET, SO_SNDBUFFORCE, BUFFER);
    set(SOL_SOCKET, SO_RCVBUFFORCE, BUFFER);
    set(SOL_SOCKET, SO_NO_CHECK, checksum ? 0 : 1);
    set(IPPROTO_IP, IP_PKTINFO, 1);
    checked(libc, "bind", libc.bind(fd, encodeSockaddr("0.0.0.0", ANY_PORT)));
    return fd;
  }

  #layoutSend(index: number, name: Uint8Array): void {
    const batch = layout.CONTROL_SEND;
    const message = batch + layout.BATCH_HEADERS + index * layout.MMSGHDR_SIZE;
    this.#octets.set(name, batch + layout.BATCH_NAMES + index * layout.SOCKADDR_MAX);
    this.#view.setUint32(message + layout.MMSGHDR_NAME_LENGTH, name.length, true);
    this.#view.setBigUint64(message + layout.MMSGHDR_CONTROL_LENGTH, BigInt(PKTINFO_SPACE), true);
    const control = controlAt(batch, index);
    this.#view.setBigUint64(control, BigInt(PKTINFO_LENGTH), true);
    this.#view.setInt32(control + 8, IPPROTO_IP, true);
    this.#view.setInt32(control + 12, IP_PKTINFO, true);
  }
}

function packetAt(batch: number, index: number): number {
  return batch + layout.BATCH_SLOTS + index * layout.SLOT_SIZE + layout.SLOT_HEADROOM;
}

function controlAt(batch: number, index: number): number {
  return batch + layout.BATCH_CONTROLS + index * layout.BATCH_CONTROL_SIZE;
}
