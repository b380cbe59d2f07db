/**
 * IPv6 at our end of a PPP link: the router that a client finds there.
 *
 * @module
 */
export { type CounterName, Router, type RouterOptions } from "./router.ts";
