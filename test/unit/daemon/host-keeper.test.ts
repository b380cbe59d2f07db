/** The keeper of addresses, routes and name servers, with an `ip` that only writes down. */
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { HostRequests, startHostKeeper } from "../../../src/daemon/host-keeper.ts";
import { openLibc } from "../../../src/daemon/libc.ts";
import { endKeeper } from "../../../src/daemon/nat.ts";
import { until } from "../until.ts";

const libc = openLibc();
const OFFICE = { tun: "office0", peer: "hq", routes: ["10.8.0.0/24", "::/0"], dns: true };
const ALL = { tun: "all0", peer: "hq", routes: ["0.0.0.0/0"], dns: false };
const PEERS = [
  { name: "hq", address: "192.0.2.1" },
  { name: "hq", address: "2001:db8::1" },
  { name: "unused", address: "192.0.2.9" },
];
const WAY = `case "$*" in
*"route get "*:*) echo "$4 from :: via fe80::1 dev eth0 src 2001:db8:9::2 metric 1024 pref medium" ;;
*"route get "*) echo "$4 via 10.0.0.1 dev eth0 src 10.0.0.2 uid 0 \\\\    cache" ;;
esac`;

function house(t: TestContext, script = WAY, before = "nameserver 192.0.2.53\nsearch example\n") {
  const directory = mkdtempSync(join(tmpdir(), "simplon-"));
  const seen = join(directory, "seen");
  const resolvConf = join(directory, "resolv.conf");
  const resolved = join(directory, "resolved");
  writeFileSync(seen, "");
  writeFileSync(resolvConf, before);
  const program = (name: string, text: string) => {
    writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(directory, name), 0o755);
  };
  program("ip", `echo "$@" >>${seen}\n${script}`);
  program("resolvectl", `echo "resolvectl $@" >>${seen}`);
  const { PATH } = process.env;
  process.env.PATH = `${directory}:${PATH}`;
  const start = () => {
    const keeper = startHostKeeper(libc, [OFFICE, ALL], PEERS, { resolvConf, resolved });
    return { keeper, requests: new HostRequests(libc, keeper.pipe) };
  };
  let running = start();
  const taken = (from: number) => readFileSync(seen, "utf8").trim().split("\n").slice(from);
  const problems: string[] = [];
  const count = () => taken(0).filter((line) => line !== "").length;
  const settled = async () => {
    // An answer that has its end is taken whole: a request that is refused is one without effect.
    running.requests.dns(9, []);
    await until("an answer", () => {
      const replies = running.requests.take().map(({ client, problem }) => `${client} ${problem}`);
      problems.push(...replies.filter((line) => line !== "9 no client"));
      return replies.includes("9 no client");
    });
  };
  t.after(async () => {
    await endKeeper(libc, running.keeper);
    process.env.PATH = PATH;
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    ...{ resolvConf, resolved, problems },
    async does(act: (requests: HostRequests) => void) {
      await settled();
      const from = count();
      act(running.requests);
      await settled();
      return taken(from);
    },
    /** Ends the keeper in order; what that does. */
    async ends() {
      await settled();
      const from = count();
      assert.ok(await endKeeper(libc, running.keeper));
      const lines = taken(from);
      running = start();
      return lines;
    },
    /** Kills it and starts another one; what that does. */
    async kills() {
      await settled();
      const from = count();
      const { pid, pipe } = running.keeper;
      process.kill(pid, "SIGKILL");
      libc.close(pipe);
      await until("its end", () => !existsSync(`/proc/${pid}/exe`));
      running = start();
      await settled();
      return taken(from);
    },
  };
}

