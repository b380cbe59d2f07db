/** Offloads of several devices: a worker treats all alike. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkConfig } from "../../../src/config/config.ts";
import { openNetworks } from "../../../src/daemon/devices.ts";
import { StartError } from "../../../src/daemon/start-error.ts";
import type { Offload } from "../../../src/offloads.ts";
import { FakeHost, type HostFaults, IFF_VNET_HDR, knows } from "../linux/fake-host.ts";

const CSUM_TSO_ECN = 0x0f;
const CSUM_USO = 0x61;
const ALL = 0x6f;
const EBUSY = 16;
const RTM_NEWROUTE = 24;
const NO_USO = "this kernel has no USO for TUN devices (Linux 6.2 has)";
const NO_TSO = "the kernel refuses it (TUNSETOFFLOAD: EINVAL)";

function network(index: number): NetworkConfig {
  return {
    name: `net${index}`,
    tun: `simplon${index}`,
    gateway: `10.${index}.0.1`,
    pool: [`10.${index}.0.0/16`],
    pool6: [],
    dns: [],
    nbns: [],
    mtu: 1400,
    nat: false,
    rateDown: 0,
    rateUp: 0,
    mssClamp: true,
    dscp: 0,
    ecn: false,
    sequencing: false,
    idle: 0,
    routes: [],
  };
}

function opened(count: number, faults: HostFaults, lacking = new Map<Offload, string>()) {
  const host = new FakeHost(faults);
  const networks = Array.from({ length: count }, (_, index) => network(index + 1));
  const fds: number[] = [];
  const tuns = openNetworks(host.libc, networks, lacking, fds, 1);
  assert.deepEqual(fds, tuns.flat(), "what is open is known");
  assert.deepEqual([...host.open], fds, "and nothing else is open");
  const devices = host.present.map(({ name, flags, mask }) => {
    return { name, hasHeaders: (flags & IFF_VNET_HDR) !== 0, mask };
  });
  return { devices, lacking: Object.fromEntries(lacking), made: host.devices.length };
}

test("all devices have all", () => {
  const mask = ALL;
  assert.deepEqual(opened(2, {}), {
    devices: [
      { name: "simplon1", hasHeaders: true, mask },
      { name: "simplon2", hasHeaders: true, mask },
    ],
    lacking: {},
    made: 2,
  });
});

test("what one device lacks no device has, and the device is named", () => {
  const mask = CSUM_TSO_ECN;
  const only2 = (asked: number, device: string) =>
    device === "simplon2" ? knows(CSUM_TSO_ECN)(asked) : 0;
  const { devices, lacking } = opened(3, { offload: only2 });
  assert.deepEqual(devices, [
    { name: "simplon1", hasHeaders: true, mask },
    { name: "simplon2", hasHeaders: true, mask },
    { name: "simplon3", hasHeaders: true, mask },
  ]);
  assert.deepEqual(lacking, { uso: `simplon2: ${NO_USO}` });
});

test("devices that lack different ones have none, and no headers", () => {
  const each = (asked: number, device: string) =>
    knows(device === "simplon1" ? CSUM_TSO_ECN : CSUM_USO)(asked);
  const { devices, lacking } = opened(2, { offload: each });
  for (const device of devices) assert.deepEqual([device.hasHeaders, device.mask], [false, 0]);
  assert.deepEqual(lacking, { uso: `simplon1: ${NO_USO}`, tso: `simplon2: ${NO_TSO}` });
});

test("a device that refuses all is made again without headers", () => {
  const { devices, lacking, made } = opened(1, { offload: knows(0) });
  assert.deepEqual(devices, [{ name: "simplon1", hasHeaders: false, mask: 0 }]);
  assert.deepEqual(lacking, { tso: NO_TSO, uso: NO_USO });
  assert.equal(made, 2);
});

test("what is lacking for other reasons is not asked for, and keeps its reason", () => {
  const off = "turned off in the configuration";
  const { devices, lacking } = opened(1, {}, new Map([["tso", off]]));
  assert.deepEqual(devices, [{ name: "simplon1", hasHeaders: true, mask: CSUM_USO }]);
  assert.deepEqual(lacking, { tso: off });
});

test("a device that cannot be made is a start error", () => {
  const taken = { create: (device: string) => (device === "simplon2" ? EBUSY : 0) };
  assert.throws(() => opened(2, taken), StartError);
});

test("subnets behind clients are routed to the device, beside the pools", () => {
  const host = new FakeHost({});
  const routes = ["192.168.7.0/24", "2001:db9:7::/56"];
  const routed = { ...network(1), pool6: ["2001:db8:64::/48"], routes };
  openNetworks(host.libc, [routed], new Map(), [], 1);
  const asked = host.sent
    .filter((request) => new DataView(request.buffer).getUint16(4, true) === RTM_NEWROUTE)
    .map((request) => Buffer.from(request).toString("hex"));
  for (const prefix of ["0a010000", "c0a80700", "20010db800640000", "20010db900070000"]) {
    assert.ok(
      asked.some((request) => request.includes(prefix)),
      prefix,
    );
  }
});
