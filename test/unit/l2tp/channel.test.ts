/** Reliable delivery alone: RFC 2661 5.8 and Appendix A. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Channel } from "../../../src/l2tp/channel.ts";
import { AVPS, message, OPTIONS, polled, queued } from "./channel-drive.ts";

/** Times of all transmissions of one message, then that of giving up. */
function schedule(options: typeof OPTIONS): { sent: number[]; lost: number } {
  const channel = new Channel(4, options);
  channel.send(0, AVPS);
  const sent: number[] = [];
  for (let now = 0; ; now = channel.timeout) {
    if (!channel.handleTimeout(now)) return { sent, lost: now };
    const out = polled(channel, now);
    assert.equal(out.length, 1);
    assert.equal(out[0]?.ns, 0);
    sent.push(now);
  }
}

test("retransmissions at 1, 3, 7, 15, 23 s; lost at 31 s", () => {
  const { sent, lost } = schedule(OPTIONS);
  assert.deepEqual(sent, [0, 1_000, 3_000, 7_000, 15_000, 23_000]);
  assert.equal(lost, 31_000);
});

test("cap and count of retransmissions are the options'", () => {
  assert.deepEqual(schedule({ retransmitCap: 16_000, retransmitCount: 5 }), {
    sent: [0, 1_000, 3_000, 7_000, 15_000, 31_000],
    lost: 47_000,
  });
  assert.deepEqual(schedule({ retransmitCap: 2_000, retransmitCount: 2 }), {
    sent: [0, 1_000, 3_000],
    lost: 5_000,
  });
  assert.deepEqual(schedule({ retransmitCap: 8_000, retransmitCount: 0 }), {
    sent: [0],
    lost: 1_000,
  });
});

test("each transmission carries the Nr of its own time", () => {
  const channel = new Channel(4, OPTIONS);
  channel.send(0, AVPS);
  assert.equal(polled(channel, 0)[0]?.nr, 0);
  channel.accept(message(0), 10);
  channel.accept(message(1), 10);
  polled(channel, 10);
  channel.handleTimeout(1_000);
  const again = polled(channel, 1_000)[0];
  assert.deepEqual([again?.ns, again?.nr, again?.again], [0, 2, true]);
});

test("slow start: one more message on its way for each acknowledgement, up to the window", () => {
  const channel = new Channel(6, OPTIONS);
  queued(channel, 100);
  const inFlight: number[] = [];
  let flying = polled(channel, 0).length;
  let nr = 0;
  for (let i = 0; i < 12; i++) {
    inFlight.push(flying);
    nr += 1;
    assert.equal(channel.acknowledge(nr), true);
    flying = flying - 1 + polled(channel, i).length;
  }
  // CWND 1, 2, 3 … each acknowledgement frees one place and opens another.
  assert.deepEqual(inFlight, [1, 2, 3, 4, 5, 6, 6, 6, 6, 6, 6, 6]);
});

test("one acknowledgement of several messages opens the window by one", () => {
  const channel = new Channel(10, OPTIONS);
  queued(channel, 100);
  polled(channel, 0);
  channel.acknowledge(1);
  assert.equal(polled(channel, 0).length, 2);
  channel.acknowledge(3);
  assert.equal(polled(channel, 0).length, 3);
});

test("a retransmission halves into SSTHRESH, then slow start and congestion avoidance", () => {
  const channel = new Channel(8, OPTIONS);
  queued(channel, 200);
  let nr = 0;
  polled(channel, 0);
  for (let i = 0; i < 7; i++) {
    nr += 1;
    channel.acknowledge(nr);
    polled(channel, 0);
  }
  channel.handleTimeout(1_000);
  const resent = polled(channel, 1_000);
  assert.deepEqual(
    resent.map(({ ns, again }) => [ns, again]),
    [[nr, true]],
    "CWND is one: only the front goes again",
  );
  // Appendix A from here: SSTHRESH 4. One at a time acknowledged, as a model would have it.
  let cwnd = 1;
  let credit = 0;
  let flying = 1;
  const windows: number[] = [];
  for (let i = 0; i < 40; i++) {
    nr += 1;
    channel.acknowledge(nr);
    if (cwnd < 4) cwnd += 1;
    else if (cwnd < 8) {
      credit += 1;
      if (credit === cwnd) {
        credit = 0;
        cwnd += 1;
      }
    }
    flying = flying - 1 + polled(channel, 1_000).length;
    assert.equal(flying, cwnd, `after acknowledgement ${i + 1}`);
    windows.push(flying);
  }
  assert.deepEqual(windows.slice(0, 8), [2, 3, 4, 4, 4, 4, 5, 5]);
  assert.equal(windows.at(-1), 8);
});

