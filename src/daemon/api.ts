/** The control socket: what `simplon show` asks, answered from the running daemon. @module */
import { lstatSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import type { Entry } from "../history/entry.ts";
import {
  API_CHUNK_ROWS,
  API_CONNECTIONS_MAX,
  API_IDLE_MS,
  API_PROBE_MS,
  API_REQUEST_MAX,
  BUSIEST_MAX,
} from "../limits.ts";
import type { Offloads } from "../offloads.ts";
import {
  type AnswerMessage,
  type BusiestAnswer,
  type BusyOrder,
  type CallAnswer,
  type CallRequest,
  type ClientRow,
  decodeRequest,
  encodeMessage,
  MessageReader,
  type Request,
  type Row,
  type SessionRow,
  type TunnelRow,
  type WorkerChange,
  type WorkerRow,
} from "./api-messages.ts";
import { select } from "./api-select.ts";
import { StartError } from "./start-error.ts";
import { WorkersError } from "./workers-error.ts";

export type { SessionRow, TunnelRow } from "./api-messages.ts";

/**
 * Where answers come from. Rows are taken a chunk at a time, other work runs in between: a
 * generator over a live Map makes no copy of 60,000 sessions.
 */
export interface ApiHandlers {
  tunnels(): Iterable<TunnelRow>;
  sessions(): Iterable<SessionRow>;
  busiest(by: BusyOrder, count: number): BusiestAnswer;
  /** Of a LAC; an LNS has none. */
  readonly clients?: (() => ClientRow[]) | undefined;
  /** Places a call, which may ring for a minute at each LAC; a LAC itself has none to place. */
  readonly call?: ((request: CallRequest) => Promise<CallAnswer>) | undefined;
  workers(): WorkerRow[];
  /** Does what is wanted; throws a WorkersError when it cannot be done. */
  changeWorkers(change: WorkerChange): Promise<void>;
  counters(): Record<string, number>;
  offloads(): Offloads;
  /** The newest first. */
  history(): Iterable<Entry>;
}

export interface ApiPlace {
  readonly path: string;
  /** That sets it: "[lns] socket". */
  readonly key: string;
}

export interface ApiServer {
  /** Connections that were closed for what they sent or for being too many. */
  readonly refused: number;
  /** Ends all connections and removes the socket. */
  close(): Promise<void>;
}

/**
 * Listens there, for the daemon's own user only.
 *
 * @throws {StartError} when another daemon answers there or the socket cannot be made.
 */
export async function serveApi({ path, key }: ApiPlace, handlers: ApiHandlers): Promise<ApiServer> {
  await removeStale(path, key);
  const connections = new Set<Socket>();
  let refused = 0;
  const refuse = (connection: Socket): void => {
    refused++;
    connection.destroy();
  };
  const server = createServer((connection) => {
    // A peer that vanishes is no fault of ours; "close" follows.
    connection.on("error", () => undefined);
    if (connections.size >= API_CONNECTIONS_MAX) return refuse(connection);
    connections.add(connection);
    connection.on("close", () => connections.delete(connection));
    connection.setTimeout(API_IDLE_MS, () => refuse(connection));
    awaitRequest(connection, handlers, refuse);
  });
  await listen(server, path, key);
  return {
    get refused() {
      return refused;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of connections) connection.destroy();
      await closed;
      rmSync(path, { force: true });
    },
  };
}

/** A socket file outlives a daemon that was killed; it is replaced only if nobody answers on it. */
async function removeStale(path: string, key: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) {
    throw new StartError(`${path} exists and is no socket; set another path: ${key}`);
  }
  const found = await probe(path);
  if (found === "answered") {
    const advice = `stop it first, or set another path: ${key}`;
    throw new StartError(`another simplon answers on ${path}; ${advice}`);
  }
  if (found === "foreign") {
    const fact = `the control socket ${path} belongs to another user (uid ${stat.uid})`;
    const advice = `start simplon as that user, or set another path: ${key}`;
    throw new StartError(`${fact}; ${advice}`);
  }
  try {
    rmSync(path);
  } catch (error) {
    throw socketError(path, key, error);
  }
}

type Finding = "answered" | "stale" | "foreign";

const FINDINGS: Readonly<Record<string, Finding>> = {
  ECONNREFUSED: "stale",
  EACCES: "foreign",
  EPERM: "foreign",
};

/** Any other error counts as an answer: a daemon too busy to accept is still there. */
function probe(path: string): Promise<Finding> {
  return new Promise((resolve) => {
    const connection = createConnection(path);
    const finish = (finding: Finding): void => {
      clearTimeout(timer);
      connection.destroy();
      resolve(finding);
    };
    const timer = setTimeout(() => finish("answered"), API_PROBE_MS);
    connection.on("connect", () => finish("answered"));
    connection.on("error", (error: NodeJS.ErrnoException) =>
      finish(FINDINGS[error.code ?? ""] ?? "answered"),
    );
  });
}

