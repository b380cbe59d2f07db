/**
 * Number AVPs. Called and Calling Number of up to 1017 octets went into arrays of 254.
 *
 * RFC 2661 4.4.4: both, and the Sub-Address, are as long as an AVP may be. The call is taken, what is
 * shown of it is cut, and what is passed on to another LNS is whole up to a bound or left out.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AvpType } from "../../src/codec/index.ts";
import { AVP_VALUE_MAX, PASSED_TEXT_MAX, PEER_TEXT_MAX } from "../../src/limits.ts";
import { names, Talk } from "../peer/control.ts";
import { avp, utf8 } from "../peer/lac.ts";

const NUMBERS = [AvpType.CalledNumber, AvpType.CallingNumber, AvpType.SubAddress];

function called(octets: Uint8Array): { call: object; said: string } {
  const talk = new Talk().establish();
  const said = names(talk.say(talk.icrq(1, ...NUMBERS.map((type) => avp(type, octets))))).join();
  return { call: [...talk.lns.sessions()][0]?.call ?? {}, said };
}

test("numbers of every length open a call, and are kept up to their bound", () => {
  for (let octets = 1; octets <= AVP_VALUE_MAX; octets++) {
    const text = "0123456789".repeat(103).slice(0, octets);
    const { call, said } = called(utf8(text));
    assert.equal(said, "ICRP");
    const shown = text.slice(0, PEER_TEXT_MAX);
    const whole = octets > PEER_TEXT_MAX && octets <= PASSED_TEXT_MAX ? utf8(text) : undefined;
    assert.deepEqual(call, { ...each(shown), ...(whole && { octets: each(whole) }) });
  }
});

test("octets that are no text are kept up to the same bound", () => {
  for (const octet of [0x00, 0x1b, 0x80, 0xc3, 0xf0, 0xff]) {
    const { call, said } = called(new Uint8Array(AVP_VALUE_MAX).fill(octet));
    assert.equal(said, "ICRP");
    for (const text of Object.values(call)) assert.ok(text.length <= PEER_TEXT_MAX);
  }
});

function each<Value>(value: Value) {
  return { calledNumber: value, callingNumber: value, subAddress: value };
}
