/** Every cell of both automata: against the RFC's print, and walked with real messages. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type AvpInput, AvpType } from "../../../src/codec/index.ts";
import {
  type ControlConnectionEvent,
  type ControlConnectionState,
  controlConnection,
} from "../../../src/l2tp/control-connection-automaton.ts";
import {
  type IncomingCallEvent,
  type IncomingCallState,
  incomingCall,
} from "../../../src/l2tp/incoming-call-automaton.ts";
import { step } from "../../../src/sansio/automaton.ts";
import { type Sent, Talk } from "../../peer/control.ts";
import { avp, resultOf, sccrq, typed, u16, u32 } from "../../peer/lac.ts";

/** What a walk through one cell shows: messages but ZLB with Result Code, events, states. */
interface Seen {
  readonly out: string[];
  readonly events: string[];
  readonly state: string;
}

const bad = avp(99, u16(0));
const assigned = avp(AvpType.AssignedSessionId, u16(50));

function messages(sent: readonly Sent[]): string[] {
  return sent
    .filter(({ name }) => name !== "ZLB")
    .map(({ name, message }) =>
      name === "StopCCN" || name === "CDN" ? `${name} ${resultOf(message)[0]}` : String(name),
    );
}

describe("control connection", () => {
  const send: Record<ControlConnectionEvent, (talk: Talk) => Sent[]> = {
    "Receive SCCRQ, acceptable": (talk) => talk.say(sccrq(100), { tunnelId: talk.tunnelId }),
    "Receive SCCRQ, not acceptable": (talk) =>
      talk.say(sccrq(100, [bad]), { tunnelId: talk.tunnelId }),
    "Receive SCCRP": (talk) => talk.say(typed("SCCRP", ...sccrq(talk.ownId).slice(1))),
    "Receive SCCCN, acceptable": (talk) => talk.say(typed("SCCCN")),
    "Receive SCCCN, not acceptable": (talk) => talk.say(typed("SCCCN", bad)),
    "Receive StopCCN": (talk) => talk.say(talk.stopCcn()),
    "Receive invalid message": (talk) => talk.say([avp(AvpType.MessageType, u16(99))]),
    "Admin Tunnel Close": (talk) => {
      // The window is one message until SCCRP is acknowledged.
      talk.ack();
      talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, talk.now);
      return talk.drain();
    },
    "No peer response": (talk) => {
      if (talk.tunnelId !== 0) talk.say(typed("HELLO"), { nr: 0 });
      talk.pass(100_000);
      return [];
    },
  };
  const reach: Record<ControlConnectionState, () => Talk> = {
    idle: () => new Talk(),
    "wait-ctl-conn": () => {
      const talk = new Talk();
      talk.request();
      return talk;
    },
    established: () => new Talk().establish(),
  };
  const refused = (code: number): Seen => ({
    out: [`StopCCN ${code}`],
    events: ["tunnel-down"],
    state: "idle",
  });
  const cleaned: Seen = { out: [], events: ["tunnel-down"], state: "idle" };
  const nothing: Seen = { out: [], events: [], state: "idle" };
  // RFC 2661 7.2.1, with the Result Code that goes with each StopCCN.
  const rfc: Record<ControlConnectionState, Record<ControlConnectionEvent, Seen>> = {
    idle: {
      "Receive SCCRQ, acceptable": { out: ["SCCRP"], events: [], state: "wait-ctl-conn" },
      "Receive SCCRQ, not acceptable": { ...nothing, out: ["StopCCN 2"], events: ["refused"] },
      "Receive SCCRP": { ...nothing, out: ["StopCCN 7"], events: ["refused"] },
      "Receive SCCCN, acceptable": nothing,
      "Receive SCCCN, not acceptable": nothing,
      "Receive StopCCN": nothing,
      "Receive invalid message": nothing,
      "Admin Tunnel Close": nothing,
      "No peer response": nothing,
    },
    "wait-ctl-conn": {
      "Receive SCCRQ, acceptable": refused(7),
      "Receive SCCRQ, not acceptable": refused(7),
      "Receive SCCRP": refused(7),
      "Receive SCCCN, acceptable": { out: [], events: ["tunnel-up"], state: "established" },
      "Receive SCCCN, not acceptable": refused(2),
      "Receive StopCCN": cleaned,
      "Receive invalid message": refused(2),
      "Admin Tunnel Close": refused(1),
      "No peer response": cleaned,
    },
    established: {
      "Receive SCCRQ, acceptable": refused(7),
      "Receive SCCRQ, not acceptable": refused(7),
      "Receive SCCRP": refused(7),
      "Receive SCCCN, acceptable": refused(7),
      "Receive SCCCN, not acceptable": refused(7),
      "Receive StopCCN": cleaned,
      "Receive invalid message": refused(2),
      "Admin Tunnel Close": refused(1),
      "No peer response": cleaned,
    },
  };

  for (const state of Object.keys(rfc) as ControlConnectionState[]) {
    for (const event of Object.keys(send) as ControlConnectionEvent[]) {
      test(`${state}: ${event}`, () => {
        const talk = reach[state]();
        talk.takeEvents();
        const out = messages(send[event](talk));
        const now = [...talk.lns.tunnels()][0]?.state ?? "idle";
        const expected = rfc[state][event];
        assert.deepEqual({ out, events: talk.takeEvents(), state: now }, expected);
        const cell = step(controlConnection, state, event);
        assert.equal(cell?.next ?? "idle", expected.state);
        const answers = cell?.actions.filter((action) => action.startsWith("Send S")) ?? [];
        assert.equal(answers.length, expected.out.length);
      });
    }
  }

  test("the table has no other state and no other event", () => {
    assert.deepEqual(Object.keys(controlConnection).sort(), Object.keys(rfc).sort());
    for (const row of Object.values(controlConnection)) {
      for (const event of Object.keys(row)) assert.ok(event in send, event);
    }
  });
});

