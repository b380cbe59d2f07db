/**
 * Which calls go on to another LNS, before anyone is authenticated here: that one does so.
 *
 * @module
 */

/** A call that matches goes on to the list of LNSs `peer`. */
export interface Forward {
  /** What is compared with `value`: the Called Number, what follows the name's last "@", the name. */
  readonly by: "called" | "realm" | "user";
  /** A realm in lower case. */
  readonly value: string;
  readonly peer: string;
}

export class Forwards {
  readonly #called: ReadonlyMap<string, string>;
  readonly #realms: ReadonlyMap<string, string>;
  readonly #users: ReadonlyMap<string, string>;

  constructor(forwards: readonly Forward[]) {
    const of = (wanted: Forward["by"]) =>
      new Map(
        forwards.flatMap(({ by, value, peer }) => (by === wanted ? [[value, peer] as const] : [])),
      );
    this.#called = of("called");
    this.#realms = of("realm");
    this.#users = of("user");
  }

  /** The list of LNSs that a call goes on to: what is said of this user alone comes first. */
  find(name: string, calledNumber: string): string | undefined {
    return (
      this.#users.get(name) ?? this.#called.get(calledNumber) ?? this.#realms.get(realmOf(name))
    );
  }
}

/** RFC 7542 2.2: all that follows the last "@"; realms are compared without regard to case. */
function realmOf(name: string): string {
  const at = name.lastIndexOf("@");
  return at < 0 ? "" : name.slice(at + 1).toLowerCase();
}
