/** Worlds in virtual time: whatever the network does, each ends as it should; and again the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runWorlds } from "./runner.ts";
import { type Fault, newPlane, World } from "./world.ts";

const FIRST = 1;
const WORLDS = 2_000;
/** So many of them are gone through a second time. */
const SAMPLE_EVERY = 20;

/** A part of them is a test, so that the others go on where one is slow. */
const PART = 500;

const hashes: string[] = [];

for (let first = FIRST; first < FIRST + WORLDS; first += PART) {
  test(`worlds ${first} to ${first + PART - 1}: an LNS, three peers, loss up to 30 %`, async () => {
    const lines: string[] = [];
    const print = (line: string) => {
      lines.push(line);
      console.log(line);
    };
    const result = await runWorlds({ first, worlds: PART, print });
    hashes.push(...result.hashes);
    assert.equal(result.failures, 0, lines.join("\n"));
    assert.match(lines.join("\n"), /virtual hours/);
  });
}

test("the same seed gives the same trace, another seed another", async () => {
  assert.equal(hashes.length, WORLDS);
  assert.equal(new Set(hashes).size, WORLDS);
  const plane = newPlane();
  for (let i = 0; i < WORLDS; i += SAMPLE_EVERY) {
    const { hash } = await new World(FIRST + i, plane).run();
    assert.equal(hash, hashes[i], `seed ${FIRST + i}`);
  }
});

test("one millisecond more of delay in one place is another trace", async () => {
  const traceWith = async (delay: number) => {
    const fault: Fault = {
      onStart({ toLns: [link] }) {
        if (link !== undefined) link.quality = { ...link.quality, delay };
      },
    };
    return (await new World(FIRST, newPlane(), fault).run()).hash;
  };
  assert.equal(await traceWith(10), await traceWith(10));
  assert.notEqual(await traceWith(10), await traceWith(11));
});

test("a world that fails is named with the command that replays it", async () => {
  const lines: string[] = [];
  const { failures } = await runWorlds({
    first: 4_242,
    worlds: 1,
    print: (line) => lines.push(line),
    fault: { transmit: () => [Uint8Array.of(0)] },
  });
  assert.equal(failures, 1);
  assert.match(lines.join("\n"), /world 4242 failed: wellFormed: .*\n.*--seed 4242 --trace/);
});
