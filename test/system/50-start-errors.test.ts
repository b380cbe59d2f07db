import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { Child, must, run } from "./support/child.ts";
import { Lab } from "./support/lab.ts";
import { type Settings, Simplon, simplonArgs, writeConfig } from "./support/simplon.ts";

const NOBODY = "65534";

let lab: Lab;

before(async () => {
  lab = await Lab.open("start-errors", 0);
});
after(() => lab.close());
afterEach(async () => {
  assert.deepEqual(await lab.devices(), [], "no device is left");
  assert.equal(await lab.nftTables(), "", "no nft table is left");
});

/** Runs `simplon lns` behind `wrapper`; answers exit code and all that it printed, line by line. */
async function failedStart(
  settings: Settings,
  wrapper: readonly string[] = [],
  edit: (file: string) => void = () => undefined,
) {
  const config = writeConfig(lab, settings);
  edit(config);
  const argv = [...wrapper, ...simplonArgs("lns", "-c", config)];
  const { code, lines } = await run(...lab.inside("lns", argv), { ms: 20_000 });
  return { code, lines: lines.filter((line) => line !== ""), config };
}

/** One line that a person can act on: no stack, no JSON. */
function assertOneLine(lines: readonly string[], ...parts: readonly RegExp[]): void {
  assert.equal(lines.length, 1, lines.join("\n"));
  for (const part of parts) assert.match(lines[0] ?? "", part);
}

describe("a start without what it needs says in one line what is missing", () => {
  it("root: as another user", async () => {
    // Reading is granted, so that a checkout in a private directory serves as well.
    const only = "-all,+dac_read_search";
    const user = ["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"];
    const caps = ["--inh-caps", only, "--ambient-caps", only];
    const wrapper = ["env", `HOME=${lab.directory}`, "setpriv", ...user, ...caps];
    const seen = await failedStart({}, wrapper, (file) => chmodSync(dirname(file), 0o777));
    assert.equal(seen.code, 1);
    assertOneLine(seen.lines, /root|CAP_NET_ADMIN/);
  });

  it("the capability CAP_NET_ADMIN: as root without it", async () => {
    const wrapper = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"];
    const seen = await failedStart({}, wrapper);
    assert.equal(seen.code, 1);
    assertOneLine(seen.lines, /CAP_NET_ADMIN/);
  });

  it("/dev/net/tun", async () => {
    // "ip netns exec" has given the command mounts of its own.
    const hide = 'mount -t tmpfs none /dev/net && exec "$@"';
    const seen = await failedStart({}, ["sh", "-c", hide, "sh"]);
    assert.equal(seen.code, 1);
    assertOneLine(seen.lines, /\/dev\/net\/tun/, /modprobe tun/);
  });

  it("a free port", async () => {
    const holder = new Child(...lab.inside("lns", ["socat", "-u", "UDP4-RECV:1701", "STDOUT"]));
    try {
      await holder.line(/./, 300).catch(() => undefined);
      const seen = await failedStart({});
      assert.equal(seen.code, 1);
      assertOneLine(seen.lines, /1701/, /used/);
    } finally {
      await holder.end();
    }
  });

  it("an address of this host", async () => {
    const seen = await failedStart({ lns: { listen: "192.0.2.1:1701" } });
    assert.equal(seen.code, 1);
    assertOneLine(seen.lines, /192\.0\.2\.1/);
  });

  it("a device name that is free", async () => {
    const inLns = ["ip", "-n", lab.namespace("lns")] as const;
    await must("ip", [...inLns.slice(1), "tuntap", "add", "simplon0", "mode", "tun"]);
    try {
      const seen = await failedStart({});
      assert.equal(seen.code, 1);
      assertOneLine(seen.lines, /simplon0/);
    } finally {
      await must("ip", [...inLns.slice(1), "link", "del", "simplon0"]);
    }
  });

  it("nft, when nat = true", async () => {
    const seen = await failedStart({ network: { nat: true } }, ["env", "PATH=/nowhere"]);
    assert.equal(seen.code, 1);
    assertOneLine(seen.lines, /nft/);
  });

  it("the port, held by a simplon that goes on serving", async () => {
    const first = await Simplon.start(lab);
    try {
      const seen = await failedStart({ network: { tun: "simplon1" } });
      assert.equal(seen.code, 1);
      assertOneLine(seen.lines, /1701/);
      assert.deepEqual(await first.tunnels(), []);
      assert.deepEqual(await lab.devices(), ["simplon0"]);
    } finally {
      assert.deepEqual(await first.stop(), { code: 0, signal: null });
    }
  });
});

describe("a configuration that is wrong ends the start with exit code 2", () => {
  it("TOML that cannot be read: file and line", async () => {
    const seen = await failedStart({}, [], (file) => writeFileSync(file, "[lns]\nlisten = \n"));
    assert.equal(seen.code, 2);
    assertOneLine(seen.lines, new RegExp(`${seen.config}:2`));
  });

  it("a key that nobody knows: file, line and key", async () => {
    const seen = await failedStart({ lns: { hostnmae: "typo" } });
    const line = readFileSync(seen.config, "utf8").split("\n").indexOf('hostnmae = "typo"') + 1;
    assert.equal(seen.code, 2);
    assertOneLine(seen.lines, new RegExp(`${seen.config}:${line}`), /hostnmae/);
  });

  it("a value of the wrong kind: what was expected", async () => {
    const seen = await failedStart({ lns: { hello: "often" } });
    assert.equal(seen.code, 2);
    assertOneLine(seen.lines, /hello/, /seconds/);
  });

  it("a file that is not there", async () => {
    const argv = simplonArgs("lns", "-c", "/nowhere/simplon.toml");
    const { code, lines } = await run(...lab.inside("lns", argv));
    assert.equal(code, 2);
    assertOneLine(lines, /\/nowhere\/simplon\.toml/);
  });
});
