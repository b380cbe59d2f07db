/** A control socket in this process, for tests of what is said on it. @module */
import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type ApiHandlers, serveApi } from "../../../src/daemon/api.ts";
import { BUSIEST, COUNTERS, ENTRIES, OFFLOADS, session, TUNNEL, WORKER } from "./rows.ts";

export function socketPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "simplon-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "api.sock");
}

export const KEY = "[lac] socket";

export const handlers: ApiHandlers = {
  tunnels: () => [TUNNEL],
  sessions: () => [session(1), session(2)],
  busiest: () => BUSIEST,
  workers: () => [WORKER],
  changeWorkers: () => Promise.resolve(),
  counters: () => COUNTERS,
  offloads: () => OFFLOADS,
  history: () => ENTRIES,
};

export async function serve(t: TestContext, more: Partial<ApiHandlers> = {}) {
  const path = socketPath(t);
  const server = await serveApi({ path, key: KEY }, { ...handlers, ...more });
  t.after(() => server.close());
  return { path, server };
}

/** All that the server sends until it closes. */
export function closed(connection: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    connection.on("data", (chunk: Buffer) => chunks.push(chunk));
    connection.on("error", () => undefined);
    connection.on("close", () => resolve(Buffer.concat(chunks)));
  });
}
