/** Every oracle sees the fault that it is there for: one is put into a world, by its name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AvpType,
  buildControlMessage,
  MessageType,
  makeAvp,
  parseControlMessage,
  readAvp,
} from "../../src/codec/index.ts";
import { Admission } from "../../src/l2tp/admission.ts";
import { Sessions } from "../../src/l2tp/sessions.ts";
import { GOOD } from "./link.ts";
import type * as oracles from "./oracles.ts";
import { type Fault, Violation } from "./outcome.ts";
import { drawPlan } from "./plan.ts";
import { Random } from "./random.ts";
import { newMachines, runWorlds } from "./runner.ts";
import { World } from "./world.ts";

/** In liveness mode, with calls that go on to another LNS, and a LAC that is the program. */
const PLAN = drawPlan(324);
const ZLB_LENGTH = 12;

function typeOf(datagram: Uint8Array): number | undefined {
  const message = parseControlMessage(datagram);
  return typeof message === "string" ? undefined : readAvp(message.avps, AvpType.MessageType);
}

function control(tunnelId: number, ns: number, nr: number, type: number): Uint8Array {
  const avps = [makeAvp(AvpType.MessageType, type)];
  return buildControlMessage({ tunnelId, sessionId: 0, ns, nr, avps });
}

/** A session of a node that is up, which is closed there without its other end's knowing. */
function forget({ stations, scheduler }: World): void {
  const station = stations.find(({ core }) => [...core.sessions()].length > 0);
  const [session] = station?.core.sessions() ?? [];
  assert.ok(station !== undefined && session !== undefined);
  const { tunnelId, sessionId } = session;
  station.core.closeSession(tunnelId, sessionId, { code: 3 }, scheduler.now);
}

/** `sameTrace` is about two runs of a world. */
const FAULTS: Readonly<Record<Exclude<keyof typeof oracles, "sameTrace">, Fault>> = {
  wellFormed: { transmit: (_, datagram) => [datagram.subarray(0, 5)] },

  // The length of the last AVP is one too much.
  builtRight: {
    transmit(_, datagram) {
      if (datagram.length !== ZLB_LENGTH && typeOf(datagram) !== undefined) datagram[13] = 9;
      return [datagram];
    },
  },

  comesToRest: {
    onStart({ scheduler }) {
      const again = () => scheduler.after(0, again);
      scheduler.after(0, again);
    },
  },

  // An ICRP is followed by another message of the same Ns.
  reliableDelivery: {
    transmit(_, datagram) {
      if (typeOf(datagram) !== MessageType.ICRP) return [datagram];
      const other = datagram.slice();
      other.set([~(other.at(-1) ?? 0)], other.length - 1);
      return [datagram, other];
    },
  },

  // No bare acknowledgement leaves.
  acknowledgesInTime: {
    transmit: (_, datagram) => (datagram.length === ZLB_LENGTH ? [] : [datagram]),
  },

  noAmplification: {
    transmit(_, datagram) {
      if (typeOf(datagram) !== MessageType.SCCRP) return [datagram];
      const message = parseControlMessage(datagram);
      assert.ok(typeof message !== "string");
      return [datagram, control(message.tunnelId, 1, message.nr, MessageType.HELLO)];
    },
  },

  // An SCCRP goes out again and again.
  answersWithinBounds: {
    transmit: (_, datagram) =>
      typeOf(datagram) === MessageType.SCCRP ? Array(7).fill(datagram) : [datagram],
  },

  // What a WEN tells is made known twice.
  deliveredInOrder: {
    onStart({ servers }) {
      for (const { core } of servers) {
        const pollEvent = core.pollEvent.bind(core);
        let again: ReturnType<typeof pollEvent>;
        core.pollEvent = () => {
          const event = again ?? pollEvent();
          again = again === undefined && event?.type === "call-errors" ? event : undefined;
          return event;
        };
      }
    },
  },

  addressHeldOnce: {
    onStart({ servers }) {
      for (const { aaa } of servers) {
        const { users } = aaa;
        const authenticate = users.authenticate.bind(users);
        users.authenticate = async (request) => {
          const answer = await authenticate(request);
          if (!answer.ok) return answer;
          const profile = { ...answer.grant.profile, address: "10.64.0.9" };
          return { ...answer, grant: { ...answer.grant, profile } };
        };
      }
    },
  },

  ownSourceOnly: {
    onStart(world) {
      const toHost = world.toHost.bind(world);
      world.toHost = (server, packet) => {
        packet[15] = (packet[15] ?? 0) ^ 0x40;
        toHost(server, packet);
      };
    },
  },

  ownDestinationOnly: {
    onStart(world) {
      const toLine = world.toLine.bind(world);
      world.toLine = (edge, line, packet) => {
        packet[19] = (packet[19] ?? 0) ^ 0x40;
        toLine(edge, line, packet);
      };
    },
  },

  // The recorder is told the time on the wall, and that has stepped.
  historyInOrder: {
    onStart({ servers }) {
      for (const server of servers) {
        const { recorder } = server;
        const tunnelDown = recorder.tunnelDown.bind(recorder);
        const wall = server.wallOffset;
        server.wallOffset += 3_600_000;
        recorder.tunnelDown = (event, now) => tunnelDown(event, now + server.wallOffset - wall);
      }
    },
  },

  // An entry that the ring was given is not there.
  historyComplete: {
    onStart({ servers }) {
      for (const { history } of servers) {
        const add = history.add.bind(history);
        history.add = (entry) => (entry.what === "tunnel" ? undefined : add(entry));
      }
    },
  },

  liveTimers: {
    onStart({ servers }) {
      for (const { side } of servers) side.pollTimeout = () => Infinity;
    },
  },

  noSurprises: {
    onQuiet({ servers: [lns] }) {
      const path = { peer: "203.0.113.99", peerPort: 1_701, local: "198.51.100.1" };
      lns?.core.handleInput({ datagram: control(0, 0, 0, MessageType.SCCRP), path }, 0);
    },
  },

  agreement: { onQuiet: forget },

  goalsReached: {
    onStart({ servers, peers }) {
      const names = peers.flatMap(({ lines }) => lines.map(({ plan }) => plan.user));
      for (const { aaa } of servers) {
        const { users } = aaa;
        const authenticate = users.authenticate.bind(users);
        users.authenticate = (request, caller) =>
          names.includes(request.name)
            ? Promise.resolve({ ok: false, reason: "credentials", message: "no" })
            : authenticate(request, caller);
      }
    },
  },

  // The network behind answers everybody but the clients of LACs.
  clientServed: {
    onStart({ lacs }) {
      for (const lac of lacs) lac.answered = () => false;
    },
  },

  staysAsItIs: {
    onQuiet(world) {
      world.scheduler.after(10_000, () => {
        forget(world);
        for (const station of world.stations) station.flush();
      });
    },
  },

  nothingLeft: {
    onStart({ servers }) {
      for (const { aaa } of servers) aaa.release = () => undefined;
    },
  },

  nothingLeftAtPeer: {
    onQuiet({ peers }) {
      for (const { lac } of peers) Object.defineProperty(lac, "idle", { get: () => false });
    },
  },
};

