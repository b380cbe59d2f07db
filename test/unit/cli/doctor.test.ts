// Each check on a host that is in order, and on one that lacks what the check is about.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding, Host } from "../../../src/cli/doctor/host.ts";
import { examine, format } from "../../../src/cli/doctor.ts";
import { parseConfig } from "../../../src/config/load.ts";
import type { Probe } from "../../../src/daemon/probe.ts";
import { RUNTIMES, simplon } from "./process.ts";

const FILES: Readonly<Record<string, string>> = {
  "/proc/sys/net/ipv4/ip_forward": "1\n",
  "/proc/sys/net/ipv6/conf/all/forwarding": "1\n",
  "/proc/sys/net/ipv4/conf/all/rp_filter": "0\n",
  "/proc/sys/net/ipv4/conf/eth0/rp_filter": "2\n",
  "/proc/net/route":
    "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n" +
    "wlan0\t00000000\t010200C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n" +
    "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n" +
    "eth1\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n",
  "/sys/class/net/eth0/mtu": "1500\n",
  "/sys/class/net/eth0/queues/rx-0/rps_cpus": "0\n",
  "/sys/class/net/eth1/mtu": "1430\n",
  "/sys/class/net/eth1/queues/rx-0/rps_cpus": "00000000,00000000\n",
  "/sys/class/net/eth1/queues/rx-1/rps_cpus": "00000000,00000000\n",
  "/proc/net/softnet_stat": "0000a 00000000 00000000\n0000b 00000000 00000001\n",
  "/proc/sys/net/core/netdev_max_backlog": "1000\n",
  "/proc/sys/net/netfilter/nf_conntrack_max": "262144\n",
  "/proc/sys/net/netfilter/nf_conntrack_count": "7\n",
  "/proc/self/limits": "Limit Soft Hard Units\nMax open files            1024   4096   files\n",
  "/proc/meminfo": "MemTotal:        2097152 kB\nMemFree: 1 kB\n",
  "/proc/self/cgroup": "0::/system.slice/simplon.service\n",
  "/sys/fs/cgroup/system.slice/memory.max": "max\n",
  "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
};
const PROBE: Probe = {
  lacking: new Map(),
  tun: "there",
  hasQueues: true,
  port: "free",
  unsteered: "",
  isClockSynchronised: true,
  buffers: { wanted: 8_388_608, receive: 8_388_608, send: 8_388_608 },
};

interface Change extends Partial<Omit<Host, "probe">> {
  readonly files?: Readonly<Record<string, string | undefined>>;
  readonly probe?: Partial<Probe>;
}

function host({ files, probe, ...others }: Change = {}): Host {
  const all = { ...FILES, ...files };
  return {
    read: (path) => all[path],
    list(path) {
      const below = Object.keys(all).filter((each) => each.startsWith(`${path}/`));
      return [...new Set(below.map((each) => each.slice(path.length + 1).split("/")[0] ?? ""))];
    },
    deviceOf: (address) => (address === "192.0.2.7" ? "eth1" : undefined),
    release: "6.12.0-generic",
    processors: 4,
    unprobed: "",
    running: undefined,
    ...others,
    probe: { ...PROBE, ...probe },
  };
}

function config(lns = "", network = "") {
  const parsed = parseConfig(
    `[lns]\n${lns}\n[[network]]\nname = "a"\ntun = "simplon0"\ngateway = "10.64.0.1"\n` +
      `pool = ["10.64.0.0/16"]\n${network}\n`,
    "simplon.toml",
  );
  assert.ok(!Array.isArray(parsed), JSON.stringify(parsed));
  return parsed;
}

/** What is not in order. */
function complaints(change: Change, lns?: string, network?: string): Finding[] {
  return examine(host(change), config(lns, network)).filter(({ level }) => level !== "ok");
}

test("nothing is said of a host that is in order", () => {
  assert.deepEqual(complaints({}), []);
  const whole = 'workers = 4\nlisten = "192.0.2.7:1701"';
  assert.deepEqual(complaints({}, whole, "nat = true\nmtu = 1390"), []);
});

