/**
 * Hash chains, as the tables of routes are made of them: records go in and out, and a chain is what a
 * list says it is. In the end it is a ring, which no walk may go along for ever.
 *
 * @module
 */
import * as layout from "../../../assembly/layout.ts";
import { Octets } from "../octets.ts";
import type { Target } from "../target.ts";
import { same, WasmExecutor } from "./executor.ts";
import { World } from "./world.ts";

/** Records that nobody else uses, more than a chain holds; all of them have this address. */
const FIRST = 1_000;
const COUNT = 80;
const ADDRESS = 0x0a63_0001;
/** As the table hashes an address of network 0. */
const BUCKET = layout.ROUTE_BUCKETS + (Math.imul(ADDRESS, 0x9e37_79b1) >>> 16) * 4;

class Chain {
  readonly #world: World;
  /** From the front. */
  readonly #list: number[] = [];

  constructor(world: World) {
    this.#world = world;
    for (let index = FIRST; index < FIRST + COUNT; index++) {
      world.set(recordAt(index) + layout.ROUTE_ADDRESS, ADDRESS);
    }
  }

  run(input: Uint8Array): void {
    const program = new Octets(input);
    this.#list.length = 0;
    this.#world.set(BUCKET, 0);
    while (program.left > 0) this.#step(program.next());
    this.#tie();
    this.#world.checkGuards();
  }

  /** What is in goes out; of what is out the upper half is taken out once more. */
  #step(octet: number): void {
    const index = FIRST + (octet % COUNT);
    const { forwarding } = this.#world;
    const place = this.#list.indexOf(index);
    if (place < 0 && octet < 2 * COUNT) {
      const fits = this.#list.length < layout.CHAIN_MAX;
      same(Boolean(forwarding.insertRoute(index)), fits, "whether it fits");
      if (fits) this.#list.unshift(index);
    } else {
      forwarding.removeRoute(index);
      if (place >= 0) this.#list.splice(place, 1);
    }
    this.#check();
  }

  #check(): void {
    let at = BUCKET;
    for (const index of [...this.#list, 0]) {
      same(this.#world.get(at), index, "next of the chain");
      at = recordAt(index) + layout.ROUTE_NEXT;
    }
  }

  #tie(): void {
    const [first] = this.#list;
    const last = this.#list.at(-1);
    if (first === undefined || last === undefined) return;
    const { forwarding } = this.#world;
    this.#world.set(recordAt(last) + layout.ROUTE_NEXT, first);
    const other = FIRST + COUNT;
    this.#world.set(recordAt(other) + layout.ROUTE_ADDRESS, ADDRESS);
    same(Boolean(forwarding.insertRoute(other)), false, "a ring takes one more");
    forwarding.removeRoute(other);
  }
}

function recordAt(index: number): number {
  return layout.ROUTE_RECORDS + index * layout.ROUTE_SIZE;
}

export const chainTarget: Target = {
  name: "wasm-chain",
  kind: "WebAssembly",
  lengthMax: 256,
  seeds: () => [Uint8Array.from({ length: COUNT }, (_, octet) => octet)],
  open: async () => {
    const world = new World(["assembly/forward/chain.ts"], []);
    const chain = new Chain(world);
    return new WasmExecutor(world.branches, (input) => chain.run(input));
  },
};
