import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, statSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ask, askCounters, changeWorkers as changeWorkersOf } from "../../../src/cli/ask.ts";
import { serveApi } from "../../../src/daemon/api.ts";
import {
  encodeMessage,
  type Request,
  type WorkerChange,
} from "../../../src/daemon/api-messages.ts";
import { StartError } from "../../../src/daemon/start-error.ts";
import { WorkersError } from "../../../src/daemon/workers-error.ts";
import {
  API_CHUNK_ROWS,
  API_CONNECTIONS_MAX,
  API_IDLE_MS,
  API_REQUEST_MAX,
  API_TRIES_MAX,
  SUBJECT_MAX,
} from "../../../src/limits.ts";
import { until } from "../until.ts";
import { COUNTERS, ENTRIES, OFFLOADS, session, TUNNEL, WORKER } from "./rows.ts";
import { closed, handlers, KEY, serve, socketPath } from "./served.ts";

test("a change of workers is done before they are told, and its refusal is what is said", async (t) => {
  const changes: WorkerChange[] = [];
  const changeWorkers = async (change: WorkerChange) => {
    if (change.index === 7) throw new WorkersError("there is no worker 7");
    changes.push(change);
  };
  const { path } = await serve(t, { changeWorkers, workers: () => changes.map(() => WORKER) });
  assert.deepEqual(await changeWorkersOf(path, { change: "add" }), [WORKER]);
  const drain = { change: "drain", index: 1 } as const;
  assert.deepEqual(await changeWorkersOf(path, drain), [WORKER, WORKER]);
  assert.deepEqual(changes, [{ change: "add" }, drain]);
  const none = { change: "restart", index: 7 } as const;
  await assert.rejects(
    changeWorkersOf(path, none),
    /^CommandError: simplon: there is no worker 7$/,
  );
});

test("each subject is answered", async (t) => {
  const { path, server } = await serve(t);
  assert.deepEqual(await ask(path, "tunnels"), [TUNNEL]);
  assert.deepEqual(await ask(path, "sessions"), [session(1), session(2)]);
  assert.deepEqual(await ask(path, "workers"), [WORKER]);
  assert.deepEqual(await ask(path, "counters"), COUNTERS);
  assert.deepEqual(await askCounters(path), { counters: COUNTERS, offloads: OFFLOADS });
  assert.deepEqual(await ask(path, "history"), ENTRIES);
  assert.equal(server.refused, 0);
});

test("rows are chosen by user, by what they are about, by kind and by number", async (t) => {
  const { path, server } = await serve(t);
  const [bob, alice] = ENTRIES;
  assert.deepEqual(await ask(path, "history", { user: "alice" }), [alice]);
  assert.deepEqual(await ask(path, "history", { user: "lac" }), []);
  assert.deepEqual(await ask(path, "history", { about: "10.9.0.1" }), [bob, alice]);
  assert.deepEqual(await ask(path, "history", { about: "10.64.0.2" }), [alice]);
  assert.deepEqual(await ask(path, "history", { last: 1 }), [bob], "the newest first");
  assert.deepEqual(await ask(path, "history", { about: "alice", last: 1 }), [alice]);
  assert.deepEqual(await ask(path, "history", { what: "tunnel" }), []);
  assert.deepEqual(await ask(path, "sessions", { about: "user-2" }), [session(2)]);
  assert.deepEqual(await ask(path, "sessions", { about: "2001:db8:64:1::7", last: 1 }), [
    session(1),
  ]);
  assert.deepEqual(await ask(path, "tunnels", { about: "lac" }), [TUNNEL]);
  assert.deepEqual(await ask(path, "tunnels", { about: "4312" }), [TUNNEL]);
  assert.deepEqual(await ask(path, "tunnels", { about: "4313" }), []);
  assert.equal(server.refused, 0);
});

test("what a request asks for is bounded", async (t) => {
  const { path, server } = await serve(t);
  const show = "history" as const;
  const wrong: unknown[] = [
    { show, last: 0 },
    { show, last: -1 },
    { show, last: 1.5 },
    { show, last: 1e9 },
    { show, last: "7" },
    { show, about: "" },
    { show, about: "x".repeat(SUBJECT_MAX + 1) },
    { show, about: ["bob"] },
    { show, user: 7 },
    { show, what: "car" },
  ];
  for (const request of wrong) {
    const connection = createConnection(path);
    connection.write(encodeMessage(request as Request));
    assert.equal((await closed(connection)).length, 0, JSON.stringify(request));
  }
  assert.equal(server.refused, wrong.length);
  // What a newer version adds is not this version's business.
  const more = { show: "counters", colour: "red" } as Request;
  const connection = createConnection(path);
  connection.write(encodeMessage(more));
  assert.ok((await closed(connection)).length > 0);
});

