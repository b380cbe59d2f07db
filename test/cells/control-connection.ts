/** Every cell of RFC 2661 7.2.1. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AvpType } from "../../src/codec/index.ts";
import { controlConnection } from "../../src/l2tp/control-connection-automaton.ts";
import { names, Talk } from "../peer/control.ts";
import { avp, find, sccrq, typed, u16 } from "../peer/lac.ts";
import { describeCells, type Seen } from "./walks.ts";

const bad = avp(99, u16(0));
const assigned = avp(AvpType.AssignedSessionId, u16(50));

function refused(code: number): Seen {
  return { out: [`StopCCN ${code}`], events: ["tunnel-down"], state: "idle" };
}

const cleaned: Seen = { out: [], events: ["tunnel-down"], state: "idle" };
const outOfPlace = {
  "Receive SCCRQ, acceptable": refused(7),
  "Receive SCCRQ, not acceptable": refused(7),
  "Receive SCCRP, acceptable": refused(7),
  "Receive SCCRP, not acceptable": refused(7),
  "Receive SCCCN, acceptable": refused(7),
  "Receive SCCCN, not acceptable": refused(7),
  "Receive StopCCN": cleaned,
  "Receive invalid message": refused(2),
  "Admin Tunnel Close": refused(1),
  "No peer response": cleaned,
};

/** The peer opens a tunnel too, with a Tie Breaker that nothing is below. */
function winTie(talk: Talk) {
  const lowest = avp(AvpType.TieBreaker, new Uint8Array(8), { mandatory: false });
  const peer = new Talk(talk.lns);
  peer.ownId = talk.ownId + 1;
  peer.request([lowest]);
  peer.say(typed("SCCCN"));
  const own = (each: (typeof peer.events)[number]) =>
    "tunnel" in each && each.tunnel.tunnelId === talk.tunnelId;
  talk.events.push(...peer.events.filter(own));
  return [];
}

describeCells("control connection", {
  table: controlConnection,
  stateOf: (talk) =>
    [...talk.lns.tunnels()].find(({ tunnelId }) => tunnelId === talk.tunnelId)?.state,
  reach: {
    idle: () => [new Talk(), 0],
    "wait-ctl-reply": () => {
      const talk = new Talk();
      talk.connect({ role: "lac" });
      return [talk, 0];
    },
    "wait-ctl-conn": () => {
      const talk = new Talk();
      talk.request();
      return [talk, 0];
    },
    established: () => [new Talk().connected("lac"), 0],
  },
  send: {
    "Local Open request": (talk) => {
      if (talk.tunnelId === 0) return [talk.connect({ role: "lac" })];
      // What the call sends is of another automaton: it shows the tunnel-open event.
      const isEstablished = [...talk.lns.tunnels()][0]?.state === "established";
      talk.lns.placeCall(talk.tunnelId, {}, talk.now);
      assert.deepEqual(names(talk.drain()), isEstablished ? ["ICRQ"] : []);
      return [];
    },
    "Receive SCCRQ, acceptable": (talk) => {
      if (talk.tunnelId !== 0) return talk.say(sccrq(100), { tunnelId: talk.tunnelId });
      return talk.request();
    },
    "Receive SCCRQ, not acceptable": (talk) =>
      talk.say(sccrq(100, [bad]), { tunnelId: talk.tunnelId }),
    "Receive SCCRQ, lose tie-breaker": (talk) => (talk.tunnelId === 0 ? [] : winTie(talk)),
    "Receive SCCRP, acceptable": (talk) => talk.say(talk.sccrp()),
    "Receive SCCRP, not acceptable": (talk) => talk.say(talk.sccrp([bad])),
    "Receive SCCCN, acceptable": (talk) => talk.say(typed("SCCCN")),
    "Receive SCCCN, not acceptable": (talk) => talk.say(typed("SCCCN", bad)),
    "Receive StopCCN": (talk) => talk.say(talk.stopCcn()),
    "Receive invalid message": (talk) => talk.say([avp(AvpType.MessageType, u16(99))]),
    "Admin Tunnel Close": (talk) => {
      // The window is one message until the first is acknowledged.
      if (talk.tunnelId !== 0) talk.ack();
      talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, talk.now);
      return talk.drain();
    },
    "No peer response": (talk) => {
      if (talk.tunnelId === 0) return [];
      const isOpening = [...talk.lns.tunnels()][0]?.state === "wait-ctl-reply";
      if (!isOpening) talk.say(typed("HELLO"), { nr: 0 });
      talk.pass(100_000);
      return [];
    },
  },
  // With the Result Code that goes with each StopCCN.
  rfc: {
    idle: {
      "Local Open request": { out: ["SCCRQ"], events: [], state: "wait-ctl-reply" },
      "Receive SCCRQ, acceptable": { out: ["SCCRP"], events: [], state: "wait-ctl-conn" },
      "Receive SCCRQ, not acceptable": { out: ["StopCCN 2"], events: ["refused"], state: "idle" },
      "Receive SCCRP, acceptable": { out: ["StopCCN 7"], events: ["refused"], state: "idle" },
      "Receive SCCRP, not acceptable": { out: ["StopCCN 7"], events: ["refused"], state: "idle" },
    },
    "wait-ctl-reply": {
      ...outOfPlace,
      "Receive SCCRQ, lose tie-breaker": cleaned,
      "Receive SCCRP, acceptable": { out: ["SCCCN"], events: ["tunnel-up"], state: "established" },
      "Receive SCCRP, not acceptable": refused(2),
    },
    "wait-ctl-conn": {
      ...outOfPlace,
      "Receive SCCCN, acceptable": { out: [], events: ["tunnel-up"], state: "established" },
      "Receive SCCCN, not acceptable": refused(2),
    },
    established: {
      ...outOfPlace,
      "Local Open request": { out: [], events: [], state: "established" },
    },
  },
});

test("before the tunnel is established a call clears the tunnel, a CDN does not", () => {
  for (const name of ["ICRQ", "ICRP", "ICCN", "OCRQ", "OCRP", "OCCN"] as const) {
    const talk = new Talk();
    talk.request();
    const [out] = talk.say(typed(name, assigned));
    assert.equal(out?.name, "StopCCN", name);
    assert.equal(find(out.message, AvpType.ResultCode)?.value[1], 7, name);
  }
  const talk = new Talk();
  talk.request();
  for (const name of ["CDN", "WEN", "SLI"] as const) talk.say(typed(name));
  talk.say(typed("HELLO"));
  talk.say(typed("SCCCN"));
  assert.deepEqual(talk.takeEvents(), ["tunnel-up"]);
});
