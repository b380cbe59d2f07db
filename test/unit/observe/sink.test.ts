import assert from "node:assert/strict";
import { test } from "node:test";
import { LOG_BUFFER_MAX } from "../../../src/limits.ts";
import { LineSink } from "../../../src/observe/sink.ts";

/** A reader that takes `limit` octets a time and only when told to. */
class Reader {
  text = "";
  limit = Number.POSITIVE_INFINITY;
  failures: string[] = [];
  #release: (() => void) | undefined;
  isStopped = false;

  readonly write = async (octets: Uint8Array): Promise<number> => {
    if (this.isStopped) {
      await new Promise<void>((resolve) => {
        this.#release = resolve;
      });
    }
    const code = this.failures.shift();
    if (code !== undefined) throw Object.assign(new Error(code), { code });
    const taken = octets.subarray(0, this.limit);
    this.text += Buffer.from(taken).toString();
    return taken.length;
  };

  goOn(): void {
    this.isStopped = false;
    this.#release?.();
  }
}

function flushed(sink: LineSink): Promise<void> {
  return new Promise((resolve) => sink.flush(resolve));
}

test("all lines arrive in order, however little is taken at once", async () => {
  const reader = new Reader();
  reader.limit = 3;
  const sink = new LineSink(reader.write);
  sink.write("one\n");
  sink.write("zwölf\n");
  await flushed(sink);
  sink.write("three\n");
  await flushed(sink);
  assert.equal(reader.text, "one\nzwölf\nthree\n");
  await flushed(sink);
});

test("a reader that stops costs lines beyond the buffer, and their count is told", async () => {
  const reader = new Reader();
  reader.isStopped = true;
  const sink = new LineSink(reader.write);
  const line = `${"x".repeat(1_023)}\n`;
  for (let count = 0; count < LOG_BUFFER_MAX / 1_024 + 7; count++) sink.write(line);
  await new Promise((resolve) => setImmediate(resolve));
  reader.goOn();
  await flushed(sink);
  const lines = reader.text.trimEnd().split("\n");
  assert.equal(lines.length, LOG_BUFFER_MAX / 1_024 + 1);
  const { level, dropped } = JSON.parse(lines.at(-1) ?? "");
  assert.deepEqual({ level, dropped }, { level: "warn", dropped: 7 });
  sink.write("after\n");
  await flushed(sink);
  assert.ok(reader.text.endsWith("\nafter\n"));
});

test("a pipe that is full for the moment is tried again", async () => {
  const reader = new Reader();
  reader.failures = ["EAGAIN", "EAGAIN"];
  const sink = new LineSink(reader.write);
  sink.write("one\n");
  await flushed(sink);
  assert.equal(reader.text, "one\n");
});

test("a reader that is gone is no failure", async () => {
  const reader = new Reader();
  reader.failures = ["EPIPE"];
  const sink = new LineSink(reader.write);
  sink.write("one\n");
  await flushed(sink);
  sink.write("two\n");
  await flushed(sink);
  assert.equal(reader.text, "");
});
