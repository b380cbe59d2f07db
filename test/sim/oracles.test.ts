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
import { STRESS_MS } from "./plan.ts";
import { type Fault, newPlane, Violation, World } from "./world.ts";

const SEED = 7;
const ZLB_LENGTH = 12;

function typeOf(datagram: Uint8Array): number | undefined {
  const message = parseControlMessage(datagram);
  return typeof message === "string" ? undefined : readAvp(message.avps, AvpType.MessageType);
}

function control(tunnelId: number, ns: number, nr: number, type: number): Uint8Array {
  const avps = [makeAvp(AvpType.MessageType, type)];
  return buildControlMessage({ tunnelId, sessionId: 0, ns, nr, avps });
}

const FAULTS: Readonly<Record<keyof typeof oracles, Fault>> = {
  wellFormed: { transmit: (_, datagram) => [datagram.subarray(0, 5)] },

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
    onStart({ lns }) {
      const { users } = lns.aaa;
      const authenticate = users.authenticate.bind(users);
      users.authenticate = async (request) => {
        const answer = await authenticate(request);
        if (!answer.ok) return answer;
        const profile = { ...answer.grant.profile, address: "10.64.0.9" };
        return { ...answer, grant: { ...answer.grant, profile } };
      };
    },
  },

  ownSourceOnly: {
    onStart({ plane }) {
      const up = plane.up.bind(plane);
      plane.up = (datagrams, from) => {
        const packets = up(datagrams, from);
        for (const { packet } of packets) packet[15] = (packet[15] ?? 0) ^ 0x40;
        return packets;
      };
    },
  },

  ownDestinationOnly: {
    onStart({ plane }) {
      const down = plane.down.bind(plane);
      plane.down = (packets, network) => {
        const messages = down(packets, network);
        for (const { datagram } of messages) {
          const at = datagram.length - 5; // last octet of the destination
          datagram[at] = (datagram[at] ?? 0) ^ 0x40;
        }
        return messages;
      };
    },
  },

  liveTimers: {
    onStart({ lns }) {
      lns.subscribers.pollTimeout = () => Infinity;
    },
  },

  // The tunnel of a peer that never hears of it has no end.
  nothingStuck: {
    onStart(world) {
      const { lns, scheduler, fromLns } = world;
      lns.core.pollTimeout = () => scheduler.now + 1_000;
      lns.core.handleTimeout = () => undefined;
      for (const link of fromLns) link.send = () => undefined;
    },
  },

  noSurprises: {
    onQuiet({ lns }) {
      const path = { peer: "203.0.113.99", peerPort: 1_701, local: "198.51.100.1" };
      lns.core.handleInput({ datagram: control(0, 0, 0, MessageType.SCCRP), path }, 0);
    },
  },

  agreement: {
    onQuiet({ lns, scheduler }) {
      const [session] = lns.core.sessions();
      assert.ok(session !== undefined);
      const { tunnelId, sessionId } = session;
      lns.core.closeSession(tunnelId, sessionId, { code: 3 }, scheduler.now);
    },
  },

  goalsReached: {
    onStart({ lns }) {
      lns.aaa.users.authenticate = () =>
        Promise.resolve({ ok: false, reason: "credentials", message: "no" });
    },
  },

  staysAsItIs: {
    onStart({ lns, scheduler }) {
      scheduler.at(STRESS_MS + 170_000, () => {
        const [session] = lns.core.sessions();
        assert.ok(session !== undefined);
        const { tunnelId, sessionId } = session;
        lns.core.closeSession(tunnelId, sessionId, { code: 3 }, scheduler.now);
        lns.flush();
      });
    },
  },

  nothingLeft: {
    onStart({ lns }) {
      lns.aaa.release = () => undefined;
    },
  },
};

for (const [name, fault] of Object.entries(FAULTS)) {
  test(`${name} sees the fault that it is there for`, async () => {
    await assert.rejects(new World(SEED, newPlane(), fault).run(), (error: unknown) => {
      assert.ok(error instanceof Violation, String(error));
      assert.equal(error.oracle, name, error.message);
      return true;
    });
  });
}

test("without a fault that world is in order", async () => {
  await new World(SEED, newPlane()).run();
});

test("an exception of the program fails a world", async () => {
  const fault: Fault = {
    onStart({ lns }) {
      lns.core.handleInput = () => {
        throw new TypeError("a bug");
      };
    },
  };
  await assert.rejects(new World(SEED, newPlane(), fault).run(), TypeError);
});
