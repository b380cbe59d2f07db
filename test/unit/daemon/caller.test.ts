// Calls that an operator asks for: dialling, two endpoints in virtual time, subscribers and the data
// plane.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LocalUsers } from "../../../src/aaa/index.ts";
import type { CallAnswer } from "../../../src/daemon/api-messages.ts";
import { Caller } from "../../../src/daemon/caller.ts";
import { Dialler, type Target } from "../../../src/dial/index.ts";
import type { Call, Connected, Result, SessionInfo } from "../../../src/l2tp/index.ts";
import { CALLS_PLACED_MAX } from "../../../src/limits.ts";
import { createLog } from "../../../src/observe/log.ts";
import { seededRandom } from "../../peer/control.ts";
import { Pair } from "../../peer/pair.ts";
import { Client, House, NETWORK, settled, USERS } from "./house.ts";

const LAC: Target = {
  ...{ name: "office", address: "192.0.2.7", port: 1701, secret: "" },
  ...{ priority: 2, weight: 1, hideAvps: false },
};
const AWAY = { ...LAC, address: "192.0.2.99", priority: 1 };
const REQUEST = { number: "5551234", peer: "office" };
const BUSY: Result = { code: 8, error: 0, message: "the client is connected already" };

/** Whom it is placed at answers, lets it ring, or says why it does not take it. */
type Manner = "answers" | "rings" | Result;

class World {
  readonly pair = new Pair();
  readonly house: House;
  readonly caller: Caller;
  readonly log: string[] = [];
  /** How often it left something to be sent. */
  progress = 0;
  /** Calls as the LAC has them. */
  readonly called: SessionInfo[] = [];
  manner: Manner = "answers";

  constructor(targets: readonly Target[] = [LAC]) {
    const dialler = new Dialler<Call, Connected>({
      ...{ targets, endpoint: this.pair.lns.endpoint, role: "lns", local: "" },
      random: seededRandom(3),
    });
    const sink = { write: (line: string) => this.log.push(line) };
    const log = createLog({ level: "info", human: false, sink: { write: sink.write } });
    this.caller = new Caller({
      ...{ targets, dialler, log, clock: () => this.pair.now },
      onProgress: () => this.progress++,
    });
    const forwards = [{ by: "called", value: REQUEST.number, peer: "upstream" } as const];
    const aaa = new LocalUsers({ networks: [NETWORK], users: USERS, forwards });
    this.house = new House(aaa, {
      forward: () => assert.fail("forwarded"),
      giveUp: () => undefined,
      leave: () => undefined,
      sessionOf: () => undefined,
    });
  }

  call(request: Parameters<Caller["call"]>[0] = REQUEST): Promise<CallAnswer> {
    return this.caller.call(request);
  }

  /** Lets time pass for both endpoints; the LAC does what its manner is. */
  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 10) {
      this.pair.pass(10);
      const { lac, lns, now } = this.pair;
      this.house.now = now;
      for (const event of lac.events.splice(0)) {
        if (event.type !== "session-open") continue;
        this.called.push(event.session);
        if (this.manner === "answers") this.answer();
        else if (this.manner !== "rings") this.refuse(this.manner);
      }
      for (const event of lns.events.splice(0)) {
        if (!this.caller.handleEvent(event, now)) this.house.subscribers.handleEvent(event, now);
      }
      this.caller.handleTimeout(now);
    }
  }

  answer(): void {
    const { tunnelId, sessionId } = this.last;
    this.pair.lac.endpoint.connectCall(tunnelId, sessionId, {}, this.pair.now);
  }

  refuse(result: Result): void {
    const { tunnelId, sessionId } = this.last;
    this.pair.lac.endpoint.closeSession(tunnelId, sessionId, result, this.pair.now);
  }

  get last(): SessionInfo {
    return this.called.at(-1) ?? assert.fail("nobody is called");
  }

  logged(): string[] {
    return this.log.map((line) => JSON.parse(line).msg);
  }
}