for (const [name, fault] of Object.entries(FAULTS)) {
  test(`${name} sees the fault that it is there for`, async () => {
    await assert.rejects(new World(PLAN, newMachines(), fault).run(), (error: unknown) => {
      assert.ok(error instanceof Violation, String(error));
      assert.equal(error.oracle, name, error.message);
      return true;
    });
  });
}

test("sameTrace sees a world that goes another way the second time", async () => {
  let runs = 0;
  const onStart: Fault["onStart"] = ({ edges: [edge] }) => {
    if (edge !== undefined) edge.toServer.quality = { ...GOOD, delay: 10 + runs++ };
  };
  const { totals } = await runWorlds({ first: 50, worlds: 1, print: () => {}, fault: { onStart } });
  assert.equal(runs, 2);
  assert.match(totals.failures[0]?.what ?? "", /^sameTrace: /);
});

/** More SCCRQs than one address may be answered. */
const FLOOD: Fault = {
  onStart({ strangers, servers: [server] }) {
    assert.ok(server !== undefined);
    strangers.flood(server, 700, new Random(1));
  },
};

test("a flood of SCCRQs is answered within the bounds, and without them it is not", async (t) => {
  await new World(PLAN, newMachines(), FLOOD).run();
  t.mock.method(Admission.prototype, "allows", () => true);
  t.mock.method(Admission.prototype, "allowsAgain", () => true);
  await assert.rejects(
    new World(PLAN, newMachines(), FLOOD).run(),
    /answersWithinBounds: 1025 answers to 203\.0\.113\.1/,
  );
});

/** A session never comes up, while its tunnel lives on: HELLO goes in place of ICCN and CDN. */
const LONE: Fault = {
  onStart({ edges }) {
    for (const { toServer } of edges) {
      const send = toServer.send.bind(toServer);
      toServer.send = (datagram) => {
        const message = parseControlMessage(datagram);
        const type = typeOf(datagram);
        const isTaken = type === MessageType.ICCN || type === MessageType.CDN;
        if (typeof message === "string" || !isTaken) send(datagram);
        else send(control(message.tunnelId, message.ns, message.nr, MessageType.HELLO));
      };
    }
  },
};

test("liveTimers sees one session without a timer beside tunnels that have theirs", async (t) => {
  const { add } = Sessions.prototype;
  t.mock.method(
    Sessions.prototype,
    "add",
    function (this: Sessions, ...args: Parameters<typeof add>) {
      add.call(this, args[0], this.size === 0 ? Infinity : args[1]);
    },
  );
  await assert.rejects(
    new World(PLAN, newMachines(), LONE).run(),
    /liveTimers: session \d+ in wait-connect since \d+ without a timer/,
  );
});

test("liveTimers sees a tunnel that has no end, as its peer never hears of it", async () => {
  const onStart: Fault["onStart"] = ({ servers, scheduler, edges }) => {
    for (const { core } of servers) {
      core.pollTimeout = () => scheduler.now + 1_000;
      core.handleTimeout = () => undefined;
    }
    for (const { toClient } of edges) toClient.send = () => undefined;
  };
  await assert.rejects(
    new World(PLAN, newMachines(), { onStart }).run(),
    /liveTimers: tunnel \d+ in wait-ctl-conn without a timer/,
  );
});

test("without a fault that world is in order", async () => {
  await new World(PLAN, newMachines()).run();
});

test("an exception of the program fails a world", async () => {
  const fault: Fault = {
    onStart({ servers }) {
      for (const { core } of servers) {
        core.handleInput = () => {
          throw new TypeError("a bug");
        };
      }
    },
  };
  await assert.rejects(new World(PLAN, newMachines(), fault).run(), TypeError);
});
