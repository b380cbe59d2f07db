/**
 * AVP length. An LNS copied an AVP by the Length in it, less than its header or more than what was
 * left, and read the bits of the header in the order of the host: code ran from one datagram.
 *
 * RFC 2661 4.1: Length covers the AVP's header of 6 octets. 3.1: control messages MUST have L and S
 * and MUST NOT have O.
 * The walk itself, every Length on every remainder at the end of the memory, is
 * in test/unit/codec/bounds.test.ts; here is what an endpoint makes of such datagrams.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AvpType, parseControlMessage } from "../../src/codec/index.ts";
import { names, Talk } from "../peer/control.ts";
import { avp, u16, utf8 } from "../peer/lac.ts";

const HEADER = 12;
/** Octets of the Host Name: enough that a Length may end before it, in it, at its end, behind. */
const NAME = 40;

test("an SCCRQ whose last AVP has any Length but its own makes no tunnel and has no answer", () => {
  const talk = new Talk();
  const name = utf8("n".repeat(NAME));
  const host = avp(AvpType.VendorName, name, { mandatory: false });
  const usual = talk.request([host]);
  assert.deepEqual(names(usual), ["SCCRP"]);
  const before = [...talk.lns.tunnels()];
  talk.ownId = 101;
  talk.ns = 0;
  const datagram = talk.build(
    [avp(AvpType.MessageType, u16(1)), host, avp(AvpType.HostName, name)],
    { tunnelId: 0 },
  );
  const at = datagram.length - NAME - 6;
  for (let length = 0; length <= 1_023; length++) {
    if (length === NAME + 6) continue;
    const changed = datagram.slice();
    changed[at] = ((changed[at] ?? 0) & 0xfc) | (length >> 8);
    changed[at + 1] = length & 0xff;
    // What is left behind a shorter one is an AVP of its own, and as wrong: it is all letters.
    assert.equal(parseControlMessage(changed), "avp-length", `Length ${length}`);
    assert.deepEqual(talk.deliver(changed), [], `Length ${length}`);
  }
  assert.equal(talk.lns.counters["malformed-avp-length"], 1_023);
  assert.deepEqual([...talk.lns.tunnels()], before);
});

test("a message that ends anywhere else than its header says is none", () => {
  const talk = new Talk();
  const whole = talk.build([avp(AvpType.MessageType, u16(1)), avp(AvpType.HostName, utf8("lac"))]);
  for (let length = 0; length <= 0xffff; length++) {
    const changed = whole.slice();
    changed.set(u16(length), 2);
    const isCut = length > whole.length || length < HEADER;
    const read = parseControlMessage(changed);
    if (isCut) assert.ok(read === "length" || read === "short", `Length ${length}: ${read}`);
    else if (length === whole.length) assert.ok(typeof read !== "string");
    else if (length === HEADER || length === HEADER + 8) assert.ok(typeof read !== "string");
    else assert.equal(read, "avp-length", `Length ${length}`);
  }
});

test("of all first words of a control message one set of bits is taken", () => {
  // An Offset Size may be read into it: 6, and one AVP behind that.
  const avps = [0, 6, 0, 0, 0, 7, 0, 8, 0, 6, 0, 0, 0, 7];
  const whole = Uint8Array.of(0, 0, 0, HEADER + avps.length, 0, 1, 0, 0, 0, 0, 0, 0, ...avps);
  const taken: number[] = [];
  for (let word = 0; word <= 0xffff; word++) {
    const changed = whole.slice();
    changed.set(u16(word), 0);
    if (typeof parseControlMessage(changed) !== "string") taken.push(word);
  }
  // T, L, S and version 2, without O and P; reserved bits MUST be ignored (3.1).
  const [T, L, S, O, P, VERSION] = [0x8000, 0x4000, 0x0800, 0x0200, 0x0100, 0x000f];
  const right = (word: number) => (word & (T | L | S | O | P | VERSION)) === (T | L | S | 2);
  assert.deepEqual(taken, Array.from({ length: 0x10000 }, (_, word) => word).filter(right));
});
