/**
 * The offloads by which the kernel takes many packets as one. Plain data: what runs is found once
 * at the start, by the run of the program that has privileges, and is carried to the one that
 * serves.
 *
 * @module
 */

/**
 * "udp-gro": the sockets give datagrams of one peer as one buffer (UDP_GRO). "udp-gso": a
 * message carries many frames (UDP_SEGMENT). "tso", "uso": super-packets of TCP and of UDP to and
 * from the devices, behind a virtio header that is there when either runs.
 */
export const OFFLOADS = ["udp-gro", "udp-gso", "tso", "uso"] as const;
export type Offload = (typeof OFFLOADS)[number];

/** Packets come to the queue of their session's slot: not of the configuration's choosing. */
export const STEERING = "steering";

export interface OffloadState {
  readonly offload: Offload | typeof STEERING;
  readonly runs: boolean;
  /** "" when it runs; otherwise one clause for the operator. */
  readonly why: string;
}

/** One for each of `OFFLOADS`, in their order, and where people read them one for STEERING. */
export type Offloads = readonly OffloadState[];

export function runs(offloads: Offloads, name: Offload): boolean {
  return offloads.some(({ offload, runs }) => offload === name && runs);
}

/** Why an offload does not run, of each that does not. */
export type Lacking = ReadonlyMap<Offload, string>;

/** All of them run but for those that lack something. */
export function offloadsWithout(lacking: Lacking): Offloads {
  return OFFLOADS.map((offload) => {
    const why = lacking.get(offload);
    return { offload, runs: why === undefined, why: why ?? "" };
  });
}
