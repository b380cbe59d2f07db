/** The units for systemd: systemd reads every line of them, and finds them as closed as they can be. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { run } from "./support/child.ts";
import { root } from "./support/root.ts";

/** What is left of systemd's own list, from 0 (closed) to 10, in tenths. */
const EXPOSURE_MAX = "22";

/** Each with its verb and the capabilities that are of use. */
const UNITS = [
  { name: "simplon", verb: "lns", capabilities: "CAP_NET_ADMIN CAP_BPF" },
  { name: "simplon-lac", verb: "lac", capabilities: "CAP_NET_ADMIN" },
] as const;

for (const { name, verb, capabilities } of UNITS) {
  describe(`${name}.service`, () => {
    const text = readFileSync(join(root, "packaging", `${name}.service`), "utf8");
    const directory = mkdtempSync(join(tmpdir(), "simplon-unit-"));
    const unit = join(directory, `${name}.service`);
    const has = (line: string) => assert.ok(text.split("\n").includes(line), line);

    before(() => {
      // systemd looks whether the program is there, which it is not before simplon is installed.
      writeFileSync(unit, text.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"));
    });
    after(() => rmSync(directory, { recursive: true, force: true }));

    it("has no line that systemd does not know", async () => {
      const { code, lines } = await run("systemd-analyze", ["verify", unit]);
      const ours = lines.filter((line) => line.includes(`${name}.service`));
      assert.deepEqual({ code, ours }, { code: 0, ours: [] });
    });

    it("leaves nothing open that the daemon does not need", async () => {
      const options = ["--offline=true", `--threshold=${EXPOSURE_MAX}`, "--no-pager"];
      const seen = await run("systemd-analyze", ["security", ...options, unit]);
      assert.equal(seen.code, 0, seen.text);
      const [, exposure] = /exposure level.*: ([\d.]+)/.exec(seen.text) ?? [];
      assert.ok(Number(exposure) * 10 <= Number(EXPOSURE_MAX), exposure);
    });

    it("is an ordinary user's, with the capabilities that are of use", () => {
      has(`ExecStart=/usr/local/bin/simplon ${verb} -c /etc/simplon/simplon.toml`);
      has("User=simplon");
      has(`AmbientCapabilities=${capabilities}`);
      has(`CapabilityBoundingSet=${capabilities}`);
    });

    it("is up when it says so, and is started again when it says nothing any more", () => {
      has("Type=notify");
      has("NotifyAccess=main");
      has("WatchdogSec=20");
      has("Restart=on-failure");
    });

    it("keeps its things where the other one has none", () => {
      for (const kind of ["State", "Runtime", "Cache"]) has(`${kind}Directory=${name}`);
    });
  });
}
