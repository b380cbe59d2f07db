/** Control messages in every order, the whole of it: no namespace, only time. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { Child } from "./support/child.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

it("fifteen inputs in every order up to length 4 and a million of length 5, from every state", async () => {
  const child = new Child("npm", ["run", "--silent", "sim:orders"], { cwd: root });
  const { code } = await child.exited;
  console.log(child.lines.slice(-30).join("\n"));
  assert.equal(code, 0, child.text);
  // (1 + 15 + 225 + 3,375 + 50,625) from each of 23 states.
  assert.match(child.text, /^1,247,543 orders of up to 4 .* and 1,000,017 of 5: 0 failures$/m);
});