test("an address and its routes are applied, and taken back when told", async (t) => {
  const { does, problems } = house(t);
  assert.deepEqual(await does((host) => host.up(0, "10.8.0.5", "")), [
    "-4 address add 10.8.0.5/32 dev office0",
    "-o route get 2001:db8::1",
    "route add 2001:db8::1 via fe80::1 dev eth0 src 2001:db8:9::2 proto 171",
    "-4 route add 10.8.0.0/24 dev office0 src 10.8.0.5 proto 171",
  ]);
  assert.deepEqual(await does((host) => host.up(0, "2001:db8:64:1::5", "")), [
    "-6 address add 2001:db8:64:1::5/128 nodad dev office0",
    "-6 route add ::/1 dev office0 src 2001:db8:64:1::5 proto 171",
    "-6 route add 8000::/1 dev office0 src 2001:db8:64:1::5 proto 171",
  ]);
  assert.deepEqual(await does((host) => host.down(0, "IPv4")), [
    "-4 route del 10.8.0.0/24 dev office0 proto 171",
    "-4 address flush dev office0",
  ]);
  assert.deepEqual(await does((host) => host.down(0, "IPv6")), [
    "-6 route del ::/1 dev office0 proto 171",
    "-6 route del 8000::/1 dev office0 proto 171",
    "-6 address del 2001:db8:64:1::5/128 dev office0",
    "route del 2001:db8::1 proto 171",
  ]);
  assert.deepEqual(await does((host) => host.down(0, "IPv6")), []);
  assert.deepEqual(problems, []);
});

test("the way to an LNS is kept until nobody needs it", async (t) => {
  const { does } = house(t);
  const pin = [
    "-o route get 192.0.2.7",
    "route add 192.0.2.7 via 10.0.0.1 dev eth0 src 10.0.0.2 proto 171",
  ];
  const first = await does((host) => host.up(0, "10.8.0.5", "192.0.2.7"));
  assert.deepEqual(first.slice(3, 5), pin);
  const second = await does((host) => host.up(1, "10.9.0.5", "192.0.2.7"));
  assert.deepEqual(
    second.filter((line) => line.includes("192.0.2.7")),
    [],
  );
  assert.ok(second.includes("route add 192.0.2.1 via 10.0.0.1 dev eth0 src 10.0.0.2 proto 171"));
  const gone = await does((host) => host.down(0, "IPv4"));
  assert.deepEqual(
    gone.filter((line) => line.startsWith("route del")),
    ["route del 2001:db8::1 proto 171"],
  );
  const last = await does((host) => host.down(1, "IPv4"));
  assert.deepEqual(last.filter((line) => line.startsWith("route del")).sort(), [
    "route del 192.0.2.1 proto 171",
    "route del 192.0.2.7 proto 171",
  ]);
});

test("a tunnel is not led into itself", async (t) => {
  const lost = `case "$*" in *"route get"*) echo "Network is unreachable" >&2; exit 2 ;; esac`;
  const { does, problems } = house(t, lost);
  const lines = await does((host) => host.up(1, "10.9.0.5", "192.0.2.1"));
  assert.deepEqual(
    lines.filter((line) => line.includes("route add")),
    [],
  );
  assert.match(
    problems[0] ?? "",
    /^1 the route 0\.0\.0\.0\/0 is not applied: no way to 192\.0\.2\.1/,
  );
});

test("an LNS behind another tunnel is not kept there for good", async (t) => {
  const { does, problems } = house(t, WAY.replaceAll("dev eth0", "dev office0"));
  const lines = await does((host) => host.up(1, "10.9.0.5", "192.0.2.1"));
  assert.deepEqual(
    lines.filter((line) => line.includes("route add")),
    [],
  );
  assert.match(problems[0] ?? "", /the way there leads through office0$/);
});

test("only what the configuration allows is done", async (t) => {
  const { does, problems } = house(t);
  const lines = await does((host) => {
    host.up(2, "10.8.0.5", "");
    host.up(0, "127.0.0.1", "");
    host.up(0, "10.8.0.256", "");
    host.up(0, "10.8.0.5;reboot", "");
    host.up(0, "192.0.2.1", "");
    host.up(0, "fe80::1", "");
    host.up(0, "10.8.0.5", "$(reboot)");
    host.dns(1, ["192.0.2.53"]);
    host.dns(0, ["192.0.2.53", "*"]);
  });
  assert.deepEqual(lines, []);
  assert.deepEqual(problems, [
    "2 no client",
    ...[
      "0 no address",
      "0 no address",
      "0 no address",
      "0 the address 192.0.2.1 is that of an LNS",
    ],
    ...["0 no address", "0 no LNS", "1 dns is false", "0 no server"],
  ]);
});

