/**
 * An LNS and the model of it, side by side: whatever is done, the operator sees what he should. What
 * fails says the command that does it again.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { AuthRequest } from "../../src/ppp/index.ts";
import { utf8 } from "../peer/lac.ts";
import { LnsWithLacs, POOL, type Way } from "./lns-with-lacs.ts";
import { Model, USERS, type User } from "./model.ts";
import { Machine } from "./nodes/machine.ts";

const LACS = 2;
const RUNS = 150;
/** Whatever was lost has been repeated, and what was refused is gone. */
const SETTLED_MS = 15_000;
/** HELLO after 20 s of silence, its retransmissions 31 s (RFC 2661 5.5, 5.8). */
const GIVEN_UP_MS = 60_000;
/** A closed tunnel lingers for 31 s (RFC 2661 5.7), a record in the table rests. */
const OVER_MS = 120_000;

/** What both sides have been told to do so far. */
interface Plain {
  readonly model: Model;
  /** Tunnel of each LAC, 0 for none, and how many it has had. */
  readonly tunnels: number[];
  readonly attempts: number[];
  calls: number;
}

abstract class Deed implements fc.AsyncCommand<Plain, LnsWithLacs> {
  readonly lac: number;
  constructor(lac: number) {
    this.lac = lac;
  }

  check({ tunnels }: Plain): boolean {
    return tunnels[this.lac] !== 0;
  }

  async run(plain: Plain, real: LnsWithLacs): Promise<void> {
    this.act(plain, real, plain.tunnels[this.lac] ?? 0);
    await real.pass(this.takes);
    assert.deepEqual(real.view(), plain.model.view());
  }

  /** How long until all that comes of it is over, ms. */
  get takes(): number {
    return SETTLED_MS;
  }

  /** Does it to both. */
  abstract act(plain: Plain, real: LnsWithLacs, tunnel: number): void;

  toString(): string {
    return `${this.constructor.name}(${Object.values(this).join(", ")})`;
  }
}

class OpenTunnel extends Deed {
  override check({ tunnels }: Plain): boolean {
    return tunnels[this.lac] === 0;
  }

  act({ model, tunnels, attempts }: Plain, real: LnsWithLacs): void {
    const attempt = attempts[this.lac] ?? 0;
    const tunnel = LnsWithLacs.tunnelId(this.lac, attempt);
    tunnels[this.lac] = tunnel;
    attempts[this.lac] = attempt + 1;
    model.open(tunnel);
    real.open(tunnel);
  }
}

class PlaceCall extends Deed {
  readonly user: User;
  readonly isRight: boolean;
  constructor(lac: number, user: User, isRight: boolean) {
    super(lac);
    this.user = user;
    this.isRight = isRight;
  }

  act(plain: Plain, real: LnsWithLacs, tunnel: number): void {
    const session = ++plain.calls;
    plain.model.call(tunnel, session, this.user, this.isRight);
    real.call(tunnel, session, this.user, this.isRight);
  }
}

/** Of one of the LAC's calls that are up, whichever there are. */
abstract class CallDeed extends Deed {
  readonly which: number;
  constructor(lac: number, which: number) {
    super(lac);
    this.which = which;
  }

  override check({ model, tunnels }: Plain): boolean {
    return model.sessionsOf(tunnels[this.lac] ?? 0).length > 0;
  }

  session({ model, tunnels }: Plain): number {
    const sessions = model.sessionsOf(tunnels[this.lac] ?? 0);
    return sessions[this.which % sessions.length] ?? 0;
  }
}

class HangUp extends CallDeed {
  act(plain: Plain, real: LnsWithLacs, tunnel: number): void {
    const session = this.session(plain);
    plain.model.hangUp(tunnel, session);
    real.hangUp(tunnel, session);
  }
}

class OperatorHangsUp extends CallDeed {
  act(plain: Plain, real: LnsWithLacs, tunnel: number): void {
    const session = this.session(plain);
    plain.model.hangUp(tunnel, session);
    real.operatorHangsUp(tunnel, session);
  }
}

/** The call ends and the next one begins at the same moment. */
class Redial extends CallDeed {
  act(plain: Plain, real: LnsWithLacs, tunnel: number): void {
    const session = this.session(plain);
    const next = ++plain.calls;
    plain.model.hangUp(tunnel, session);
    plain.model.call(tunnel, next, "ann", true);
    real.hangUp(tunnel, session);
    real.call(tunnel, next, "ann", true);
  }
}