const FAULTS: Readonly<Record<string, readonly [Change, string, RegExp, string?, string?]>> = {
  "an old kernel": [{ release: "4.14.2" }, "problem kernel", /newer/],
  "a kernel without USO": [{ release: "6.1.0" }, "advice kernel", /6\.2/],
  "no TUN driver": [{ probe: { tun: "missing" } }, "problem tun", /modprobe tun/],
  "a closed TUN driver": [{ probe: { tun: "closed" } }, "problem tun", /chmod/],
  "an offload that is lacking": [
    { probe: { lacking: new Map([["uso", "none"]]) } },
    "advice offload uso",
    /OPERATIONS/,
  ],
  "an offload that is off": [
    {},
    "advice offload tso",
    /"tso"/,
    'offloads = ["udp-gro","udp-gso","uso"]',
  ],
  "a port that is used": [{ probe: { port: "used" } }, "problem port", /ss -lunp 'sport = :1701'/],
  "no IPv6": [
    { probe: { port: "no-family" } },
    "problem port",
    /0\.0\.0\.0:1701/,
    'listen = "[::]:1701"',
  ],
  "no forwarding": [
    { files: { "/proc/sys/net/ipv4/ip_forward": "0" } },
    "problem forwarding IPv4",
    /sysctl -w net\.ipv4\.ip_forward=1/,
  ],
  "no forwarding of IPv6": [
    { files: { "/proc/sys/net/ipv6/conf/all/forwarding": "0" } },
    "problem forwarding IPv6",
    /sysctl -w net\.ipv6\.conf\.all\.forwarding=1/,
    "",
    'pool6 = ["2001:db8:64::/48"]',
  ],
  "a strict filter": [
    { files: { "/proc/sys/net/ipv4/conf/eth0/rp_filter": "1" } },
    "advice rp_filter",
    /sysctl -w net\.ipv4\.conf\.eth0\.rp_filter=2$/,
  ],
  "a path that is too narrow": [
    { files: { "/sys/class/net/eth0/mtu": "1439" } },
    "advice mtu",
    /mtu = 1399/,
  ],
  "a path that is too narrow for IPv6": [
    {},
    "advice mtu",
    /mtu = 1440/,
    'listen = "[::]:1701"',
    "mtu = 1441",
  ],
  "a full table of connections": [
    { files: { "/proc/sys/net/netfilter/nf_conntrack_count": "250000" } },
    "problem conntrack",
    /nf_conntrack_max=524288/,
    "",
    "nat = true",
  ],
  "a small table of connections": [
    { files: { "/proc/sys/net/netfilter/nf_conntrack_max": "65536" } },
    "advice conntrack",
    /nf_conntrack_max=262132/,
    "",
    "nat = true",
  ],
  "small buffers": [
    { probe: { buffers: { wanted: 8_388_608, receive: 212_992, send: 8_388_608 } } },
    "advice receive buffer",
    /sysctl -w net\.core\.rmem_max=8388608/,
  ],
  "a backlog that was full": [
    { files: { "/proc/net/softnet_stat": "a 00000000 0\nb 0000000f 0\n" } },
    "advice backlog",
    /netdev_max_backlog=10000/,
  ],
  "one queue for many workers": [
    {},
    "advice receive queues",
    /ethtool -L eth0 combined 2/,
    "workers = 2",
  ],
  "RPS that is on": [
    { files: { "/sys/class/net/eth0/queues/rx-0/rps_cpus": "3\n" } },
    "advice RPS",
    /echo 0 > \/sys\/class\/net\/eth0\/queues\/rx-0\/rps_cpus$/,
  ],
  "few files": [
    { files: { "/proc/self/limits": "Max open files   64   64  files\n" } },
    "problem open files",
    /LimitNOFILE=156/,
  ],
  "a small group": [
    { files: { "/sys/fs/cgroup/system.slice/memory.max": "402653184" } },
    "problem memory",
    /max-sessions = 32768/,
  ],
  "a small group of the first version": [
    {
      files: {
        "/proc/self/cgroup": "4:memory:/a/b\n0::/\n",
        "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "402653184",
      },
    },
    "problem memory",
    /max-sessions = 32768/,
  ],
  "fewer processors than workers": [
    { processors: 1, files: { "/sys/class/net/eth0/queues/rx-1/rps_cpus": "0" } },
    "advice processors",
    /workers = 1/,
    "workers = 2",
  ],
  "a clock that runs free": [
    { probe: { isClockSynchronised: false } },
    "advice clock",
    /timedatectl set-ntp true/,
  ],
  "a governor that saves": [
    { files: { "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n" } },
    "advice governor",
    /cpupower frequency-set -g performance/,
  ],
  "no steering": [
    {
      probe: { unsteered: "no CAP_BPF" },
      files: { "/sys/class/net/eth0/queues/rx-1/rps_cpus": "0" },
    },
    "advice steering",
    /CAP_BPF/,
    "workers = 2",
  ],
};

