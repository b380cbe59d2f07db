/**
 * What was done to worlds, by kind: counted where it is done, added up over all worlds.
 *
 * @module
 */
export class Faults {
  readonly counts: Record<string, number> = {};

  add(kind: string, amount = 1): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + amount;
  }
}
