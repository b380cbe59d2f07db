/** The Receive Window Size of both sides (RFC 2661 5.8). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Channel } from "../../../src/l2tp/channel.ts";
import { EARLY_MESSAGE_MAX, PEER_WINDOW_MAX, RECEIVE_WINDOW } from "../../../src/limits.ts";
import { message, OPTIONS, polled, queued } from "./channel-drive.ts";

test("the peer's window is used up to a bound", () => {
  const channel = new Channel(65_535, OPTIONS);
  queued(channel, 300);
  polled(channel, 0);
  let nr = 0;
  let sent = 1;
  for (let i = 0; i < 200; i++) {
    nr += 1;
    channel.acknowledge(nr);
    sent += polled(channel, 0).length;
    assert.ok(sent - nr <= PEER_WINDOW_MAX);
  }
  assert.equal(sent - nr, PEER_WINDOW_MAX);
});

test("a window of one sends one at a time", () => {
  const channel = new Channel(1, OPTIONS);
  queued(channel, 5);
  for (let ns = 0; ns < 5; ns++) {
    assert.deepEqual(
      polled(channel, 0).map((out) => out.ns),
      [ns],
    );
    channel.acknowledge(ns + 1);
  }
  assert.equal(channel.busy, false);
});

test("a window of one that is told with the first acknowledgement is kept too", () => {
  const channel = new Channel(4, OPTIONS);
  queued(channel, 1);
  polled(channel, 0);
  channel.acknowledge(1);
  channel.openWindow(1);
  queued(channel, 5);
  assert.equal(polled(channel, 0).length, 1);
  channel.acknowledge(2);
  assert.equal(polled(channel, 0).length, 1);
});

test("messages ahead of their turn are kept inside the window and dropped outside", () => {
  const channel = new Channel(4, OPTIONS);
  assert.equal(channel.accept(message(RECEIVE_WINDOW), 0), "outside");
  assert.equal(channel.accept(message(RECEIVE_WINDOW - 1), 0), "early");
  assert.equal(channel.accept(message(RECEIVE_WINDOW - 1), 0), "duplicate");
  assert.equal(channel.accept(message(2, EARLY_MESSAGE_MAX + 1), 0), "outside");
  assert.equal(channel.accept(message(2, EARLY_MESSAGE_MAX), 0), "early");
  assert.equal(channel.nextEarly(0), undefined);
  assert.equal(channel.accept(message(0), 0), "next");
  assert.equal(channel.nextEarly(0), undefined);
  assert.equal(channel.accept(message(1), 0), "next");
  assert.equal(channel.nextEarly(0)?.ns, 2);
  assert.equal(channel.nextEarly(0), undefined);
});

test("a peer that may send one message at a time is not kept waiting", () => {
  const channel = new Channel(4, { ...OPTIONS, receiveWindow: 1 });
  channel.accept(message(0), 0);
  assert.deepEqual(
    polled(channel, 0).map(({ nr }) => nr),
    [1],
  );
  assert.equal(channel.accept(message(2), 10), "outside");
});
