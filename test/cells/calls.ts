/** Every cell of RFC 2661 7.4.1, 7.4.2, 7.5.1 and 7.5.2. */
import assert from "node:assert/strict";
import { type AvpInput, AvpType, type MessageType } from "../../src/codec/index.ts";
import { lacIncomingCall } from "../../src/l2tp/lac-incoming-call-automaton.ts";
import { lacOutgoingCall } from "../../src/l2tp/lac-outgoing-call-automaton.ts";
import { lnsIncomingCall } from "../../src/l2tp/lns-incoming-call-automaton.ts";
import { lnsOutgoingCall } from "../../src/l2tp/lns-outgoing-call-automaton.ts";
import { newLns, type Sent, Talk } from "../peer/control.ts";
import { avp, typed, u16, u32, utf8 } from "../peer/lac.ts";
import { describeCells, type Seen } from "./walks.ts";

const bad = avp(99, u16(0));
const id = avp(AvpType.AssignedSessionId, u16(50));
const serial = avp(AvpType.CallSerialNumber, u32(1));
const line = [avp(AvpType.TxConnectSpeed, u32(1_000_000)), avp(AvpType.FramingType, u32(2))];

/** What each message has to have. */
const AVPS = {
  ICRQ: [id, serial],
  ICRP: [id],
  ICCN: line,
  OCRQ: [
    id,
    serial,
    avp(AvpType.MinimumBps, u32(1)),
    avp(AvpType.MaximumBps, u32(2)),
    avp(AvpType.BearerType, u32(1)),
    avp(AvpType.FramingType, u32(1)),
    avp(AvpType.CalledNumber, utf8("100")),
  ],
  OCRP: [id],
  OCCN: line,
  SLI: [],
} as const satisfies Partial<Record<keyof typeof MessageType, AvpInput[]>>;

/** In a tunnel that is not open nothing can be said of a call. */
function receive(name: keyof typeof AVPS, ...more: AvpInput[]) {
  return (talk: Talk, sessionId: number) =>
    stateOf(talk) === "wait-tunnel"
      ? []
      : talk.say(typed(name, ...AVPS[name], ...more), { sessionId });
}

const receiveCdn = (talk: Talk, sessionId: number) =>
  stateOf(talk) === "wait-tunnel" ? [] : talk.say(talk.cdn(50), { sessionId });

function closeSession(talk: Talk, sessionId: number): Sent[] {
  talk.lns.closeSession(talk.tunnelId, sessionId, { code: 3 }, talk.now);
  return talk.drain();
}

/** Begins a call, in another tunnel that is not open, so that it comes no further. */
function begin(talk: Talk, sessionId: number): Sent[] {
  if (sessionId !== 0) return [];
  const other = new Talk(talk.lns);
  other.ownId = talk.ownId + 1;
  const [tunnel] = talk.lns.tunnels();
  other.connect({ role: tunnel?.role ?? "lac" });
  talk.lns.placeCall(other.tunnelId, {}, talk.now);
  return [];
}

function openTunnel(talk: Talk): Sent[] {
  if (stateOf(talk) !== "wait-tunnel") return [];
  const sent = [...talk.say(talk.sccrp()), ...talk.ack()];
  return sent.filter(({ name }) => name !== "SCCCN");
}

const common = {
  "Receive CDN": receiveCdn,
  "Receive invalid message": receive("SLI", bad),
  "Local Close request": closeSession,
  "Tunnel closed": (talk: Talk) => talk.say(talk.stopCcn()),
};

const disconnected: Seen = { out: ["CDN 2"], events: ["session-down"], state: "idle" };
const closed: Seen = { out: ["CDN 3"], events: ["session-down"], state: "idle" };
const cleaned: Seen = { out: [], events: ["session-down"], state: "idle" };
const withTunnel: Seen = { out: [], events: ["session-down", "tunnel-down"], state: "idle" };
const alone: Seen = { out: [], events: ["tunnel-down"], state: "idle" };
const refused: Seen = { out: ["CDN 2"], events: ["refused"], state: "idle" };
const unasked: Seen = { out: ["CDN 2"], events: [], state: "idle" };
const up: Seen = { out: [], events: ["session-up"], state: "established" };
const ends = {
  "Receive CDN": cleaned,
  "Receive invalid message": disconnected,
  "Local Close request": closed,
  "Tunnel closed": withTunnel,
};

const stateOf = (talk: Talk) => [...talk.lns.sessions()][0]?.state;

/** In a tunnel that the endpoint has opened as `role`. */
function opened(role: "lac" | "lns"): Talk {
  return new Talk(newLns({ role })).connected(role);
}

