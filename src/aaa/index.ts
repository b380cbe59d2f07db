/**
 * Authentication and authorization: the port that the daemon asks, and its local answer.
 *
 * @module
 */
export { LocalUsers, type LocalUsersOptions } from "./local.ts";
export { Passwords, type User } from "./passwords.ts";
export { type Network, Pools } from "./pools.ts";
export { gateway6Of, Pools6, upperHalf } from "./pools6.ts";
export type { Aaa, AaaResult, Grant } from "./port.ts";
