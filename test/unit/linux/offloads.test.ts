/** What a kernel refuses, and what becomes of it. The real kernel is asked in ../../system. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEVICE_QUEUE_MAX } from "../../../src/limits.ts";
import { openTun } from "../../../src/linux/tun.ts";
import { openSockets } from "../../../src/linux/udp.ts";
import type { Steering } from "../../../src/linux/udp-steering.ts";
import { ipv4, ipv4Prefix } from "../../../src/net.ts";
import { OFFLOADS, type Offload } from "../../../src/offloads.ts";
import { FakeHost, IFF_VNET_HDR, knows, UDP_GRO, UDP_SEGMENT } from "./fake-host.ts";

const EPERM = 1;
const EINVAL = 22;
const EBUSY = 16;
const ENOTTY = 25;
const ENOPROTOOPT = 92;
const UNNAMED = 4_000;
const IFF_TUN_NO_PI = 0x1001;
const IFF_TUN_EXCL = 0x8000;
const IFF_MULTI_QUEUE = 0x0100;
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

const BY_TUNNEL: Steering = { by: "tunnel", slots: 2 };
const BY_SESSION: Steering = { by: "session", slots: 2 };

describe("the sockets", () => {
  const open = (host: FakeHost, wanted: readonly Offload[], steering = BY_TUNNEL) => {
    const { sockets, lacking } = openSockets(host.libc, "0.0.0.0", 1701, wanted, steering);
    const fds = [...sockets.data, ...sockets.link, sockets.sccrq, sockets.control];
    return { fds, lacking: [...lacking] };
  };

  test("all have what is wanted", () => {
    const host = new FakeHost();
    const { fds, lacking } = open(host, OFFLOADS);
    assert.deepEqual(lacking, []);
    const each = (fd: number) => [
      [fd, UDP_GRO, 1],
      [fd, UDP_SEGMENT, 0],
    ];
    assert.deepEqual(host.options, fds.flatMap(each));
  });

  test("are asked for nothing that is not wanted", () => {
    for (const [wanted, asked] of [
      [["udp-gro"], [UDP_GRO]],
      [["udp-gso", "uso"], [UDP_SEGMENT]],
      [["tso"], []],
    ] as const) {
      const host = new FakeHost();
      const { fds, lacking } = open(host, wanted);
      assert.deepEqual(lacking, []);
      const names = host.options.map(([, name]) => name);
      const ofAll = fds.flatMap(() => [...asked]);
      assert.deepEqual(names, ofAll);
    }
  });

  test("merge nothing when sessions are told apart, and say why", () => {
    const host = new FakeHost();
    const { fds, lacking } = open(host, OFFLOADS, BY_SESSION);
    assert.deepEqual(lacking, [["udp-gro", 'steer = "session" tells sessions of one peer apart']]);
    assert.deepEqual(
      host.options,
      fds.map((fd) => [fd, UDP_SEGMENT, 0]),
    );
    assert.deepEqual(open(new FakeHost(), ["udp-gso"], BY_SESSION).lacking, []);
  });

  test("do without the one that is refused, and say why without a number", () => {
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
      const { fds, lacking } = open(host, OFFLOADS);
      assert.deepEqual(lacking, [[offload, why]]);
      assert.deepEqual([...host.open], fds, "serve nevertheless");
      assert.equal(host.options.filter(([, each]) => each === name).length, 1, "asked once");
    }
  });
});

describe("a device", () => {
  const tun = (host: FakeHost, wanted: readonly Offload[]) => {
    const { lacking } = openTun(host.libc, OPTIONS, wanted, 1);
    const [device] = host.devices;
    const hasHeaders = ((device?.flags ?? 0) & IFF_VNET_HDR) !== 0;
    return { lacking: Object.fromEntries(lacking), hasHeaders, mask: device?.mask ?? 0 };
  };
  const noUso = "this kernel has no USO for TUN devices (Linux 6.2 has)";
  const refused = (name: string) => `the kernel refuses it (TUNSETOFFLOAD: ${name})`;

  test("has longer queues than the kernel gives", () => {
    const host = new FakeHost();
    openTun(host.libc, OPTIONS, [], 1);
    const attribute = [8, 0, 13, 0, ...new Uint8Array(new Uint32Array([DEVICE_QUEUE_MAX]).buffer)];
    const asked = host.sent.map((octets) => octets.join());
    assert.equal(asked.filter((octets) => octets.includes(attribute.join())).length, 1);
  });

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

  test("has as many queues as are wanted, all alike, and offloads once", () => {
    const host = new FakeHost({ flags: IFF_VNET_HDR | IFF_MULTI_QUEUE });
    const { queues } = openTun(host.libc, OPTIONS, OFFLOADS, 3);
    assert.deepEqual([...host.open], queues);
    const alike = IFF_TUN_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE;
    assert.deepEqual(
      host.devices.map(({ fd, name, flags, mask }) => [fd, name, flags, mask]),
      queues.map((fd, index) => [
        fd,
        OPTIONS.name,
        index === 0 ? alike | IFF_TUN_EXCL : alike,
        index === 0 ? CSUM | TSO | ECN | USO : 0,
      ]),
    );
  });

  test("has one queue where the kernel has no more, or no more is wanted", () => {
    for (const [flags, wanted] of [
      [IFF_VNET_HDR, 8],
      [IFF_VNET_HDR | IFF_MULTI_QUEUE, 1],
    ] as const) {
      const host = new FakeHost({ flags });
      assert.equal(openTun(host.libc, OPTIONS, [], wanted).queues.length, 1);
      assert.deepEqual(
        host.devices.map((device) => device.flags & IFF_MULTI_QUEUE),
        [0],
      );
    }
  });

  test("of which a queue is refused leaves nothing open", () => {
    const flags = IFF_MULTI_QUEUE;
    let left = 2;
    const host = new FakeHost({ flags, create: () => (left-- > 0 ? 0 : EINVAL) });
    assert.throws(() => openTun(host.libc, OPTIONS, [], 3), { call: "TUNSETIFF" });
    assert.equal(host.open.size, 0);
  });

  test("that cannot be made at all leaves nothing open", () => {
    const host = new FakeHost({ create: () => EBUSY });
    assert.throws(() => openTun(host.libc, OPTIONS, OFFLOADS, 1), {
      call: "TUNSETIFF",
      errno: EBUSY,
    });
    assert.equal(host.open.size, 0);
  });
});
