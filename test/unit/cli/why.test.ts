import assert from "node:assert/strict";
import { test } from "node:test";
import { type Case, explain, groupEntries, isKnown } from "../../../src/cli/explain.ts";
import type { ClientRow } from "../../../src/daemon/api-messages.ts";
import { parseSubject } from "../../../src/history/subject.ts";
import { session, TUNNEL } from "../daemon-api/rows.ts";
import { ended, entry, NOON } from "../history/entries.ts";

function about(text: string, given: Partial<Case> = {}): Case {
  return {
    subject: parseSubject(text),
    side: "lns",
    lnss: [],
    live: { sessions: [], tunnels: [] },
    entries: [],
    runs: [],
    failures: [],
    isConfigured: undefined,
    listen: "0.0.0.0:1701",
    now: NOON + 65_000,
    ...given,
  };
}

const half = entry({
  rank: "stranger",
  what: "tunnel",
  code: "half-open",
  by: "timeout",
  phase: "tunnel",
  user: "",
  sessionId: 0,
});
const killed = entry({
  rank: "user",
  what: "lns",
  code: "lns-killed",
  user: "",
  peer: "",
  hostName: "",
  tunnelId: 0,
  sessionId: 0,
  since: NOON + 10_000,
  at: NOON + 40_000,
});

test("a user who is refused again and again", () => {
  const refused = entry({ count: 4, since: NOON - 50_000 });
  const result = { message: "CDN", by: "local", code: 3, text: "authentication failed" } as const;
  const earlier = entry({ at: NOON - 86_400_000, since: NOON - 86_403_000, result });
  const found = about("bob", { entries: [ended({ at: NOON - 7_200_000 }), earlier, refused] });
  assert.equal(
    explain(found),
    `"bob" is not connected.

5 times since 2026-11-21 12:00:00 UTC, last at 12:00:00 UTC, 1m05s ago: wrong-password
  192.0.2.7:1701 gave the name "bob" and a wrong password.
  The last one: session 9 in tunnel 7, user "bob", from 192.0.2.7:1701, host name "lac", reached
  phase authenticate.
  To do: Type the password at the client anew, and compare it with that of the [[user]] in the
  configuration: upper and lower case count, and so do spaces at its ends.

Once, at 10:00:00 UTC, 2h01m ago: peer-hung-up
  The client ended the connection itself.
  Session 9 in tunnel 7, user "bob", from 192.0.2.7:1701, host name "lac", reached phase
  network, had 10.64.0.2 and 2001:db8:64:1::/64 in network default, sent 1.20 kB, got 3.40 MB.
  The peer said: "User request", then CDN 1 (call disconnected due to loss of carrier).
  To do: Nothing, if somebody hung up. If nobody did, the log of the client at that time says
  why.
`,
  );
});

test("a user who is connected", () => {
  const row = { ...session(1), user: "bob", seconds: 3_700 };
  const found = about("bob", { live: { sessions: [row], tunnels: [TUNNEL] } });
  assert.equal(
    explain(found),
    `"bob" has been connected for 1h01m, from 10.9.0.1:1701, has 10.64.0.2 and 2001:db8:64:1::/64 in
network default (tunnel 4312, session 1).
`,
  );
});

test("an address outside: its tunnel, and all users behind it", () => {
  const tunnels = [{ ...TUNNEL, sessions: 1 }];
  const row = { ...session(1), user: "", network: "", address: "", prefix6: "", phase: "lcp" };
  const entries = [entry(), entry({ user: "alice" }), half];
  const found = about("10.9.0.1", { live: { sessions: [row], tunnels }, entries });
  assert.equal(
    explain(found),
    `A user who has not told a name yet is dialling in, in phase lcp, for 59s, from 10.9.0.1:1701
(tunnel 4312, session 1).
Tunnel 4312 to 10.9.0.1:1701 ("lac") has been up for 1d02h, with 1 session.

Once, at 12:00:00 UTC, 1m05s ago: half-open
  192.0.2.7:1701 asked for a tunnel and never acknowledged the answer.
  Tunnel 7, from 192.0.2.7:1701, host name "lac", lasted 2s.
  To do: The answer does not reach it: look for a firewall that lets UDP port 1701 in but not
  out, and for the route back. Many of these from many addresses are a scan or an attack; they
  are bounded and take nothing from users.

2 times since 12:00:00 UTC, last at 12:00:00 UTC, 1m05s ago: wrong-password
  192.0.2.7:1701 gave the name "alice" and a wrong password.
  2 users, the last one: session 9 in tunnel 7, user "alice", from 192.0.2.7:1701, host name
  "lac", reached phase authenticate, lasted 2s.
  To do: Type the password at the client anew, and compare it with that of the [[user]] in the
  configuration: upper and lower case count, and so do spaces at its ends.
`,
  );
});

