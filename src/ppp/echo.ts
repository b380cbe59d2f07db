/**
 * When to ask the peer for a sign of life, and when to give it up (RFC 1661 5.8).
 *
 * @module
 */
import { ECHO_FAILURES_MAX, ECHO_INTERVAL_MS } from "../limits.ts";

export class Echo {
  /** Time of the next look; moved on by everything that the peer sends. */
  deadline: number;
  #unanswered = 0;

  constructor(now: number) {
    this.deadline = now + ECHO_INTERVAL_MS;
  }

  /** When the peer was last heard: each request since then has moved the deadline on. */
  get heardAt(): number {
    return this.deadline - (this.#unanswered + 1) * ECHO_INTERVAL_MS;
  }

  heard(now: number): void {
    this.#unanswered = 0;
    this.deadline = now + ECHO_INTERVAL_MS;
  }

  /** Whether to send one more Echo-Request; `false` means that enough are unanswered. */
  ask(now: number): boolean {
    if (this.#unanswered >= ECHO_FAILURES_MAX) return false;
    this.#unanswered += 1;
    this.deadline = now + ECHO_INTERVAL_MS;
    return true;
  }
}