/** The umask makes the socket private from its first moment: mode 0600. */
async function listen(server: Server, path: string, key: string): Promise<void> {
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, () => resolve());
    });
  } catch (error) {
    throw socketError(path, key, error);
  } finally {
    process.umask(mask);
  }
}

function socketError(path: string, key: string, error: unknown): StartError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  const advice = `its directory must exist and be writable; the path is ${key}`;
  return new StartError(`the control socket ${path} cannot be made (${code}): ${advice}`);
}

/** Takes exactly one request, and nothing behind it. */
function awaitRequest(
  connection: Socket,
  handlers: ApiHandlers,
  refuse: (connection: Socket) => void,
): void {
  const reader = new MessageReader(API_REQUEST_MAX);
  let isAnswering = false;
  connection.on("data", (chunk: Uint8Array) => {
    const bodies = isAnswering ? undefined : reader.push(chunk);
    if (bodies?.length === 0) return;
    const [body, ...more] = bodies ?? [];
    const request = body === undefined ? undefined : decodeRequest(body);
    if (request === undefined || more.length > 0 || reader.pending > 0) return refuse(connection);
    isAnswering = true;
    void answer(connection, request, handlers);
  });
}

async function answer(connection: Socket, request: Request, handlers: ApiHandlers): Promise<void> {
  const { worker, call } = request;
  if (call !== undefined) return answerCall(connection, call, handlers);
  const refusal = worker === undefined ? undefined : await refusalOf(handlers, worker);
  if (refusal !== undefined) await send(connection, { refusal });
  for (const message of messages(request, handlers)) {
    if (connection.destroyed) return;
    await send(connection, message);
  }
  connection.end();
}

/** Who waits for a call is not idle; and it goes on when nobody waits any more. */
async function answerCall(
  connection: Socket,
  call: CallRequest,
  handlers: ApiHandlers,
): Promise<void> {
  connection.setTimeout(0);
  const answer = (await handlers.call?.(call)) ?? { refusal: NO_CALLS };
  connection.setTimeout(API_IDLE_MS);
  for (const message of [answer, { end: true } as const]) {
    if (connection.destroyed) return;
    await send(connection, message);
  }
  connection.end();
}

async function refusalOf(handlers: ApiHandlers, change: WorkerChange): Promise<string | undefined> {
  try {
    await handlers.changeWorkers(change);
    return undefined;
  } catch (error) {
    if (error instanceof WorkersError) return error.message;
    throw error;
  }
}

function* messages(request: Request, handlers: ApiHandlers): Generator<AnswerMessage> {
  const { show } = request;
  if (show === "counters") {
    yield { counters: handlers.counters(), offloads: handlers.offloads() };
  } else if (request.busiest !== undefined) {
    yield handlers.busiest(request.busiest, request.last ?? BUSIEST_MAX);
  } else if (show === "clients") {
    const rows = handlers.clients?.();
    yield rows === undefined ? { refusal: NO_CLIENTS } : { rows };
  } else if (show === "workers") {
    yield { rows: handlers.workers() };
  } else yield* selected(handlers[show](), request);
  yield { end: true };
}

const NO_CALLS = "a LAC answers there, which takes calls and places none; see simplon lns";
const NO_CLIENTS = "an LNS answers there, which has no clients of its own; see simplon lac";

/** A message for so many rows that were looked at: also without a row it gives others their turn. */
function* selected(all: Iterable<Row>, request: Request): Generator<AnswerMessage> {
  let left = request.last ?? Infinity;
  for (const chunk of chunks(all)) {
    const rows = [...select(chunk, { ...request, last: left })];
    yield { rows };
    left -= rows.length;
    if (left <= 0) return;
  }
}

function* chunks(rows: Iterable<Row>): Generator<Row[]> {
  let chunk: Row[] = [];
  for (const row of rows) {
    chunk.push(row);
    if (chunk.length < API_CHUNK_ROWS) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** Goes on when the peer has read, and not before other work had its turn. */
function send(connection: Socket, message: AnswerMessage): Promise<void> {
  return new Promise((resolve) => {
    const goOn = (): void => {
      connection.off("drain", goOn);
      connection.off("close", goOn);
      setImmediate(resolve);
    };
    if (connection.write(encodeMessage(message))) return goOn();
    connection.on("drain", goOn);
    connection.on("close", goOn);
  });
}
