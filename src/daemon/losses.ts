/**
 * What the kernel drops before anybody sees it: datagrams that found no room in a socket's buffer,
 * and packets that found none in a device's queue. New tunnels begin in slots whose sockets lose
 * nothing, where nothing that they say is lost in somebody else's flood.
 *
 * @module
 */
import { CROWDED_MS, LOSSES_CHECK_MS } from "../limits.ts";
import type { Libc } from "../linux/libc.ts";
import { droppedBySockets } from "../linux/meminfo.ts";
import { droppedByDevices } from "../linux/netdev.ts";
import { readText } from "../linux/proc.ts";
import type { Sockets } from "../linux/udp.ts";

export class Losses {
  /** By slot: 1 where datagrams were lost within the last CROWDED_MS. */
  readonly crowded: Uint8Array;
  readonly #libc: Libc;
  readonly #sockets: Sockets;
  /** By slot. */
  readonly #lost: number[];
  readonly #lostAt: number[];
  readonly #devices: readonly string[];
  #checkedAt = -Infinity;

  /** `devices` by their names. */
  constructor(libc: Libc, sockets: Sockets, devices: readonly string[]) {
    this.#libc = libc;
    this.#sockets = sockets;
    this.#devices = devices;
    this.crowded = new Uint8Array(sockets.data.length);
    this.#lost = sockets.data.map(() => 0);
    this.#lostAt = sockets.data.map(() => -Infinity);
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
    if (now - this.#checkedAt < LOSSES_CHECK_MS) return;
    this.#checkedAt = now;
    const { data, link } = this.#sockets;
    for (let slot = 0; slot < this.crowded.length; slot++) {
      const lost = droppedBySockets(this.#libc, [data[slot] ?? -1, link[slot] ?? -1]);
      if (lost !== this.#lost[slot]) this.#lostAt[slot] = now;
      this.#lost[slot] = lost;
      this.crowded[slot] = now - (this.#lostAt[slot] ?? 0) < CROWDED_MS ? 1 : 0;
    }
  }
}