test("a user who never got through, while tunnels fail", () => {
  const missing = entry({
    what: "tunnel",
    code: "tunnel-secret-missing-there",
    user: "",
    sessionId: 0,
    count: 12,
  });
  const old = entry({ what: "tunnel", code: "version", user: "", at: NOON - 7_200_000 });
  const many = { ...half, peer: "", hostName: "", count: 9_000 };
  const found = about("carol", { isConfigured: true, failures: [many, missing, old] });
  assert.ok(!isKnown(found));
  assert.equal(
    explain(found),
    `"carol" is not connected.

The history has nothing about "carol": it never got through to this LNS.

The configuration has a user "carol", so the name is right; no client has told it yet.

In the last hour these tunnels failed before a name could be told; one may be it:
  tunnel-secret-missing-there, 12 times, last at 12:00:00 UTC from 192.0.2.7:1701 ("lac")
    To do: Enter [lns] secret at the client or LAC. A client that has no field for it (Windows,
    Android, iOS) needs an LNS with secret = "".
  half-open, 9,000 times, last at 12:00:00 UTC from many addresses
    To do: The answer does not reach it: look for a firewall that lets UDP port 1701 in but not
    out, and for the route back. Many of these from many addresses are a scan or an attack; they
    are bounded and take nothing from users.

What to check:
  - Does the client dial this host, at UDP port 1701? The LNS listens on 0.0.0.0:1701. Whether
    anything comes: tcpdump -ni any udp port 1701
  - Does a firewall on the way or on this host let UDP port 1701 in and out?
  - Does the client speak L2TP without IPsec? With IPsec it sends to UDP ports 500 and 4500, and
    nothing comes through before an IPsec gateway in front has let it.
`,
  );
});

test("a name that is not in the configuration, and nothing else to say", () => {
  const found = about("Bob", { isConfigured: false, listen: "[::]:1702" });
  assert.equal(
    explain(found),
    `"Bob" is not connected.

The history has nothing about "Bob": it never got through to this LNS.

The configuration has no user "Bob": is the name right? Upper and lower case count.

What to check:
  - Does the client dial this host, at UDP port 1702? The LNS listens on [::]:1702. Whether
    anything comes: tcpdump -ni any udp port 1702
  - Does a firewall on the way or on this host let UDP port 1702 in and out?
  - Does the client speak L2TP without IPsec? With IPsec it sends to UDP ports 500 and 4500, and
    nothing comes through before an IPsec gateway in front has let it.
`,
  );
});

test("after a kill, without a running LNS", () => {
  const entries = [ended({ at: NOON })];
  assert.equal(
    explain(about("10.64.0.2", { live: undefined, entries, runs: [killed] })),
    `The LNS is not running. What follows is from its history file.

Between 12:00:10 UTC and 12:00:40 UTC: lns-killed
  The program ended without a goodbye: it was killed, it crashed, or the machine went down.
  Sessions of that time have no entry of their own.
  To do: Look at what its log and the log of the system (journalctl, dmesg: out of memory) say
  of that time. Clients dial in again when they notice, at the latest after their own timeouts.

Once, at 12:00:00 UTC, 1m05s ago: peer-hung-up
  The client ended the connection itself.
  Session 9 in tunnel 7, user "bob", from 192.0.2.7:1701, host name "lac", reached phase
  network, had 10.64.0.2 and 2001:db8:64:1::/64 in network default, lasted 1h00m, sent 1.20 kB,
  got 3.40 MB.
  The peer said: "User request", then CDN 1 (call disconnected due to loss of carrier).
  To do: Nothing, if somebody hung up. If nobody did, the log of the client at that time says
  why.
`,
  );
  assert.doesNotMatch(
    explain(about("bob", { entries: [ended({ at: NOON + 50_000 })], runs: [killed] })),
    /lns-killed/,
    "it was seen since",
  );
});

test("a tunnel that is not up", () => {
  const result = { message: "StopCCN", by: "peer", code: 2, error: 8, text: "AVP 77" } as const;
  const refused = { ...half, code: "peer-refused", by: "peer", result } as const;
  assert.equal(
    explain(about("7", { entries: [refused] })),
    `Tunnel 7 is not up.

Once, at 12:00:00 UTC, 1m05s ago: peer-refused
  192.0.2.7:1701 refused, and named the reason below.
  Tunnel 7, from 192.0.2.7:1701, host name "lac", lasted 2s.
  The peer said: StopCCN 2 (general error), error 8 (session or tunnel was shut down due to
  receipt of an unknown AVP with the M bit set), "AVP 77".
  To do: Look at 192.0.2.7:1701: its Result Code, Error Code and text say what it lacks.
`,
  );
});

