// The page of `simplon top`: rates of two answers, and lines that fit the terminal.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { render } from "../../../src/cli/top/render.ts";
import { fit, formatShort, sparkline } from "../../../src/cli/top/text.ts";
import { type Sample, viewOf } from "../../../src/cli/top/view.ts";
import type { BusyRow, Traffic } from "../../../src/daemon/api-messages.ts";
import { BUSIEST, session, WORKER } from "../daemon-api/rows.ts";
import { pathOf, simplon, start } from "./process.ts";

const NONE: Traffic = { rxPackets: 0, rxOctets: 0, txPackets: 0, txOctets: 0, drops: 0 };
const PAGE = { columns: 120, rows: 40, sort: "octets", isPaused: false };

function row(index: number, during: Partial<Traffic>, ms = 1_000): BusyRow {
  return { ...session(index), during: { ms, ...NONE, ...during } };
}

function sample(
  at: number,
  total: Partial<Traffic>,
  more: Partial<Sample["busiest"]> = {},
): Sample {
  const busiest = { ...BUSIEST, busiest: [], reasons: {}, total: { ...NONE, ...total }, ...more };
  return { at, busiest, workers: [WORKER] };
}

test("rates are of the time between two answers; octets become bits, received is up", () => {
  const before = sample(1_000, { rxPackets: 10, rxOctets: 2 ** 53 - 2_000 });
  const now = sample(3_000, { rxPackets: 30, rxOctets: 2 ** 53 - 1_000, txOctets: 500 });
  const { total, history } = viewOf(before, now, [7]);
  const expected = { upPackets: 10, upBits: 4_000, downPackets: 0, downBits: 2_000, drops: 0 };
  assert.deepEqual(total, expected);
  assert.deepEqual(history, [7, 6_000]);
});

test("a session's rates are of the time that the server says; without one there are none", () => {
  const rows = [row(1, { txOctets: 100, drops: 3 }, 500), row(2, { txOctets: 9 }, 0)];
  const now = sample(9_000, {}, { busiest: rows });
  const [first, second] = viewOf(sample(0, {}), now, []).busiest;
  assert.equal(first?.downBits, 1_600);
  assert.equal(first?.drops, 6);
  assert.equal(second?.downBits, 0);
});

test("drops by reason, the most frequent first, also one that was not there before", () => {
  const before = sample(0, {}, { reasons: { "up.policed": 10, "up.version": 5 }, begun: 1 });
  const reasons = { "up.policed": 12, "up.version": 5, "down.shaped": 8 };
  const now = sample(2_000, {}, { reasons, begun: 9 });
  const view = viewOf(before, now, []);
  assert.deepEqual(view.reasons, [
    ["down.shaped", 4],
    ["up.policed", 1],
  ]);
  assert.equal(view.setUps, 4);
});

test("a server that was started anew has no rates below 0", () => {
  const view = viewOf(sample(0, { rxPackets: 1e9, drops: 7 }), sample(1_000, { rxPackets: 5 }), []);
  assert.deepEqual([view.total.upPackets, view.total.drops], [0, 0]);
});

test("workers: packets a second and their part of the drops; a new one begins without", () => {
  const before = { ...sample(0, {}), workers: [WORKER, { ...WORKER, index: 1 }] };
  const workers = [
    { ...WORKER, packets: 3_000, drops: 5 },
    { ...WORKER, index: 1, drops: 3 },
    { ...WORKER, index: 2, packets: 99_999 },
  ];
  const view = viewOf(before, { ...sample(2_000, {}), workers }, []);
  assert.deepEqual(
    view.workers.map(({ packets, share }) => [packets, share]),
    [
      [1_000, 0.75],
      [0, 0.25],
      [0, 0],
    ],
  );
});

test("short numbers", () => {
  const values = [0, 0.04, 7.5, 999, 1_000, 1_234, 45_600, 999_600, 1.5e9, 2e15];
  const texts = ["0", "0", "7.5", "999", "1.00k", "1.23k", "45.6k", "1.00M", "1.50G", "2000T"];
  assert.deepEqual(values.map(formatShort), texts);
});

test("cells: filled up, cut with a mark, wide characters and accents counted as they are shown", () => {
  assert.equal(fit("ab", 4), "ab  ");
  assert.equal(fit("ab", 4, "right"), "  ab");
  assert.equal(fit("abcdef", 4), "abc…");
  assert.equal(fit("日本語", 6), "日本語");
  assert.equal(fit("日本語", 4), "日… ");
  assert.equal(fit("e\u0301e\u0301", 2), "e\u0301e\u0301");
  assert.equal(fit("abc", 0), "");
});

test("a sparkline is as wide as there is room, its highest bar full, nothing but ground at rest", () => {
  assert.equal(sparkline([1, 2, 4, 8], 3), "▂▄█");
  assert.equal(sparkline([0, 0], 9), "▁▁");
  assert.equal(sparkline([1], 0), "");
  assert.equal(sparkline([1, 2], -5), "");
});

