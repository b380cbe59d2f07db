/** What a kernel refuses, and what becomes of it. The real kernel is asked in ../../system. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openTun } from "../../../src/linux/tun.ts";
import { openUdpPair } from "../../../src/linux/udp.ts";
import { ipv4, ipv4Prefix } from "../../../src/net.ts";
import { OFFLOADS, type Offload } from "../../../src/offloads.ts";
import { FakeHost, IFF_VNET_HDR, knows, UDP_GRO, UDP_SEGMENT } from "./fake-host.ts";

const EPERM = 1;
const EINVAL = 22;
const EBUSY = 16;
const ENOTTY = 25;
const ENOPROTOOPT = 92;
const UNNAMED = 4_000;
/** linux/if_tun.h */
const CSUM = 0x01;
const TSO = 0x06;
const ECN = 0x08;
const USO = 0x60;
const OPTIONS = {
  name: "simplon0",
  gateway: ipv4("10.64.0.1"),
  pool: [ipv4Prefix("10.64.0.0/16")],
  mtu: 1400,
};

describe("the data socket", () => {
  const pair = (host: FakeHost, wanted: readonly Offload[]) => {
    const { sockets, lacking } = openUdpPair(host.libc, "0.0.0.0", 1701, wanted);
    return { ...sockets, lacking: [...lacking] };
  };

  test("has what is wanted, and the control socket has not", () => {
    const host = new FakeHost();
    const { data, lacking } = pair(host, OFFLOADS);
    assert.deepEqual(lacking, []);
    assert.deepEqual(host.options, [
      [data, UDP_GRO, 1],
      [data, UDP_SEGMENT, 0],
    ]);
  });

  test("is asked for nothing that is not wanted", () => {
    for (const [wanted, asked] of [
      [["udp-gro"], [UDP_GRO]],
      [["udp-gso", "uso"], [UDP_SEGMENT]],
      [["tso"], []],
    ] as const) {
      const host = new FakeHost();
      assert.deepEqual(pair(host, wanted).lacking, []);
      assert.deepEqual(
        host.options.map(([, name]) => name),
        asked,
      );
    }
  });

  test("does without the one that is refused, and says why without a number", () => {
    for (const [name, offload, errno, why] of [
      [UDP_GRO, "udp-gro", ENOPROTOOPT, "this kernel has no UDP_GRO (Linux 5.0 has)"],
      [UDP_GRO, "udp-gro", EPERM, "the kernel refuses it (setsockopt: EPERM)"],
      [UDP_SEGMENT, "udp-gso", ENOPROTOOPT, "this kernel has no UDP_SEGMENT (Linux 4.18 has)"],
      [UDP_SEGMENT, "udp-gso", EINVAL, "the kernel refuses it (setsockopt: EINVAL)"],
      [
        UDP_SEGMENT,
        "udp-gso",
        UNNAMED,
        "the kernel refuses it (setsockopt: an error without a name)",
      ],
    ] as const) {
      const host = new FakeHost({ option: (each) => (each === name ? errno : 0) });
      const { control, data, lacking } = pair(host, OFFLOADS);
      assert.deepEqual(lacking, [[offload, why]]);
      assert.ok(host.open.has(control) && host.open.has(data), "serves nevertheless");
    }
  });
});

describe("a device", () => {
  const tun = (host: FakeHost, wanted: readonly Offload[]) => {
    const { lacking } = openTun(host.libc, OPTIONS, wanted);
    const [device] = host.devices;
    const hasHeaders = ((device?.flags ?? 0) & IFF_VNET_HDR) !== 0;
    return { lacking: Object.fromEntries(lacking), hasHeaders, mask: device?.mask ?? 0 };
  };
  const noUso = "this kernel has no USO for TUN devices (Linux 6.2 has)";
  const refused = (name: string) => `the kernel refuses it (TUNSETOFFLOAD: ${name})`;

  test("has what is wanted", () => {
    for (const [wanted, mask] of [
      [OFFLOADS, CSUM | TSO | ECN | USO],
      [["tso"], CSUM | TSO | ECN],
      [["uso"], CSUM | USO],
    ] as const) {
      assert.deepEqual(tun(new FakeHost(), wanted), { lacking: {}, hasHeaders: true, mask });
    }
  });

  test("has no headers when neither is wanted, and no question is asked", () => {
    const host = new FakeHost({ offload: () => assert.fail("asked for offloads") });
    const nothing = { lacking: {}, hasHeaders: false, mask: 0 };
    assert.deepEqual(tun(host, ["udp-gro", "udp-gso"]), nothing);
  });

  test("of an older kernel has what that knows", () => {
    for (const [known, wanted, mask, lacking] of [
      [CSUM | TSO | ECN, OFFLOADS, CSUM | TSO | ECN, { uso: noUso }],
      [CSUM | TSO | USO, OFFLOADS, CSUM | TSO | USO, {}],
      [CSUM | TSO, OFFLOADS, CSUM | TSO, { uso: noUso }],
      [CSUM | USO, OFFLOADS, CSUM | USO, { tso: refused("EINVAL") }],
      [CSUM, OFFLOADS, 0, { tso: refused("EINVAL"), uso: noUso }],
      [CSUM, ["tso"], 0, { tso: refused("EINVAL") }],
      [CSUM | TSO | ECN, ["uso"], 0, { uso: noUso }],
    ] as const) {
      const host = new FakeHost({ offload: knows(known) });
      assert.deepEqual(tun(host, wanted), { lacking, hasHeaders: true, mask }, String(known));
    }
  });

  test("that is refused for another reason says which", () => {
    const host = new FakeHost({ offload: (mask) => (mask & USO ? EPERM : 0) });
    assert.deepEqual(tun(host, OFFLOADS).lacking, { uso: refused("EPERM") });
  });

  test("is made without headers where there are none", () => {
    const why = "TUN devices of this kernel have no IFF_VNET_HDR (Linux 2.6.27 has)";
    for (const faults of [{ features: ENOTTY }, { features: EINVAL }, { flags: 0x1003 }]) {
      const seen = tun(new FakeHost(faults), OFFLOADS);
      assert.deepEqual(seen, { lacking: { tso: why, uso: why }, hasHeaders: false, mask: 0 });
    }
  });

  test("that cannot be made at all leaves nothing open", () => {
    const host = new FakeHost({ create: () => EBUSY });
    assert.throws(() => openTun(host.libc, OPTIONS, OFFLOADS), { call: "TUNSETIFF", errno: EBUSY });
    assert.equal(host.open.size, 0);
  });
});
