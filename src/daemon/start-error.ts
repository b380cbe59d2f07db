/**
 * Why the daemon cannot start, for a person: the message is the one line that says what is missing
 * and how to grant it. It is no bug of ours, so no stack is shown.
 *
 * @module
 */
export class StartError extends Error {
  override readonly name = "StartError";
}
