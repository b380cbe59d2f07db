// Time that grows with the length, and no faster: every parser and every table, at sizes that double.
// "npm run linear" measures the same with more patience.
import assert from "node:assert/strict";
import { test } from "node:test";
import { exponent, measure, type Subject } from "../linear/measure.ts";
import { EXPONENT_MAX, SUBJECTS } from "../linear/subjects.ts";

const EFFORT = { best: 5, milliseconds: 0.1, scale: 8 };
const ATTEMPTS = 5;

/** The least of some measurements: what else the machine does makes the larger sizes take longer. */
function leastExponent(subject: Subject): number {
  let least = Infinity;
  for (let left = ATTEMPTS; left > 0 && least > EXPONENT_MAX; left--) {
    least = Math.min(least, exponent(measure(subject, EFFORT)));
  }
  return least;
}

test("each takes time that grows no faster than its size", () => {
  const found = SUBJECTS.map((subject) => [subject.name, leastExponent(subject)] as const);
  const slow = found.filter(([, k]) => k > EXPONENT_MAX);
  assert.deepEqual(slow, []);
});

test("what is quadratic would be found", () => {
  const prepare = (size: number) => () => {
    const seen: number[] = [];
    for (let at = 0; at < size; at++) if (!seen.includes(at)) seen.push(at);
  };
  const planted: Subject = { name: "quadratic", unit: "entries", sizes: [128, 16_384], prepare };
  assert.ok(leastExponent(planted) > 1.5);
});
