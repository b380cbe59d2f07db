/**
 * The five verbs that every protocol machine of simplon has.
 *
 * A machine holds no socket, timer, clock or random source. Whoever drives it passes bytes (or
 * records) and the time in, and drains what comes out, so that whole networks of machines run in
 * one thread in virtual time.
 *
 * `now` is in milliseconds on any monotonic scale; all calls to one machine share that scale.
 *
 * @module
 */
export interface Machine<Input, Transmit, Event> {
  /** Takes one input that arrived at `now`. Never throws for what a peer sent. */
  handleInput(input: Input, now: number): void;
  /** Runs everything that is due at `now`; harmless when nothing is. */
  handleTimeout(now: number): void;
  /** Next thing to send, or `undefined` when there is none. Drain after every other verb. */
  pollTransmit(): Transmit | undefined;
  /** Next thing that the owner has to know, or `undefined`. Drain after every other verb. */
  pollEvent(): Event | undefined;
  /** Time of the next due work; `Infinity` when there is none. */
  pollTimeout(): number;
}

/** Source of unpredictable octets: returns a fresh array of `length`. */
export type Random = (length: number) => Uint8Array;
