// From what a real L2TP core reports to entries: the codes that it comes to, and who could cause it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AvpType } from "../../../src/codec/index.ts";
import type { Entry } from "../../../src/history/entry.ts";
import { Recorder } from "../../../src/history/recorder.ts";
import { Story } from "../../../src/history/story.ts";
import { HISTORY_ADDRESSES_MAX } from "../../../src/limits.ts";
import { Talk } from "../../peer/control.ts";
import { avp, chapResponse, sccrq, typed, u16, utf8 } from "../../peer/lac.ts";
import { NOON } from "./entries.ts";

/** Entries that a conversation comes to; its sessions have `story`. */
function entriesOf(talk: Talk, story = () => new Story()): Entry[] {
  const entries: Entry[] = [];
  const recorder = new Recorder({
    add: (entry) => entries.push(entry),
    clock: () => NOON + talk.now,
  });
  for (const event of talk.events.splice(0)) {
    if (event.type === "tunnel-up") recorder.tunnelUp(event);
    else if (event.type === "tunnel-down") recorder.tunnelDown(event, talk.now);
    else if (event.type === "refused") recorder.refused(event);
    else if (event.type === "session-down") {
      recorder.sessionDown(event, story(), undefined, talk.now);
    }
  }
  return entries;
}

const codes = (entries: readonly Entry[]) =>
  entries.map(({ what, rank, code }) => [what, rank, code].join(" "));

function proved(): Story {
  const story = new Story();
  story.ask("DOMAIN\\bob");
  story.grant("bob", "default");
  story.up("10.64.0.2");
  return story;
}

const challenge = avp(AvpType.Challenge, utf8("0123456789abcdef"));
const mandatory = avp(77, Uint8Array.of(1), { mandatory: true });

const conversations: [string, Talk, (talk: Talk) => void, string[]][] = [
  [
    "a stranger never acknowledges our answer",
    new Talk(),
    (talk) => {
      talk.request();
      talk.pass(120_000);
    },
    ["tunnel stranger half-open"],
  ],
  [
    "a peer stops in the middle of the set-up",
    new Talk(),
    (talk) => {
      talk.request();
      talk.ack();
      talk.pass(120_000);
    },
    ["tunnel stranger setup-timeout"],
  ],
  [
    "a peer gives up before it is up",
    new Talk(),
    (talk) => {
      talk.request();
      talk.say(talk.stopCcn(1));
    },
    ["tunnel stranger peer-gave-up"],
  ],
  [
    "a peer finds our answer to its challenge wrong",
    new Talk({ secret: "ours" }),
    (talk) => {
      talk.request([challenge]);
      talk.say(talk.stopCcn(4));
    },
    ["tunnel stranger tunnel-secret-wrong"],
  ],
  [
    "a peer has another secret",
    new Talk({ secret: "ours" }),
    (talk) => {
      talk.request();
      const response = chapResponse(3, "theirs", new Uint8Array(16));
      talk.say(typed("SCCCN", avp(AvpType.ChallengeResponse, response)));
    },
    ["tunnel stranger tunnel-secret-wrong"],
  ],
  [
    "a peer has no secret",
    new Talk({ secret: "ours" }),
    (talk) => {
      talk.request();
      talk.say(typed("SCCCN"));
    },
    ["tunnel stranger tunnel-secret-missing-there"],
  ],
  [
    "a peer wants a secret that we do not have",
    new Talk(),
    (talk) => talk.request([challenge]),
    ["tunnel stranger tunnel-secret-missing-here"],
  ],
  [
    "a peer wants another version",
    new Talk(),
    (talk) => talk.request([], { [AvpType.ProtocolVersion]: u16(0x0200) }),
    ["tunnel stranger version"],
  ],
  [
    "a peer's request has an AVP that nobody knows",
    new Talk(),
    (talk) => talk.request([mandatory]),
    ["tunnel stranger unknown-mandatory-avp"],
  ],
  [
    "a peer's request lacks what it must have",
    new Talk(),
    (talk) => talk.request([], { [AvpType.HostName]: undefined }),
    ["tunnel stranger malformed"],
  ],
  [
    "there are as many tunnels as there may be",
    new Talk({ maxTunnels: 1 }),
    (talk) => {
      talk.establish();
      talk.say(sccrq(101), { tunnelId: 0, ns: 0, nr: 0 });
    },
    ["tunnel stranger tunnels-exhausted"],
  ],
  [
    "there are as many sessions as there may be",
    new Talk({ maxSessions: 1 }),
    (talk) => {
      talk.establish().upSession(1);
      talk.say(talk.icrq(2));
    },
    ["session visitor sessions-exhausted"],
  ],
  [
    "a LAC wants us to dial out",
    new Talk(),
    (talk) => talk.establish().say(typed("OCRQ", avp(AvpType.AssignedSessionId, u16(5)))),
    ["session visitor outgoing-call"],
  ],
  [
    "a call is not completed",
    new Talk(),
    (talk) => {
      talk.establish().openSession(1);
      talk.pass(60_000);
    },
    ["session visitor setup-timeout"],
  ],
  [
    "a LAC hangs up a call, then the tunnel",
    new Talk(),
    (talk) => {
      const sessionId = talk.establish().upSession(1);
      talk.say(talk.cdn(1, 3), { sessionId });
      talk.say(talk.stopCcn(1));
    },
    ["session visitor peer-gave-up", "tunnel visitor peer-hung-up"],
  ],
  [
    "a LAC is shut down with a call in it",
    new Talk(),
    (talk) => {
      talk.establish().upSession(1);
      talk.say(talk.stopCcn(6));
    },
    ["session visitor peer-stopping", "tunnel visitor peer-stopping"],
  ],
  [
    "a LAC is gone without a word",
    new Talk(),
    (talk) => {
      talk.establish().upSession(1);
      talk.pass(200_000);
    },
    ["session visitor no-answer", "tunnel visitor no-answer"],
  ],
  [
    "we stop",
    new Talk(),
    (talk) => {
      talk.establish().upSession(1);
      talk.lns.shutdown(talk.now);
      talk.drain();
    },
    ["session visitor closed-here", "tunnel visitor stopping"],
  ],
];

