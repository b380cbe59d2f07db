/** Why calls of our own ended. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  dialledLinkCode,
  dialledSessionCode,
  dialledTunnelCode,
} from "../../../src/history/dialled.ts";

const NEW = { wasUp: false, wasHeard: false };
const HEARD = { wasUp: false, wasHeard: true };
const UP = { wasUp: true, wasHeard: true };

test("a link says why by itself", () => {
  for (const [reason, facts, code] of [
    ["authentication", HEARD, "lns-refused-password"],
    ["server-authentication", HEARD, "lns-unproven"],
    ["no-authentication-method", HEARD, "lns-wants-other-method"],
    ["peer", HEARD, "lns-refused"],
    ["peer", UP, "lns-hung-up"],
    ["local", UP, "closed-here"],
    ["echo-timeout", UP, "lns-gone"],
    ["negotiation", HEARD, "lns-other-terms"],
    ["negotiation", NEW, "lns-silent"],
    ["loop", HEARD, "loop"],
  ] as const) {
    assert.equal(dialledLinkCode(reason, facts), code, reason);
  }
});

test("a call ends by whoever ended it, and before it is up by what was missing", () => {
  const cases = [
    [{ by: "peer", result: { code: 3 } }, UP, "lns-hung-up"],
    [{ by: "peer", result: { code: 4 } }, NEW, "lns-refused"],
    [{ by: "peer", result: { code: 4 }, withTunnel: true }, NEW, "lns-other-secret"],
    [{ by: "peer", result: { code: 5 } }, NEW, "lns-refused"],
    [{ by: "timeout", result: { code: 2 } }, NEW, "lns-silent"],
    [{ by: "timeout", result: { code: 2 } }, UP, "lns-gone"],
    [{ by: "local", result: { code: 10 } }, NEW, "lns-silent"],
    [{ by: "local", result: { code: 3 } }, NEW, "closed-here"],
    [{ by: "local", result: { code: 1 }, withTunnel: true }, NEW, "lns-silent"],
    [{ by: "local", result: { code: 4 }, withTunnel: true }, NEW, "lns-other-secret"],
    [
      { by: "peer", result: { code: 2, message: "bad challenge" }, withTunnel: true },
      NEW,
      "lns-other-secret",
    ],
    [{ by: "local", result: { code: 2 }, reason: "malformed-avp" }, NEW, "malformed"],
  ] as const;
  for (const [end, facts, code] of cases) {
    assert.equal(dialledSessionCode(end, facts), code, JSON.stringify(end));
  }
});

test("so does a tunnel", () => {
  const code = (by: "peer" | "local" | "timeout", result: number, state: string) =>
    dialledTunnelCode({ by, result: { code: result } }, state);
  assert.equal(code("timeout", 1, "wait-ctl-reply"), "lns-silent");
  assert.equal(code("local", 1, "wait-ctl-reply"), "lns-silent");
  assert.equal(code("local", 1, "established"), "closed-here");
  assert.equal(code("timeout", 1, "established"), "lns-gone");
  assert.equal(code("peer", 6, "established"), "lns-hung-up");
  assert.equal(code("peer", 2, "wait-ctl-reply"), "lns-refused");
});

test("an LNS whose CDN tells of the login (RFC 3145) has refused it, whatever PPP has said", () => {
  const facts = { wasUp: false, wasHeard: true };
  const end = (code: number, direction: number) => ({
    ...{ by: "peer", result: { code: 3 } },
    disconnect: { ppp: { code, protocol: 0, direction } },
  });
  for (const [code, direction, expected] of [
    [16, 1, "lns-refused-password"],
    [16, 2, "lns-refused"],
    [7, 1, "lns-refused"],
  ] as const) {
    const ended = end(code, direction) as Parameters<typeof dialledSessionCode>[0];
    assert.equal(dialledSessionCode(ended, facts), expected);
    assert.equal(dialledSessionCode(ended, { ...facts, wasUp: true }), "lns-hung-up");
  }
});
