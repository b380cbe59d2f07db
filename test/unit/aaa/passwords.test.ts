import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { chapResponse, Passwords, type User } from "../../../src/aaa/passwords.ts";
import type { AuthRequest } from "../../../src/ppp/index.ts";
import { authenticatorResponse, ntResponse } from "../../peer/mschapv2.ts";

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

const PEER_CHALLENGE = Uint8Array.from({ length: 16 }, (_, at) => 255 - at * 3);
const mschapv2 = (name: string, password: string): AuthRequest => {
  const user = name.slice(name.lastIndexOf("\\") + 1);
  const response = ntResponse(CHALLENGE, PEER_CHALLENGE, user, password);
  const exchange = { challenge: CHALLENGE, peerChallenge: PEER_CHALLENGE };
  return { method: "mschapv2", name, identifier: 9, ...exchange, response };
};

for (const [method, request] of [
  ["PAP", pap],
  ["CHAP", chap],
  ["MS-CHAPv2", mschapv2],
] as const) {
  test(`${method}: the right password proves the name, and nothing else does`, () => {
    assert.equal(passwords.verify(request("demo", "demo")).user?.network, "default");
    assert.equal(passwords.verify(request("jürgen", "grüße")).user?.network, "office");
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
      assert.equal(
        passwords.verify(request(name, password)).user,
        undefined,
        `${name} ${password}`,
      );
    }
  });
}

for (const [method, request] of [
  ["PAP", pap],
  ["CHAP", chap],
  ["MS-CHAPv2", mschapv2],
] as const) {
  test(`${method}: a Windows domain in front of the name is left aside, unless it is the name`, () => {
    const names = ["OFFICE\\demo", "office.example\\demo", "\\demo", "A\\B\\demo"];
    for (const name of names) {
      assert.equal(passwords.verify(request(name, "demo")).user?.name, "demo", name);
    }
    assert.equal(passwords.verify(request("demo\\", "demo")).user, undefined);
    assert.equal(passwords.verify(request("OFFICE\\demo", "wrong")).user, undefined);
    const apart = new Passwords([
      ...USERS,
      { name: "OFFICE\\demo", password: "other", network: "office" },
    ]);
    assert.equal(apart.verify(request("OFFICE\\demo", "other")).user?.network, "office");
    assert.equal(apart.verify(request("OFFICE\\demo", "demo")).user, undefined);
  });
}

test("MS-CHAPv2: what was answered is proved to the peer, and to who knows the password only", () => {
  for (const name of ["demo", "OFFICE\\demo"]) {
    const request = mschapv2(name, "demo");
    assert.ok(request.method === "mschapv2");
    const { user, proof } = passwords.verify(request);
    assert.equal(user?.name, "demo");
    const expected = authenticatorResponse(
      CHALLENGE,
      PEER_CHALLENGE,
      "demo",
      "demo",
      request.response,
    );
    assert.equal(proof, expected);
  }
  assert.deepEqual(passwords.verify(mschapv2("demo", "wrong")), {});
  assert.deepEqual(passwords.verify(mschapv2("nobody", "nobody has this password")), {});
});

test("MS-CHAPv2: another challenge of either side, or another length, does not verify", () => {
  const good = mschapv2("demo", "demo");
  assert.ok(good.method === "mschapv2");
  const swapped = { challenge: good.peerChallenge, peerChallenge: good.challenge };
  for (const change of [
    swapped,
    { challenge: PEER_CHALLENGE },
    { peerChallenge: CHALLENGE },
    { response: good.response.subarray(0, 23) },
    { response: new Uint8Array(24) },
    { response: new Uint8Array() },
  ]) {
    assert.equal(passwords.verify({ ...good, ...change }).user, undefined);
  }
});

test("CHAP: another Identifier, Challenge or length of the Response does not verify", () => {
  const good = chap("demo", "demo");
  assert.ok(good.method === "chap" && passwords.verify(good).user);
  assert.equal(passwords.verify({ ...good, identifier: 10 }).user, undefined);
  assert.equal(passwords.verify({ ...good, challenge: CHALLENGE.subarray(1) }).user, undefined);
  assert.equal(
    passwords.verify({ ...good, response: good.response.subarray(0, 15) }).user,
    undefined,
  );
  assert.equal(passwords.verify({ ...good, response: new Uint8Array() }).user, undefined);
});

test("the CHAP example of RFC 2865 section 7.2", () => {
  // Identifier 22, Challenge = Request Authenticator; the password is that of example 7.1.
  const challenge = Buffer.from("2aee86f08d0d55969ca5978e0d3367a2", "hex");
  const published = "e97557c316185895f293ff6344077275";
  const response = chapResponse(22, octets("arctangent"), challenge);
  assert.equal(Buffer.from(response).toString("hex"), published);
  const flopsy = new Passwords([{ name: "flopsy", password: "arctangent", network: "default" }]);
  const request = { method: "chap", name: "flopsy", identifier: 22, challenge, response } as const;
  assert.equal(flopsy.verify(request).user?.name, "flopsy");
});

test("a name that is there twice is refused before anyone dials in", () => {
  assert.throws(() => new Passwords([...USERS, ...USERS.slice(0, 1)]), RangeError);
});
