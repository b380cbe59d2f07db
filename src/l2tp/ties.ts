/**
 * Tunnels that we open and that the peer has not answered, by where they go: an SCCRQ from there
 * has met ours on its way, and the Tie Breaker says which of both tunnels is to be (RFC 2661 4.4.3).
 *
 * A peer that opens tunnels from another port than it is called at is not recognised; its tunnel
 * and ours are both opened then. By the address alone, hosts behind one NAT would be in each
 * other's way.
 *
 * The RFC has the loser discard its tunnel at once. Nothing proves who has sent an SCCRQ, and
 * whoever forges the peer's address could keep every tunnel of ours from being opened. So ours goes
 * on until the winner's is established: to the winner, which discards its repetitions, that is the
 * same.
 *
 * @module
 */
import type { Tunnel } from "./tunnel.ts";
import type { Path } from "./types.ts";

/** How ours stands; "unknown": the peer sent no Tie Breaker, so ours has won, and it may not know. */
export type Tie = "won" | "lost" | "equal" | "unknown";

export class Ties {
  /** The latest of each address and port. */
  readonly #opening = new Map<string, Tunnel>();
  readonly #keys = new Map<Tunnel, string>();

  add(tunnel: Tunnel): void {
    const key = keyOf(tunnel.path);
    this.#opening.set(key, tunnel);
    this.#keys.set(tunnel, key);
  }

  /** It is answered or given up. Harmless when it is not there. */
  delete(tunnel: Tunnel): void {
    const key = this.#keys.get(tunnel);
    if (key === undefined) return;
    this.#keys.delete(tunnel);
    if (this.#opening.get(key) === tunnel) this.#opening.delete(key);
  }

  /** Ours that an SCCRQ of that path has met. */
  rivalOf(path: Path): Tunnel | undefined {
    return this.#opening.get(keyOf(path));
  }
}

/** The lower value wins; whoever has one wins over whoever has none. */
export function judge(ours: Uint8Array, theirs: Uint8Array | undefined): Tie {
  if (theirs === undefined) return "unknown";
  for (const [i, octet] of ours.entries()) {
    const other = theirs[i] ?? 0;
    if (octet !== other) return octet < other ? "won" : "lost";
  }
  return "equal";
}

function keyOf({ peer, peerPort }: Path): string {
  return `${peer} ${peerPort}`;
}
