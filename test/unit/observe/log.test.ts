import assert from "node:assert/strict";
import { test } from "node:test";
import { firstSteps } from "../../../src/config/first.ts";
import { parseConfig } from "../../../src/config/load.ts";
import { LOG_ELEMENTS_MAX } from "../../../src/limits.ts";
import { formatLine } from "../../../src/observe/format.ts";
import { createLog, flushLog } from "../../../src/observe/log.ts";
import { REDACTED } from "../../../src/observe/sanitize.ts";

const SECRET = "hunter2-hunter2";

function capture(level = "trace", human = false) {
  const lines: string[] = [];
  const log = createLog({ level, human, sink: { write: (line) => void lines.push(line) } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? "") as Record<string, unknown> };
}

function config() {
  const result = parseConfig(
    `[lns]
secret = "${SECRET}"
[[network]]
name = "default"
tun = "simplon0"
gateway = "10.64.0.1"
pool = ["10.64.0.0/16"]
[[user]]
name = "demo"
password = "${SECRET}"
network = "default"
`,
    "simplon.toml",
  );
  assert.ok(!Array.isArray(result));
  return result;
}

test("a line has time, level, message and fields, and nothing else", () => {
  const { log, last } = capture();
  log.info({ tunnelId: 7, peer: "192.0.2.1:1701" }, "tunnel up");
  const { time, ...rest } = last();
  assert.match(String(time), /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(rest, {
    level: "info",
    tunnelId: 7,
    peer: "192.0.2.1:1701",
    msg: "tunnel up",
  });
});

test("the level decides what is written", () => {
  const { log, lines } = capture("warn");
  log.info("no");
  log.warn("yes");
  assert.equal(lines.length, 1);
});

test("no secret of a configuration or a request appears, wherever it stands in the call", () => {
  const octets = new TextEncoder().encode(SECRET);
  const pap = { method: "pap", name: "demo", password: octets };
  const chap = { method: "chap", name: "demo", identifier: 1, challenge: octets, response: octets };
  for (const human of [false, true]) {
    const { log, lines } = capture("trace", human);
    for (const value of [config(), { config: config() }, pap, chap, { event: { request: pap } }]) {
      log.info(value, "merged");
      log.info("interpolated %j %o", value, value);
      log.info({ value }, "deep %s", value);
      log.child({ value }).info("bound");
      log.child(value).info("bound");
      log.child({}).child({ value }).info("bound below");
      const bound = log.child({});
      bound.setBindings({ value });
      bound.info("bound later");
      log.child({}, { msgPrefix: "p " }).info(value, "of a child");
      log.info({ map: new Map([["v", value]]), set: new Set([value]) }, "collections");
      log.error(Object.assign(new Error("failed"), { value }), "error");
      log.error(Object.assign(new Error("failed"), { value }));
      log.error({ err: Object.assign(new Error("failed"), { cause: value }) }, "error field");
      log.info({ buffer: Buffer.from(octets), view: new DataView(octets.buffer) }, "octets");
    }
    log.info({ tunnelSecret: SECRET, "radius-secret": SECRET, userPassword: SECRET }, "named");
    assert.equal(lines.length, 66);
    const digits = [...octets].join(",");
    for (const line of lines) {
      assert.ok(!line.includes(SECRET), line);
      assert.ok(!line.includes(digits) && !line.includes(`"1":${octets[1]}`), line);
    }
    const text = lines.join("");
    assert.ok(text.includes("demo"), "the rest is there");
    assert.ok(text.includes(REDACTED), "redaction is visible");
  }
  // The one place that is meant to show the password is not a log.
  assert.ok(firstSteps(config(), "simplon.toml").includes(SECRET));
});

test("octets are told by their length, errors by message and stack", () => {
  const { log, last } = capture();
  log.info({ frame: new Uint8Array(20) }, "frame");
  assert.equal(last().frame, "[20 octets]");
  log.error(new RangeError("broken"), "fatal thing");
  const { err, msg } = last() as { err: Record<string, string>; msg: string };
  assert.equal(msg, "fatal thing");
  assert.equal(err.type, "RangeError");
  assert.equal(err.message, "broken");
  assert.match(err.stack ?? "", /log\.test/);
  log.error(new RangeError("alone"));
  assert.equal(last().msg, "alone");
});

test("values without an end have one in the log", () => {
  const { log, last } = capture();
  const ring: Record<string, unknown> = {};
  ring.self = ring;
  log.info({ ring, many: Array.from({ length: 1_000 }, (_, i) => i), big: 1n }, "large");
  assert.ok(JSON.stringify(last().ring).includes("[deeper]"));
  assert.equal((last().many as unknown[]).length, LOG_ELEMENTS_MAX + 1);
  assert.equal((last().many as unknown[]).at(-1), `[${1_000 - LOG_ELEMENTS_MAX} more]`);
  assert.equal(last().big, "1");
});

test("at a terminal a line is short, and a peer's control characters do no harm", () => {
  const { log, lines } = capture("trace", true);
  log.info({ hostName: "lac\u001b[2J\n", tunnelId: 7, peer: "192.0.2.1:1701" }, "tunnel up");
  assert.match(
    lines[0] ?? "",
    /^\d\d:\d\d:\d\d INFO {2}tunnel up hostName="lac\\u001b\[2J\\n" tunnelId=7 peer=192.0.2.1:1701\n$/,
  );
  assert.ok(!formatLine(`{"msg":"\u009b2J"}`).includes("\u009b"));
  log.error(new Error("broken"), "it");
  assert.match(lines[1] ?? "", / ERROR it err="broken"\nError: broken\n {4}at /);
});

test("flushing waits for the sink, but not for one that never answers", async () => {
  const flushed: string[] = [];
  const patient = createLog({
    level: "info",
    human: false,
    sink: {
      write: () => undefined,
      flush: (done) => {
        flushed.push("yes");
        done();
      },
    },
  });
  await flushLog(patient);
  assert.deepEqual(flushed, ["yes"]);
  const stuck = { write: () => undefined, flush: () => undefined };
  await flushLog(createLog({ level: "info", human: true, sink: stuck }));
});