test("the socket is for its owner only and goes with the server", async (t) => {
  const path = socketPath(t);
  const before = process.umask(0o022);
  t.after(() => process.umask(before));
  const server = await serveApi({ path, key: KEY }, handlers);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(process.umask(), 0o022);
  await server.close();
  assert.ok(!existsSync(path));
});

for (const [what, about] of [
  ["all of them", undefined],
  ["none of them", "192.0.2.77"],
] as const) {
  test(`60,000 sessions are looked at, ${what} wanted: other work runs in between`, async (t) => {
    const count = 60_000;
    let taken = 0;
    let seen = 0;
    let most = 0;
    const { path } = await serve(t, {
      *sessions() {
        for (; taken < count; taken++) yield session(taken);
      },
    });
    const otherWork = (): void => {
      most = Math.max(most, taken - seen);
      seen = taken;
      if (taken < count) setImmediate(otherWork);
    };
    otherWork();
    const rows = await ask(path, "sessions", about === undefined ? {} : { about });
    assert.equal(taken, count);
    assert.equal(rows.length, about === undefined ? count : 0);
    assert.ok(most > 0 && most <= 2 * API_CHUNK_ROWS, `${most} rows without a turn of other work`);
  });
}

test("a user has the same name with and without a domain, for show as for why", async (t) => {
  const [first] = ENTRIES;
  assert.ok(first !== undefined);
  const entries = ["OFFICE\\bob", "bob", "OFFICE-bob", "alice"].map((user) => ({ ...first, user }));
  const { path } = await serve(t, { history: () => entries });
  const wanted = entries.slice(0, 2);
  assert.deepEqual(await ask(path, "history", { user: "bob" }), wanted);
  assert.deepEqual(await ask(path, "history", { about: "bob" }), wanted);
  assert.deepEqual(await ask(path, "history", { user: "OFFICE\\bob" }), wanted.slice(0, 1));
});

test("a reader that does not read holds back its own rows only", async (t) => {
  let taken = 0;
  const { path } = await serve(t, {
    *sessions() {
      for (; taken < 60_000; taken++) yield session(taken);
    },
  });
  const lazy = createConnection(path);
  lazy.pause();
  lazy.write(encodeMessage({ show: "sessions" }));
  assert.deepEqual(await ask(path, "counters"), COUNTERS);
  // Rows are taken until its buffers are full, then no more, however many turns there are.
  let before = -1;
  await until("a standstill", async () => {
    const isStill = taken > 0 && taken === before;
    before = taken;
    for (let turn = 0; turn < 20; turn++) assert.deepEqual(await ask(path, "tunnels"), [TUNNEL]);
    return isStill && taken === before;
  });
  assert.ok(taken > 0 && taken < 30_000, `${taken} rows for a reader that does not read`);
  lazy.destroy();
});

test("hostile octets close the connection and nothing else", async (t) => {
  const { path, server } = await serve(t);
  const length = (value: number): Buffer => {
    const octets = Buffer.alloc(4);
    octets.writeUInt32BE(value);
    return octets;
  };
  const body = (octets: Uint8Array): Buffer => Buffer.concat([length(octets.length), octets]);
  const request = Buffer.from(encodeMessage({ show: "tunnels" }));
  const hostile = [
    length(API_REQUEST_MAX + 1),
    length(0xffff_ffff),
    body(new Uint8Array(0)),
    body(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)), // array of 2^32-1 elements
    body(Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff)), // map of 2^32-1 entries
    body(Uint8Array.of(0xdb, 0xff, 0xff, 0xff, 0xff)), // string of 2^32-1 octets
    body(Uint8Array.of(0xc6, 0xff, 0xff, 0xff, 0xff)), // binary of 2^32-1 octets
    body(new Uint8Array(API_REQUEST_MAX).fill(0x91)), // nested 4,096 deep
    body(Uint8Array.of(0xc0)),
    Buffer.from(encodeMessage({ show: "passwords" as "tunnels" })),
    Buffer.from(encodeMessage({ show: "__proto__" as "tunnels" })),
    Buffer.concat([request, request]),
    Buffer.concat([request, Buffer.from([0])]),
    ...Array.from({ length: 200 }, (_, size) => body(randomBytes(size))),
  ];
  const began = performance.now();
  for (const octets of hostile) {
    const connection = createConnection(path);
    connection.write(octets);
    assert.equal((await closed(connection)).length, 0, octets.subarray(0, 40).toString("hex"));
  }
  assert.equal(server.refused, hostile.length);
  assert.ok(performance.now() - began < API_IDLE_MS / 2, "not for being idle");
  assert.deepEqual(await ask(path, "tunnels"), [TUNNEL]);
});

