// The file: survives, bounded, tolerant of what a crash or a hand does to it, never in the way.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { History } from "../../../src/daemon/history.ts";
import { HEADER, HistoryFile, loadHistory } from "../../../src/daemon/history-file.ts";
import { type Entry, formatLine } from "../../../src/history/entry.ts";
import { HISTORY_FILE_MAX, HISTORY_PENDING_MAX, HISTORY_WRITE_MS } from "../../../src/limits.ts";
import { until } from "../until.ts";
import { ended, entry, NOON } from "./entries.ts";

function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "simplon-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "deep", "history");
}

class Run {
  readonly warnings: unknown[] = [];
  now = NOON;
  history!: History;

  static async start(path: string, now = NOON): Promise<Run> {
    const run = new Run();
    run.now = now;
    const warn = (fields: unknown, message: string) => run.warnings.push([fields, message]);
    run.history = new History({ path, clock: () => run.now, warn });
    await run.history.open();
    return run;
  }

  get codes(): string[] {
    return this.history.entries().map(({ code }) => code);
  }
}

/** For what is not to happen: longer than it would take. */
const pause = () => new Promise((resolve) => setTimeout(resolve, HISTORY_WRITE_MS * 1.5));
const sizeOf = (path: string) => statSync(path).size;
const lines = (...entries: Entry[]) => entries.map((each) => `${formatLine(each)}\n`).join("");

test("an orderly end keeps everything, in a file of the owner alone", async (t) => {
  const path = place(t);
  const first = await Run.start(path);
  first.history.add(ended());
  for (let count = 0; count < 3; count++) first.history.add(entry({ at: NOON + count }));
  await first.history.close();
  assert.equal(statSync(path).mode & 0o777, 0o600);

  const second = await Run.start(path, NOON + 1_000);
  assert.deepEqual(second.codes.toSorted(), [
    "lns-started",
    "lns-started",
    "lns-stopped",
    "peer-hung-up",
    "wrong-password",
  ]);
  assert.equal(second.history.entries().find(({ rank }) => rank === "visitor")?.count, 3);
  assert.deepEqual(second.warnings, []);
  await second.history.close();
});

test("octets that are no text cost nothing behind them", async (t) => {
  const path = place(t);
  mkdirSync(join(path, ".."));
  writeFileSync(path, HEADER);
  const spoilt = Buffer.from(lines(entry({ words: "spoilt" })));
  spoilt.fill(0xff, spoilt.indexOf("spoilt"), spoilt.indexOf("spoilt") + 6);
  appendFileSync(path, Buffer.concat([spoilt, Buffer.from(lines(ended()))]));
  const { entries, length } = await loadHistory(path);
  assert.equal(entries.length, 2);
  assert.equal(length, statSync(path).size, "a longer one would leave a hole behind the text");
});

test("after a kill all but the last moment is there, and the kill has an entry", async (t) => {
  const path = place(t);
  const first = await Run.start(path);
  first.history.add(ended());
  await until("the entry in the file", async () => (await loadHistory(path)).entries.length === 2);
  // No close: as if by SIGKILL. What a torn write leaves:
  appendFileSync(path, formatLine(ended()).slice(0, 40));

  const second = await Run.start(path, NOON + 60_000);
  assert.deepEqual(second.codes, ["lns-started", "lns-killed", "peer-hung-up", "lns-started"]);
  const killed = second.history.entries()[1];
  assert.equal(killed?.since, NOON);
  assert.equal(killed?.at, NOON + 60_000);
  assert.equal(second.history.counters.corrupt, 0);
  await second.history.close();
  const { corrupt, entries } = await loadHistory(path);
  assert.equal(corrupt, 0, "the torn line is gone");
  assert.equal(entries.length, 5);
  await first.history.close();
});