describe("incoming call", () => {
  type Walk = (talk: Talk, sessionId: number) => Sent[];
  const icrq = (...more: AvpInput[]) =>
    typed("ICRQ", assigned, avp(AvpType.CallSerialNumber, u32(1)), ...more);
  const send: Record<IncomingCallEvent, Walk> = {
    "Receive ICRQ, acceptable": (talk, sessionId) => talk.say(icrq(), { sessionId }),
    "Receive ICRQ, not acceptable": (talk, sessionId) => talk.say(icrq(bad), { sessionId }),
    "Receive ICRP": (talk, sessionId) => talk.say(typed("ICRP", assigned), { sessionId }),
    "Receive ICCN, acceptable": (talk, sessionId) => talk.say(talk.iccn(), { sessionId }),
    "Receive ICCN, not acceptable": (talk, sessionId) => talk.say(talk.iccn(bad), { sessionId }),
    "Receive CDN": (talk, sessionId) => talk.say(talk.cdn(50), { sessionId }),
    "Receive invalid message": (talk, sessionId) => talk.say(typed("SLI", bad), { sessionId }),
    "Local Close request": (talk, sessionId) => {
      talk.lns.closeSession(talk.tunnelId, sessionId, { code: 3 }, talk.now);
      return talk.drain();
    },
    "Tunnel closed": (talk) => talk.say(talk.stopCcn()),
  };
  const reach: Record<IncomingCallState, (talk: Talk) => number> = {
    idle: () => 0,
    "wait-connect": (talk) => talk.openSession(50),
    established: (talk) => talk.upSession(50),
  };
  const down = (code?: number): Seen => ({
    out: code === undefined ? [] : [`CDN ${code}`],
    events: ["session-down"],
    state: "idle",
  });
  const nothing: Seen = { out: [], events: [], state: "idle" };
  // RFC 2661 7.4.2, with the Result Code that goes with each CDN.
  const rfc: Record<IncomingCallState, Record<IncomingCallEvent, Seen>> = {
    idle: {
      "Receive ICRQ, acceptable": {
        out: ["ICRP"],
        events: ["session-open"],
        state: "wait-connect",
      },
      "Receive ICRQ, not acceptable": { ...nothing, out: ["CDN 2"], events: ["refused"] },
      "Receive ICRP": { ...nothing, out: ["CDN 2"] },
      "Receive ICCN, acceptable": nothing,
      "Receive ICCN, not acceptable": nothing,
      "Receive CDN": nothing,
      "Receive invalid message": nothing,
      "Local Close request": nothing,
      "Tunnel closed": { ...nothing, events: ["tunnel-down"] },
    },
    "wait-connect": {
      "Receive ICRQ, acceptable": down(2),
      "Receive ICRQ, not acceptable": down(2),
      "Receive ICRP": down(2),
      "Receive ICCN, acceptable": { out: [], events: ["session-up"], state: "established" },
      "Receive ICCN, not acceptable": down(2),
      "Receive CDN": down(),
      "Receive invalid message": down(2),
      "Local Close request": down(3),
      "Tunnel closed": { ...down(), events: ["session-down", "tunnel-down"] },
    },
    established: {
      "Receive ICRQ, acceptable": down(2),
      "Receive ICRQ, not acceptable": down(2),
      "Receive ICRP": down(2),
      "Receive ICCN, acceptable": down(2),
      "Receive ICCN, not acceptable": down(2),
      "Receive CDN": down(),
      "Receive invalid message": down(2),
      "Local Close request": down(3),
      "Tunnel closed": { ...down(), events: ["session-down", "tunnel-down"] },
    },
  };

  for (const state of Object.keys(rfc) as IncomingCallState[]) {
    for (const event of Object.keys(send) as IncomingCallEvent[]) {
      test(`${state}: ${event}`, () => {
        const talk = new Talk().establish();
        const sessionId = reach[state](talk);
        talk.takeEvents();
        const out = messages(send[event](talk, sessionId));
        const now = [...talk.lns.sessions()][0]?.state ?? "idle";
        const expected = rfc[state][event];
        assert.deepEqual({ out, events: talk.takeEvents(), state: now }, expected);
        const cell = step(incomingCall, state, event);
        assert.equal(cell?.next ?? "idle", expected.state);
        const answers = cell?.actions.filter((action) => action.startsWith("Send")) ?? [];
        assert.equal(answers.length, expected.out.length);
      });
    }
  }

  test("the table has no other state and no other event", () => {
    assert.deepEqual(Object.keys(incomingCall).sort(), Object.keys(rfc).sort());
    for (const row of Object.values(incomingCall)) {
      for (const event of Object.keys(row)) assert.ok(event in send, event);
    }
  });

  test("before the tunnel is established a call clears the tunnel, a CDN does not", () => {
    for (const name of ["ICRQ", "ICRP", "ICCN", "OCRQ", "OCRP", "OCCN"] as const) {
      const talk = new Talk();
      talk.request();
      assert.deepEqual(messages(talk.say(typed(name, assigned))), ["StopCCN 7"], name);
    }
    const talk = new Talk();
    talk.request();
    for (const name of ["CDN", "WEN", "SLI"] as const) talk.say(typed(name));
    talk.say(typed("HELLO"));
    talk.say(typed("SCCCN"));
    assert.deepEqual(talk.takeEvents(), ["tunnel-up"]);
  });
});
