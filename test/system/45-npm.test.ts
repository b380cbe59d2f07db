import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { poll } from "./support/child.ts";
import { Lab, root } from "./support/lab.ts";
import { Simplon, writeConfig } from "./support/simplon.ts";

let lab: Lab;

before(async () => {
  lab = await Lab.open("npm", 0);
});
after(() => lab.close());

// npm passes SIGTERM on; of the others it dies without a word.
for (const signal of ["SIGTERM", "SIGHUP", "SIGKILL"] as const) {
  it(`${signal} to npm alone ends what "npm start" started, in order`, async () => {
    const config = writeConfig(lab, { network: { nat: true } });
    const argv = ["npm", "--prefix", root, "start", "--", "-c", config];
    const lns = await Simplon.startWith(lab, config, argv);
    try {
      assert.deepEqual(await lab.devices(), ["simplon0"]);
      lns.child.signal(signal);
      await poll("the device gone", 5_000, async () => (await lab.devices()).length === 0);
      await poll("no nft table", 5_000, async () => (await lab.nftTables()) === "");
      assert.match(await lns.child.line(/stopped/, 5_000), /stopped/);
    } finally {
      await lns.child.end();
    }
  });
}
