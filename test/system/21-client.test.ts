/** `simplon lac` against `simplon lns`: a VPN client without kernel PPP. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, it } from "node:test";
import { must, poll, run } from "./support/child.ts";
import { CORE_ADDRESS, CORE_ADDRESS6, Lab, LNS_ADDRESS } from "./support/lab.ts";
import { clientIs, isConnected, type LacSettings, startLac as lacOf } from "./support/lac.ts";
import { type Settings, Simplon } from "./support/simplon.ts";

const NETWORK = { pool6: ["2001:db8:64::/48"] };
const ROUTES = ["10.8.0.0/24", "2001:db8:8::/64"];
const LIMIT = { timeout: 150_000 };
const RESOLV_CONF = "nameserver 192.0.2.53\nsearch example.net\n";

let lab: Lab;
/** What /etc/resolv.conf is in the namespace of the LAC. */
let resolvConf: string;

/** Of this test; those that it has not ended itself go with it. */
const running: Simplon[] = [];

async function startLns(settings: Settings = {}): Promise<Simplon> {
  const methods = ["mschapv2", "chap", "pap"];
  const lns = await Simplon.start(lab, { methods, network: NETWORK, ...settings });
  running.push(lns);
  return lns;
}

async function startLac(settings: LacSettings = {}): Promise<Simplon> {
  const lac = await lacOf(lab, settings);
  running.push(lac);
  return lac;
}

before(async () => {
  lab = await Lab.open("client", 0);
  const directory = join("/etc/netns", lab.namespace("lac"));
  mkdirSync(directory, { recursive: true });
  resolvConf = join(directory, "resolv.conf");
  writeFileSync(resolvConf, RESOLV_CONF);
  const files = join(lab.directory, "core");
  mkdirSync(files);
  const servers = lab.start("servers.sh", [files, lab.namespace("core")]);
  await servers.line(/^RESULT servers=ready$/, 20_000);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((simplon) => simplon.child.end()));
});
after(async () => {
  rmSync(join(resolvConf, ".."), { recursive: true, force: true });
  await lab?.close();
});

async function inLac(...argv: string[]): Promise<string> {
  const [command, args] = lab.inside("lac", argv);
  const { code, text } = await run(command, args, { ms: 60_000 });
  assert.equal(code, 0, `${argv.join(" ")}: ${text}`);
  return text;
}

async function routesOf(tun: string): Promise<string[]> {
  const namespace = lab.namespace("lac");
  const texts = await Promise.all(
    ["-4", "-6"].map((family) => must("ip", [family, "-n", namespace, "route", "show"])),
  );
  const lines = texts.join("\n").split("\n");
  return lines
    .filter((line) => line.includes(`dev ${tun}`))
    .map((line) => line.split(" ")[0] ?? "");
}

/** A file each way over TCP, compared by its SHA-256. */
async function movesFiles(host: string): Promise<void> {
  const at = (port: number) => `TCP:${host.includes(":") ? `[${host}]` : host}:${port}`;
  const down = await inLac("sh", "-c", `socat -u ${at(7001)} - | sha256sum | cut -d" " -f1`);
  assert.equal(down, await inLac("socat", "-u", at(7003), "-"));
  const file = join(lab.directory, "up");
  writeFileSync(file, randomBytes(2_000_000));
  const up = await inLac("sh", "-c", `socat -t 30 - ${at(7002)} <${file}`);
  const sum = createHash("sha256").update(readFileSync(file)).digest("hex");
  assert.match(up, new RegExp(`^${sum}`));
}

async function isAsBefore(): Promise<void> {
  let left = "";
  const isFree = async () => {
    const routes = await must("ip", ["-n", lab.namespace("lac"), "route", "show"]);
    const names = readFileSync(resolvConf, "utf8");
    left = `${routes}\n${names}`;
    return !/office0|proto 171/.test(routes) && names === RESOLV_CONF;
  };
  await poll("a host as it was", 15_000, isFree).catch((error: Error) => {
    throw new Error(`${error.message}:\n${left}`);
  });
  assert.ok(!existsSync("/etc/resolv.conf.simplon"));
}

