/** Calls to lists of LNSs: which one is tried, for how long, and when again. @module */
export { Backoff } from "./backoff.ts";
export { Dialler } from "./dialler.ts";
export type { DialEvent, DiallerOptions, Placer, Request, Target } from "./types.ts";