/** A call that the endpoint has placed, after these messages of the peer. */
function placed(role: "lac" | "lns", ...names: (keyof typeof AVPS)[]): readonly [Talk, number] {
  const talk = opened(role);
  const sessionId = talk.lns.placeCall(talk.tunnelId, { calledNumber: "100" }, talk.now) ?? 0;
  talk.drain();
  talk.ack();
  for (const name of names) receive(name)(talk, sessionId);
  talk.ack();
  assert.notEqual(sessionId, 0);
  return [talk, sessionId];
}

/** A call in a tunnel that is not open. */
function waiting(role: "lac" | "lns"): readonly [Talk, number] {
  const talk = new Talk(newLns({ role }));
  talk.connect({ role });
  return [talk, talk.lns.placeCall(talk.tunnelId, {}, talk.now) ?? 0];
}

describeCells("LAC incoming call", {
  table: lacIncomingCall,
  stateOf,
  reach: {
    idle: () => [opened("lac"), 0],
    "wait-tunnel": () => waiting("lac"),
    "wait-reply": () => placed("lac"),
    established: () => placed("lac", "ICRP"),
  },
  send: {
    "Bearer Ring or Ready to indicate incoming conn.": begin,
    "tunnel-open": openTunnel,
    "Receive ICRQ": receive("ICRQ"),
    "Receive ICRP, acceptable": receive("ICRP"),
    "Receive ICRP, not acceptable": receive("ICRP", bad),
    "Receive ICCN": receive("ICCN"),
    ...common,
  },
  rfc: {
    idle: {
      "Bearer Ring or Ready to indicate incoming conn.": nothing("wait-tunnel"),
      // Nobody's ICRQ: an LNS would have to be asked.
      "Receive ICRQ": { out: ["CDN 5"], events: ["refused"], state: "idle" },
      "Tunnel closed": alone,
    },
    "wait-tunnel": {
      "tunnel-open": { out: ["ICRQ"], events: ["tunnel-up"], state: "wait-reply" },
      "Local Close request": cleaned,
      "Tunnel closed": withTunnel,
    },
    "wait-reply": {
      "Receive ICRQ": disconnected,
      "Receive ICRP, acceptable": {
        out: ["ICCN"],
        events: ["session-open", "session-up"],
        state: "established",
      },
      "Receive ICRP, not acceptable": disconnected,
      "Receive ICCN": cleaned,
      ...ends,
    },
    established: {
      "Receive ICRQ": disconnected,
      "Receive ICRP, acceptable": disconnected,
      "Receive ICRP, not acceptable": disconnected,
      "Receive ICCN": disconnected,
      ...ends,
    },
  },
});

describeCells("LNS incoming call", {
  table: lnsIncomingCall,
  stateOf,
  reach: {
    idle: () => [new Talk().establish(), 0],
    "wait-connect": () => {
      const talk = new Talk().establish();
      return [talk, talk.openSession(50)];
    },
    established: () => {
      const talk = new Talk().establish();
      return [talk, talk.upSession(50)];
    },
  },
  send: {
    "Receive ICRQ, acceptable": receive("ICRQ"),
    "Receive ICRQ, not acceptable": receive("ICRQ", bad),
    "Receive ICRP": receive("ICRP"),
    "Receive ICCN, acceptable": receive("ICCN"),
    "Receive ICCN, not acceptable": receive("ICCN", bad),
    ...common,
  },
  rfc: {
    idle: {
      "Receive ICRQ, acceptable": {
        out: ["ICRP"],
        events: ["session-open"],
        state: "wait-connect",
      },
      "Receive ICRQ, not acceptable": refused,
      "Receive ICRP": unasked,
      "Tunnel closed": alone,
    },
    "wait-connect": {
      "Receive ICRQ, acceptable": disconnected,
      "Receive ICRQ, not acceptable": disconnected,
      "Receive ICRP": disconnected,
      "Receive ICCN, acceptable": up,
      "Receive ICCN, not acceptable": disconnected,
      ...ends,
    },
    established: {
      "Receive ICRQ, acceptable": disconnected,
      "Receive ICRQ, not acceptable": disconnected,
      "Receive ICRP": disconnected,
      "Receive ICCN, acceptable": disconnected,
      "Receive ICCN, not acceptable": disconnected,
      ...ends,
    },
  },
});

