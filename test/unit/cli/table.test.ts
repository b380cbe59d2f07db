import assert from "node:assert/strict";
import { test } from "node:test";
import { format, formatOffloads } from "../../../src/cli/show.ts";
import { formatAge, formatCount, formatOctets } from "../../../src/cli/table.ts";
import { COUNTERS, session, TUNNEL } from "../daemon-api/rows.ts";

test("tunnels: text to the left, numbers to the right, nothing behind the last column", () => {
  const other = { ...TUNNEL, tunnelId: 9, peer: "10.9.0.200:40000", sessions: 1_000, seconds: 5 };
  assert.equal(
    format("tunnels", [TUNNEL, other]),
    `TUNNEL  PEER TUNNEL  PEER              HOST NAME  STATE        SESSIONS    AGE
  4312            7  10.9.0.1:1701     lac        established         2  1d02h
     9            7  10.9.0.200:40000  lac        established     1,000     5s
`,
  );
});

test("sessions", () => {
  assert.equal(
    format("sessions", [session(1)]),
    `TUNNEL  SESSION  PEER           USER    NETWORK  ADDRESS    PREFIX              PHASE    AGE  IDLE  DOWN/UP  RX PACKETS       RX  ` +
      `TX PACKETS     TX  DROPS
  4312        1  10.9.0.1:1701  user-1  default  10.64.0.2  2001:db8:64:1::/64  network  59s    7s  10M/-     1,234,567  1.10 TB  ` +
      `         0  999 B      3
`,
  );
});

test("counters are grouped", () => {
  assert.equal(
    format("counters", { ...COUNTERS, "l2tp.late": 1 }),
    `l2tp
  wrong-peer             12
  late                    1

up
  source-address  1,234,567
  no-route                0
`,
  );
});

test("offloads: what runs, what does not and why; nothing of a server that tells nothing", () => {
  const offloads = [
    { offload: "udp-gro", runs: true, why: "" },
    { offload: "tso", runs: false, why: "no device\u001b" },
  ] as const;
  assert.equal(
    formatOffloads(offloads),
    "offloads\n  udp-gro  runs\n  tso      off: no device\\u{1b}\n\n",
  );
  assert.equal(formatOffloads([]), "");
});

test("nothing is said to be nothing", () => {
  assert.equal(format("tunnels", []), "no tunnels\n");
  assert.equal(format("sessions", []), "no sessions\n");
  assert.equal(format("counters", {}), "no counters\n");
});

test("a peer's control characters do not reach the terminal", () => {
  const text = format("tunnels", [{ ...TUNNEL, hostName: "\u001b[2Jlac\n\u202e" }]);
  assert.ok(text.includes("\\u{1b}[2Jlac\\u{a}\\u{202e}"));
  assert.equal(text.split("\n").length, 3);
});

test("ages, octets and counts", () => {
  const ages = [0, 59.9, 60, 3_599, 3_600, 86_399, 86_400, 1_000_000, -1].map(formatAge);
  assert.deepEqual(ages, [
    "0s",
    "59s",
    "1m00s",
    "59m59s",
    "1h00m",
    "23h59m",
    "1d00h",
    "11d13h",
    "0s",
  ]);
  const octets = [0, 999, 1_000, 9_994, 99_949, 999_499, 999_500, 1e9, 2 ** 53].map(formatOctets);
  assert.deepEqual(octets, [
    "0 B",
    "999 B",
    "1.00 kB",
    "9.99 kB",
    "99.9 kB",
    "999 kB",
    "1.00 MB",
    "1.00 GB",
    "9.01 PB",
  ]);
  assert.deepEqual([0, 999, 1_000, 1_234_567].map(formatCount), ["0", "999", "1,000", "1,234,567"]);
});
