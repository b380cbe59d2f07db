// `simplon show history` and `simplon why` as programs: with a server, without one, without either.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { format } from "../../../src/cli/show.ts";
import { HEADER } from "../../../src/daemon/history-file.ts";
import { formatLine } from "../../../src/history/entry.ts";
import { API_CONNECTIONS_MAX } from "../../../src/limits.ts";
import { ENTRIES } from "../daemon-api/rows.ts";
import { RUNTIMES, simplon, start } from "./process.ts";

function prepare(t: TestContext) {
  const cwd = mkdtempSync(join(tmpdir(), "simplon-"));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const socket = join(cwd, "api.sock");
  const history = join(cwd, "history");
  writeFileSync(
    join(cwd, "simplon.toml"),
    `[lns]
socket = "${socket}"
history = "${history}"
[[network]]
name = "default"
tun = "simplon0"
gateway = "10.64.0.1"
pool = ["10.64.0.0/16"]
[[user]]
name = "bob"
password = "secret"
network = "default"
`,
  );
  return { cwd, socket, history };
}

const TABLE = `TIME (UTC)           WHAT     USER   PEER           HOST NAME  TUNNEL  LASTED  PHASE         \
TIMES  CODE            WORDS                
2026-11-22 19:00:00  session  alice  10.9.0.1:1701  lac          4312   1h00m  network           \
1  peer-hung-up    User request         
2026-11-22 20:31:07  session  bob    10.9.0.1:1701  lac          4312          authenticate      \
3  wrong-password  authentication failed
`;

test("the history is a table, the newest at its end", () => {
  assert.equal(format("history", ENTRIES.toReversed()), TABLE);
  assert.equal(format("history", []), "no history\n");
});

for (const runtime of Object.keys(RUNTIMES)) {
  test(`${runtime}: history and why of a server that runs`, async (t) => {
    const { cwd, socket } = prepare(t);
    const server = start(runtime, "test/unit/daemon-api/serve.ts", [socket]);
    t.after(() => server.kill("SIGKILL"));
    await once(server.stdout, "data");
    const [table, json, one, bob, carol, address] = await Promise.all([
      simplon(runtime, ["show", "history"], cwd),
      simplon(runtime, ["show", "history", "--json"], cwd),
      simplon(runtime, ["show", "history", "--json", "--last", "1", "--user", "alice"], cwd),
      simplon(runtime, ["why", "bob"], cwd),
      simplon(runtime, ["why", "carol"], cwd),
      simplon(runtime, ["why", "10.64.0.2", "--json"], cwd),
    ]);
    assert.deepEqual(table, { code: 0, stdout: TABLE, stderr: "" });
    assert.deepEqual(JSON.parse(json.stdout), ENTRIES.toReversed());
    assert.deepEqual(JSON.parse(one.stdout), [ENTRIES[1]]);
    assert.deepEqual([bob.code, bob.stderr], [0, ""]);
    assert.match(bob.stdout, /^"bob" is not connected\.\n\n3 times since .*: wrong-password\n/);
    assert.equal(carol.code, 3);
    assert.match(carol.stdout, /The configuration has no user "carol"/);
    const found = JSON.parse(address.stdout);
    assert.equal(found.isRunning, true);
    assert.equal(found.sessions.length, 2);
    assert.equal(found.endings[0].code, "peer-hung-up");
    assert.equal(found.endings[0].last.user, "alice");
    assert.match(found.endings[0].advice, /^Nothing, if somebody hung up/);
    assert.match(found.text, /peer-hung-up/);
  });

  test(`${runtime}: one free connection to the server is enough`, async (t) => {
    const { cwd, socket } = prepare(t);
    const server = start(runtime, "test/unit/daemon-api/serve.ts", [socket]);
    t.after(() => server.kill("SIGKILL"));
    await once(server.stdout, "data");
    const others = Array.from({ length: API_CONNECTIONS_MAX - 1 }, () => createConnection(socket));
    t.after(() => {
      for (const other of others) other.destroy();
    });
    await Promise.all(others.map((other) => once(other, "connect")));
    const { code, stderr } = await simplon(runtime, ["why", "bob"], cwd);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  });

  test(`${runtime}: without a server the file is read, and that is said`, async (t) => {
    const { cwd, socket, history } = prepare(t);
    const lines = ENTRIES.toReversed().map((entry) => `${formatLine(entry)}\n`);
    writeFileSync(history, HEADER + lines.join(""));
    const [table, bob] = await Promise.all([
      simplon(runtime, ["show", "history"], cwd),
      simplon(runtime, ["why", "bob"], cwd),
    ]);
    const absence =
      `simplon: no server answers on ${socket}; start one with "simplon lns", ` +
      "or name its file with -c FILE\nsimplon: this is what its history file holds\n";
    assert.deepEqual(table, { code: 0, stdout: TABLE, stderr: absence });
    assert.equal(bob.code, 0);
    assert.match(bob.stdout, /^The LNS is not running\. What follows is from its history file\.\n/);
    assert.match(bob.stdout, /: wrong-password\n/);

    writeFileSync(history, "something else\n");
    const foreign = await simplon(runtime, ["why", "bob"], cwd);
    assert.equal(foreign.code, 1);
    assert.match(foreign.stderr, /\nsimplon: .* exists and is no history of simplon\n$/);
  });
}

test("neither server nor file: nothing is known, and it is not pretended otherwise", async (t) => {
  const { cwd } = prepare(t);
  const { code, stdout } = await simplon("node", ["why", "bob"], cwd);
  assert.equal(code, 3);
  assert.match(stdout, /The configuration has a user "bob"/);
});

test("what is typed wrong is one line", async (t) => {
  const { cwd } = prepare(t);
  const cases: [string[], string][] = [
    [["why"], "why: a user, an address or a tunnel is missing"],
    [["why", ""], "why: a user, an address or a tunnel is missing"],
    [["why", "x".repeat(300)], "why: that is too long for a user or an address"],
    [["why", "bob", "alice"], 'unexpected argument "alice"'],
    [["show", "history", "--last", "0"], "show history: --last expects a number from 1 to 16384"],
    [["show", "history", "--last", "x"], "show history: --last expects a number from 1 to 16384"],
    [["show", "history", "--user", ""], "show history: --user expects the name of a user"],
    [["show", "tunnels", "--last", "3"], "show tunnels: --last is for history"],
    [["show", "sessions", "--user", "bob"], "show sessions: --user is for history"],
  ];
  const outcomes = await Promise.all(cases.map(([args]) => simplon("node", args, cwd)));
  for (const [index, [, message]] of cases.entries()) {
    const stderr = `simplon: ${message}; see simplon --help\n`;
    assert.deepEqual(outcomes[index], { code: 2, stdout: "", stderr });
  }
});
