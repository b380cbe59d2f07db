/** UDP_GRO merges datagrams of one peer whatever their T bit says: nothing of it is lost. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { run } from "./support/child.ts";
import { Lab, LNS_ADDRESS, root } from "./support/lab.ts";
import { Simplon, USERS } from "./support/simplon.ts";

const client = join(root, "test", "system", "support", "merged-client.ts");

let lab: Lab;
let lns: Simplon;

before(async () => {
  // Nothing to read for tshark: what is merged passes the devices as one datagram.
  lab = await Lab.open("merged", 0, { capture: false });
  lns = await Simplon.start(lab);
});
after(async () => {
  await lns?.stop();
  await lab.close();
});

it("control behind data and data behind control are answered at once, whatever they are", async () => {
  const argv = [process.execPath, client, LNS_ADDRESS, "bob", USERS.bob];
  const { code, text } = await run(...lab.inside("lac", argv), { ms: 60_000 });
  assert.equal(code, 0, text);
  const { lengths, ...answers } = JSON.parse(text.trim().split("\n").at(-1) ?? "{}");
  assert.deepEqual(answers, {
    isUp: true,
    isHelloAnswered: true,
    isEchoAnswered: true,
    isPingAnswered: true,
    isStartAnswered: true,
  });
  assert.ok(lengths[1] <= lengths[0], `${lengths}`);
  const counters = await lns.counters();
  assert.equal(counters["up.control-message"], 2);
  assert.equal(counters["control.handed-over"], 2);
  await lns.empty();
});