test("an error of our own is an end with its words", async (t) => {
  const path = place(t);
  const first = await Run.start(path);
  await first.history.close(new Error("broken on purpose"));
  const second = await Run.start(path);
  const failed = second.history.entries().find(({ code }) => code === "lns-failed");
  assert.equal(failed?.words, "broken on purpose");
  assert.ok(!second.codes.includes("lns-killed"));
  await second.history.close();
});

test("corrupt lines are skipped and counted, and gone after the file is written anew", async (t) => {
  const path = place(t);
  await (await Run.start(path)).history.close();
  const bad = `${HEADER}not json\n{"at":1}\n${lines(ended())}\u0000\u0000\n\n${lines(entry())}`;
  writeFileSync(path, bad);
  const run = await Run.start(path);
  assert.equal(run.history.counters.corrupt, 3);
  assert.deepEqual(run.codes.toSorted(), ["lns-started", "peer-hung-up", "wrong-password"]);
  await until("a new file", () => run.history.counters.rewritten === 1);
  await run.history.close();
  const loaded = await loadHistory(path);
  assert.equal(loaded.corrupt, 0);
  assert.equal(loaded.entries.length, 4);
});

test("a later line with the same id takes the place of the earlier one", async (t) => {
  const path = place(t);
  mkdirSync(join(path, ".."));
  const first = entry({ id: "a.1" });
  writeFileSync(path, HEADER + lines(first, ended(), { ...first, count: 5 }));
  const { entries } = await loadHistory(path);
  assert.deepEqual(
    entries.map(({ count }) => count),
    [5, 1],
  );
});

test("a file that is something else is left alone", async (t) => {
  const path = place(t);
  mkdirSync(join(path, ".."));
  for (const text of ["root:x:0:0::/root:/bin/sh\n", "{}", `x${HEADER}`]) {
    writeFileSync(path, text);
    const run = await Run.start(path);
    run.history.add(ended());
    await pause();
    await run.history.close();
    assert.equal(readFileSync(path, "utf8"), text);
    assert.equal(run.warnings.length, 1);
    assert.match(JSON.stringify(run.warnings), /is no history of simplon/);
  }
});

test("a header that a crash tore is an empty history", async (t) => {
  const path = place(t);
  mkdirSync(join(path, ".."));
  writeFileSync(path, HEADER.slice(0, 10));
  const run = await Run.start(path);
  run.history.add(ended());
  await run.history.close();
  assert.deepEqual(run.warnings, []);
  assert.equal((await loadHistory(path)).entries.length, 3);
});

test("where nothing can be written, one warning and a count; memory goes on", async (t) => {
  const path = place(t);
  mkdirSync(join(path, ".."));
  // Root may write everywhere, but not into a file where a directory is to be.
  writeFileSync(join(path, "..", "file"), "");
  for (const bad of [join(path, "..", "file", "history"), "/proc/simplon/history"]) {
    // In a process of its own, which can be ended: mkdir(recursive) under /proc makes Node loop.
    const script = fileURLToPath(new URL("unwritable.ts", import.meta.url));
    const { stdout, status, signal } = spawnSync(process.execPath, [script, bad], {
      encoding: "utf8",
      timeout: 20_000,
    });
    assert.deepEqual({ status, signal }, { status: 0, signal: null }, bad);
    const { warnings, failed, codes } = JSON.parse(stdout);
    assert.deepEqual(codes, ["lns-started", "lns-stopped", "peer-hung-up"]);
    assert.equal(warnings, 1);
    // What is no directory cannot even be read: then nothing is tried.
    assert.equal(failed > 0, bad.startsWith("/proc"));
  }
});

