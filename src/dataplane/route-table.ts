/**
 * The IPv4 address and the IPv6 /64 of each session as routes, as the control thread writes them. A
 * session's own have the records of the session's index.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import type { Forwarding } from "./memory.ts";
import type { QueueSteering, SessionHandle } from "./session.ts";
import { recordAt } from "./words.ts";

export class RouteTable {
  readonly #words: Uint32Array;
  readonly #longs: BigUint64Array;
  readonly #forwarding: Forwarding;
  readonly #steering: readonly QueueSteering[];

  constructor(
    memory: WebAssembly.Memory,
    forwarding: Forwarding,
    steering: readonly QueueSteering[],
  ) {
    this.#words = new Uint32Array(memory.buffer);
    this.#longs = new BigUint64Array(memory.buffer);
    this.#forwarding = forwarding;
    this.#steering = steering;
  }

  /** Opens IPv4 with `address`, or closes it with 0. False when its chain is full. */
  setAddress({ index, generation }: SessionHandle, network: number, address: number): boolean {
    const field = recordAt(index) + layout.SESSION_ADDRESS;
    const route = layout.ROUTE_RECORDS + index * layout.ROUTE_SIZE;
    const current = this.#read32(field);
    if (current === address) return true;
    if (current !== 0) {
      this.#store32(field, 0);
      this.#forwarding.removeRoute(index);
      this.#steering[this.#read32(route + layout.ROUTE_NETWORK)]?.clear4(current);
    }
    if (address === 0) return true;
    this.#store32(route + layout.ROUTE_NETWORK, network);
    this.#store32(route + layout.ROUTE_ADDRESS, address);
    this.#store32(route + layout.ROUTE_SESSION, index);
    this.#store32(route + layout.ROUTE_GENERATION, generation);
    if (!this.#forwarding.insertRoute(index)) return false;
    this.#steering[network]?.set4(address, this.#slotOf(index));
    this.#store32(field, address);
    return true;
  }

  /** Opens IPv6 with `prefix`, or closes it with 0. False when its chain is full. */
  setSubnet({ index, generation }: SessionHandle, network: number, prefix: bigint): boolean {
    const field = recordAt(index) + layout.SESSION_SUBNET;
    const subnet = layout.SUBNET_RECORDS + index * layout.SUBNET_SIZE;
    const current = this.#longs[field / 8] ?? 0n;
    if (current === prefix) return true;
    if (current !== 0n) {
      this.#store64(field, 0n);
      this.#forwarding.removeSubnet(index);
      this.#steering[this.#read32(subnet + layout.SUBNET_NETWORK)]?.clear6(current);
    }
    if (prefix === 0n) return true;
    this.#store32(subnet + layout.SUBNET_NETWORK, network);
    this.#store64(subnet + layout.SUBNET_PREFIX, prefix);
    this.#store32(subnet + layout.SUBNET_SESSION, index);
    this.#store32(subnet + layout.SUBNET_GENERATION, generation);
    if (!this.#forwarding.insertSubnet(index)) return false;
    this.#steering[network]?.set6(prefix, this.#slotOf(index));
    this.#store64(field, prefix);
    return true;
  }

  #slotOf(index: number): number {
    const key = this.#read32(recordAt(index) + layout.SESSION_KEY);
    const isByTunnel = this.#read32(layout.CONTROL_STEER) === layout.STEER_TUNNEL;
    return (isByTunnel ? key >>> 16 : key) & (layout.SLOT_COUNT - 1);
  }

  #read32(at: number): number {
    return this.#words[at / 4] ?? 0;
  }

  #store32(at: number, value: number): void {
    Atomics.store(this.#words, at / 4, value);
  }

  #store64(at: number, value: bigint): void {
    Atomics.store(this.#longs, at / 8, value);
  }
}