for (const [title, talk, converse, expected] of conversations) {
  test(title, () => {
    converse(talk);
    const entries = entriesOf(talk);
    assert.deepEqual(codes(entries), expected);
    for (const { since, at, peer } of entries) {
      assert.ok(since <= at && at === NOON + talk.now);
      assert.equal(peer, "192.0.2.7:1701");
    }
  });
}

test("a tunnel that carried a user counts as a user's, and names the user as AAA does", () => {
  const talk = new Talk();
  const sessionId = talk.establish().upSession(1);
  talk.pass(10_000);
  talk.say(talk.cdn(1, 3), { sessionId });
  talk.say(talk.stopCcn(1));
  const entries = entriesOf(talk, proved);
  assert.deepEqual(codes(entries), ["session user peer-hung-up", "tunnel user peer-hung-up"]);
  const [session] = entries;
  assert.equal(session?.user, "bob");
  assert.equal(session?.hostName, "lac.example");
  assert.deepEqual(session?.addresses, ["10.64.0.2"]);
  assert.deepEqual(session?.result, { message: "CDN", by: "peer", code: 3 });
  assert.ok((session?.at ?? 0) - (session?.since ?? 0) >= 10_000);
});

test("what ends because we stop says so", () => {
  const talk = new Talk();
  talk.establish().upSession(1);
  talk.lns.shutdown(talk.now);
  talk.drain();
  const entries: Entry[] = [];
  const recorder = new Recorder({ add: (entry) => entries.push(entry), clock: () => NOON });
  recorder.stopping();
  for (const event of talk.events) {
    if (event.type === "session-down") recorder.sessionDown(event, proved(), undefined, talk.now);
  }
  assert.deepEqual(codes(entries), ["session user stopping"]);
});

test("a refusal has one entry, at once, whatever ends the session afterwards", () => {
  const talk = new Talk();
  const sessionId = talk.establish().upSession(1);
  const entries: Entry[] = [];
  const recorder = new Recorder({ add: (entry) => entries.push(entry), clock: () => NOON });
  const story = new Story();
  story.reach("authenticate");
  story.reach("lcp");
  story.ask("bob");
  const code = story.refuse("credentials", "wrong-password");
  const [session] = [...talk.lns.sessions()];
  assert.ok(session !== undefined);
  recorder.sessionRefused(session, story, code, talk.now);
  assert.deepEqual(
    entries.map((entry) => [entry.code, entry.user, entry.phase, entry.by]),
    [["wrong-password", "bob", "authenticate", "local"]],
  );
  talk.say(talk.cdn(1, 1), { sessionId });
  const down = talk.events.find(({ type }) => type === "session-down");
  assert.ok(down?.type === "session-down");
  const last = recorder.sessionDown(down, story, undefined, talk.now);
  assert.equal(last.code, "wrong-password");
  assert.equal(entries.length, 1);
});

test("the first reason counts", () => {
  const story = new Story();
  story.turnAway("table-full");
  assert.equal(story.end("local"), "table-full");
  assert.equal(new Story().end("local"), "closed-here");
});

test("a peer that renegotiates without end makes no story without end", () => {
  const story = new Story();
  for (let count = 0; count < 1_000; count++) story.up(`10.64.0.${count % 200}`);
  assert.equal(story.addresses.length, HISTORY_ADDRESSES_MAX);
  assert.ok(story.wasUp);
});
