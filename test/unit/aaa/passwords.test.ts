import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Passwords, type User } from "../../../src/aaa/index.ts";
import { chapResponse } from "../../../src/aaa/passwords.ts";
import type { AuthRequest } from "../../../src/ppp/index.ts";

const octets = (text: string) => new TextEncoder().encode(text);
const USERS: User[] = [
  { name: "demo", password: "demo", network: "default" },
  { name: "jürgen", password: "grüße", network: "office" },
  { name: "empty", password: "", network: "default" },
];
const passwords = new Passwords(USERS);
const pap = (name: string, password: string): AuthRequest => ({
  method: "pap",
  name,
  password: octets(password),
});
const CHALLENGE = Uint8Array.from({ length: 16 }, (_, at) => at * 7);
const chap = (name: string, secret: string, identifier = 9): AuthRequest => {
  const hash = createHash("md5").update(Uint8Array.of(identifier)).update(secret).update(CHALLENGE);
  return {
    method: "chap",
    name,
    identifier,
    challenge: CHALLENGE,
    response: new Uint8Array(hash.digest()),
  };
};

for (const [method, request] of [
  ["PAP", pap],
  ["CHAP", chap],
] as const) {
  test(`${method}: the right password proves the name, and nothing else does`, () => {
    assert.equal(passwords.verify(request("demo", "demo"))?.network, "default");
    assert.equal(passwords.verify(request("jürgen", "grüße"))?.network, "office");
    for (const [name, password] of [
      ["demo", "Demo"],
      ["demo", "dem"],
      ["demo", "demo\u0000"],
      ["demo", "demodemo"],
      ["demo", ""],
      ["Demo", "demo"],
      ["", ""],
      ["", "demo"],
      ["empty", ""],
      ["nobody", "demo"],
      ["nobody", "nobody has this password"],
      ["", "nobody has this password"],
      ["__proto__", "demo"],
    ] as const) {
      assert.equal(passwords.verify(request(name, password)), undefined, `${name} ${password}`);
    }
  });
}

test("CHAP: another Identifier, Challenge or length of the Response does not verify", () => {
  const good = chap("demo", "demo");
  assert.ok(good.method === "chap" && passwords.verify(good));
  assert.equal(passwords.verify({ ...good, identifier: 10 }), undefined);
  assert.equal(passwords.verify({ ...good, challenge: CHALLENGE.subarray(1) }), undefined);
  assert.equal(passwords.verify({ ...good, response: good.response.subarray(0, 15) }), undefined);
  assert.equal(passwords.verify({ ...good, response: new Uint8Array() }), undefined);
});

test("the CHAP example of RFC 2865 section 7.2", () => {
  // Identifier 22, Challenge = Request Authenticator; the password is that of example 7.1.
  const challenge = Buffer.from("2aee86f08d0d55969ca5978e0d3367a2", "hex");
  const published = "e97557c316185895f293ff6344077275";
  const response = chapResponse(22, octets("arctangent"), challenge);
  assert.equal(Buffer.from(response).toString("hex"), published);
  const flopsy = new Passwords([{ name: "flopsy", password: "arctangent", network: "default" }]);
  const request = { method: "chap", name: "flopsy", identifier: 22, challenge, response } as const;
  assert.equal(flopsy.verify(request)?.name, "flopsy");
});

test("a name that is there twice is refused before anyone dials in", () => {
  assert.throws(() => new Passwords([...USERS, ...USERS.slice(0, 1)]), RangeError);
});
