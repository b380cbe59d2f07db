// Whether another thread is alive, in virtual time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pulse } from "../../../src/dataplane/pulse.ts";
import { POLL_MS, TURN_MS, WORKER_STALE_MS } from "../../../src/limits.ts";

const AT = 8;

function start() {
  const words = new Int32Array(4);
  const pulse = new Pulse(words, AT, 0);
  const beat = () => {
    words[AT / 4] = (words[AT / 4] ?? 0) + 1;
  };
  return { beat, isFelt: (now: number) => pulse.isFelt(now, WORKER_STALE_MS) };
}

for (const phase of [0, 1, 100, TURN_MS - 1]) {
  test(`silence from ${phase} ms after a look on is noticed within 2 s`, () => {
    const { beat, isFelt } = start();
    let now = 0;
    for (; now < 10_000; now += TURN_MS) {
      beat();
      assert.ok(isFelt(now));
    }
    beat();
    const silentFrom = now - TURN_MS + phase;
    while (isFelt(now)) now += TURN_MS;
    assert.ok(now - silentFrom >= WORKER_STALE_MS - TURN_MS);
    assert.ok(now - silentFrom <= 2_000, `after ${now - silentFrom} ms`);
  });
}

test("who sleeps as long as it may is alive, and time for which all stood still does not count", () => {
  const { beat, isFelt } = start();
  let now = 0;
  for (let look = 0; look < 100; look++) {
    if (look % (POLL_MS / TURN_MS) === 0) beat();
    now += look % 7 === 6 ? 60_000 : TURN_MS; // stopped for a minute
    assert.ok(isFelt(now), `at look ${look}`);
  }
});