test("who is called becomes a subscriber like one who calls", async () => {
  const world = new World();
  const placed = world.call({ ...REQUEST, subAddress: "77" });
  assert.equal(world.progress, 1, "the SCCRQ does not wait for another turn");
  world.pass(100);
  const { peerTunnelId: tunnelId, peerSessionId: sessionId, call } = world.last;
  const peer = "192.0.2.7:1701";
  assert.deepEqual(await placed, { placed: { tunnelId, sessionId, peer } });
  assert.equal(call.calledNumber, "5551234");
  assert.equal(call.subAddress, "77");
  assert.deepEqual(world.logged(), ["call placed"]);

  const [session] = [...world.pair.lns.endpoint.sessions()];
  const client = new Client(world.house, session as SessionInfo, {});
  client.link.open(world.house.now);
  await client.talk();
  await settled();
  await client.talk();
  const [row] = world.house.rows;
  assert.deepEqual([row?.user, row?.address, row?.sessionId], ["demo", "10.64.0.2", sessionId]);
  assert.deepEqual(client.link.address, "10.64.0.2");

  world.refuse({ code: 3 });
  world.pass(100);
  assert.deepEqual(world.house.rows, []);
  assert.deepEqual(
    world.house.entries.map(({ what, user, code }) => [what, user, code]),
    [["session", "demo", "peer-hung-up"]],
  );
});

test("two calls share a tunnel", async () => {
  const world = new World();
  const answers = [world.call(), world.call()];
  world.pass(200);
  for (const answer of await Promise.all(answers)) assert.ok("placed" in answer);
  assert.equal(world.pair.trace.filter((line) => line === "lns SCCRQ").length, 1);
  assert.equal(world.pair.trace.filter((line) => line === "lns OCRQ").length, 2);
});

test("a line may ring for longer than a LAC has to take the call", async () => {
  const world = new World();
  world.manner = "rings";
  const placed = world.call();
  world.pass(40_000);
  assert.equal(world.called.length, 1);
  world.answer();
  world.pass(100);
  assert.ok("placed" in (await placed));
});

test("a line that nobody answers ends the call", async () => {
  const world = new World();
  world.manner = "rings";
  const placed = world.call();
  world.pass(61_000);
  const refusal = 'no LAC of "office" takes the call; 192.0.2.7:1701 was tried last: no answer';
  assert.deepEqual(await placed, { refusal });
});

test("the next LAC of the list is tried, and the last says why the call is not up", async () => {
  const world = new World([AWAY, LAC]);
  world.manner = BUSY;
  const placed = world.call();
  world.pass(9_000);
  const refusal =
    'no LAC of "office" takes the call; 192.0.2.7:1701 was tried last: CDN 8 (call failed due to ' +
    'detection of a busy signal), "the client is connected already"';
  assert.deepEqual(await placed, { refusal });
  assert.deepEqual(world.logged(), ["call not taken", "call not taken", "call failed"]);
  assert.match(world.log[0] ?? "", /"lac":"192\.0\.2\.99:1701","why":"no-answer"/);
  assert.deepEqual(world.house.rows, []);
  // The first LAC never had a session; the second had one, which it ended.
  assert.deepEqual(
    world.house.entries.map(({ peer, code }) => [peer, code]),
    [["192.0.2.7:1701", "peer-refused"]],
  );

  world.manner = "answers";
  const again = world.call();
  world.pass(100);
  assert.ok("placed" in (await again), "the one that does not answer is left out");
});

test("a list that is not there is refused by the names of those that are", async () => {
  const wanted = { ...REQUEST, peer: "home" };
  const refusal = 'there is no [[peer]] "home" (office)';
  assert.deepEqual(await new World().call(wanted), { refusal });
  const none = 'there is no [[peer]] "home" (there is none)';
  assert.deepEqual(await new World([]).call(wanted), { refusal: none });
});

test("calls that are being placed are bounded, and no more are once the end has begun", async () => {
  const world = new World();
  world.manner = "rings";
  const placed = Array.from({ length: CALLS_PLACED_MAX }, () => world.call());
  world.pass(100);
  const refusal = "8 calls are being placed already; try again when one of them is up";
  assert.deepEqual(await world.call(), { refusal });
  world.answer();
  world.pass(100);
  placed.push(world.call());

  world.caller.stop();
  const answers = await Promise.all([...placed, world.call()]);
  const ending = answers.filter((answer) => "refusal" in answer);
  assert.equal(ending.length, CALLS_PLACED_MAX + 1);
  for (const each of ending) assert.deepEqual(each, { refusal: "the server is ending" });
});