test("a request may come an octet at a time", async (t) => {
  const { path } = await serve(t);
  const connection = createConnection(path);
  for (const octet of encodeMessage({ show: "tunnels" })) {
    connection.write(Uint8Array.of(octet));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok((await closed(connection)).includes("10.9.0.1:1701"));
});

test("connections are bounded, and their places come free again", async (t) => {
  const { path, server } = await serve(t);
  const idle = Array.from({ length: API_CONNECTIONS_MAX }, () => createConnection(path));
  await Promise.all(idle.map((each) => new Promise((resolve) => each.once("connect", resolve))));
  await assert.rejects(ask(path, "tunnels"), / without an answer: too many ask at once/);
  assert.equal(server.refused, API_TRIES_MAX);
  for (const connection of idle) connection.destroy();
  await until("a free place", () =>
    ask(path, "tunnels").then(
      () => true,
      () => false,
    ),
  );
  assert.deepEqual(await ask(path, "tunnels"), [TUNNEL]);
});

test("closing does not wait for idle connections", async (t) => {
  const path = socketPath(t);
  const server = await serveApi({ path, key: KEY }, handlers);
  const idle = createConnection(path);
  const gone = closed(idle);
  await new Promise((resolve) => idle.once("connect", resolve));
  // The server has it too, not only the kernel.
  assert.deepEqual(await ask(path, "tunnels"), [TUNNEL]);
  const began = performance.now();
  await server.close();
  await gone;
  assert.ok(performance.now() - began < API_IDLE_MS / 2, "not for being idle");
});

test("a socket that another daemon answers is left alone", async (t) => {
  const { path } = await serve(t);
  await assert.rejects(serveApi({ path, key: KEY }, handlers), (error) => {
    assert.ok(error instanceof StartError);
    assert.match(
      error.message,
      /^another simplon answers on .*api\.sock; stop it first, or set another path: \[lac\] socket$/,
    );
    return true;
  });
  assert.deepEqual(await ask(path, "tunnels"), [TUNNEL]);
});

test("a socket that nobody answers is replaced", async (t) => {
  const path = socketPath(t);
  await leaveStale(path);
  assert.ok(statSync(path).isSocket());
  await assert.rejects(ask(path, "tunnels"), /no server answers on/);
  const server = await serveApi({ path, key: KEY }, handlers);
  t.after(() => server.close());
  assert.deepEqual(await ask(path, "tunnels"), [TUNNEL]);
});

test("a socket of another user is told from one that is answered", async (t) => {
  const path = socketPath(t);
  await leaveStale(path);
  // Mode 0 keeps out its owner like any other; root is kept out by nothing and becomes "nobody".
  chmodSync(path, 0);
  chmodSync(dirname(path), 0o755);
  const isRoot = process.getuid?.() === 0;
  const owner = process.getuid?.();
  if (isRoot) process.seteuid?.(65_534);
  try {
    await assert.rejects(serveApi({ path, key: KEY }, handlers), (error) => {
      assert.ok(error instanceof StartError);
      const begin = `the control socket ${path} belongs to another user (uid ${owner})`;
      assert.ok(error.message.startsWith(begin), error.message);
      assert.match(
        error.message,
        /; start simplon as that user, or set another path: \[lac\] socket$/,
      );
      assert.doesNotMatch(error.message, /\n|answers/);
      return true;
    });
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
  assert.ok(existsSync(path));
});

test("what is no socket is never removed, and a missing directory is named", async (t) => {
  const path = socketPath(t);
  writeFileSync(path, "precious");
  await assert.rejects(
    serveApi({ path, key: KEY }, handlers),
    /exists and is no socket; set another path: \[lac\] socket$/,
  );
  assert.ok(existsSync(path));
  await assert.rejects(
    serveApi({ path: join(path, "..", "no", "api.sock"), key: KEY }, handlers),
    (error) => {
      assert.ok(error instanceof StartError);
      assert.match(
        error.message,
        /cannot be made \(\w+\): its directory must exist and be writable; the path is \[lac\] socket$/,
      );
      return true;
    },
  );
});

/** A socket file as a daemon leaves it that was killed: bound, and nobody listens. */
async function leaveStale(path: string): Promise<void> {
  const { link, unlink } = await import("node:fs/promises");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.bound`, resolve));
  await link(`${path}.bound`, path);
  await new Promise((resolve) => server.close(resolve));
  await unlink(`${path}.bound`).catch(() => undefined);
}