abstract class End extends Deed {
  act({ model, tunnels }: Plain, real: LnsWithLacs, tunnel: number): void {
    tunnels[this.lac] = 0;
    model.close(tunnel);
    this.end(real, tunnel);
  }

  abstract end(real: LnsWithLacs, tunnel: number): void;
}

class StopTunnel extends End {
  end(real: LnsWithLacs, tunnel: number): void {
    real.stop(tunnel);
  }
}

class OperatorClosesTunnel extends End {
  end(real: LnsWithLacs, tunnel: number): void {
    real.operatorCloses(tunnel);
  }
}

class Vanish extends End {
  override get takes(): number {
    return GIVEN_UP_MS;
  }

  end(real: LnsWithLacs, tunnel: number): void {
    real.vanish(tunnel);
  }
}

class Lose extends Deed {
  readonly way: Way;
  constructor(way: Way) {
    super(0);
    this.way = way;
  }

  override check(): boolean {
    return true;
  }

  override get takes(): number {
    return 0;
  }

  act(_: Plain, real: LnsWithLacs): void {
    real.lose(this.way);
  }
}

const lac = fc.nat(LACS - 1);
const call = fc.tuple(lac, fc.nat(POOL.length - 1));
const user = fc.constantFrom<User>("ann", "ann", "bob", "bob", "nobody");
const isRight = fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false));
const deeds = [
  lac.map((lac) => new OpenTunnel(lac)),
  lac.map((lac) => new OpenTunnel(lac)),
  ...Array.from({ length: 12 }, () =>
    fc.tuple(lac, user, isRight).map((args) => new PlaceCall(...args)),
  ),
  call.map((args) => new HangUp(...args)),
  call.map((args) => new OperatorHangsUp(...args)),
  call.map((args) => new Redial(...args)),
  lac.map((lac) => new StopTunnel(lac)),
  lac.map((lac) => new OperatorClosesTunnel(lac)),
  lac.map((lac) => new Vanish(lac)),
  fc.constantFrom<Way>("to the LNS", "from the LNS").map((way) => new Lose(way)),
];

type Fault = (real: LnsWithLacs) => void;

type Commands = Iterable<fc.AsyncCommand<Plain, LnsWithLacs>>;

/** Which run it was: what fast-check begins from, where it was then, which commands were done. */
type Place = Readonly<Record<(typeof PLACE)[number], string>>;
const PLACE = ["SIMPLON_MODEL_SEED", "SIMPLON_MODEL_PATH", "SIMPLON_MODEL_COMMANDS"] as const;

/** Goes there; without a place anywhere. */
function parameters(place: Partial<Place>): { seed?: number; path?: string; endOnFailure?: true } {
  const { SIMPLON_MODEL_SEED: seed, SIMPLON_MODEL_PATH: path } = place;
  return seed && path ? { seed: Number(seed), path, endOnFailure: true } : {};
}

function placeOf({ seed, counterexamplePath, counterexample }: fc.RunDetails<[Commands]>): Place {
  return {
    SIMPLON_MODEL_SEED: String(seed),
    SIMPLON_MODEL_PATH: counterexamplePath ?? "",
    SIMPLON_MODEL_COMMANDS: /replayPath="(.*)"/.exec(String(counterexample?.[0]))?.[1] ?? "",
  };
}

function replay(place: Place): string {
  const variables = PLACE.map((name) => `${name}='${place[name]}'`);
  return `${variables.join(" ")} npx node --test test/sim/model.test.ts`;
}

/** What has once failed, and what finds the faults that are put in below. */
const EXAMPLES: [Commands][] = [
  [[new OpenTunnel(0), new PlaceCall(0, "ann", true), new HangUp(0, 0)]],
  [[new OpenTunnel(0), new PlaceCall(0, "ann", false)]],
  [[new OpenTunnel(1), new PlaceCall(1, "bob", true), new Vanish(1)]],
];