describeCells("LAC outgoing call", {
  table: lacOutgoingCall,
  stateOf,
  reach: {
    idle: () => [opened("lac"), 0],
    "wait-cs-answer": () => asked(),
    established: () => {
      const [talk, sessionId] = asked();
      answer(talk, sessionId);
      talk.ack();
      return [talk, sessionId];
    },
  },
  send: {
    "Receive OCRQ, acceptable": receive("OCRQ"),
    "Receive OCRQ, not acceptable": receive("OCRQ", bad),
    "Receive OCRP": receive("OCRP"),
    "Receive OCCN": receive("OCCN"),
    "Bearer answer, framing detected": answer,
    // In wait-cs-answer `closeSession` is how the owner tells that the bearer failed.
    "Bearer failure": (talk, sessionId) =>
      stateOf(talk) === "wait-cs-answer" ? closeSession(talk, sessionId) : [],
    ...common,
    "Local Close request": (talk, sessionId) =>
      stateOf(talk) === "wait-cs-answer" ? [] : closeSession(talk, sessionId),
  },
  rfc: {
    idle: {
      "Receive OCRQ, acceptable": {
        out: ["OCRP"],
        events: ["session-open"],
        state: "wait-cs-answer",
      },
      "Receive OCRQ, not acceptable": refused,
      "Receive OCRP": unasked,
      "Tunnel closed": alone,
    },
    "wait-cs-answer": {
      "Receive OCRQ, acceptable": disconnected,
      "Receive OCRQ, not acceptable": disconnected,
      "Receive OCRP": disconnected,
      "Receive OCCN": disconnected,
      "Receive CDN": cleaned,
      "Receive invalid message": disconnected,
      "Bearer answer, framing detected": { ...up, out: ["OCCN"] },
      "Bearer failure": closed,
      "Tunnel closed": withTunnel,
    },
    established: {
      "Receive OCRQ, acceptable": disconnected,
      "Receive OCRQ, not acceptable": disconnected,
      "Receive OCRP": disconnected,
      "Receive OCCN": disconnected,
      ...ends,
    },
  },
});

describeCells("LNS outgoing call", {
  table: lnsOutgoingCall,
  stateOf,
  reach: {
    idle: () => [opened("lns"), 0],
    "wait-tunnel": () => waiting("lns"),
    "wait-reply": () => placed("lns"),
    "wait-connect": () => placed("lns", "OCRP"),
    established: () => placed("lns", "OCRP", "OCCN"),
  },
  send: {
    "Local open request": begin,
    "tunnel-open": openTunnel,
    "Receive OCRQ": receive("OCRQ"),
    "Receive OCRP, acceptable": receive("OCRP"),
    "Receive OCRP, not acceptable": receive("OCRP", bad),
    "Receive OCCN, acceptable": receive("OCCN"),
    "Receive OCCN, not acceptable": receive("OCCN", bad),
    ...common,
  },
  rfc: {
    idle: {
      "Local open request": nothing("wait-tunnel"),
      // Nobody's OCRQ: a LAC would have to be asked.
      "Receive OCRQ": { out: ["CDN 5"], events: ["refused"], state: "idle" },
      "Tunnel closed": alone,
    },
    "wait-tunnel": {
      "tunnel-open": { out: ["OCRQ"], events: ["tunnel-up"], state: "wait-reply" },
      "Local Close request": cleaned,
      "Tunnel closed": withTunnel,
    },
    "wait-reply": {
      "Receive OCRQ": disconnected,
      "Receive OCRP, acceptable": { out: [], events: ["session-open"], state: "wait-connect" },
      "Receive OCRP, not acceptable": disconnected,
      "Receive OCCN, acceptable": disconnected,
      "Receive OCCN, not acceptable": disconnected,
      ...ends,
    },
    "wait-connect": {
      "Receive OCRQ": disconnected,
      "Receive OCRP, acceptable": disconnected,
      "Receive OCRP, not acceptable": disconnected,
      "Receive OCCN, acceptable": up,
      "Receive OCCN, not acceptable": disconnected,
      ...ends,
    },
    established: {
      "Receive OCRQ": disconnected,
      "Receive OCRP, acceptable": disconnected,
      "Receive OCRP, not acceptable": disconnected,
      "Receive OCCN, acceptable": disconnected,
      "Receive OCCN, not acceptable": disconnected,
      ...ends,
    },
  },
});

/** An outgoing call that the LAC has been asked for. */
function asked(): readonly [Talk, number] {
  const talk = opened("lac");
  receive("OCRQ")(talk, 0);
  talk.ack();
  const [session] = talk.lns.sessions();
  return [talk, session?.sessionId ?? 0];
}

function answer(talk: Talk, sessionId: number): Sent[] {
  talk.lns.connectCall(talk.tunnelId, sessionId, { txConnectSpeed: 64_000 }, talk.now);
  return talk.drain();
}

function nothing(state: string): Seen {
  return { out: [], events: [], state };
}
