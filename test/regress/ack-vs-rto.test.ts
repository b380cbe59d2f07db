/**
 * Acknowledgement against retransmission. Both came in one tick, and the timer sent from a queue that
 * the acknowledgement had emptied.
 *
 * RFC 2661 5.8: what is acknowledged is not sent again; what is not goes again at its time. In either
 * order of the two at one moment nothing is sent twice for nothing, and nothing is forgotten.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Channel } from "../../src/l2tp/channel.ts";
import { names, Talk } from "../peer/control.ts";
import { u16 } from "../peer/lac.ts";

const OPTIONS = { retransmitCap: 8_000, retransmitCount: 5 };
const WINDOW = 4;
const MESSAGE = [{ type: 0, value: u16(6) }];

/** A channel whose window is open and full, its queue longer by `waiting`. */
function channelWith(outstanding: number, waiting: number): Channel {
  const channel = new Channel(WINDOW, OPTIONS);
  for (let ns = 0; ns < 8; ns++) {
    channel.send(0, MESSAGE);
    while (channel.poll(0) !== undefined);
    channel.acknowledge(ns + 1);
  }
  for (let i = 0; i < outstanding + waiting; i++) channel.send(0, MESSAGE);
  return channel;
}

const sent = (channel: Channel, now: number): number[] => {
  const numbers: number[] = [];
  for (let out = channel.poll(now); out !== undefined; out = channel.poll(now)) {
    if (out.avps.length > 0) numbers.push(out.ns);
  }
  return numbers;
};

for (let outstanding = 1; outstanding <= WINDOW; outstanding++) {
  for (const waiting of [0, 3]) {
    for (let acknowledged = 0; acknowledged <= outstanding; acknowledged++) {
      const what = `${acknowledged} of ${outstanding} acknowledged, ${waiting} waiting`;
      test(`${what}: in either order what is left is sent, each Ns once`, () => {
        for (const isTimeoutFirst of [true, false]) {
          const channel = channelWith(outstanding, waiting);
          const first = sent(channel, 0);
          const due = channel.timeout;
          assert.ok(due !== Infinity && first.length <= WINDOW);
          const nr = 8 + Math.min(acknowledged, first.length);
          if (isTimeoutFirst) assert.ok(channel.handleTimeout(due));
          assert.ok(channel.acknowledge(nr));
          if (!isTimeoutFirst) assert.ok(channel.handleTimeout(due));
          const again = sent(channel, due);
          assert.equal(new Set(again).size, again.length, "no Ns twice");
          assert.ok(
            again.every((ns) => ns >= nr),
            "nothing that is acknowledged",
          );
          // All the rest comes through when the peer goes on.
          let next = nr;
          for (let now = due; channel.busy; now += 1_000) {
            const more = now === due ? again : sent(channel, now);
            if (more.length > 0) next = Math.max(next, (more.at(-1) ?? 0) + 1);
            assert.ok(channel.acknowledge(next));
            channel.handleTimeout(now);
            assert.ok(now < due + 60_000, "it comes to its end");
          }
          assert.equal(next, 8 + outstanding + waiting);
          assert.equal(channel.timeout, Infinity);
          assert.equal(channel.handleTimeout(due + 100_000), true, "an empty queue is never late");
        }
      });
    }
  }
}

test("of a whole tunnel: HELLO, its time and its acknowledgement at one moment", () => {
  for (const isTimeoutFirst of [true, false]) {
    const talk = new Talk().establish();
    const [hello] = talk.pass(60_000);
    assert.equal(hello?.name, "HELLO");
    const due = talk.lns.pollTimeout();
    talk.now = due;
    const acknowledged = () => talk.ack((hello?.message.ns ?? 0) + 1);
    if (!isTimeoutFirst) acknowledged();
    talk.lns.handleTimeout(due);
    assert.deepEqual(names(talk.drain()), isTimeoutFirst ? ["HELLO"] : []);
    if (isTimeoutFirst) acknowledged();
    assert.deepEqual(names(talk.pass(59_000)), []);
  }
});
