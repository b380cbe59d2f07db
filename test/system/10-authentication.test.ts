import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AvpType } from "../../src/codec/index.ts";
import type { Guest } from "./support/guest.ts";
import { Lab } from "./support/lab.ts";
import { Simplon } from "./support/simplon.ts";
import { messagesOf, resultCode } from "./support/traffic.ts";

let lab: Lab;
let guest: Guest;
let lns: Simplon;

before(async () => {
  lab = await Lab.open("authentication", 1);
  [guest] = lab.guests as [Guest];
});
after(() => lab.close());

/** In the order in which they are offered by default. */
const METHODS = ["mschapv2", "chap", "pap"] as const;
/** The Authentication-Protocol that the client acknowledged, in the words of its pppd. */
const AGREED = { mschapv2: /<auth chap MS-v2>/, chap: /<auth chap MD5>/, pap: /<auth pap>/ };
/** RFC 2759 section 6: wrong credentials, no retry. */
const FAILURE = /^E=691 R=0 C=[0-9A-F]{32} V=3 M=Authentication failed$/;

describe("the password of a stock client", () => {
  // One address for all: a client that was refused must not keep it.
  before(async () => {
    const network = { pool: ["10.64.0.0/30"] };
    lns = await Simplon.start(lab, { level: "trace", network, methods: METHODS });
  });
  after(() => lns.stop());

  for (const auth of METHODS) {
    it(`is taken by ${auth}, and the session is shown until the hang-up`, async () => {
      const dialled = await guest.must("dial", { auth });
      assert.equal(dialled.address, "10.64.0.2");
      assert.equal(dialled.gateway, "10.64.0.1");
      assert.equal(dialled.dns, "10.8.0.1,10.8.0.3");
      assert.match(dialled.lcp_theirs ?? "", AGREED[auth]);
      assert.equal(dialled.verdict, auth === "pap" ? "PAP AuthAck" : "CHAP Success");
      if (auth === "mschapv2") assert.match(dialled.said ?? "", /^S=[0-9A-F]{40} M=Welcome$/);

      const [session, ...others] = await lns.sessions();
      assert.deepEqual(others, []);
      assert.equal(session?.user, "bob");
      assert.equal(session?.network, "default");
      assert.equal(session?.address, "10.64.0.2");
      assert.equal(session?.phase, "network");
      const [tunnel] = await lns.tunnels();
      assert.equal(tunnel?.state, "established");
      assert.equal(tunnel?.sessions, 1);

      await guest.must("hangup");
      await lns.empty();
    });

    it(`is refused by ${auth} when it is wrong, and nothing is left`, async () => {
      const seen = await guest.refused({ auth, pass: "wrongpw" });
      assert.equal(seen.refused, "auth");
      assert.equal(seen.verdict, auth === "pap" ? "PAP AuthNak" : "CHAP Failure");
      if (auth === "mschapv2") assert.match(seen.said ?? "", FAILURE);
      await guest.must("stop");
      await lns.empty();
    });

    it(`is refused by ${auth} for a user that is not known`, async () => {
      const seen = await guest.refused({ auth, user: "mallory" });
      assert.equal(seen.refused, "auth");
      await guest.must("stop");
      await lns.empty();
    });
  }

  it("is taken from a client that names its Windows domain", async () => {
    const user = "OFFICE\\\\bob";
    const dialled = await guest.must("dial", { auth: "mschapv2", user });
    assert.match(dialled.said ?? "", /^S=/);
    assert.equal((await lns.sessions())[0]?.user, "OFFICE\\bob");
    await guest.must("hangup");
    await lns.empty();
  });

  it("is asked for: a client that takes no method of ours is not let in", async () => {
    await guest.refused({ auth: "none" });
    await guest.must("stop");
    await lns.empty();
  });

  it("that was refused cost no address: the only one is still free", async () => {
    const dialled = await guest.must("dial", { user: "alice", pass: "alicepw" });
    assert.equal(dialled.address, "10.64.0.2");
    await guest.must("hangup");
  });

  it("never stands in the log", () => {
    assert.match(lns.child.text, /bob/, "there is a log that tells of users");
    assert.doesNotMatch(lns.child.text, /bobpw|alicepw|wrongpw/);
  });
});

describe("the tunnel secret", () => {
  const secret = "opensesame";

  /** Result Codes of the StopCCNs that we sent while `work` ran. */
  async function stopCodes(work: () => Promise<unknown>) {
    const sent = await messagesOf(lab.captureFile, work);
    return sent.filter(({ name, isOurs }) => name === "StopCCN" && isOurs).map(resultCode);
  }

  async function refusedBefore(keys: Readonly<Record<string, string>>) {
    assert.equal((await guest.refused(keys)).refused, "tunnel");
    assert.deepEqual(await lns.sessions(), []);
    await guest.must("stop");
  }

  describe("that we have", () => {
    before(async () => {
      lns = await Simplon.start(lab, { level: "trace", lns: { secret } });
    });
    after(() => lns.stop());

    it("lets in who has it too, with a challenge each way", async () => {
      const messages = await messagesOf(lab.captureFile, () => guest.must("dial", { secret }));
      const exchange = messages.slice(0, 3);
      const challenges = exchange.map(({ name, avps }) => [
        name,
        avps.filter(({ type }) => type === AvpType.Challenge).length,
        avps.filter(({ type }) => type === AvpType.ChallengeResponse).length,
      ]);
      assert.deepEqual(challenges, [
        ["SCCRQ", 1, 0],
        ["SCCRP", 1, 1],
        ["SCCCN", 0, 1],
      ]);
      await guest.must("hangup");
    });

    it("lets in who has it and asks us for nothing", async () => {
      await guest.must("dial", { secret, challenge: "no" });
      await guest.must("hangup");
    });

    it("keeps out who has another: StopCCN, not authorised", async () => {
      const codes = await stopCodes(() => refusedBefore({ secret: "wrong", challenge: "no" }));
      assert.deepEqual(codes, [4]);
    });

    it("keeps out who has another and finds our answer wrong", async () => {
      await refusedBefore({ secret: "wrong" });
    });

    it("keeps out who has none", async () => {
      await refusedBefore({});
    });

    it("never stands in the log", () => {
      assert.match(lns.child.text, /tunnel/, "there is a log that tells of tunnels");
      assert.ok(!lns.child.text.includes(secret));
    });
  });

  it("that only the client has keeps it from us: we cannot answer its challenge", async () => {
    lns = await Simplon.start(lab);
    try {
      await refusedBefore({ secret });
    } finally {
      await lns.stop();
    }
  });
});
