import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import type { Config } from "../../../src/config/config.ts";
import type { Devices } from "../../../src/daemon/devices.ts";
import { openLibc } from "../../../src/daemon/libc.ts";
import { handOver, takeOver } from "../../../src/daemon/privileges.ts";
import { StartError } from "../../../src/daemon/start-error.ts";
import { privilegesIn } from "../../../src/linux/capabilities.ts";
import { openPipe, setInherited, textToDescriptor } from "../../../src/linux/descriptor.ts";
import type { Libc } from "../../../src/linux/libc.ts";
import { isIgnored, readText, threads } from "../../../src/linux/proc.ts";
import { offloadsWithout } from "../../../src/offloads.ts";
import { pathOf, RUNTIMES, simplon } from "../cli/process.ts";

const libc = openLibc();
const NONE = "0000000000000000";

function status(fields: Readonly<Record<string, string>> = {}): string {
  const sets = { CapInh: NONE, CapPrm: NONE, CapEff: NONE, CapBnd: NONE, CapAmb: NONE };
  const all = { Name: "deno", ...sets, NoNewPrivs: "1", Seccomp: "0", ...fields };
  return Object.entries(all)
    .map(([name, value]) => `${name}:\t${value}\n`)
    .join("");
}

describe("what a thread may still do", () => {
  test("nothing, with empty sets and no new privileges", () => {
    assert.deepEqual(privilegesIn(status()), []);
  });

  test("a bounding set alone gives nothing to who can gain nothing", () => {
    assert.deepEqual(privilegesIn(status({ CapBnd: "000001ffffffffff" })), []);
  });

  test("each set that is not empty, and new privileges, by name", () => {
    const admin = "0000000000001000";
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"]) {
      assert.deepEqual(privilegesIn(status({ [set]: admin })), [`${set} ${admin}`]);
    }
    assert.deepEqual(privilegesIn(status({ NoNewPrivs: "0" })), ["NoNewPrivs 0"]);
  });

  test("a kernel that does not say is not believed", () => {
    const silent = status().replace(/^CapAmb.*\n/m, "");
    assert.deepEqual(privilegesIn(silent), ["CapAmb unknown"]);
    assert.deepEqual(privilegesIn(""), [
      "CapInh unknown",
      "CapPrm unknown",
      "CapEff unknown",
      "CapAmb unknown",
      "NoNewPrivs 0",
    ]);
  });
});

/** Pipes that stand in for all that a first run opens. */
function open(): { devices: Devices; fds: number[] } {
  const [sccrq, control] = openPipe(libc);
  const bySlot = () => [openPipe(libc), openPipe(libc), openPipe(libc), openPipe(libc)].flat();
  const [data, link] = [bySlot(), bySlot()];
  const queues = openPipe(libc);
  const [host, pipe] = openPipe(libc);
  const offloads = offloadsWithout(new Map());
  const [ipv4, ipv6] = openPipe(libc);
  const steering = { maps: [{ ipv4, ipv6 }], why: "" };
  const devices = {
    sockets: { sccrq, control, data, link },
    tuns: [queues],
    hosts: [host],
    offloads,
    steering,
  };
  libc.close(pipe);
  return { devices, fds: [sccrq, control, ...data, ...queues, host, ipv4, ipv6] };
}

describe("a handover that fails", () => {
  const F_SETFD = 2;
  const failures: [string, Partial<Libc>][] = [
    ["no memory for the record", { memfdCreate: () => -1 }],
    ["nothing can be written to it", { write: () => -1 }],
    [
      "a descriptor cannot be inherited",
      {
        fcntl: (fd, command, value) => (command === F_SETFD ? -1 : libc.fcntl(fd, command, value)),
      },
    ],
  ];
  for (const [what, broken] of failures) {
    test(`leaves nothing open: ${what}`, async () => {
      const before = readdirSync("/proc/self/fd").length;
      const { devices } = open();
      const inheritance = { config: {} as Config, devices };
      const failing = handOver({ ...libc, ...broken }, inheritance, [], () => []);
      await assert.rejects(failing, StartError);
      assert.equal(readdirSync("/proc/self/fd").length, before);
    });
  }
});

