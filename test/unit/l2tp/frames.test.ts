/** PPP frames through `Lac` and `Lns`, and the sequence numbers of data messages (RFC 2661 5.4). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildHeader, parseHeader } from "../../../src/codec/index.ts";
import {
  type Call,
  type Connected,
  type FrameEvent,
  Lac,
  Lns,
  type SessionInfo,
} from "../../../src/l2tp/index.ts";
import { FRAMES_WAITING_MAX } from "../../../src/limits.ts";
import { seededRandom } from "../../peer/control.ts";

const LAC_AT = { address: "192.0.2.7", port: 40_000 };
const LNS_AT = { address: "198.51.100.1", port: 1701 };
const FRAME = Uint8Array.of(0xff, 3, 0xc0, 0x21, 1, 1, 0, 4);

/** Both, one call that is up, and what passes between them. */
class Line {
  readonly lac = new Lac({ hostName: "lac", random: seededRandom(1), secret: "s" });
  readonly lns = new Lns({ hostName: "lns", random: seededRandom(2), secret: "s" });
  readonly lacEvents: FrameEvent[] = [];
  readonly lnsEvents: FrameEvent[] = [];
  /** Data messages, as they leave; held back from their receiver while `isHeld`. */
  readonly data: { datagram: Uint8Array; toLns: boolean }[] = [];
  isHeld = false;
  now = 0;

  constructor(connected: Connected = {}, call: Call = {}) {
    const path = { peer: LNS_AT.address, peerPort: LNS_AT.port, local: "" };
    const tunnelId = this.lac.connect({ path }, this.now);
    assert.ok(tunnelId !== undefined);
    this.lac.placeCall(tunnelId, call, this.now, connected);
    this.pump();
    assert.deepEqual(
      [this.lacEvents, this.lnsEvents].map((events) => events.splice(0).at(-1)?.type),
      ["session-up", "session-up"],
    );
    this.now = 200;
    for (const side of [this.lac, this.lns]) side.handleTimeout(this.now);
    this.pump();
  }

  get lacSession(): SessionInfo {
    return [...this.lac.sessions()][0] as SessionInfo;
  }

  get lnsSession(): SessionInfo {
    return [...this.lns.sessions()][0] as SessionInfo;
  }

  fromLac(frame = FRAME): boolean {
    const { tunnelId, sessionId } = this.lacSession;
    const isSent = this.lac.sendFrame(tunnelId, sessionId, frame);
    this.pump();
    return isSent;
  }

  fromLns(frame = FRAME): boolean {
    const { tunnelId, sessionId } = this.lnsSession;
    const isSent = this.lns.sendFrame(tunnelId, sessionId, frame);
    this.pump();
    return isSent;
  }

  /** Ns of the last data message that was sent. */
  get ns(): number | undefined {
    const header = parseHeader(this.data.at(-1)?.datagram ?? new Uint8Array());
    assert.ok(typeof header !== "string");
    return header.ns;
  }

  deliver(datagram: Uint8Array, toLns: boolean, port?: number): void {
    const from = toLns ? LAC_AT : LNS_AT;
    const local = (toLns ? LNS_AT : LAC_AT).address;
    const path = { peer: from.address, peerPort: port ?? from.port, local };
    (toLns ? this.lns : this.lac).handleInput({ datagram, path }, this.now);
    this.#collect();
  }

  pump(): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const toLns of [true, false]) {
        const from = toLns ? this.lac : this.lns;
        for (let out = from.pollTransmit(); out !== undefined; out = from.pollTransmit()) {
          moved = true;
          const isData = ((out.datagram[0] ?? 0) & 0x80) === 0;
          if (isData) this.data.push({ datagram: out.datagram, toLns });
          if (!isData || !this.isHeld) this.deliver(out.datagram, toLns);
        }
      }
    }
    this.#collect();
  }

  #collect(): void {
    for (let event = this.lac.pollEvent(); event !== undefined; event = this.lac.pollEvent()) {
      this.lacEvents.push(event);
    }
    for (let event = this.lns.pollEvent(); event !== undefined; event = this.lns.pollEvent()) {
      this.lnsEvents.push(event);
    }
  }
}

