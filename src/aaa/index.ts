/**
 * Authentication and authorization: the port that the daemon asks, and its local answer.
 *
 * @module
 */
export { LocalUsers, type LocalUsersOptions } from "./local.ts";
export type { Aaa, AaaResult, Grant, Service } from "./port.ts";
