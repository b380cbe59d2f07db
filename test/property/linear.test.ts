// Time that grows with the length, and no faster: every parser and every table, at sizes that double.
// "npm run linear" measures the same with more patience.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPONENT_MAX, exponent, leastOf, type Subject } from "../linear/measure.ts";
import { SUBJECTS } from "../linear/subjects.ts";

const EFFORT = { best: 5, milliseconds: 0.1, scale: 8 };

const exponentOf = (subject: Subject) => exponent(leastOf(subject, EFFORT));

test("each takes time that grows no faster than its size", () => {
  const found = SUBJECTS.map((subject) => [subject.name, exponentOf(subject)] as const);
  const slow = found.filter(([, k]) => k > EXPONENT_MAX);
  assert.deepEqual(slow, []);
});

test("what is quadratic would be found", () => {
  const prepare = (size: number) => () => {
    const seen: number[] = [];
    for (let at = 0; at < size; at++) if (!seen.includes(at)) seen.push(at);
  };
  const planted: Subject = { name: "quadratic", unit: "entries", sizes: [128, 16_384], prepare };
  assert.ok(exponentOf(planted) > 1.5);
});
