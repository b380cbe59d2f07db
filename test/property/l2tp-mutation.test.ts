/** 200,000 changed copies of what valid conversations say, put in between: nothing stays. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type AvpInput, AvpType } from "../../src/codec/index.ts";
import type { Endpoint } from "../../src/l2tp/index.ts";
import { HALF_OPEN_PER_SOURCE_MAX } from "../../src/limits.ts";
import { newLns, PATH, Talk } from "../peer/control.ts";
import { balance, dice, mutated } from "../peer/garbage.ts";
import { avp, chapResponse, find, sccrq, typed, uint, utf8 } from "../peer/lac.ts";

const CONVERSATIONS = 160;
const COPIES = 30;
type Roll = (below: number) => number;

/** A peer that says what a LAC says, and whose datagrams come changed too, before they come. */
class Conversation {
  readonly talk: Talk;
  readonly #roll: Roll;
  readonly #recorded: Uint8Array[];
  copies = 0;

  constructor(lns: Endpoint, number: number, roll: Roll, recorded: Uint8Array[]) {
    this.talk = new Talk(lns);
    this.talk.ownId = 1 + number;
    this.talk.path = { ...PATH, peer: `192.0.2.${number % 7}`, peerPort: 1_701 + (number % 3) };
    this.#roll = roll;
    this.#recorded = recorded;
  }

  say(avps: readonly AvpInput[], over: { tunnelId?: number; sessionId?: number } = {}): void {
    const { talk } = this;
    const datagram = talk.build(avps, over);
    this.#recorded.push(datagram);
    for (let i = 0; i < COPIES; i++) {
      const seed =
        this.#roll(3) === 0 ? this.#recorded[this.#roll(this.#recorded.length)] : datagram;
      talk.deliver(mutated(seed ?? datagram, this.#roll), this.#anyPath());
      this.copies += 1;
    }
    talk.say(avps, over);
    talk.pass(this.#roll(4) === 0 ? 1_500 : 20);
  }

  run(secret: string): void {
    const { talk } = this;
    const challenge = avp(AvpType.Challenge, utf8("a challenge"));
    this.say(sccrq(talk.ownId, secret === "" ? [] : [challenge]), { tunnelId: 0 });
    const reply = talk.sent.findLast(
      ({ name, message, path }) =>
        name === "SCCRP" && message.tunnelId === talk.ownId && path === talk.path,
    )?.message;
    if (reply !== undefined) talk.tunnelId = uint(find(reply, AvpType.AssignedTunnelId));
    talk.nr = 1;
    const asked = reply && find(reply, AvpType.Challenge)?.value;
    const right = asked && [avp(AvpType.ChallengeResponse, chapResponse(3, secret, asked))];
    this.say(typed("SCCCN", ...(right ?? [])));
    for (const id of [1, 2, 3]) this.say(talk.icrq(id));
    const own = () => [...talk.lns.sessions()].filter((s) => s.tunnelId === talk.tunnelId);
    for (const { sessionId } of own().slice(0, 3)) this.say(talk.iccn(), { sessionId });
    this.say(typed("HELLO"));
    const sessionId = own()[0]?.sessionId ?? 0;
    this.say(typed("SLI", avp(AvpType.Accm, new Uint8Array(10))), { sessionId });
    this.say(typed("WEN", avp(AvpType.CallErrors, new Uint8Array(26))), { sessionId });
    this.say(talk.cdn(1), { sessionId });
    this.say([]);
    this.say(talk.stopCcn());
  }

  #anyPath() {
    const { path } = this.talk;
    switch (this.#roll(8)) {
      case 0:
        return { ...path, peerPort: 1_024 + this.#roll(4) };
      case 1:
        return { ...path, peer: `203.0.113.${this.#roll(9)}` };
      case 2:
        return { ...path, local: "198.51.100.9" };
      default:
        return path;
    }
  }
}

for (const [secret, followPort] of [
  ["", true],
  ["", false],
  ["a secret", true],
  ["a secret", false],
] as const) {
  test(`changed copies, ${secret === "" ? "no" : "a"} secret, ports ${followPort ? "" : "not "}followed`, () => {
    const roll = dice(secret.length + (followPort ? 1 : 2));
    const lns = newLns({ secret, followPort, maxTunnels: 500, maxSessions: 500 });
    const recorded: Uint8Array[] = [];
    const events = [];
    let [copies, now, up] = [0, 0, 0];
    for (let number = 0; number < CONVERSATIONS; number++) {
      const conversation = new Conversation(lns, number, roll, recorded);
      const { talk } = conversation;
      talk.now = now;
      conversation.run(secret);
      now = talk.now;
      copies += conversation.copies;
      events.push(...talk.events);
      up += talk.events.filter(({ type }) => type === "session-up").length;
      if (recorded.length > 300) recorded.splice(0, 100);
      assert.ok([...lns.tunnels()].length <= 16 * HALF_OPEN_PER_SOURCE_MAX);
    }
    assert.ok(copies >= 50_000, `${copies} copies`);
    assert.ok(up > CONVERSATIONS / 4, `${up} sessions were up`);
    const last = new Talk(lns);
    last.now = now;
    lns.shutdown(now);
    last.pass(200_000);
    events.push(...last.events);
    assert.deepEqual([...lns.tunnels(), ...lns.sessions()], []);
    assert.equal(lns.pollTimeout(), Infinity);
    assert.equal(lns.isDrained(), true);
    for (const [key, open] of balance(events)) assert.equal(open, 0, key);
    assert.equal(lns.counters["followed-port"] > 0, followPort);
  });
}
