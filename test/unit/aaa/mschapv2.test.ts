import assert from "node:assert/strict";
import { test } from "node:test";
import {
  authenticatorResponse,
  challengeHash,
  ntPasswordHash,
  ntResponse,
  withParity,
} from "../../../src/aaa/mschapv2.ts";
import * as peer from "../../peer/mschapv2.ts";
import { seededRandom } from "../../peer/ppp-conversation.ts";

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex").toUpperCase();
const octets = (text: string): Uint8Array => Buffer.from(text.replaceAll(" ", ""), "hex");

/** RFC 2759 section 9.2: user name "User", password "clientPass". */
const EXCHANGE = {
  challenge: octets("5B 5D 7C 7D 7B 3F 2F 3E 3C 2C 60 21 32 26 26 28"),
  peerChallenge: octets("21 40 23 24 25 5E 26 2A 28 29 5F 2B 3A 33 7C 7E"),
  name: "User",
};
const NT_RESPONSE = "82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF";
const PROOF = "S=407A5589115FD0D6209F510FE9C04566932CDA56";

test("the hash example of RFC 2759 section 9.2", () => {
  assert.equal(hex(challengeHash(EXCHANGE)), "D02E4386BCE91226");
  assert.equal(hex(ntPasswordHash("clientPass")), "44EBBA8D5312B8D611474411F56989AE");
  const response = ntResponse(EXCHANGE, "clientPass");
  assert.equal(hex(response), NT_RESPONSE);
  assert.equal(authenticatorResponse(EXCHANGE, response, "clientPass"), PROOF);
});

test("the DES keys of RFC 2759 section 9.3", () => {
  assert.equal(hex(ntPasswordHash("MyPw")), "FC156AF7EDCD6C0EDDE3337D427F4EAC");
  const hash = ntPasswordHash("MyPw");
  assert.equal(hex(withParity(hash.subarray(0, 7))), "FD0B5B5E7F6E34D9");
  assert.equal(hex(withParity(hash.subarray(7, 14))), "0E6E796737EA08FE");
});

test("a client written on its own knows the same example, and MD4 as RFC 1320 A.5 has it", () => {
  const { challenge, peerChallenge, name } = EXCHANGE;
  const response = peer.ntResponse(challenge, peerChallenge, name, "clientPass");
  assert.equal(hex(response), NT_RESPONSE);
  const proof = peer.authenticatorResponse(challenge, peerChallenge, name, "clientPass", response);
  assert.equal(proof, PROOF);
  assert.equal(hex(peer.md4(Buffer.of())), "31D6CFE0D16AE931B73C59D7E0C089C0");
  const digits = "1234567890".repeat(8);
  assert.equal(hex(peer.md4(Buffer.from(digits))), "E33B4DDC9C38F2199C3E7B164FCC0536");
});

test("client and server agree on any name and password", () => {
  const random = seededRandom(7);
  for (const [name, password] of [
    ["", "x"],
    ["demo", "0123456789".repeat(25)],
    ["jürgen", "grüße 🔑 \u0000 \ud800"],
    ["a".repeat(250), "ß"],
  ] as const) {
    const challenge = random(16);
    const peerChallenge = random(16);
    const response = ntResponse({ challenge, peerChallenge, name }, password);
    const theirs = peer.ntResponse(challenge, peerChallenge, name, password);
    assert.equal(hex(response), hex(theirs));
    assert.equal(
      authenticatorResponse({ challenge, peerChallenge, name }, response, password),
      peer.authenticatorResponse(challenge, peerChallenge, name, password, theirs),
    );
  }
});
