/** Asks the running daemon over its control socket. @module */
import { createConnection } from "node:net";
import {
  type AnswerMessage,
  type Answers,
  type BusiestAnswer,
  type BusyOrder,
  type CallRequest,
  type CountersAnswer,
  decodeAnswer,
  encodeMessage,
  type Filter,
  MessageReader,
  type PlacedCall,
  type Request,
  readEntries,
  type Subject,
  type WorkerChange,
  type WorkerRow,
} from "../daemon/api-messages.ts";
import { API_ANSWER_MAX, API_IDLE_MS, API_RETRY_MS, API_TRIES_MAX } from "../limits.ts";
import { CommandError, failure } from "./usage.ts";

/** Nobody listens: what a file tells is all there is. */
export class NoServerError extends CommandError {}

class TurnedAwayError extends CommandError {}

/**
 * @throws {NoServerError} when no server is there.
 * @throws {CommandError} when nobody answers, or not in full.
 */
export async function ask<S extends Subject>(
  socketPath: string,
  show: S,
  filter: Filter = {},
): Promise<Answers[S]> {
  if (show === "counters") return (await askCounters(socketPath)).counters as Answers[S];
  const rows: unknown[] = [];
  for (const message of await exchange(socketPath, { show, ...filter })) {
    if ("refusal" in message) throw failure(message.refusal);
    if ("rows" in message) for (const row of message.rows) rows.push(row);
  }
  return (show === "history" ? readEntries(rows) : rows) as Answers[S];
}

/**
 * Changes the workers; what they are afterwards. Errors are those of `ask`, and what the server says
 * when it cannot be done.
 */
export async function changeWorkers(
  socketPath: string,
  worker: WorkerChange,
): Promise<Answers["workers"]> {
  const messages = await exchange(socketPath, { show: "workers", worker });
  const refused = messages.find((message) => "refusal" in message);
  if (refused !== undefined) throw failure(refused.refusal);
  return messages.flatMap((message) => ("rows" in message ? (message.rows as WorkerRow[]) : []));
}

/**
 * Places a call; where it is once it is up. Errors are those of `ask`, and what the server says when no
 * LAC takes it.
 */
export async function placeCall(socketPath: string, call: CallRequest): Promise<PlacedCall> {
  const messages = await exchange(socketPath, { show: "sessions", call });
  const refused = messages.find((message) => "refusal" in message);
  if (refused !== undefined) throw failure(refused.refusal);
  const found = messages.find((message) => "placed" in message);
  if (found === undefined) throw failure("the server is of a version that has no simplon call");
  return found.placed;
}

/** The busiest sessions and what there is in all; errors are those of `ask`. */
export async function askBusiest(
  socketPath: string,
  busiest: BusyOrder,
  last: number,
): Promise<BusiestAnswer> {
  const messages = await exchange(socketPath, { show: "sessions", busiest, last });
  const found = messages.find((message) => "busiest" in message);
  if (found === undefined) throw failure("the server is of a version that has no simplon top");
  return found;
}

/**
 * The counters, and beside them what runs of the offloads; errors are those of `ask`. A server of
 * another version may know of none.
 */
export async function askCounters(socketPath: string): Promise<CountersAnswer> {
  const messages = await exchange(socketPath, { show: "counters" });
  const found = messages.find((message) => "counters" in message);
  return { counters: found?.counters ?? {}, offloads: found?.offloads ?? [] };
}

/** Asks again when the server has no room: its places come free within milliseconds. */
async function exchange(path: string, request: Request): Promise<AnswerMessage[]> {
  for (let tries = 1; ; tries++) {
    try {
      return await exchangeOnce(path, request);
    } catch (error) {
      if (!(error instanceof TurnedAwayError) || tries === API_TRIES_MAX) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, API_RETRY_MS));
  }
}

function exchangeOnce(path: string, request: Request): Promise<AnswerMessage[]> {
  return new Promise((resolve, reject) => {
    const reader = new MessageReader(API_ANSWER_MAX);
    const messages: AnswerMessage[] = [];
    const connection = createConnection(path);
    const fail = (error: string | CommandError): void => {
      connection.destroy();
      reject(typeof error === "string" ? failure(error) : error);
    };
    // A call may ring for a minute, and at each LAC of a list.
    const patience = request.call === undefined ? API_IDLE_MS : 0;
    connection.setTimeout(patience, () => fail(`no answer from ${path} within 10 s`));
    connection.on("connect", () => connection.write(encodeMessage(request)));
    connection.on("error", (error: NodeJS.ErrnoException) =>
      fail(connectProblem(path, error, request.show)),
    );
    connection.on("close", () => {
      fail(messages.length === 0 ? turnedAway(path) : `the answer from ${path} ended early`);
    });
    connection.on("data", (chunk: Uint8Array) => {
      for (const body of reader.push(chunk) ?? [undefined]) {
        const message = body === undefined ? undefined : decodeAnswer(body);
        if (message === undefined) return fail(`the answer from ${path} cannot be read`);
        messages.push(message);
        if (!("end" in message)) continue;
        resolve(messages);
        connection.destroy();
      }
    });
  });
}

function connectProblem(
  path: string,
  error: NodeJS.ErrnoException,
  about: Subject,
): string | CommandError {
  const verb = about === "clients" ? "lac" : "lns";
  if (error.code === "ENOENT" || error.code === "ECONNREFUSED") {
    const advice = `start one with "simplon ${verb}", or name its file with -c FILE`;
    const { message, exitCode } = failure(`no server answers on ${path}; ${advice}`);
    return new NoServerError(message, exitCode);
  }
  if (error.code === "EACCES" || error.code === "EPERM") {
    return `permission to ask on ${path} is missing; run this as the user who runs "simplon ${verb}"`;
  }
  if (error.code === "ECONNRESET" || error.code === "EPIPE") return turnedAway(path);
  return `${path} cannot be asked (${error.code ?? error.message})`;
}

/** A server that has all the connections it takes says nothing; it only closes a further one. */
function turnedAway(path: string): TurnedAwayError {
  const reason = "too many ask at once, or it is ending or of another version";
  const { message, exitCode } = failure(`${path} closes connections without an answer: ${reason}`);
  return new TurnedAwayError(message, exitCode);
}