it(
  "a client reaches the network behind the LNS, both ways, with both families",
  LIMIT,
  async () => {
    const lns = await startLns();
    const lac = await startLac({ client: { routes: ROUTES, dns: true } });
    const row = await clientIs(lac, "a client with both families", (client) => {
      return isConnected(client) && client.address6 !== "";
    });
    assert.match(row.address, /^10\.64\./);
    assert.match(row.address6, /^2001:db8:64:/);
    await poll("its routes", 5_000, async () => (await routesOf("office0")).length >= 2);
    const routes = await routesOf("office0");
    for (const route of ROUTES) assert.ok(routes.includes(route), routes.join(" "));
    await inLac("ping", "-c", "3", "-i", "0.2", CORE_ADDRESS);
    await inLac("ping", "-c", "3", "-i", "0.2", CORE_ADDRESS6);
    assert.equal(await inLac("socat", "-u", `TCP:${CORE_ADDRESS}:7004`, "-"), row.address);
    await movesFiles(CORE_ADDRESS);
    await movesFiles(CORE_ADDRESS6);
    assert.match(readFileSync(resolvConf, "utf8"), /^nameserver 10\.8\.0\.1$/m);
    const [session] = await lns.sessions();
    const [client] = await lac.clients();
    assert.deepEqual([session?.user, session?.address], ["bob", row.address]);
    assert.ok((client?.rxOctets ?? 0) > 4_000_000 && (client?.txOctets ?? 0) > 4_000_000);

    assert.deepEqual(await lac.stop(), { code: 0, signal: null });
    await lns.empty();
    assert.equal((await lns.tunnels()).length, 0, "the tunnel said goodbye too");
    await isAsBefore();
    await lns.stop();
  },
);

it(
  "an LNS that is dead at first, hangs up, dies and comes back is dialled again",
  LIMIT,
  async () => {
    const lac = await startLac({ client: { routes: ["10.8.0.0/24"], dns: true } });
    const silent = await clientIs(lac, "an LNS that is silent", ({ problem }) => problem !== "");
    assert.match(silent.problem, /^lns-silent/);
    const first = await startLns();
    await clientIs(lac, "a connection to the LNS that is there now", isConnected);
    await first.stop();
    await clientIs(lac, "the hang-up", ({ state }) => state !== "connected");
    await isAsBefore();
    const second = await startLns();
    await clientIs(lac, "a connection to the LNS that is back", isConnected, 60_000);
    await inLac("ping", "-c", "1", CORE_ADDRESS);
    second.child.signal("SIGKILL");
    await second.child.exited;
    const third = await startLns();
    await clientIs(lac, "the LNS that died and is back", isConnected, 90_000);
    await lac.stop();
    await third.stop();
    await isAsBefore();
  },
);

it("the default route goes through the tunnel, which does not", LIMIT, async () => {
  const lns = await startLns();
  const lac = await startLac({ client: { routes: ["0.0.0.0/0", "::/0"] } });
  await clientIs(lac, "a connection", (row) => isConnected(row) && row.address6 !== "");
  const namespace = lab.namespace("lac");
  await poll("the way to the LNS", 5_000, async () => {
    const route = await must("ip", ["-n", namespace, "route", "get", "192.0.2.99"]);
    return route.includes("dev office0");
  });
  const way = await must("ip", ["-n", namespace, "route", "get", LNS_ADDRESS]);
  assert.match(way, /dev to-lns/);
  await inLac("ping", "-c", "2", "-i", "0.2", CORE_ADDRESS);
  await inLac("ping", "-c", "2", "-i", "0.2", CORE_ADDRESS6);
  lac.child.signal("SIGKILL");
  await lac.child.exited;
  await isAsBefore();
  await lns.stop();
});

it("the next LNS of the list is dialled when the first is not there", LIMIT, async () => {
  const lns = await startLns();
  const peers = [{ address: "10.9.0.77:1701", priority: 1 }, { priority: 2 }];
  const lac = await startLac({ peers });
  const row = await clientIs(lac, "the second LNS", isConnected);
  assert.equal(row.lns, `${LNS_ADDRESS}:1701`);
  await lac.stop();
  await lns.stop();
});

it("a wrong password and a wrong secret are told, and why", LIMIT, async () => {
  const lns = await startLns({ lns: { secret: "geheim" } });
  const cases = [
    { problem: "lns-refused-password", peer: { secret: "geheim" }, client: { password: "wrong" } },
    { problem: "lns-other-secret", peer: { secret: "other" }, client: {} },
    { problem: "lns-other-secret", peer: {}, client: {} },
  ];
  for (const { problem, peer, client } of cases) {
    const lac = await startLac({ peers: [peer], client });
    const row = await clientIs(lac, problem, (each) => each.problem.startsWith(problem));
    assert.equal(row.address, "");
    await lac.stop();
  }
  const lac = await startLac({ peers: [{ secret: "geheim", "hide-avps": true }] });
  await clientIs(lac, "a connection with the secret", isConnected);
  await lac.stop();
  await lns.stop();
  await isAsBefore();
});