describe("a PPP frame", () => {
  test("passes both ways as it is, with the ids of the other side", () => {
    const line = new Line();
    assert.equal(line.fromLac(), true);
    const { tunnelId, sessionId } = line.lnsSession;
    assert.deepEqual(line.lnsEvents, [{ type: "frame", tunnelId, sessionId, frame: FRAME }]);
    assert.equal(line.fromLns(FRAME.subarray(2)), true);
    const own = line.lacSession;
    const ids = { tunnelId: own.tunnelId, sessionId: own.sessionId };
    assert.deepEqual(line.lacEvents, [{ type: "frame", ...ids, frame: FRAME.subarray(2) }]);
    assert.deepEqual([line.lac.frameCounters.sent, line.lac.frameCounters.received], [1, 1]);
  });

  test("has the DSCP that the call has agreed on (RFC 3308)", () => {
    const line = new Line({}, { dscp: 46 });
    for (const [side, session] of [
      [line.lac, line.lacSession],
      [line.lns, line.lnsSession],
    ] as const) {
      side.sendFrame(session.tunnelId, session.sessionId, FRAME);
      assert.equal(side.pollTransmit()?.dscp, 46);
    }
  });

  test("is not sent in a session that is not up, nor longer than a datagram", () => {
    const line = new Line();
    const { tunnelId, sessionId } = line.lacSession;
    assert.equal(line.lac.sendFrame(tunnelId, sessionId ^ 1, FRAME), false);
    assert.equal(line.fromLac(new Uint8Array(65_495)), true);
    assert.equal(line.fromLac(new Uint8Array(65_496)), false);
    assert.equal(line.lac.frameCounters.oversize, 1);
    line.lac.closeSession(tunnelId, sessionId, { code: 3 }, 0);
    assert.equal(line.lac.sendFrame(tunnelId, sessionId, FRAME), false);
  });

  test("of nobody, of another port, or without a whole header is dropped and counted", () => {
    const line = new Line();
    const { tunnelId, sessionId } = line.lnsSession;
    const header = { control: false, priority: false, tunnelId, sessionId };
    line.deliver(buildHeader({ ...header, sessionId: sessionId ^ 1 }, FRAME), true);
    line.deliver(buildHeader(header, FRAME), true, 40_001);
    line.deliver(buildHeader(header, FRAME).subarray(0, 5), true);
    line.deliver(new Uint8Array(0), true);
    assert.deepEqual(line.lnsEvents, []);
    const { malformed, "unknown-session": unknown, "wrong-peer": wrong } = line.lns.frameCounters;
    assert.deepEqual([malformed, unknown, wrong], [2, 1, 1]);
    line.deliver(buildHeader({ ...header, length: 0, offsetSize: 3 }, FRAME), true);
    assert.equal(line.lnsEvents.length, 1);
  });

  test("waits for its owner only up to a bound", () => {
    const line = new Line();
    const { tunnelId, sessionId } = line.lacSession;
    for (let i = 0; i < FRAMES_WAITING_MAX; i++) {
      assert.equal(line.lac.sendFrame(tunnelId, sessionId, FRAME), true);
    }
    assert.equal(line.lac.sendFrame(tunnelId, sessionId, FRAME), false);
    assert.equal(line.lac.frameCounters["not-drained"], 1);

    const path = { peer: LAC_AT.address, peerPort: LAC_AT.port, local: LNS_AT.address };
    const own = line.lnsSession;
    const ids = { tunnelId: own.tunnelId, sessionId: own.sessionId };
    const datagram = buildHeader({ control: false, priority: false, ...ids }, FRAME);
    for (let i = 0; i < FRAMES_WAITING_MAX + 2; i++) line.lns.handleInput({ datagram, path }, 0);
    assert.equal(line.lns.frameCounters.received, FRAMES_WAITING_MAX);
    assert.equal(line.lns.frameCounters["not-drained"], 2);
  });

  test("shows that the peer is there: no HELLO is sent while they come", () => {
    const line = new Line();
    for (let i = 0; i < 10; i++) {
      line.now += 20_000;
      line.fromLac();
      line.fromLns();
      for (const side of [line.lac, line.lns]) side.handleTimeout(line.now);
      for (const side of [line.lac, line.lns]) assert.equal(side.pollTransmit(), undefined);
    }
    line.now += 60_000;
    line.lac.handleTimeout(line.now);
    assert.notEqual(line.lac.pollTransmit(), undefined);
  });
});

