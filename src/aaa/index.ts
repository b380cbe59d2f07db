/**
 * Authentication and authorization: the port that the daemon asks, and its local answer;
 * the credentials with which we dial in ourselves.
 *
 * @module
 */
export { credentials } from "./credentials.ts";
export { LocalUsers, type LocalUsersOptions } from "./local.ts";
export type { Aaa, AaaResult, Caller, Grant, Refusal, Service } from "./port.ts";
