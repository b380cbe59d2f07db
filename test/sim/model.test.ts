/** An LNS and the model of it, side by side: whatever is done, the operator sees what he should. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { AuthRequest } from "../../src/ppp/index.ts";
import { utf8 } from "../peer/lac.ts";
import { Bench, POOL, type Way } from "./bench.ts";
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

abstract class Deed implements fc.AsyncCommand<Plain, Bench> {
  readonly lac: number;
  constructor(lac: number) {
    this.lac = lac;
  }

  check({ tunnels }: Plain): boolean {
    return tunnels[this.lac] !== 0;
  }

  async run(plain: Plain, bench: Bench): Promise<void> {
    this.act(plain, bench, plain.tunnels[this.lac] ?? 0);
    await bench.pass(this.takes);
    assert.deepEqual(bench.view(), plain.model.view());
  }

  /** How long until all that comes of it is over, ms. */
  get takes(): number {
    return SETTLED_MS;
  }

  /** Does it to both. */
  abstract act(plain: Plain, bench: Bench, tunnel: number): void;

  toString(): string {
    return `${this.constructor.name}(${Object.values(this).join(", ")})`;
  }
}

class OpenTunnel extends Deed {
  override check({ tunnels }: Plain): boolean {
    return tunnels[this.lac] === 0;
  }

  act({ model, tunnels, attempts }: Plain, bench: Bench): void {
    const attempt = attempts[this.lac] ?? 0;
    const tunnel = Bench.tunnelId(this.lac, attempt);
    tunnels[this.lac] = tunnel;
    attempts[this.lac] = attempt + 1;
    model.open(tunnel);
    bench.open(tunnel);
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

  act(plain: Plain, bench: Bench, tunnel: number): void {
    const session = ++plain.calls;
    plain.model.call(tunnel, session, this.user, this.isRight);
    bench.call(tunnel, session, this.user, this.isRight);
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
  act(plain: Plain, bench: Bench, tunnel: number): void {
    const session = this.session(plain);
    plain.model.hangUp(tunnel, session);
    bench.hangUp(tunnel, session);
  }
}

class OperatorHangsUp extends CallDeed {
  act(plain: Plain, bench: Bench, tunnel: number): void {
    const session = this.session(plain);
    plain.model.hangUp(tunnel, session);
    bench.operatorHangsUp(tunnel, session);
  }
}

/** The call ends and the next one begins at the same moment. */
class Redial extends CallDeed {
  act(plain: Plain, bench: Bench, tunnel: number): void {
    const session = this.session(plain);
    const next = ++plain.calls;
    plain.model.hangUp(tunnel, session);
    plain.model.call(tunnel, next, "ann", true);
    bench.hangUp(tunnel, session);
    bench.call(tunnel, next, "ann", true);
  }
}

abstract class End extends Deed {
  act({ model, tunnels }: Plain, bench: Bench, tunnel: number): void {
    tunnels[this.lac] = 0;
    model.close(tunnel);
    this.end(bench, tunnel);
  }

  abstract end(bench: Bench, tunnel: number): void;
}

class StopTunnel extends End {
  end(bench: Bench, tunnel: number): void {
    bench.stop(tunnel);
  }
}

class OperatorClosesTunnel extends End {
  end(bench: Bench, tunnel: number): void {
    bench.operatorCloses(tunnel);
  }
}

class Vanish extends End {
  override get takes(): number {
    return GIVEN_UP_MS;
  }

  end(bench: Bench, tunnel: number): void {
    bench.vanish(tunnel);
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

  act(_: Plain, bench: Bench): void {
    bench.lose(this.way);
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

type Fault = (bench: Bench) => void;

const lists = fc.commands(deeds, { maxCommands: 60, size: "max" });

/** A machine serves run after run, as each ends with nothing left in it. */
function property(done: Map<string, number>, fault: Fault = () => undefined) {
  const add = (what: string, count = 1) => done.set(what, (done.get(what) ?? 0) + count);
  let machine = new Machine();
  return fc.asyncProperty(lists, async (commands) => {
    const bench = new Bench(machine);
    const model = new Model(POOL);
    fault(bench);
    try {
      await runBoth(model, bench, commands);
    } catch (error) {
      machine = new Machine();
      throw error;
    }
    if (model.exhausted > 0) add("no address is free", model.exhausted);
    for (const name of String(commands).match(/\w+(?=\()/g) ?? []) add(name);
  });
}

async function runBoth(
  model: Model,
  bench: Bench,
  commands: Iterable<fc.AsyncCommand<Plain, Bench>>,
): Promise<void> {
  const none = () => Array.from({ length: LACS }, () => 0);
  const plain: Plain = { model, tunnels: none(), attempts: none(), calls: 0 };
  await fc.asyncModelRun(() => ({ model: plain, real: bench }), commands);
  bench.lns.core.shutdown(bench.scheduler.now);
  await bench.pass(OVER_MS);
  assert.deepEqual(bench.view(), new Model(POOL).view());
  assert.equal(bench.lns.timeout, Infinity);
}

test("tunnels, sessions, users and addresses are the model's, whatever is done", async () => {
  const done = new Map<string, number>();
  await fc.assert(property(done), { numRuns: RUNS });
  console.log(JSON.stringify(Object.fromEntries(done)));
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
    const { failed, counterexample } = await fc.check(property(new Map(), fault), {
      numRuns: RUNS,
      seed: 1,
    });
    assert.equal(failed, true);
    const [shrunk] = counterexample ?? [];
    console.log(String(shrunk));
    const [list = "", replay] = String(shrunk).split(" /*");
    assert.match(list, expected);
    assert.match(replay ?? "", /^replayPath=/);
  });
}
