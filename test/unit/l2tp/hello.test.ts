/** HELLO only after silence, of messages and of data (RFC 2661 5.5). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Talk } from "../../peer/control.ts";
import { typed } from "../../peer/lac.ts";

test("data that was heard puts the HELLO off, and is looked at only when one is due", () => {
  let dataAt = Number.NEGATIVE_INFINITY;
  const looks: number[] = [];
  const talk: Talk = new Talk({
    helloInterval: 20_000,
    lastHeard: (tunnelId) => {
      assert.equal(tunnelId, talk.tunnelId);
      looks.push(talk.now);
      return dataAt;
    },
  });
  talk.establish();
  talk.say(typed("HELLO"));
  const heard = talk.now;
  dataAt = heard + 15_000;
  talk.until(heard + 34_999);
  assert.deepEqual(looks, [heard + 20_000]);
  dataAt = heard + 30_000;
  talk.until(heard + 50_500);
  assert.deepEqual(hellos(talk), [heard + 50_000]);
  assert.deepEqual(looks.length, 3);
});

/** When a HELLO was sent. */
function hellos(talk: Talk): number[] {
  return talk.sent.filter(({ name }) => name === "HELLO").map(({ at }) => at);
}

test("a peer that never sends a HELLO is not missed", () => {
  for (const helloInterval of [0, 20_000]) {
    const talk = new Talk({ helloInterval }).establish();
    talk.takeEvents();
    for (let times = 0; times < 60; times++) {
      talk.pass(20_000);
      talk.ack();
    }
    assert.deepEqual(talk.takeEvents(), [], `${helloInterval}`);
    assert.equal([...talk.lns.tunnels()].length, 1);
  }
});
