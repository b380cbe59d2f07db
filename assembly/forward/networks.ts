// The records of the virtual networks: what holds for the packets of all their sessions.

import { read32 } from "../bytes";
import { CONTROL_NETWORKS, NETWORK_COUNT, NETWORK_FLAGS, NETWORK_SIZE } from "../layout";

/** Stays within the records, whatever the memory says. */
export function networkAt(index: u32): usize {
  return CONTROL_NETWORKS + (index & (NETWORK_COUNT - 1)) * NETWORK_SIZE;
}

export function hasFlag(network: u32, flag: u32): bool {
  return (read32(networkAt(network) + NETWORK_FLAGS) & flag) !== 0;
}