test("after a loss at CWND 1 to 3 slow start ends with its first step (Appendix A)", () => {
  for (const before of [1, 2, 3]) {
    const channel = new Channel(8, OPTIONS);
    queued(channel, 100);
    polled(channel, 0);
    for (let nr = 1; nr < before; nr++) {
      channel.acknowledge(nr);
      polled(channel, 0);
    }
    channel.handleTimeout(1_000);
    let flying = polled(channel, 1_000).length;
    const windows = [flying];
    for (let nr = before; nr < before + 6; nr++) {
      channel.acknowledge(nr);
      flying += polled(channel, 1_000).length - 1;
      windows.push(flying);
    }
    // Half of CWND is 1 at most, so CWND 2 and 3 each ask a whole window of acknowledgements.
    assert.deepEqual(windows, [1, 2, 2, 3, 3, 3, 4], `CWND ${before}`);
  }
});

test("after a loss what the peer kept is not sent again", () => {
  const channel = new Channel(4, OPTIONS);
  queued(channel, 10);
  polled(channel, 0);
  channel.acknowledge(1);
  polled(channel, 0);
  channel.acknowledge(2);
  polled(channel, 0);
  channel.handleTimeout(1_000);
  assert.deepEqual(
    polled(channel, 1_000).map(({ ns }) => ns),
    [2],
  );
  channel.acknowledge(5);
  assert.deepEqual(
    polled(channel, 1_000).map(({ ns, again }) => [ns, again]),
    [
      [5, false],
      [6, false],
    ],
  );
});

test("after a loss what the peer did not keep is sent again as the window opens", () => {
  const channel = new Channel(4, OPTIONS);
  queued(channel, 10);
  polled(channel, 0);
  channel.acknowledge(1);
  polled(channel, 0);
  channel.acknowledge(2);
  polled(channel, 0);
  channel.handleTimeout(1_000);
  polled(channel, 1_000);
  channel.acknowledge(3);
  assert.deepEqual(
    polled(channel, 1_050).map(({ ns, again }) => [ns, again]),
    [
      [3, true],
      [4, true],
    ],
  );
  assert.equal(channel.timeout, 2_050, "a fresh interval for a message that was sent anew");
});

test("a message behind one that is acknowledged keeps its own second", () => {
  const channel = new Channel(4, OPTIONS);
  queued(channel, 1);
  polled(channel, 0);
  channel.acknowledge(1);
  queued(channel, 1);
  polled(channel, 100);
  queued(channel, 1);
  polled(channel, 700);
  channel.acknowledge(2);
  assert.equal(channel.timeout, 1_700);
});

test("an Nr of what was never sent is refused and changes nothing; an old one is harmless", () => {
  const channel = new Channel(4, OPTIONS);
  queued(channel, 3);
  polled(channel, 0);
  for (const nr of [2, 3, 100, 32_767]) assert.equal(channel.acknowledge(nr), false, `${nr}`);
  for (const nr of [0, 65_535, 32_768]) assert.equal(channel.acknowledge(nr), true, `${nr}`);
  assert.deepEqual(polled(channel, 0), []);
  channel.handleTimeout(1_000);
  assert.deepEqual(
    polled(channel, 1_000).map(({ ns }) => ns),
    [0],
  );
});

test("an acknowledgement of what was sent before a retransmission still counts", () => {
  const channel = new Channel(4, OPTIONS);
  queued(channel, 4);
  polled(channel, 0);
  channel.acknowledge(1);
  polled(channel, 0);
  channel.handleTimeout(1_000);
  assert.equal(polled(channel, 1_000).length, 1);
  assert.equal(channel.acknowledge(3), true);
  assert.deepEqual(
    polled(channel, 1_000).map(({ ns, again }) => [ns, again]),
    [[3, false]],
  );
});

