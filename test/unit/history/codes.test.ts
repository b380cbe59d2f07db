// The vocabulary and the one mapping to it: nothing is emitted that is not explained, and nothing
// explained that is never emitted.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { callResultText, errorText, stopResultText } from "../../../src/codec/index.ts";
import {
  type LinkFacts,
  linkCode,
  REASONS,
  refusalCode,
  refusedCode,
  sessionCode,
  tunnelCode,
} from "../../../src/history/classify.ts";
import { CODES, type Code, fill } from "../../../src/history/codes.ts";
import {
  dialledLinkCode,
  dialledSessionCode,
  dialledTunnelCode,
} from "../../../src/history/dialled.ts";
import { disconnectWords, resultWords } from "../../../src/history/results.ts";
import type { CounterName, EndedBy } from "../../../src/l2tp/index.ts";
import type { DownReason } from "../../../src/ppp/index.ts";

const BY: readonly EndedBy[] = ["peer", "local", "timeout"];
const NUMBERS = Array.from({ length: 14 }, (_, number) => number);
const NAMED = Object.keys(REASONS) as CounterName[];
const REASON_LIST: readonly (CounterName | undefined)[] = [undefined, ...NAMED];
const BOTH = [true, false];
const DOWN: readonly DownReason[] = [
  "authentication",
  "server-authentication",
  "pool-exhausted",
  "no-authentication-method",
  "peer",
  "local",
  "echo-timeout",
  "idle-timeout",
  "negotiation",
  "loop",
];
/** Said by the daemon itself, without a report of a core. */
const SPOKEN: readonly Code[] = [
  "table-full",
  "next-lns-hung-up",
  "next-lns-failed",
  "stopping",
  "lns-started",
  "lns-stopped",
  "lns-killed",
  "lns-failed",
];

/** Every code that comes out of any report that the cores can make. */
function* emitted(): Generator<Code> {
  for (const by of BY) {
    for (const code of NUMBERS) {
      for (const error of [undefined, ...NUMBERS]) {
        for (const reason of REASON_LIST) {
          const end = { by, reason, result: error === undefined ? { code } : { code, error } };
          yield tunnelCode(end, "established");
          yield tunnelCode(end, "wait-ctl-conn");
          yield dialledTunnelCode(end, "established");
          yield dialledTunnelCode(end, "wait-ctl-reply");
          for (const wasUp of BOTH) {
            yield dialledSessionCode(end, { wasUp, wasHeard: false });
            yield sessionCode(end, { phase: "network", wasUp });
            yield sessionCode({ ...end, withTunnel: true }, { phase: "lcp", wasUp });
          }
        }
      }
    }
  }
  for (const reason of DOWN) {
    for (const wasUp of BOTH) {
      for (const wasHeard of BOTH) {
        yield dialledLinkCode(reason, { wasUp, wasHeard });
        for (const isAsked of BOTH) {
          const facts: LinkFacts = { phase: "lcp", wasUp, wasHeard, isAsked };
          yield linkCode(reason, facts);
        }
      }
    }
  }
  for (const reason of NAMED) yield refusedCode(reason, undefined);
  yield refusalCode("credentials", "unknown-user");
  yield refusalCode("credentials", "wrong-password");
  yield refusalCode("pool-exhausted", undefined);
}

test("every code that is emitted is explained, and every one explained is emitted", () => {
  const all = new Set<Code>([...emitted(), ...SPOKEN]);
  assert.deepEqual([...all].sort(), Object.keys(CODES).sort());
});

test("the operator's manual lists them all", () => {
  const manual = readFileSync(new URL("../../../docs/OPERATIONS.md", import.meta.url), "utf8");
  const [, section = ""] = manual.split("\n## History\n");
  const [table = ""] = section.split("\n## ");
  const listed = [...table.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, code]) => code);
  assert.deepEqual(listed, Object.keys(CODES));
});

