/**
 * Expansion. A frame grew as its octets were escaped, and was written behind its buffer.
 *
 * We escape nothing. What grows here is hidden (RFC 2661 4.3: a length in front, padding behind) and
 * quoted for a terminal. The hidden value fits an AVP or is left out, and text has a bound of its own.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  type Avp,
  AvpType,
  buildControlMessage,
  parseControlMessage,
  revealAvps,
} from "../../src/codec/index.ts";
import { quoted, shortHex } from "../../src/decode/octets.ts";
import { hidden } from "../../src/l2tp/hide.ts";
import { AVP_VALUE_MAX } from "../../src/limits.ts";
import { seededRandom } from "../peer/control.ts";
import { avp, typed, utf8 } from "../peer/lac.ts";

const SECRET = utf8("a secret");
const LENGTH_FIELD = 2;
const md5 = (octets: Uint8Array) => new Uint8Array(createHash("md5").update(octets).digest());

test("a value of every length is hidden in an AVP and comes back, or is left out", () => {
  for (let octets = 0; octets <= AVP_VALUE_MAX; octets++) {
    const value = Uint8Array.from({ length: octets }, (_, index) => index & 0xff);
    const called = avp(AvpType.CalledNumber, value);
    const avps = hidden(typed("ICRQ", called), SECRET, seededRandom(octets + 1));
    const read = parseControlMessage(
      buildControlMessage({ tunnelId: 1, sessionId: 0, ns: 0, nr: 0, avps }),
    );
    assert.ok(typeof read !== "string");
    const revealed = revealAvps(read.avps, SECRET, md5).filter(isCalled);
    const isCarried = octets + LENGTH_FIELD <= AVP_VALUE_MAX;
    assert.deepEqual(
      revealed.map((each) => [each.hidden, each.value]),
      isCarried ? [[false, value]] : [],
    );
  }
});

const isCalled = ({ type }: Avp) => type === AvpType.CalledNumber;

test("each character grows by its escape and no further, and hex by its bound", () => {
  for (let code = 0; code <= 0xffff; code++) {
    const text = String.fromCharCode(code);
    const shown = quoted(text);
    assert.ok(shown.length <= 2 + "\\u{ffff}".length, `${code.toString(16)}: ${shown}`);
    assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\u2028\u2029]/u);
  }
  const most = shortHex(new Uint8Array(AVP_VALUE_MAX)).length;
  for (let octets = 0; octets <= AVP_VALUE_MAX; octets++) {
    assert.ok(shortHex(new Uint8Array(octets)).length <= most);
  }
});
