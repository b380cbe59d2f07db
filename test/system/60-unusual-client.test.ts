import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { addSources, generator } from "./load/generator.ts";
import { run } from "./support/child.ts";
import { Lab, root } from "./support/lab.ts";
import { Simplon, USERS } from "./support/simplon.ts";
import { fieldsOf } from "./support/tshark.ts";

const dialogue = join(root, "test", "system", "support", "dialogue.ts");

let lab: Lab;
let lns: Simplon;

before(async () => {
  lab = await Lab.open("unusual-client", 0);
  await addSources(lab);
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

it("a client that leaves the UDP checksum out is served, control and data", async () => {
  const args = ["10.9.128.1", "1", "bob", USERS.bob, "no-checksum"];
  const client = generator(lab, "fleet.ts", ...args);
  try {
    client.write("dial 0\n");
    await client.line(/"up":1/, 10_000);
    assert.deepEqual(
      (await lns.sessions()).map(({ user, phase }) => [user, phase]),
      [["bob", "network"]],
    );
    const zero = "ip.src == 10.9.128.1 && udp.checksum == 0 && l2tp";
    const types = [...(await fieldsOf(lab.captureFile, zero, ["l2tp.type"])).values()];
    assert.deepEqual(new Set(types.map((fields) => fields.get("l2tp.type")?.[0])).size, 2);
  } finally {
    await client.end();
  }
});