test("a page", () => {
  const total = { rxPackets: 1_500, rxOctets: 125_000, txPackets: 2_000, txOctets: 2_500_000 };
  const busiest = [row(1, { txOctets: 125_000, txPackets: 100, drops: 2 })];
  const more = { busiest, begun: 12, sessions: 12_345, reasons: { "down.shaped": 2 } };
  const view = viewOf(sample(0, {}), sample(1_000, { ...total, drops: 2 }, more), [0, 10_500_000]);
  assert.deepEqual(render(view, PAGE), [
    "simplon  12,345 sessions  1 tunnel  3 set-ups/s  by octets",
    "down   20.0M bit/s  2.00k packets/s  ▁▄█",
    "up     1.00M bit/s  1.50k packets/s",
    "drops      2/s  down.shaped 2",
    "",
    "WORKER  STATE     SLOTS            PACKETS/s   DROPS/s  OF DROPS   LOST",
    "     0  running   0 1 2 3 4 5 6 7          0         0        0%      0",
    "",
    "USER                ADDRESS          NETWORK     DOWN b/s    UP b/s  DOWN p/s    UP p/s   DROPS/s    IDLE",
    "user-1              10.64.0.2        default        1.00M         0       100         0         2      7s",
  ]);
});

test("no line is longer and no page higher than the terminal, and what matters stays", () => {
  const rows = Array.from({ length: 256 }, (_, index) => row(index, { txOctets: index }));
  const name = "\u001b[2J\u202euser\u0007日本語";
  const busiest = rows.map((each) => ({ ...each, user: name, network: name }));
  const view = viewOf(sample(0, {}), sample(1_000, {}, { busiest }), [1, 2, 3]);
  for (let columns = 1; columns <= 200; columns += 3) {
    for (const height of [1, 5, 24, 400]) {
      const lines = render(view, { ...PAGE, columns, rows: height });
      assert.ok(lines.length <= height);
      for (const line of lines) {
        assert.equal(fit(line, columns).trimEnd(), line);
        assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u);
      }
    }
  }
  const narrow = render(view, { ...PAGE, columns: 40 });
  assert.match(narrow[8] ?? "", /^USER +DOWN b\/s +UP b\/s$/);
});

async function serve(t: TestContext): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "simplon-top-"));
  const socket = join(directory, "socket");
  const file = join(directory, "simplon.toml");
  writeFileSync(
    file,
    `[lns]\nsocket = "${socket}"\n[[network]]\nname = "a"\ntun = "simplon0"\n` +
      `gateway = "10.64.0.1"\npool = ["10.64.0.0/24"]\n`,
  );
  const server = start("node", "test/unit/daemon-api/serve.ts", [socket]);
  t.after(() => {
    server.kill("SIGKILL");
    rmSync(directory, { recursive: true });
  });
  await once(server.stdout, "data");
  return file;
}

test("into a pipe it prints one page, and with --json a line", async (t) => {
  const file = await serve(t);
  const page = await simplon("node", ["top", "-c", file, "--interval", "0.2"]);
  assert.deepEqual([page.code, page.stderr], [0, ""]);
  assert.match(page.stdout, /^simplon {2}2 sessions {2}1 tunnel /);
  assert.match(page.stdout, /^user-1 +10\.64\.0\.2 +default +0 +80\.0k +0 +100 +4 +7s$/m);
  const line = await simplon("node", ["top", "-c", file, "--interval", "0.2", "--json", "--once"]);
  assert.deepEqual([line.code, line.stdout.split("\n").length], [0, 2]);
  const { sessions, busiest, workers } = JSON.parse(line.stdout);
  assert.deepEqual([sessions, busiest[0].upBits, workers[0].index], [2, 80_000, 0]);
});

test("a wrong interval, and no server: one line each", async (t) => {
  for (const interval of ["0", "61", "soon", "-1", "1e3"]) {
    const wrong = await simplon("node", ["top", `--interval=${interval}`]);
    assert.deepEqual([wrong.code, wrong.stderr.split("\n").length], [2, 2], interval);
  }
  const file = await serve(t);
  const nowhere = join(file, "..", "nowhere.toml");
  const gone = await simplon("node", ["top", "--once", "-c", nowhere]);
  assert.equal(gone.stderr.split("\n").length, 2);
});

/** Runs it on a terminal of 100 columns and types `keys`, or sends a signal. */
const TERMINAL = `
import fcntl, os, pty, select, signal, struct, sys, termios, time
pid, fd = pty.fork()
if pid == 0: os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", 20, 100, 0, 0))
what, seen, done, end = sys.argv[1], b"", False, time.time() + 20
while time.time() < end:
    if select.select([fd], [], [], 0.05)[0]:
        try: part = os.read(fd, 65536)
        except OSError: break
        if not part: break
        seen += part
    if not done and b"user-1" in seen:
        done = True
        if what == "TERM": os.kill(pid, signal.SIGTERM)
        else: os.write(fd, what.encode())
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(status))
`;

for (const [what, keys] of [
  ["q", "spq"],
  ["Ctrl-C", "\u0003"],
  ["SIGTERM", "TERM"],
] as const) {
  test(`on a terminal ${what} gives it back as it was`, async (t) => {
    const file = await serve(t);
    const program = [process.execPath, pathOf("src/cli/main.ts"), "top", "-c", file];
    const child = spawn("python3", ["-c", TERMINAL, keys, ...program]);
    let seen = "";
    child.stdout.on("data", (part) => {
      seen += part;
    });
    const [code] = await once(child, "close");
    assert.equal(code, 0, seen);
    assert.ok(seen.startsWith("\x1b[?1049h\x1b[?25l"), JSON.stringify(seen.slice(0, 60)));
    assert.ok(seen.endsWith("\x1b[?25h\x1b[?1049l"), JSON.stringify(seen.slice(-60)));
    if (what === "q") assert.match(seen, /by packets.*paused/s);
  });
}