test("what the host refuses is told in its words, and the rest is done", async (t) => {
  const exists = `case "$*" in *"add 10.8.0.0/24"*) echo "RTNETLINK answers: File exists" >&2; exit 2 ;; esac`;
  const { does, problems } = house(t, `${exists}\n${WAY}`);
  await does((host) => host.up(0, "10.8.0.5", ""));
  assert.deepEqual(problems, [
    "0 the route 10.8.0.0/24 is not applied: RTNETLINK answers: File exists",
  ]);
});

test("name servers take the place of those in resolv.conf, which come back", async (t) => {
  const { does, resolvConf } = house(t);
  const read = () => readFileSync(resolvConf, "utf8");
  const before = read();
  await does((host) => host.dns(0, ["10.8.0.1", "2001:db8::53"]));
  const [mark = "", ...lines] = read().trim().split("\n");
  assert.match(mark, /^# Written by simplon/);
  assert.deepEqual(lines, ["nameserver 10.8.0.1", "nameserver 2001:db8::53", "search example"]);
  await does((host) => host.dns(0, []));
  assert.equal(read(), before);
  await does((host) => host.dns(0, ["10.8.0.1"]));
  writeFileSync(resolvConf, "nameserver 192.0.2.99\n");
  await does((host) => host.dns(0, []));
  assert.equal(read(), "nameserver 192.0.2.99\n", "what another program wrote since is newer");
});

test("where systemd-resolved runs it is told", async (t) => {
  const { does, resolvConf, resolved } = house(t);
  const before = readFileSync(resolvConf, "utf8");
  mkdirSync(resolved);
  assert.deepEqual(await does((host) => host.dns(0, ["10.8.0.1", "10.8.0.2"])), [
    "resolvectl dns office0 10.8.0.1 10.8.0.2",
    "resolvectl domain office0 ~.",
  ]);
  assert.deepEqual(await does((host) => host.dns(0, [])), ["resolvectl revert office0"]);
  assert.equal(readFileSync(resolvConf, "utf8"), before);
});

test("all is taken back when the daemon is gone, and once more at the next start", async (t) => {
  const { does, ends, resolvConf } = house(t);
  const before = readFileSync(resolvConf, "utf8");
  await does((host) => {
    host.up(0, "10.8.0.5", "192.0.2.7");
    host.dns(0, ["10.8.0.1"]);
  });
  assert.notEqual(readFileSync(resolvConf, "utf8"), before);
  const lines = await ends();
  assert.deepEqual(lines, [
    "-4 route del 10.8.0.0/24 dev office0 proto 171",
    "-4 address flush dev office0",
    "route del 2001:db8::1 proto 171",
    "route del 192.0.2.7 proto 171",
  ]);
  assert.equal(readFileSync(resolvConf, "utf8"), before);
  assert.ok(!existsSync(`${resolvConf}.simplon`));
});

test("what a keeper that was killed has left goes at the next start", async (t) => {
  const { does, kills, resolvConf } = house(t);
  const before = readFileSync(resolvConf, "utf8");
  await does((host) => host.dns(0, ["10.8.0.1"]));
  const lines = await kills();
  assert.deepEqual(lines, ["route del 2001:db8::1 proto 171", "route del 192.0.2.1 proto 171"]);
  assert.equal(readFileSync(resolvConf, "utf8"), before);
  assert.ok(!existsSync(`${resolvConf}.simplon`));
});

test("without ip a start says what is missing", (t) => {
  const { PATH } = process.env;
  process.env.PATH = "/nowhere";
  t.after(() => {
    process.env.PATH = PATH;
  });
  assert.throws(() => startHostKeeper(libc, [OFFICE], PEERS), /install iproute2/);
});
