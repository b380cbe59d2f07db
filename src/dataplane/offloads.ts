/** The offloads, for who wires the loop. @module */
export * from "../offloads.ts";