test("endings of one kind are a group, the most recent kind first", () => {
  const groups = groupEntries([
    entry({ at: NOON, count: 3, since: NOON - 5_000 }),
    ended({ at: NOON + 1 }),
    entry({ at: NOON + 2, user: "alice" }),
    ended({ at: NOON - 9, what: "tunnel", user: "" }),
  ]);
  assert.deepEqual(
    groups.map(({ code, count, first, users, last }) => [code, count, first, users, last.at]),
    [
      ["wrong-password", 4, NOON - 5_000, 2, NOON + 2],
      ["peer-hung-up", 1, NOON + 1, 1, NOON + 1],
      ["peer-hung-up", 1, NOON - 9, 0, NOON - 9],
    ],
  );
});

test("what a peer says does not reach the terminal as it is, and no line is too wide", () => {
  const evil = "\u001b[2J\u202e\n";
  const text = explain(
    about(evil, {
      entries: [{ ...ended(), user: evil, words: evil, hostName: evil, callingNumber: evil }],
      failures: [{ ...half, hostName: evil }],
      live: { sessions: [{ ...session(1), user: evil }], tunnels: [{ ...TUNNEL, hostName: evil }] },
    }),
  );
  for (const line of text.split("\n")) assert.ok(line.length <= 100, line);
  assert.doesNotMatch(text, /\p{Cf}|[^\P{Cc}\n]/u);
  const never = explain(about(evil, { failures: [{ ...half, hostName: evil }] }));
  assert.doesNotMatch(never, /\p{Cf}|[^\P{Cc}\n]/u);
});

const OFFICE: ClientRow = {
  ...{ name: "office", tun: "office0", state: "waiting", lns: "", address: "", address6: "" },
  ...{ seconds: 3, next: 12, rxPackets: 0, rxOctets: 0, txPackets: 0, txOctets: 0, drops: 0 },
  problem: "192.0.2.9:1701: no-answer",
};

test("a client of simplon lac that never connected", () => {
  const silent = { ...half, code: "lns-silent", peer: "192.0.2.9:1701", hostName: "" } as const;
  const lac = { side: "lac", lnss: ["192.0.2.9:1701"], isConfigured: true } as const;
  const found = about("office", { ...lac, client: OFFICE, failures: [silent] });
  assert.equal(
    explain(found),
    `"office" is not connected, and dials again in 12s. The last attempt: 192.0.2.9:1701: no-answer.

The history has nothing about "office": no call of it has ended yet.

The configuration has a client "office", so the name is right; no LNS has answered it yet.

In the last hour these tunnels failed; its call may have waited for one:
  lns-silent, once, last at 12:00:00 UTC to 192.0.2.9:1701
    To do: Is the LNS up, and is address of the [[peer]] right? Look for a firewall on the way
    that drops UDP port 1701: tcpdump -ni any udp port 1701 shows whether anything comes back.

What to check:
  - Is there an L2TP server at 192.0.2.9:1701? Whether it answers: tcpdump -ni any udp port 1701
  - Does a firewall on the way or on this host let UDP port 1701 out, and the answers in?
  - Does the server want IPsec first? Then it answers nobody who has not set that up with it:
    simplon itself speaks L2TP without IPsec.
`,
  );
  const dialling = { ...OFFICE, state: "dialling", lns: "192.0.2.9:1701", problem: "" } as const;
  const [now] = explain(about("office", { ...lac, client: dialling })).split("\n");
  assert.equal(now, '"office" is not connected yet, and dials 192.0.2.9:1701.');
  const unknown = explain(about("home", { ...lac, isConfigured: false }));
  assert.match(unknown, /no client "home": is the name right\? Upper and lower case count\.\n$/);
});

test("a client of simplon lac that is connected, and that was", () => {
  const row = { ...session(1), user: "office", network: "office0", peer: "192.0.2.9:1701" };
  const lac = { side: "lac", isConfigured: true } as const;
  const [first = "", second] = explain(
    about("office", { ...lac, live: { sessions: [row], tunnels: [] } }),
  ).split("\n");
  assert.match(first, /^"office" has been connected for \w+, to 192\.0\.2\.9:1701, has /);
  assert.match(`${first} ${second}`, / on device office0 \(tunnel/);

  const entries = [ended({ user: "office", network: "office0", code: "lns-hung-up" })];
  const past = explain(about("office", { ...lac, live: undefined, entries })).replaceAll(
    /\s+/g,
    " ",
  );
  assert.match(past, /^simplon lac is not running\. What follows is from its history file\./);
  assert.match(past, /client "office", to 192\.0\.2\.7:1701, .* on device office0, .*/);
  assert.match(past, /sent 3\.40 MB, got 1\.20 kB\./);
});
