import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { run } from "./support/child.ts";
import { Lab, root } from "./support/lab.ts";
import { Simplon, USERS } from "./support/simplon.ts";

const dialogue = join(root, "test", "system", "support", "dialogue.ts");

let lab: Lab;
let lns: Simplon;

before(async () => {
  lab = await Lab.open("unusual-client", 0);
  lns = await Simplon.start(lab);
});
after(async () => {
  await lns?.stop();
  await lab.close();
});

it("options, codes and protocols that no stock client sends get their answers", async () => {
  const argv = [process.execPath, dialogue, "bob", USERS.bob];
  const { code, text } = await run(...lab.inside("lac", argv), { ms: 60_000 });
  assert.equal(code, 0, text);
  await lns.empty();
});
