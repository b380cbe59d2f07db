/** What the daemon may do once it serves: nothing that needs a privilege; and what goes with it. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { Child, poll, run } from "./support/child.ts";
import { FAR_ADDRESS, Lab, LNS_ADDRESS, root } from "./support/lab.ts";
import { Simplon, simplonArgs, USERS, writeConfig } from "./support/simplon.ts";

const NOBODY = 65_534;
const GATEWAY = "10.64.0.1";
const client = join(root, "test", "system", "support", "outside-client.ts");
const NOTHING = "0000000000000000";

let lab: Lab;

before(async () => {
  lab = await Lab.open("privileges", 0);
});
after(() => lab.close());
afterEach(async () => {
  assert.deepEqual(await lab.devices(), [], "no device is left");
  assert.equal(await lab.nftTables(), "", "no nft table is left");
});

/**
 * The command as an ordinary user with the one capability that systemd would grant: it sees a
 * device node as open as distributions have it, and the checkout at a place that all may read.
 */
function asUser(argv: readonly string[]): string[] {
  chmodSync(lab.directory, 0o755);
  const user = ["--reuid", `${NOBODY}`, "--regid", `${NOBODY}`, "--clear-groups"];
  const only = "-all,+net_admin";
  const caps = ["--bounding-set", only, "--inh-caps", only, "--ambient-caps", only];
  const node = "mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200 && ";
  const setpriv = ["env", "HOME=/nonexistent", "setpriv", ...user, ...caps, ...argv];
  return shownAt(join(lab.directory, "checkout"), node, setpriv);
}

/** The command with the checkout shown at `place`, in mounts of its own. */
function shownAt(place: string, before: string, argv: readonly string[]): string[] {
  mkdirSync(place, { recursive: true });
  const script = `${before}mount --bind "$1" "$2" && shift 2 && exec "$@"`;
  const shown = argv.map((argument) => argument.replaceAll(root, `${place}/`));
  return ["sh", "-c", script, "sh", root, place, ...shown];
}

function start(isRoot: boolean): Promise<Simplon> {
  const config = writeConfig(lab, { network: { nat: true } });
  const argv = simplonArgs("lns", "-c", config);
  if (isRoot) return Simplon.startWith(lab, config, argv);
  chownSync(dirname(config), NOBODY, NOBODY);
  return Simplon.startWith(lab, config, asUser(argv));
}

/** Lines of the status file of each thread. */
function threads(pid: number): string[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).map((task) => readFileSync(join(tasks, task, "status"), "utf8"));
}

/** The process that takes the table away when the daemon is gone. */
async function keeper(lns: Simplon): Promise<number> {
  const inSameNetwork = ["--ns", String(lns.child.pid), "--nslist", "net"];
  const { lines } = await run("pgrep", [...inSameNetwork, "-f", "simplon-nat simplon_simplon0"]);
  assert.equal(lines.length, 1, lines.join("\n"));
  return Number(lines[0]);
}

async function tableGone(): Promise<void> {
  await poll("the nft table gone", 3_000, async () => (await lab.nftTables()) === "");
}

for (const [who, isRoot] of [
  ["root", true],
  ["an ordinary user with CAP_NET_ADMIN", false],
] as const) {
  describe(`started as ${who}`, () => {
    it("no thread has a capability or can gain one, and packets pass, masqueraded", async () => {
      const lns = await start(isRoot);
      try {
        const seen = threads(lns.child.pid);
        assert.ok(seen.length > 4, `${seen.length} threads`);
        for (const status of seen) {
          for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"]) {
            assert.match(status, new RegExp(`^${set}:\t${NOTHING}$`, "m"));
          }
          assert.match(status, /^NoNewPrivs:\t1$/m);
        }
        if (isRoot) assert.match(seen[0] ?? "", new RegExp(`^CapBnd:\t${NOTHING}$`, "m"));
        assert.equal(lns.child.lines.filter((line) => /privileges dropped/.test(line)).length, 1);
        await pings([GATEWAY, FAR_ADDRESS]);
      } finally {
        assert.deepEqual(await lns.stop(), { code: 0, signal: null });
      }
    });

    it("the nft table goes when the daemon is killed", async () => {
      const lns = await start(isRoot);
      try {
        assert.match(await lab.nftTables(), /simplon_simplon0/);
      } finally {
        lns.child.signal("SIGKILL");
        await lns.child.ended(5_000);
      }
      await tableGone();
    });
  });
}

it("what takes the table away is not ended by the signals that end the daemon", async () => {
  const lns = await start(true);
  const pid = await keeper(lns);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.kill(pid, signal);
  assert.equal(await keeper(lns), pid);
  assert.deepEqual(await lns.stop(), { code: 0, signal: null });
});

it("a table that was left behind is replaced by the next start, and goes at its end", async () => {
  const first = await start(true);
  process.kill(await keeper(first), "SIGKILL");
  assert.deepEqual(await first.stop(), { code: 0, signal: null });
  assert.match(first.child.text, /masquerading may have been left behind/);
  assert.match(await lab.nftTables(), /simplon_simplon0/);
  const second = await start(true);
  assert.deepEqual(await second.stop(), { code: 0, signal: null });
});

it("code that root cannot read without capabilities is named, with what grants it", async () => {
  const home = join(lab.directory, "home");
  const argv = simplonArgs("lns", "-c", writeConfig(lab, { network: { nat: true } }));
  const command = shownAt(join(home, "simplon"), "", argv);
  chownSync(home, NOBODY, NOBODY);
  chmodSync(home, 0o700);
  const { code, lines } = await run(...lab.inside("lns", command), { ms: 20_000 });
  assert.equal(code, 1);
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(lines[0] ?? "", new RegExp(`cannot be read; .*chmod a\\+x ${home},`));
});

it("the first start tells the password once, and logs nothing twice", async () => {
  const directory = mkdtempSync(join(lab.directory, "first-"));
  const argv = ["sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", directory];
  const child = new Child(...lab.inside("lns", [...argv, ...simplonArgs("lns")]));
  try {
    await child.line(/"serving"/, 20_000);
    const count = (pattern: RegExp) => child.lines.filter((line) => pattern.test(line)).length;
    assert.deepEqual([count(/^ {2}password/), count(/"serving"/)], [1, 1]);
  } finally {
    child.signal("SIGTERM");
    assert.deepEqual(await child.ended(10_000), { code: 0, signal: null });
  }
});

/** A client comes in and pings. */
async function pings(addresses: readonly string[]): Promise<void> {
  const argv = [process.execPath, client, "10.9.0.1", LNS_ADDRESS, "bob", USERS.bob];
  const child = new Child(...lab.inside("lac", argv), { input: true });
  try {
    await child.line(/^up /, 10_000);
    for (const [index, address] of addresses.entries()) {
      const octets = 100 + index;
      child.write(`ping ${address} ${octets}\n`);
      await child.line(new RegExp(`^pong ${octets}$`), 5_000);
    }
    child.write("stop\n");
    await child.line(/^stopped$/, 5_000);
  } finally {
    await child.end();
  }
}