test("each code is a word, and says in sentences what happened and what to do", () => {
  for (const [code, { what, advice }] of Object.entries(CODES)) {
    assert.match(code, /^[a-z]+(?:-[a-z]+)*$/);
    for (const text of [what, advice]) assert.match(text, /^[A-Z{].*\.$/, code);
    const slots = [...`${what} ${advice}`.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const slot of slots) assert.ok(["user", "peer", "phase"].includes(slot ?? ""), code);
  }
});

test("codes that the program speaks literally are those of the vocabulary", () => {
  const room = new URL("../../../src/", import.meta.url);
  const files = readdirSync(room, { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => name.endsWith(".ts"))) {
    const text = readFileSync(new URL(file, room), "utf8");
    for (const [, code = ""] of text.matchAll(/(?:turnAway\(|#add\(\{ code: )"([\w-]+)"/g)) {
      assert.ok(SPOKEN.includes(code as Code), `${file}: ${code}`);
    }
  }
});

test("slots are filled, and a sentence begins with a capital", () => {
  const slots = { user: 'b"ob', peer: "192.0.2.7:1701", phase: "lcp" };
  assert.equal(
    fill("{user} from {peer} in {phase}: {other}", slots),
    '"b\\"ob" from 192.0.2.7:1701 in lcp: {other}',
  );
  assert.equal(fill("{peer} left.", { ...slots, peer: "" }), "Some peer left.");
  assert.equal(fill("{user} left.", { ...slots, user: "" }), "A user without a name left.");
});

test("tunnels: who ended them, in which state, with which Result Code", () => {
  const cases: [EndedBy, string, number, CounterName | undefined, Code][] = [
    ["peer", "established", 1, undefined, "peer-hung-up"],
    ["peer", "wait-ctl-conn", 1, undefined, "peer-gave-up"],
    ["peer", "wait-ctl-conn", 4, undefined, "tunnel-secret-wrong"],
    ["peer", "established", 6, undefined, "peer-stopping"],
    ["peer", "established", 2, undefined, "peer-refused"],
    ["timeout", "established", 1, undefined, "no-answer"],
    ["timeout", "wait-ctl-conn", 1, undefined, "half-open"],
    ["timeout", "wait-ctl-conn", 1, "tunnel-setup-timeout", "setup-timeout"],
    ["local", "wait-ctl-conn", 4, "refused-secret", "tunnel-secret-wrong"],
    ["local", "wait-ctl-conn", 4, "missing-avp", "tunnel-secret-missing-there"],
    ["local", "established", 2, "unknown-mandatory-avp", "unknown-mandatory-avp"],
    ["local", "established", 7, "out-of-sequence", "out-of-sequence"],
    ["local", "established", 6, undefined, "stopping"],
    ["local", "established", 1, undefined, "closed-here"],
    ["local", "wait-ctl-reply", 1, undefined, "no-answer"],
    ["local", "wait-ctl-reply", 6, undefined, "stopping"],
    ["local", "wait-ctl-conn", 2, "half-open-gave-way", "half-open-dropped"],
  ];
  for (const [by, state, code, reason, expected] of cases) {
    assert.equal(tunnelCode({ by, result: { code }, reason }, state), expected, `${by} ${code}`);
  }
});

test("tunnels: what xl2tpd says of secrets, in words only", () => {
  const code = (message: string, state = "wait-ctl-conn") =>
    tunnelCode({ by: "peer", result: { code: 2, error: 6, message } }, state);
  assert.equal(code("No secret key on our end"), "tunnel-secret-missing-there");
  assert.equal(code("Invalid challenge authentication"), "tunnel-secret-wrong");
  assert.equal(code("out of memory"), "peer-refused");
  assert.equal(code("No secret key on our end", "established"), "peer-refused");
});

test("sessions: a CDN, the loss of the tunnel, and how far they had come", () => {
  const up = { phase: "network", wasUp: true } as const;
  const early = { phase: "lcp", wasUp: false } as const;
  const code = (by: EndedBy, number: number, facts: typeof up | typeof early, withTunnel?: true) =>
    sessionCode({ by, result: { code: number }, withTunnel }, facts);
  assert.equal(code("peer", 3, up), "peer-hung-up");
  // What xl2tpd and others send when their pppd has ended in order.
  assert.equal(code("peer", 1, up), "peer-hung-up");
  assert.equal(code("peer", 1, early), "peer-lost-carrier");
  assert.equal(code("peer", 3, early), "peer-gave-up");
  assert.equal(code("peer", 4, early), "peer-refused");
  assert.equal(code("timeout", 10, early), "setup-timeout");
  assert.equal(code("timeout", 1, up, true), "no-answer");
  assert.equal(code("peer", 1, up, true), "peer-hung-up");
  assert.equal(code("peer", 1, early, true), "peer-gave-up");
  assert.equal(code("peer", 6, up, true), "peer-stopping");
  assert.equal(code("local", 3, up), "closed-here");
});

test("links: what AAA said goes before what PPP saw of it", () => {
  const facts: LinkFacts = { phase: "authenticate", wasUp: false, wasHeard: true, isAsked: false };
  assert.equal(linkCode("authentication", facts), "no-credentials");
  assert.equal(linkCode("authentication", { ...facts, isAsked: true }), "aaa-no-answer");
  assert.equal(linkCode("authentication", { ...facts, refusal: "unknown-user" }), "unknown-user");
  assert.equal(linkCode("pool-exhausted", facts), "pool-empty");
  assert.equal(linkCode("negotiation", facts), "negotiation-failed");
  assert.equal(linkCode("negotiation", { ...facts, wasHeard: false }), "ppp-no-answer");
  assert.equal(linkCode("peer", facts), "peer-gave-up");
  assert.equal(linkCode("peer", { ...facts, wasUp: true }), "peer-hung-up");
});

test("every Result Code and Error Code of RFC 2661 4.4.2 has its words", () => {
  const named = (text: (code: number) => string | undefined) =>
    NUMBERS.filter((code) => text(code) !== undefined);
  assert.deepEqual(named(stopResultText), NUMBERS.slice(0, 8));
  assert.deepEqual(named(callResultText), NUMBERS.slice(0, 12));
  assert.deepEqual(named(errorText), NUMBERS.slice(0, 9));
  const words = (message: "StopCCN" | "CDN", code: number, error?: number) =>
    resultWords({ message, by: "peer", code, ...(error === undefined ? {} : { error }) });
  assert.equal(words("StopCCN", 1), "StopCCN 1 (general request to clear control connection)");
  assert.equal(words("CDN", 1), "CDN 1 (call disconnected due to loss of carrier)");
  assert.equal(words("CDN", 3, 0), "CDN 3 (call disconnected for administrative reasons)");
  assert.equal(
    words("StopCCN", 2, 8),
    "StopCCN 2 (general error), error 8 (session or tunnel was shut down due to receipt of an " +
      "unknown AVP with the M bit set)",
  );
  assert.equal(
    words("StopCCN", 5, 0x0100),
    "StopCCN 5 (the protocol version of the requester is not supported), highest version 1.0",
  );
  assert.equal(words("CDN", 99, 77), "CDN 99 (unknown), error 77 (unknown)");
  const cause = { code: 16, protocol: 0xc223, direction: 1, message: "who?" };
  assert.equal(
    disconnectWords({ ppp: cause, q931: { cause: 16, message: 0x45 } }),
    'PPP disconnect cause 16 (authentication failed, at peer), "who?", Q.931 cause 16',
  );
});