describe("sequence numbers", () => {
  test("are there from the first message on when the LAC requires them", () => {
    const line = new Line({ sequencingRequired: true });
    for (const expected of [0, 1, 2]) {
      line.fromLac();
      assert.equal(line.ns, expected);
      line.fromLns();
      assert.equal(line.ns, expected);
    }
    const { tunnelId, sessionId } = line.lnsSession;
    line.lns.setSequencing(tunnelId, sessionId, false);
    line.fromLns();
    assert.equal(line.ns, 3, "an LNS cannot clear what is required");
    line.fromLac();
    assert.equal(line.ns, 3);
  });

  test("are the LNS's to set and to clear; the LAC follows, and goes on where it left off", () => {
    const line = new Line();
    const { tunnelId, sessionId } = line.lnsSession;
    line.fromLac();
    assert.equal(line.ns, undefined);
    line.lns.setSequencing(tunnelId, sessionId, true);
    for (const expected of [0, 1]) {
      line.fromLns();
      line.fromLac();
      assert.equal(line.ns, expected);
    }
    line.lns.setSequencing(tunnelId, sessionId, false);
    line.fromLns();
    line.fromLac();
    assert.equal(line.ns, undefined);
    line.lns.setSequencing(tunnelId, sessionId, true);
    line.fromLns();
    assert.equal(line.ns, 2);
    line.fromLac();
    assert.equal(line.ns, 2);
  });

  test("tell what is late or repeated: it is dropped; what is lost is not waited for", () => {
    const line = new Line({ sequencingRequired: true });
    line.isHeld = true;
    for (const octet of [0, 1, 2, 3]) line.fromLac(Uint8Array.of(octet));
    const sent = line.data.map(({ datagram }) => datagram);
    for (const i of [0, 2, 1, 2, 3]) line.deliver(sent[i] as Uint8Array, true);
    const frames = line.lnsEvents.map((event) => event.type === "frame" && event.frame[0]);
    assert.deepEqual(frames, [0, 2, 3]);
    assert.equal(line.lns.frameCounters.late, 2);
  });

  test("begin anew behind 65,535", () => {
    const line = new Line({ sequencingRequired: true });
    for (let i = 0; i < 65_537; i++) {
      line.fromLac();
      line.data.splice(0, line.data.length - 1);
    }
    assert.equal(line.ns, 0);
    assert.equal(line.lnsEvents.length, 65_537);
  });
});

test("a moved peer's frames are taken from where it is, and go there", () => {
  const line = new Line();
  const { tunnelId, sessionId } = line.lnsSession;
  // A HELLO of the LAC from another port moves its tunnel.
  line.now = 61_200;
  line.lac.handleTimeout(line.now);
  const hello = line.lac.pollTransmit();
  assert.ok(hello !== undefined);
  line.deliver(hello.datagram, true, 50_000);
  assert.equal(line.lnsEvents.shift()?.type, "tunnel-moved");
  const datagram = buildHeader({ control: false, priority: false, tunnelId, sessionId }, FRAME);
  line.deliver(datagram, true, 40_000);
  line.deliver(datagram, true, 50_000);
  assert.equal(line.lnsEvents.length, 1);
  line.lns.pollTransmit();
  line.lns.sendFrame(tunnelId, sessionId, FRAME);
  let last = line.lns.pollTransmit();
  for (let out = last; out !== undefined; out = line.lns.pollTransmit()) last = out;
  assert.equal(last?.path.peerPort, 50_000);
});