describe("what the first run leaves", () => {
  const network = { name: "default" };
  /** A record with descriptors that are open, changed by `edit`. */
  function record(edit: (value: Record<string, unknown>) => unknown = (value) => value) {
    const { devices, fds } = open();
    const value = edit({ config: { networks: [network] }, devices });
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return { descriptor: textToDescriptor(libc, text), fds, devices };
  }

  function free(fds: readonly number[]): void {
    for (const fd of fds) libc.close(fd);
  }

  test("is taken over whole, and no program inherits it further", () => {
    const { descriptor, fds, devices } = record();
    for (const fd of fds) setInherited(libc, fd, true);
    const inheritance = takeOver(libc, descriptor);
    assert.deepEqual(inheritance, { config: { networks: [network] }, devices });
    const F_GETFD = 1;
    assert.deepEqual(
      fds.map((fd) => libc.fcntl(fd, F_GETFD, 0)),
      fds.map(() => 1),
    );
    assert.equal(libc.fcntl(descriptor, F_GETFD, 0), -1, "the record is closed");
    free(fds);
  });

  test("is refused when it is anything else", () => {
    const edits: [string, (value: Record<string, unknown>) => unknown][] = [
      ["no JSON", () => "simplon"],
      ["nothing", () => ""],
      ["null", () => "null"],
      ["another network", (value) => ({ ...value, config: { networks: [network, network] } })],
      ["no offloads", ({ config, devices }) => ({ config, devices: without(devices) })],
      ["no data socket of a slot", (value) => socketless(value, "data")],
      ["no link socket of a slot", (value) => socketless(value, "link")],
      ["no list of queues", ({ config, devices }) => ({ config, devices: flat(devices) })],
      ["no devices", ({ config }) => ({ config })],
      ["a closed descriptor", ({ config, devices }) => replaced(config, devices, 987)],
      ["a standard stream", ({ config, devices }) => replaced(config, devices, 0)],
      ["a word", ({ config, devices }) => replaced(config, devices, "7")],
    ];
    for (const [what, edit] of edits) {
      const { descriptor, fds } = record(edit);
      assert.equal(takeOver(libc, descriptor), undefined, what);
      free([descriptor, ...fds]);
    }
  });

  function replaced(config: unknown, devices: unknown, tun: unknown): unknown {
    return { config, devices: { ...(devices as object), tuns: [[tun]] } };
  }

  function socketless(value: Record<string, unknown>, kind: "data" | "link"): unknown {
    const { sockets, ...others } = value.devices as Devices;
    const fewer = { ...sockets, [kind]: sockets[kind].slice(1) };
    return { ...value, devices: { ...others, sockets: fewer } };
  }

  function flat(devices: unknown): unknown {
    const { tuns, ...others } = devices as Devices;
    return { ...others, tuns: tuns.flat() };
  }

  function without(devices: unknown): unknown {
    return { ...(devices as object), offloads: undefined };
  }

  test("a descriptor that is none, or cannot be read, is refused", () => {
    for (const descriptor of [-1, 0, 1.5, Number.NaN, 2 ** 40, 987]) {
      assert.equal(takeOver(libc, descriptor), undefined, String(descriptor));
    }
    const [end, pipe] = openPipe(libc);
    assert.equal(takeOver(libc, end), undefined, "a pipe has no beginning to read from");
    free([end, pipe]);
  });
});

for (const runtime of Object.keys(RUNTIMES)) {
  test(`${runtime}: --handover by hand is misuse`, async () => {
    for (const value of ["7", "x", "1e9"]) {
      const { code, stderr } = await simplon(runtime, ["lns", "--handover", value]);
      assert.equal(code, 2);
      assert.match(stderr, /^simplon: --handover is for simplon's own use; [^\n]*\n$/);
    }
  });
}

test("files of /proc and directories of threads are read through libc", () => {
  assert.match(readText(libc, "/proc/self/status"), /^NoNewPrivs:\t[01]$/m);
  assert.ok(threads(libc).includes(process.pid));
  assert.throws(() => readText(libc, "/nowhere"), { errno: 2 });
  assert.ok(readText(libc, pathOf("package-lock.json")).endsWith("}\n"));
  assert.equal(isIgnored(libc, 12), false);
});
