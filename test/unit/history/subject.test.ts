import assert from "node:assert/strict";
import { test } from "node:test";
import { isAbout, parseSubject } from "../../../src/history/subject.ts";
import { ended, entry } from "./entries.ts";

test("what is asked about: addresses with and without port, prefixes, tunnels, names", () => {
  const kinds = (text: string) => parseSubject(text).kind;
  for (const text of ["192.0.2.7", "192.0.2.7:1701", "10.64.0.0/16"]) {
    assert.equal(kinds(text), "address", text);
  }
  for (const text of ["2001:db8::1", "[2001:db8::1]:1701", "[2001:db8::1]", "2001:DB8:64:1::/64"]) {
    assert.equal(kinds(text), "address", text);
  }
  for (const text of ["1", "65535"]) assert.equal(kinds(text), "tunnel", text);
  for (const text of [
    "bob",
    "0",
    "65536",
    "007",
    "192.0.2",
    "bob@example.net",
    "a:b",
    "10.0.0.256",
  ]) {
    assert.equal(kinds(text), "name", text);
  }
});

test("an entry is about its user, its addresses inside and outside, its tunnel, its host", () => {
  const about = (text: string, facts = ended({ peer: "[2001:db8::7]:1701" })) =>
    isAbout(parseSubject(text), facts);
  for (const text of [
    "bob",
    "10.64.0.2",
    "2001:db8:64:1::/64",
    "2001:db8:64:1:aaaa::1",
    "2001:0DB8::7",
    "[2001:db8::7]:9",
    "7",
  ]) {
    assert.ok(about(text), text);
  }
  for (const text of [
    "Bob",
    "10.64.0.3",
    "2001:db8:64:2::1",
    "2001:db8::8",
    "8",
    "lac",
    "192.0.2.7",
  ]) {
    assert.ok(!about(text), text);
  }
  assert.ok(about("192.0.2.7", entry()) && about("192.0.2.7:5", entry()));
  assert.ok(about("lac", entry({ user: "" })), "a host name, where no user is known");
  assert.ok(about("bob", entry({ user: "OFFICE\\bob" })), "a domain in front of the name");
  assert.ok(!about("bob", entry({ user: "OFFICE-bob" })));
  assert.ok(about("12", entry({ user: "12" })), "a user whose name is a number");
  assert.ok(!about("10.0.0.1", entry({ peer: "" })));
});