/** A machine serves run after run, as each ends with nothing left in it. */
function property(
  done: Map<string, number>,
  fault: Fault = () => undefined,
  { SIMPLON_MODEL_COMMANDS: replayPath = "" }: Partial<Place> = {},
) {
  const lists: fc.Arbitrary<Commands> = fc.commands(deeds, {
    ...{ maxCommands: 60, size: "max" },
    ...(replayPath !== "" && { replayPath }),
  });
  const add = (what: string, count = 1) => done.set(what, (done.get(what) ?? 0) + count);
  let machine = new Machine();
  return fc.asyncProperty(lists, async (commands) => {
    const real = new LnsWithLacs(machine);
    const model = new Model(POOL);
    fault(real);
    try {
      await runBoth(model, real, commands);
    } catch (error) {
      machine = new Machine();
      throw error;
    }
    if (model.exhausted > 0) add("no address is free", model.exhausted);
    for (const name of String(commands).match(/\w+(?=\()/g) ?? []) add(name);
  });
}

async function runBoth(model: Model, real: LnsWithLacs, commands: Commands): Promise<void> {
  const none = () => Array.from({ length: LACS }, () => 0);
  const plain: Plain = { model, tunnels: none(), attempts: none(), calls: 0 };
  await fc.asyncModelRun(() => ({ model: plain, real: real }), commands);
  real.lns.core.shutdown(real.scheduler.now);
  await real.pass(OVER_MS);
  assert.deepEqual(real.view(), new Model(POOL).view());
  assert.equal(real.lns.timeout, Infinity);
}

test("tunnels, sessions, users and addresses are the model's, whatever is done", async () => {
  const done = new Map<string, number>();
  const place: Partial<Place> = process.env;
  const details = await fc.check(property(done, undefined, place), {
    ...{ numRuns: RUNS, examples: EXAMPLES },
    ...parameters(place),
  });
  const report = await fc.asyncDefaultReportMessage(details);
  assert.ok(!details.failed, `${report}\n\nagain: ${replay(placeOf(details))}`);
  console.log(JSON.stringify(Object.fromEntries(done)));
  // One run alone, done again, does not do everything.
  if (details.runConfiguration.path === undefined)
    assert.equal(done.size, 10, "everything was done");
});

function papOf({ name, password }: (typeof USERS)[number]): AuthRequest {
  return { method: "pap", name, password: utf8(password) };
}

/** What is put in, and what is left of the commands that found it. */
const FAULTS: Readonly<Record<string, [Fault, RegExp]>> = {
  "an address that is not given back": [
    ({ lns }) => {
      lns.aaa.release = () => undefined;
    },
    /^OpenTunnel\(.\),PlaceCall\(.{3,7}, true\)(,\w+\([^)]*\))?$/,
  ],
  "a wrong password that is taken": [
    ({ lns }) => {
      const { users } = lns.aaa;
      const authenticate = users.authenticate.bind(users);
      users.authenticate = (request) => {
        const [known] = USERS.filter(({ name }) => name === request.name);
        return authenticate(known === undefined ? request : papOf(known));
      };
    },
    /^OpenTunnel\(.\),PlaceCall\(.*, false\)$/,
  ],
  "a LAC that is gone, and its calls are not": [
    ({ lns: { subscribers } }) => {
      const handleEvent = subscribers.handleEvent.bind(subscribers);
      subscribers.handleEvent = (event, now) => {
        if (event.type !== "session-down" || event.by !== "timeout") handleEvent(event, now);
      };
    },
    /^OpenTunnel\(.\),PlaceCall\(.*, true\),Vanish\(.\)$/,
  ],
};

for (const [name, [fault, expected]] of Object.entries(FAULTS)) {
  test(`${name} is found, and shrunk to few commands`, async () => {
    const found = await fc.check(property(new Map(), fault), { numRuns: RUNS, seed: 1 });
    assert.equal(found.failed, true);
    assert.match(listOf(found), expected);
    const place = placeOf(found);
    console.log(`${listOf(found)}\n${replay(place)}`);
    const again = await fc.check(property(new Map(), fault, place), parameters(place));
    assert.equal(again.failed, true);
    assert.equal(again.numRuns, 1);
    assert.equal(listOf(again), listOf(found));
  });

  test(`${name} is found by one of the examples`, async () => {
    const { failed } = await fc.check(property(new Map(), fault), {
      ...{ numRuns: EXAMPLES.length, examples: EXAMPLES, endOnFailure: true },
    });
    assert.equal(failed, true);
  });
}

function listOf({ counterexample }: fc.RunDetails<[Commands]>): string {
  return String(counterexample?.[0]).split(" /*")[0] ?? "";
}
