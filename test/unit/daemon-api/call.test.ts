// What `simplon call` says to the daemon, and the daemon to it.
import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { test } from "node:test";
import { ask, placeCall } from "../../../src/cli/ask.ts";
import {
  type CallAnswer,
  type CallRequest,
  decodeRequest,
  encodeMessage,
  type Request,
} from "../../../src/daemon/api-messages.ts";
import { API_IDLE_MS, NETWORK_NAME_MAX, PEER_TEXT_MAX } from "../../../src/limits.ts";
import { PLACED, TUNNEL } from "./rows.ts";
import { closed, serve } from "./served.ts";

const CALL: CallRequest = { number: "5551234", peer: "office" };

test("a call is placed, and what is said of it is its session or why there is none", async (t) => {
  const calls: CallRequest[] = [];
  const call = async (request: CallRequest): Promise<CallAnswer> => {
    calls.push(request);
    return request.peer === "office" ? { placed: PLACED } : { refusal: "there is no such list" };
  };
  const { path, server } = await serve(t, { call });
  assert.deepEqual(await placeCall(path, CALL), PLACED);
  const other = { ...CALL, peer: "home", subAddress: "77" };
  await assert.rejects(placeCall(path, other), /^CommandError: simplon: there is no such list$/);
  assert.deepEqual(calls, [CALL, other]);
  assert.equal(server.refused, 0);
});

test("a LAC places no calls, and a server of another version says nothing of one", async (t) => {
  const { path } = await serve(t);
  await assert.rejects(
    placeCall(path, CALL),
    /simplon: a LAC answers there, which takes calls and places none; see simplon lns$/,
  );
  const older = await serve(t, { call: async () => ({ rows: [] }) as unknown as CallAnswer });
  await assert.rejects(placeCall(older.path, CALL), /of a version that has no simplon call$/);
});

test("who waits for a call is not idle at either end", async (t) => {
  const { promise, resolve } = Promise.withResolvers<CallAnswer>();
  const waiting = Promise.withResolvers<void>();
  const call = () => {
    waiting.resolve();
    return promise;
  };
  const { path, server } = await serve(t, { call });
  const answer = placeCall(path, CALL);
  await waiting.promise;
  await new Promise((goOn) => setTimeout(goOn, API_IDLE_MS + 500));
  resolve({ refusal: "nobody is there" });
  await assert.rejects(answer, /simplon: nobody is there$/);
  assert.equal(server.refused, 0);
});

test("a call goes on when nobody waits for it any more", async (t) => {
  const { promise, resolve } = Promise.withResolvers<CallAnswer>();
  const waiting = Promise.withResolvers<void>();
  const call = () => {
    waiting.resolve();
    return promise;
  };
  const { path } = await serve(t, { call });
  const connection = createConnection(path);
  connection.write(encodeMessage({ show: "sessions", call: CALL }));
  await waiting.promise;
  const gone = closed(connection);
  connection.destroy();
  await gone;
  resolve({ placed: PLACED });
  assert.deepEqual(await ask(path, "tunnels"), [TUNNEL]);
});

test("a call to nothing that is a number, or nowhere, is no request", () => {
  const read = (request: unknown) => decodeRequest(encodeMessage(request as Request).subarray(4));
  const whole = { show: "sessions", call: { ...CALL, subAddress: "77" } };
  assert.deepEqual(read(whole), whole);
  const numbers = [
    "",
    "555 1234",
    "5551234\n",
    "f\u00fcnf",
    5_551_234,
    "5".repeat(PEER_TEXT_MAX + 1),
  ];
  const peers = [undefined, 7, ["office"], "x".repeat(NETWORK_NAME_MAX + 1)];
  const wrong: unknown[] = [
    ...["5551234", {}, null, [CALL]],
    ...[undefined, ...numbers].map((number) => ({ ...CALL, number })),
    ...[null, ...numbers].map((subAddress) => ({ ...CALL, subAddress })),
    ...peers.map((peer) => ({ ...CALL, peer })),
  ];
  for (const call of wrong) assert.equal(read({ ...whole, call }), undefined, JSON.stringify(call));
  assert.equal(read({ ...whole, show: "tunnels" }), undefined);
});
