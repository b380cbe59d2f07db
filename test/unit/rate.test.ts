import assert from "node:assert/strict";
import { test } from "node:test";
import { SLOT_COUNT } from "../../assembly/layout.ts";
import { WORKERS_MAX } from "../../src/limits.ts";
import { formatRate, parseRate } from "../../src/rate.ts";

test("a rate is bits as written and octets as counted", () => {
  for (const [text, octets] of [
    ["", 0],
    ["64k", 8_000],
    ["10M", 1_250_000],
    ["1.5G", 187_500_000],
    ["12.345M", 1_543_125],
    ["32G", 4_000_000_000],
  ] as const) {
    assert.equal(parseRate(text), octets, text);
    assert.equal(formatRate(octets), text);
  }
  assert.equal(parseRate("64000"), 8_000);
  assert.equal(parseRate("0.064M"), 8_000);
});

test("what is no rate, or out of bounds, is none", () => {
  for (const text of [
    "0",
    "63.9k",
    "33G",
    "M",
    "1.M",
    ".5G",
    "1e6",
    "10K",
    "10m",
    " 10M",
    "10M ",
  ]) {
    assert.equal(parseRate(text), undefined, text);
  }
  for (const text of ["10Mbit", "-10M", "0x10M", "1,5G", "99999999999999999999"]) {
    assert.equal(parseRate(text), undefined, text);
  }
});

test("there are no more workers than slots", () => {
  assert.equal(WORKERS_MAX, SLOT_COUNT);
});
