import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { createMemory } from "../../../src/dataplane/memory.ts";
import { writeNetworks } from "../../../src/dataplane/networks.ts";
import { NETWORKS_MAX } from "../../../src/limits.ts";
import { formatIpv4, formatIpv6 } from "../../../src/net.ts";

test("a network's record has its gateways and what is done to packets", () => {
  const memory = createMemory();
  const plain = { pool6: [], dscp: 0, ecn: false, mssClamp: false };
  writeNetworks(memory, [
    { ...plain, gateway: "10.64.0.1", dscp: "copy", mssClamp: true },
    { ...plain, gateway: "10.65.0.1", pool6: ["2001:db8:64::/48"], dscp: 46, ecn: true },
  ]);
  const view = new DataView(memory.buffer);
  const read = (index: number) => {
    const record = layout.CONTROL_NETWORKS + index * layout.NETWORK_SIZE;
    const gateway6 = new Uint8Array(memory.buffer, record + layout.NETWORK_GATEWAY6, 16);
    return [
      formatIpv4(view.getUint32(record + layout.NETWORK_GATEWAY, true)),
      formatIpv6(Uint8Array.from(gateway6)),
      view.getUint32(record + layout.NETWORK_DSCP, true),
      view.getUint32(record + layout.NETWORK_FLAGS, true),
    ];
  };
  assert.deepEqual(read(0), ["10.64.0.1", "::", layout.DSCP_COPY, layout.NETWORK_CLAMP]);
  assert.deepEqual(read(1), ["10.65.0.1", "2001:db8:64::1", 46, layout.NETWORK_ECN]);
  assert.equal(NETWORKS_MAX, layout.NETWORK_COUNT);
});
