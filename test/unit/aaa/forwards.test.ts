import assert from "node:assert/strict";
import { test } from "node:test";
import { Forwards } from "../../../src/aaa/forwards.ts";
import { LocalUsers } from "../../../src/aaa/index.ts";

const forwards = new Forwards([
  { by: "called", value: "5551234", peer: "number" },
  { by: "realm", value: "example.net", peer: "realm" },
  { by: "user", value: "vip@example.net", peer: "user" },
]);

test("a call goes on by its Called Number, by the realm of the name, by the name", () => {
  assert.equal(forwards.find("anyone", "5551234"), "number");
  assert.equal(forwards.find("bob@example.net", ""), "realm");
  assert.equal(forwards.find("vip@example.net", ""), "user");
});

test("what is said of one user alone comes first, then the Called Number", () => {
  assert.equal(forwards.find("vip@example.net", "5551234"), "user");
  assert.equal(forwards.find("bob@example.net", "5551234"), "number");
});

test("a realm is what follows the last @, in upper or lower case", () => {
  assert.equal(forwards.find("bob@home@Example.NET", ""), "realm");
  assert.equal(forwards.find("example.net", ""), undefined);
  assert.equal(forwards.find("bob@example.net@elsewhere", ""), undefined);
  assert.equal(forwards.find("bob@", ""), undefined);
  assert.equal(forwards.find("bob@sub.example.net", ""), undefined);
});

test("a call that goes on has no password looked at, and takes no address", async () => {
  const network = { name: "default", gateway: "10.64.0.1", pool: ["10.64.0.0/29"] };
  const users = [{ name: "bob@example.net", password: "right", network: "default" }];
  const aaa = new LocalUsers({
    networks: [network],
    users,
    forwards: [{ by: "realm", value: "example.net", peer: "upstream" }],
  });
  const password = new TextEncoder().encode("right");
  const answer = await aaa.authenticate({ method: "pap", name: "bob@example.net", password });
  assert.deepEqual(answer, { ok: false, reason: "forward", peer: "upstream" });
});
