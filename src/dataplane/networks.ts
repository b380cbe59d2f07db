/**
 * The records of the virtual networks: what holds for the packets of all their sessions. Written
 * before the first worker starts.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import { gateway6Of, ipv4, ipv6 } from "../net.ts";

export interface NetworkTreatment {
  readonly gateway: string;
  readonly pool6: readonly string[];
  /** DSCP of outer headers; "copy" is that of the packet inside. */
  readonly dscp: number | "copy";
  readonly ecn: boolean;
  readonly mssClamp: boolean;
}

/** In the order of the configuration: a network's record is found by its index. */
export function writeNetworks(
  memory: WebAssembly.Memory,
  networks: readonly NetworkTreatment[],
): void {
  const view = new DataView(memory.buffer);
  const octets = new Uint8Array(memory.buffer);
  for (const [index, { gateway, pool6, dscp, ecn, mssClamp }] of networks.entries()) {
    const record = layout.CONTROL_NETWORKS + index * layout.NETWORK_SIZE;
    const flags = (ecn ? layout.NETWORK_ECN : 0) | (mssClamp ? layout.NETWORK_CLAMP : 0);
    view.setUint32(record + layout.NETWORK_GATEWAY, ipv4(gateway), true);
    view.setUint32(record + layout.NETWORK_DSCP, dscp === "copy" ? layout.DSCP_COPY : dscp, true);
    view.setUint32(record + layout.NETWORK_FLAGS, flags, true);
    const [first] = pool6;
    if (first !== undefined) octets.set(ipv6(gateway6Of(first)), record + layout.NETWORK_GATEWAY6);
  }
}