test("Ns and Nr run through 65535 to 0 in both directions", () => {
  const channel = new Channel(4, OPTIONS);
  for (let i = 0; i < 65_534; i++) {
    channel.send(0, AVPS);
    polled(channel, 0);
    channel.acknowledge((i + 1) & 0xffff);
    assert.equal(channel.accept(message(i), 0), "next");
  }
  queued(channel, 4);
  assert.deepEqual(
    polled(channel, 0).map(({ ns }) => ns),
    [65_534, 65_535, 0, 1],
  );
  assert.equal(channel.acknowledge(3), false);
  assert.equal(channel.acknowledge(2), true);
  assert.equal(channel.busy, false);
  assert.equal(channel.accept(message(0), 0), "early");
  assert.equal(channel.accept(message(65_535), 0), "early");
  assert.equal(channel.accept(message(65_533), 0), "duplicate");
  assert.equal(channel.accept(message(65_534), 0), "next");
  assert.deepEqual([channel.nextEarly(0)?.ns, channel.nextEarly(0)?.ns], [65_535, 0]);
  assert.equal(channel.nextEarly(0), undefined);
  assert.deepEqual(
    polled(channel, 0).map(({ ns, nr }) => [ns, nr]),
    [[2, 1]],
  );
});

test("the 32768 values up to the last received Ns are duplicates (example in 5.8)", () => {
  const channel = new Channel(4, OPTIONS);
  for (let ns = 0; ns <= 15; ns++) channel.accept(message(ns), 0);
  for (const ns of [0, 15, 32_784, 65_535]) {
    assert.equal(channel.accept(message(ns), 0), "duplicate", `${ns}`);
  }
  assert.equal(channel.accept(message(32_783), 0), "outside");
  assert.equal(channel.accept(message(16), 0), "next");
});

test("a ZLB waits 100 ms, takes no Ns, and is spared by a message that goes", () => {
  const channel = new Channel(4, OPTIONS);
  channel.accept(message(0), 50);
  assert.deepEqual(polled(channel, 149), []);
  assert.equal(channel.timeout, 150);
  assert.deepEqual(
    polled(channel, 150).map(({ ns, nr, avps }) => [ns, nr, avps.length]),
    [[0, 1, 0]],
  );
  assert.equal(channel.timeout, Infinity);
  channel.accept(message(1), 200);
  channel.send(7, AVPS);
  assert.deepEqual(
    polled(channel, 210).map(({ ns, nr, avps }) => [ns, nr, avps.length]),
    [[0, 2, 1]],
  );
  assert.deepEqual(polled(channel, 400), []);
  channel.accept(message(2), 500);
  assert.deepEqual(
    polled(channel, 600).map(({ ns, nr }) => [ns, nr]),
    [[1, 3]],
  );
});

test("the second message and a duplicate are acknowledged at once", () => {
  const channel = new Channel(4, OPTIONS);
  channel.accept(message(0), 0);
  assert.deepEqual(polled(channel, 0), []);
  channel.accept(message(1), 10);
  assert.deepEqual(
    polled(channel, 10).map(({ nr }) => nr),
    [2],
  );
  channel.accept(message(0), 20);
  assert.deepEqual(
    polled(channel, 20).map(({ nr }) => nr),
    [2],
  );
});

test("messages that wait can be dropped: the next one takes their Ns", () => {
  const channel = new Channel(4, OPTIONS);
  queued(channel, 5);
  polled(channel, 0);
  assert.equal(channel.waiting, 4);
  channel.dropWaiting();
  assert.equal(channel.waiting, 0);
  channel.send(9, AVPS);
  channel.acknowledge(1);
  assert.deepEqual(
    polled(channel, 0).map(({ ns, sessionId }) => [ns, sessionId]),
    [[1, 9]],
  );
});

test("a channel that stopped sending only acknowledges, with the Ns that would be next", () => {
  const channel = new Channel(4, OPTIONS);
  queued(channel, 5);
  polled(channel, 0);
  channel.stopSending();
  assert.equal(channel.busy, false);
  assert.equal(channel.timeout, Infinity);
  assert.equal(channel.acknowledge(1), true);
  channel.accept(message(0), 0);
  channel.acknowledgeNow(0);
  assert.deepEqual(
    polled(channel, 0).map(({ ns, nr, avps }) => [ns, nr, avps.length]),
    [[1, 1, 0]],
  );
});