for (const [what, [change, wanted, mend, lns, network]] of Object.entries(FAULTS)) {
  test(`${what}: that, with what mends it, and nothing else`, () => {
    const found = complaints(change, lns, network);
    assert.deepEqual(
      found.map(({ level, check }) => `${level} ${check}`),
      [wanted],
    );
    assert.match(found[0]?.mend ?? "", mend);
  });
}

test("threaded NAPI is told, and advised neither way", () => {
  for (const [threaded, text] of [
    ["0\n", "eth0 has none: it makes no measurable difference"],
    ["1\n", "eth0 has it: it makes no measurable difference"],
  ] as const) {
    const change = { files: { "/sys/class/net/eth0/threaded": threaded } };
    const found = examine(host(change), config());
    const finding = found.find(({ check }) => check === "threaded NAPI");
    assert.deepEqual(finding && [finding.level, finding.text], ["ok", text]);
  }
});

test("RPS does not hide that one queue is few for many workers", () => {
  const files = { "/sys/class/net/eth0/queues/rx-0/rps_cpus": "3\n" };
  const found = complaints({ files }, "workers = 2");
  assert.deepEqual(
    found.map(({ level, check }) => `${level} ${check}`),
    ["advice receive queues", "advice RPS"],
  );
});

test("a server that runs has the port, and tells itself what it lacks", () => {
  const running = (["udp-gro", "udp-gso", "tso", "uso"] as const).map((offload) => {
    return { offload, runs: offload !== "tso", why: offload === "tso" ? "refused" : "" };
  });
  const found = complaints({ running, probe: { port: "used", tun: "closed" } });
  assert.deepEqual(
    found.map(({ check, text }) => [check, text]),
    [["offload tso", "refused"]],
  );
});

test("what cannot be looked at is neither in order nor a problem", () => {
  const blind: Host = {
    ...host(),
    read: () => undefined,
    list: () => [],
    probe: undefined,
    unprobed: "no libc",
  };
  const found = examine(blind, config("", "nat = true"));
  assert.deepEqual(
    found.filter(({ level }) => level !== "unseen").map(({ check }) => check),
    ["kernel", "processors", "governor"],
  );
});

test("a line each, columns aligned, and how many at the end", () => {
  const found: Finding[] = [
    { check: "a", level: "ok", text: "fine" },
    { check: "long", level: "problem", text: "bad", mend: "do it" },
  ];
  assert.equal(
    format(found),
    "ok       a     fine\nproblem  long  bad; do it\n\n1 problem, advice: 0\n",
  );
});

for (const runtime of Object.keys(RUNTIMES)) {
  test(`${runtime}: this host is looked at`, async () => {
    const { code, stdout, stderr } = await simplon(runtime, ["doctor", "--json"], "/");
    assert.equal(stderr, "");
    const found = JSON.parse(stdout) as Finding[];
    assert.equal(code, found.some(({ level }) => level === "problem") ? 1 : 0);
    for (const check of ["kernel", "port", "clock", "memory", "receive buffer"]) {
      assert.ok(
        found.some((each) => each.check === check && each.level !== "unseen"),
        check,
      );
    }
  });

  test(`${runtime}: what it is not told is said in one line`, async () => {
    const { code, stderr } = await simplon(runtime, ["doctor", "now"]);
    assert.deepEqual([code, stderr.split("\n").length], [2, 2]);
  });
}
