/** simplon as a switch between ends that are not ours: xl2tpd and pppd in two guests. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { AvpType } from "../../src/codec/index.ts";
import { type Guest, guestAddress } from "./support/guest.ts";
import { Lab } from "./support/lab.ts";
import { Simplon } from "./support/simplon.ts";
import { messagesOf } from "./support/traffic.ts";

const USER = "bob@upstream.test";
const INSIDE = "10.20.0.1";
const SECRET = "opensesame";

/** What the LNS is told of what was said to us, whether it takes it or not. */
const PROXIED = {
  pap: [
    ...[AvpType.InitialReceivedLcpConfreq, AvpType.LastSentLcpConfreq],
    ...[AvpType.LastReceivedLcpConfreq, AvpType.ProxyAuthenType, AvpType.ProxyAuthenName],
    AvpType.ProxyAuthenResponse,
  ],
  chap: [
    ...[AvpType.InitialReceivedLcpConfreq, AvpType.LastSentLcpConfreq],
    ...[AvpType.LastReceivedLcpConfreq, AvpType.ProxyAuthenType, AvpType.ProxyAuthenName],
    ...[AvpType.ProxyAuthenChallenge, AvpType.ProxyAuthenId, AvpType.ProxyAuthenResponse],
  ],
};

let lab: Lab;
let client: Guest;
let lns: Guest;
let lts: Simplon;

before(async () => {
  lab = await Lab.open("switch-stock", 2);
  [client, lns] = lab.guests as [Guest, Guest];
  lts = await Simplon.start(lab, {
    methods: ["chap", "pap"],
    peers: [{ name: "upstream", address: `${guestAddress(2)}:1701`, secret: SECRET }],
    forwards: [{ realm: "upstream.test", peer: "upstream" }],
  });
});
after(async () => {
  await lts?.stop();
  await lab.close();
});
afterEach(async () => {
  await client.must("stop");
  await lns.must("stop");
  await lts.empty();
});

async function dial(auth: string): Promise<void> {
  await lns.must("serve", { auth, user: USER, secret: SECRET });
  const dialled = await client.must("dial", { auth, user: USER, wait: 30 });
  assert.equal(dialled.gateway, INSIDE);
  const call = await lns.must("wait-call");
  assert.deepEqual([call.user, call.address], [USER, dialled.address]);
}

describe("a client of xl2tpd whose call goes on to xl2tpd", () => {
  for (const auth of ["pap", "chap"] as const) {
    it(`is authenticated by ${auth} there, carries a file each way, and hangs up there`, async () => {
      const messages = await messagesOf(lab.captureFile, () => dial(auth));
      const connected = messages.find(({ name, isOurs }) => name === "ICCN" && isOurs);
      const types = connected?.avps.map(({ type }) => type) ?? [];
      for (const type of PROXIED[auth]) {
        assert.ok(types.includes(type), `AVP ${type} is not among ${types}`);
      }
      const seen = await client.must("fetch", { from: INSIDE });
      assert.match(seen.want_sha256 ?? "", /^[0-9a-f]{64}$/);
      assert.equal(seen.down_sha256, seen.want_sha256);
      assert.equal(seen.up_sha256, seen.want_sha256);
      await client.must("hangup");
      await lns.must("wait-drop");
    });
  }

  for (const by of ["ppp", "tunnel"]) {
    it(`is hung up on by the LNS by ${by}`, async () => {
      await dial("chap");
      await lns.must("drop", { by });
      await client.must("wait-drop");
    });
  }

  it("is not let in with another password", async () => {
    await lns.must("serve", { auth: "chap", user: USER, secret: SECRET });
    await client.refused({ auth: "chap", user: USER, pass: "wrongpw" });
  });
});
