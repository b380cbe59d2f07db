/** Waiting for what another process, the disk or the kernel does in its own time. @module */
import assert from "node:assert/strict";

const STEP_MS = 5;
/** Far more than a slow disk on a loaded machine needs. */
const PATIENCE_MS = 30_000;

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    assert.ok(performance.now() < end, `${what}: not within ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}
