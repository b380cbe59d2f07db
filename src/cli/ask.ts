/** Asks the running daemon over its control socket. @module */
import { createConnection } from "node:net";
import {
  type AnswerMessage,
  type Answers,
  type CountersAnswer,
  decodeAnswer,
  encodeMessage,
  type Filter,
  MessageReader,
  type Request,
  readEntries,
  type Subject,
} from "../daemon/api-messages.ts";
import { API_ANSWER_MAX, API_IDLE_MS } from "../limits.ts";
import { CommandError, failure } from "./usage.ts";

/** Nobody listens: what a file tells is all there is. */
export class NoServerError extends CommandError {}

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
    if ("rows" in message) for (const row of message.rows) rows.push(row);
  }
  return (show === "history" ? readEntries(rows) : rows) as Answers[S];
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

function exchange(path: string, request: Request): Promise<AnswerMessage[]> {
  return new Promise((resolve, reject) => {
    const reader = new MessageReader(API_ANSWER_MAX);
    const messages: AnswerMessage[] = [];
    const connection = createConnection(path);
    const fail = (error: string | CommandError): void => {
      connection.destroy();
      reject(typeof error === "string" ? failure(error) : error);
    };
    connection.setTimeout(API_IDLE_MS, () => fail(`no answer from ${path} within 10 s`));
    connection.on("connect", () => connection.write(encodeMessage(request)));
    connection.on("error", (error: NodeJS.ErrnoException) => fail(connectProblem(path, error)));
    connection.on("close", () => fail(`the answer from ${path} ended early`));
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

function connectProblem(path: string, error: NodeJS.ErrnoException): string | CommandError {
  if (error.code === "ENOENT" || error.code === "ECONNREFUSED") {
    const advice = 'start one with "simplon lns", or name its file with -c FILE';
    const { message, exitCode } = failure(`no server answers on ${path}; ${advice}`);
    return new NoServerError(message, exitCode);
  }
  if (error.code === "EACCES" || error.code === "EPERM") {
    return `permission to ask on ${path} is missing; run this as the user who runs "simplon lns"`;
  }
  return `${path} cannot be asked (${error.code ?? error.message})`;
}
