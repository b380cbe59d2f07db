/**
 * IPv6 on a PPP link: the router that a client finds at our end, and the host at the end of ours that
 * dials in.
 *
 * @module
 */
export { Host, type HostEvent, type HostOptions } from "./host.ts";
export type { CounterName } from "./node.ts";
export { Router, type RouterOptions } from "./router.ts";