test("a full disk costs one warning; when there is room again nothing is missing", async (t) => {
  const path = place(t);
  const full = "/dev/full";
  const warnings: unknown[] = [];
  const kept: Entry[] = [];
  mkdirSync(join(path, ".."));
  symlinkSync(full, path);
  const onError = (error: unknown) => warnings.push(error);
  const file = new HistoryFile({ path, snapshot: () => kept, onError });
  await file.open(0);
  for (let count = 0; count < 10; count++) {
    kept.push(ended({ sessionId: count }));
    file.append(kept[count] as Entry);
  }
  await until("a write that fails", () => file.counters["write-failed"] >= 1);
  assert.match(String(warnings[0]), /ENOSPC|EINVAL/);
  // The end of the program is another attempt, into a new file that takes the place of the old.
  await file.close();
  assert.equal((await loadHistory(path)).entries.length, 10);
  assert.ok(!existsSync(`${path}.new`));
});

test("the file is written anew when it is full, and what comes meanwhile is not lost", async (t) => {
  const path = place(t);
  const kept: Entry[] = [];
  const file = new HistoryFile({
    path,
    snapshot: () => kept.slice(-1_000),
    onError: (error) => assert.fail(String(error)),
  });
  await file.open(0);
  const wide = "\u00e9".repeat(128);
  let added = 0;
  let octets = HEADER.length;
  while (file.counters.rewritten === 0) {
    for (let count = 0; count < 1_000; count++) {
      kept.push(ended({ sessionId: added, user: wide, words: wide }));
      file.append(kept[added] as Entry);
      octets += Buffer.byteLength(lines(kept[added] as Entry));
      added += 1;
    }
    // So that the file gets full, and not what waits for it.
    await until("a write", () => sizeOf(path) === octets || file.counters.rewritten > 0);
    assert.ok(added < 100_000);
  }
  await file.close();
  assert.ok(statSync(path).size < HISTORY_FILE_MAX / 8);
  const { entries, corrupt } = await loadHistory(path);
  assert.equal(corrupt, 0);
  assert.equal(entries.at(-1)?.sessionId, added - 1);
  assert.ok(entries.length >= 1_000);
});

test("more than may wait for a slow disk is written anew from memory", async (t) => {
  const path = place(t);
  const kept: Entry[] = [];
  const wide = "\u00e9".repeat(128);
  const add = (count: number) => {
    for (let each = 0; each < count; each++) {
      kept.push(ended({ sessionId: kept.length, user: wide, words: wide }));
      file.append(kept.at(-1) as Entry);
    }
  };
  // The first writing is on its way when this is called.
  const snapshot = () => {
    const now = [...kept];
    if (kept.length === 1) queueMicrotask(() => add(6_000));
    return now;
  };
  const onError = (error: unknown) => assert.fail(String(error));
  const file = new HistoryFile({ path, snapshot, onError });
  await file.open(0);
  add(1);
  file.rewrite();
  await until("all of it, before the end of the program", async () => {
    return (await loadHistory(path)).entries.length === 6_001;
  });
  assert.equal((await loadHistory(path)).corrupt, 0);
  await file.close();
});

test("what may wait is bounded in octets, not in characters", async (t) => {
  const path = place(t);
  const kept: Entry[] = [];
  const onError = (error: unknown) => assert.fail(String(error));
  const file = new HistoryFile({ path, snapshot: () => kept, onError });
  await file.open(0);
  const wide = "\u20ac".repeat(128);
  let characters = 0;
  for (let octets = 0; octets <= HISTORY_PENDING_MAX; ) {
    const each = ended({ sessionId: kept.length, user: wide, words: wide, hostName: wide });
    kept.push(each);
    file.append(each);
    characters += formatLine(each).length + 1;
    octets += Buffer.byteLength(formatLine(each)) + 1;
  }
  assert.ok(characters < HISTORY_PENDING_MAX);
  await until("all of it", async () => (await loadHistory(path)).entries.length === kept.length);
  assert.equal(file.counters.rewritten, 1);
  await file.close();
});

test("an empty path keeps nothing on the disk", async () => {
  const run = await Run.start("");
  run.history.add(ended());
  await run.history.close();
  assert.deepEqual(run.codes.toSorted(), ["lns-started", "lns-stopped", "peer-hung-up"]);
  assert.deepEqual(run.warnings, []);
});
