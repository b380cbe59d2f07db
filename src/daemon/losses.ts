/**
 * What the kernel drops before anybody sees it: datagrams that found no room in a socket's buffer,
 * and packets that found none in a device's queue. New tunnels begin in the slots whose sockets lose
 * least, where little of what they say is lost in somebody else's flood.
 *
 * @module
 */
import { LOSSES_CHECK_MS, LOSSES_HALF_MS } from "../limits.ts";
import type { Libc } from "../linux/libc.ts";
import { droppedBySockets } from "../linux/meminfo.ts";
import { droppedByDevices } from "../linux/netdev.ts";
import { readText } from "../linux/proc.ts";
import type { Sockets } from "../linux/udp.ts";

export class Losses {
  /** By slot, of what it has lost lately the number of bits: 0 where that is nothing. */
  readonly crowded: Uint8Array;
  readonly #libc: Libc;
  readonly #sockets: Sockets;
  /** By slot. */
  readonly #lost: number[];
  /** The same, of which half is forgotten each LOSSES_HALF_MS. */
  readonly #lately: number[];
  readonly #devices: readonly string[];
  #checkedAt = -Infinity;

  /** `devices` by their names. */
  constructor(libc: Libc, sockets: Sockets, devices: readonly string[]) {
    this.#libc = libc;
    this.#sockets = sockets;
    this.#devices = devices;
    this.crowded = new Uint8Array(sockets.data.length);
    this.#lost = sockets.data.map(() => 0);
    this.#lately = sockets.data.map(() => 0);
  }

  /** Since the start: data messages, control messages, and packets to clients. */
  get counts(): { readonly data: number; readonly control: number; readonly packets: number } {
    const { data, link, sccrq, control } = this.#sockets;
    const dropped = (fds: readonly number[]) => droppedBySockets(this.#libc, fds);
    const isDevice = this.#devices.length > 0;
    const packets = isDevice
      ? droppedByDevices(readText(this.#libc, "/proc/self/net/dev"), this.#devices)
      : 0;
    return { data: dropped([...data, ...link]), control: dropped([sccrq, control]), packets };
  }

  /** Looks which slots lose datagrams, a few times a second. */
  check(now: number): void {
    const elapsed = now - this.#checkedAt;
    if (elapsed < LOSSES_CHECK_MS) return;
    this.#checkedAt = now;
    const kept = 0.5 ** (elapsed / LOSSES_HALF_MS);
    const { data, link } = this.#sockets;
    for (let slot = 0; slot < this.crowded.length; slot++) {
      const lost = droppedBySockets(this.#libc, [data[slot] ?? -1, link[slot] ?? -1]);
      const lately = (this.#lately[slot] ?? 0) * kept + lost - (this.#lost[slot] ?? 0);
      this.#lost[slot] = lost;
      this.#lately[slot] = lately;
      this.crowded[slot] = 32 - Math.clz32(lately);
    }
  }
}
