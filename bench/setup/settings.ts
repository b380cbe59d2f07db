/** What the processes of a measurement of set-up tell each other. @module */

export type GeneratorQuestion =
  | {
      readonly do: "dial";
      /** New ones; 0: the calls are made in those that are there. */
      readonly tunnels: number;
      /** Calls, dealt out to them in turn. */
      readonly calls: number;
      /** Calls under way at once. */
      readonly atOnce: number;
    }
  /** Ends all tunnels that are up. */
  | { readonly do: "leave" };

export interface Dialled {
  /** From the first request to the last session with its address. */
  readonly seconds: number;
  /** CPU time of the generator in it. */
  readonly cpu: number;
}

export type LnsQuestion = {
  /** Collects garbage. */
  readonly do: "collect";
};

/** Each tunnel comes from an address of its own, as each access concentrator does. */
export const SOURCES = "10.16.0.0/14";
