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
import type * as oracles from "./oracles.ts";
import { newMachines } from "./runner.ts";
import { type Fault, Violation, World } from "./world.ts";

/** In liveness mode, with calls that go on to another LNS, and a LAC that is the program. */
const SEED = 120;
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

const FAULTS: Readonly<Record<keyof typeof oracles, Fault>> = {
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
      world.toLine = (line, packet) => {
        packet[19] = (packet[19] ?? 0) ^ 0x40;
        toLine(line, packet);
      };
    },
  },

  historyInOrder: {
    onStart({ servers }) {
      for (const { recorder, options } of servers) {
        const { tunnelDown } = recorder;
        recorder.tunnelDown = (event, now) => {
          const entry = tunnelDown.call(recorder, event, now);
          options.onEntry({ ...entry, since: entry.at + 1 });
          return entry;
        };
      }
    },
  },

  liveTimers: {
    onStart({ servers }) {
      for (const { side } of servers) side.pollTimeout = () => Infinity;
    },
  },

  // The tunnel of a peer that never hears of it has no end.
  nothingStuck: {
    onStart({ servers, scheduler, edges }) {
      for (const { core } of servers) {
        core.pollTimeout = () => scheduler.now + 1_000;
        core.handleTimeout = () => undefined;
      }
      for (const { toClient } of edges) toClient.send = () => undefined;
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
      for (const lac of lacs) lac.answered = () => undefined;
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
    await assert.rejects(new World(SEED, newMachines(), fault).run(), (error: unknown) => {
      assert.ok(error instanceof Violation, String(error));
      assert.equal(error.oracle, name, error.message);
      return true;
    });
  });
}

test("without a fault that world is in order", async () => {
  await new World(SEED, newMachines()).run();
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
  await assert.rejects(new World(SEED, newMachines(), fault).run(), TypeError);
});
