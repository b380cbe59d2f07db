import assert from "node:assert/strict";
import { test } from "node:test";
import { Fifo } from "../../../src/sansio/fifo.ts";
import { Timer, Timers } from "../../../src/sansio/timers.ts";
import { seededRandom } from "../../peer/control.ts";

function integer(random: (length: number) => Uint8Array, below: number): number {
  const octets = random(3);
  return (((octets[0] ?? 0) << 16) | ((octets[1] ?? 0) << 8) | (octets[2] ?? 0)) % below;
}

test("timers agree with a sorted list over random sets, moves, clears and expiries", () => {
  const random = seededRandom(7);
  const timers = new Timers<number>();
  const all = Array.from({ length: 200 }, (_, i) => new Timer(i));
  const model = new Map<number, number>();
  let now = 0;
  for (let round = 0; round < 20_000; round++) {
    const chosen = all[integer(random, all.length)];
    assert.ok(chosen !== undefined);
    const what = integer(random, 10);
    if (what < 6) {
      const at = now + integer(random, 1_000);
      timers.set(chosen, at);
      model.set(chosen.owner, at);
    } else if (what < 8) {
      if (what === 6) timers.clear(chosen);
      else timers.set(chosen, Infinity);
      model.delete(chosen.owner);
    } else {
      now += integer(random, 40);
      for (let due = timers.due(now); due !== undefined; due = timers.due(now)) {
        assert.equal(model.get(due), Math.min(...model.values()));
        model.delete(due);
      }
      assert.ok(Math.min(...model.values()) > now);
    }
    assert.equal(timers.next(), Math.min(Infinity, ...model.values()));
    assert.equal(timers.size, model.size);
  }
});

test("a timer that was taken out can be set again and is not due twice", () => {
  const timers = new Timers<string>();
  const timer = new Timer("a");
  timers.set(timer, 5);
  assert.equal(timers.due(4), undefined);
  assert.equal(timers.due(5), "a");
  assert.equal(timers.due(5), undefined);
  timers.clear(timer);
  timers.set(timer, 9);
  assert.equal(timers.next(), 9);
});

test("a fifo keeps order over pushes, shifts, looks and cuts", () => {
  const random = seededRandom(8);
  const fifo = new Fifo<number>();
  let model: number[] = [];
  for (let round = 0; round < 20_000; round++) {
    const what = integer(random, 100);
    if (what < 52) {
      fifo.push(round);
      model.push(round);
    } else if (what < 99) {
      assert.equal(fifo.shift(), model.shift());
    } else {
      const length = integer(random, model.length + 2);
      fifo.truncate(length);
      model = model.slice(0, length);
    }
    assert.equal(fifo.length, model.length);
    const at = integer(random, model.length + 1);
    assert.equal(fifo.at(at), model[at]);
  }
});
