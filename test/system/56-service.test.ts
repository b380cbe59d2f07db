/** The unit for systemd: systemd reads every line of it, and finds it as closed as it can be. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { run } from "./support/child.ts";
import { root } from "./support/root.ts";

/** What is left of systemd's own list, from 0 (closed) to 10, in tenths. */
const EXPOSURE_MAX = "22";

const text = readFileSync(join(root, "packaging", "simplon.service"), "utf8");
const directory = mkdtempSync(join(tmpdir(), "simplon-unit-"));
const unit = join(directory, "simplon.service");

before(() => {
  // systemd looks whether the program is there, which it is not before simplon is installed.
  writeFileSync(unit, text.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"));
});
after(() => rmSync(directory, { recursive: true, force: true }));

it("has no line that systemd does not know", async () => {
  const { code, lines } = await run("systemd-analyze", ["verify", unit]);
  const ours = lines.filter((line) => line.includes("simplon.service"));
  assert.deepEqual({ code, ours }, { code: 0, ours: [] });
});

it("leaves nothing open that the daemon does not need", async () => {
  const options = ["--offline=true", `--threshold=${EXPOSURE_MAX}`, "--no-pager"];
  const seen = await run("systemd-analyze", ["security", ...options, unit]);
  assert.equal(seen.code, 0, seen.text);
  const [, exposure] = /exposure level.*: ([\d.]+)/.exec(seen.text) ?? [];
  assert.ok(Number(exposure) * 10 <= Number(EXPOSURE_MAX), exposure);
});

it("is an ordinary user's, with the two capabilities that are of use", () => {
  assert.match(text, /^User=simplon$/m);
  assert.match(text, /^AmbientCapabilities=CAP_NET_ADMIN CAP_BPF$/m);
  assert.match(text, /^CapabilityBoundingSet=CAP_NET_ADMIN CAP_BPF$/m);
});

it("is up when it says so, and is started again when it says nothing any more", () => {
  assert.match(text, /^Type=notify$/m);
  assert.match(text, /^NotifyAccess=main$/m);
  assert.match(text, /^WatchdogSec=20$/m);
  assert.match(text, /^Restart=on-failure$/m);
});
