import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { COUNTERS, OFFLOADS, PLACED, session, TUNNEL } from "../daemon-api/rows.ts";
import { pathOf, RUNTIMES, simplon, start } from "./process.ts";

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "simplon-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function writeConfig(path: string, socket: string, more = ""): void {
  writeFileSync(
    path,
    `[lns]
socket = "${socket}"
[[network]]
name = "default"
tun = "simplon0"
gateway = "10.64.0.1"
pool = ["10.64.0.0/16"]
${more}`,
  );
}

for (const runtime of Object.keys(RUNTIMES)) {
  test(`${runtime}: --version and --help`, async () => {
    const { version } = JSON.parse(readFileSync(pathOf("package.json"), "utf8"));
    assert.deepEqual(await simplon(runtime, ["--version"]), {
      code: 0,
      stdout: `simplon ${version}\n`,
      stderr: "",
    });
    const help = await simplon(runtime, ["--help"]);
    assert.equal(help.code, 0);
    for (const word of ["lns", "show", "--json", "-c FILE"]) assert.ok(help.stdout.includes(word));
    assert.equal((await simplon(runtime, ["show", "--help"])).stdout, help.stdout);
  });

  test(`${runtime}: what nobody understands is one line and exit code 2`, async () => {
    const cases: [string[], string][] = [
      [[], "simplon: a command is missing; see simplon --help\n"],
      [["dance"], 'simplon: unknown command "dance"; see simplon --help\n'],
      [["toString"], 'simplon: unknown command "toString"; see simplon --help\n'],
      [
        ["show"],
        "simplon: show: expected one of tunnels, sessions, clients, workers, counters, history, got nothing; " +
          "see simplon --help\n",
      ],
      [["show", "tunnels", "now"], 'simplon: unexpected argument "now"; see simplon --help\n'],
      [["show", "tunnels", "--xml"], "simplon: unknown option '--xml'; see simplon --help\n"],
      [["lns", "--fast"], "simplon: unknown option '--fast'; see simplon --help\n"],
      [["lns", "now"], 'simplon: unexpected argument "now"; see simplon --help\n'],
      [
        ["call", "--peer", "office"],
        "simplon: call: expected a number of 1 to 128 printable ASCII characters without spaces, " +
          "got nothing; see simplon --help\n",
      ],
      [
        ["call", "555 1234", "--peer", "office"],
        "simplon: call: expected a number of 1 to 128 printable ASCII characters without spaces, " +
          'got "555 1234"; see simplon --help\n',
      ],
      [
        ["call", "5551234", "--peer", "office", "--sub-address", ""],
        "simplon: call: expected a --sub-address of 1 to 128 printable ASCII characters without " +
          'spaces, got ""; see simplon --help\n',
      ],
      [
        ["call", "5551234"],
        "simplon: call: expected --peer NAME, the name of a [[peer]]; see simplon --help\n",
      ],
    ];
    const outcomes = await Promise.all(cases.map(([args]) => simplon(runtime, args)));
    for (const [index, [, stderr]] of cases.entries()) {
      assert.deepEqual(outcomes[index], { code: 2, stdout: "", stderr });
    }
  });

  test(`${runtime}: a configuration with an error is named by line, exit code 2`, async (t) => {
    const path = join(directory(t), "bad.toml");
    writeConfig(path, "/run/x.sock", 'helo = 3\n[log]\nlevel = "loud"\n');
    const stderr =
      `${path}:8: [[network]] helo: unknown key, expected one of ` +
      `name, tun, gateway, pool, pool6, dns, nbns, mtu, nat, rate-down, rate-up, mss-clamp, dscp, ecn, sequencing, idle\n` +
      `${path}:10: [log] level: expected one of "trace", "debug", "info", "warn", "error", ` +
      `got "loud"\n`;
    const failure = { code: 2, stdout: "", stderr };
    assert.deepEqual(await simplon(runtime, ["lns", "-c", path]), failure);
    assert.deepEqual(await simplon(runtime, ["show", "tunnels", "-c", path]), failure);
  });

  test(`${runtime}: lac without a configuration says what to write, and that works`, async (t) => {
    const cwd = directory(t);
    const { code, stdout, stderr } = await simplon(runtime, ["lac"], cwd);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
    const [line, empty, ...example] = stderr.split("\n");
    assert.equal(
      line,
      "simplon: there is no simplon.toml; write one like this, or name another with -c FILE:",
    );
    assert.equal(empty, "");
    const path = join(cwd, "written.toml");
    writeFileSync(path, example.join("\n"));
    const checked = await simplon(runtime, ["check", "-c", path]);
    assert.match(checked.stdout, /client {4}office on office0, to office \(192\.0\.2\.1:1701\)/);
    writeConfig(path, join(cwd, "x.sock"));
    const server = await simplon(runtime, ["lac", "-c", path]);
    assert.match(
      server.stderr,
      /\[\[client\]\]: expected 1 to 16 tables \[\[client\]\] for simplon lac/,
    );
  });

  test(`${runtime}: a configuration that is not there`, async (t) => {
    const path = join(directory(t), "none.toml");
    assert.deepEqual(await simplon(runtime, ["lns", "-c", path]), {
      code: 2,
      stdout: "",
      stderr: `${path}: no such file\n`,
    });
    assert.ok(!existsSync(path), "a named file is never written");
  });

  test(`${runtime}: show without a server is one line and exit code 1`, async (t) => {
    const cwd = directory(t);
    writeConfig(join(cwd, "simplon.toml"), join(cwd, "none.sock"));
    assert.deepEqual(await simplon(runtime, ["show", "sessions"], cwd), {
      code: 1,
      stdout: "",
      stderr:
        `simplon: no server answers on ${join(cwd, "none.sock")}; start one with "simplon lns", ` +
        `or name its file with -c FILE\n`,
    });
  });

  test(`${runtime}: show and call ask the server that listens`, async (t) => {
    const cwd = directory(t);
    const path = join(cwd, "api.sock");
    const file = join(cwd, "other.toml");
    writeConfig(file, path);
    const server = start(runtime, "test/unit/daemon-api/serve.ts", [path]);
    t.after(() => server.kill("SIGKILL"));
    await once(server.stdout, "data");

    const json = async (subject: string): Promise<unknown> => {
      const { code, stdout, stderr } = await simplon(runtime, [
        "show",
        subject,
        "--json",
        "-c",
        file,
      ]);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      return JSON.parse(stdout);
    };
    const [tunnels, sessions, counters, table, texts] = await Promise.all([
      json("tunnels"),
      json("sessions"),
      json("counters"),
      simplon(runtime, ["show", "tunnels", "-c", file]),
      simplon(runtime, ["show", "counters", "-c", file]),
    ]);
    assert.deepEqual(tunnels, [TUNNEL]);
    assert.deepEqual(sessions, [session(1), session(2)]);
    assert.deepEqual(counters, { ...COUNTERS, offloads: OFFLOADS });
    assert.match(texts.stdout, /^offloads\n {2}udp-gro {2}runs\n {2}udp-gso {2}off: .*\n\nl2tp\n/);
    assert.match(table.stdout, /^TUNNEL .*\n {2}4312 .* 1d02h\n$/);

    const call = (...args: string[]) => simplon(runtime, ["call", "5551234", ...args, "-c", file]);
    const [up, asJson, refused] = await Promise.all([
      call("--peer", "office"),
      call("--peer", "office", "--json"),
      call("--peer", "home"),
    ]);
    const line = "call up: session 9 in tunnel 4312 at 10.9.0.1:1701\n";
    assert.deepEqual(up, { code: 0, stdout: line, stderr: "" });
    assert.deepEqual(asJson, { code: 0, stdout: `${JSON.stringify(PLACED)}\n`, stderr: "" });
    const stderr = "simplon: no LAC takes the call\n";
    assert.deepEqual(refused, { code: 1, stdout: "", stderr });

    server.kill("SIGTERM");
    const [code] = await once(server, "exit");
    assert.equal(code, 0);
    assert.ok(!existsSync(path), "the socket went with the server");
  });

  test(`${runtime}: a reader that has enough is no failure, a full disk is one line`, async () => {
    const [command = "", ...options] = RUNTIMES[runtime] ?? [];
    const run = async (stdout: number | "pipe") => {
      const child = spawn(command, [...options, pathOf("src/cli/main.ts"), "--help"], {
        stdio: ["ignore", stdout, "pipe"],
      });
      child.stdout?.destroy();
      let stderr = "";
      child.stderr?.on("data", (chunk) => {
        stderr += chunk;
      });
      const [code] = (await once(child, "close")) as [number];
      return { code, stderr };
    };
    assert.deepEqual(await run("pipe"), { code: 0, stderr: "" });
    assert.deepEqual(await run(openSync("/dev/full", "w")), {
      code: 1,
      stderr: "simplon: stdout cannot be written (ENOSPC)\n",
    });
  });
}
