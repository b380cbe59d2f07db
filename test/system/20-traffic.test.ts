import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Guest } from "./support/guest.ts";
import { CORE_ADDRESS, FAR_ADDRESS, Lab, LNS_ADDRESS } from "./support/lab.ts";
import { Simplon } from "./support/simplon.ts";
import { summaryOf } from "./support/tshark.ts";

let lab: Lab;
let guest: Guest;

before(async () => {
  lab = await Lab.open("traffic", 1);
  [guest] = lab.guests as [Guest];
});
after(() => lab.close());

/** A file down and up again by TCP; its hashes at both ends have to agree. */
async function transfer(from: string) {
  const seen = await guest.must("fetch", { from });
  assert.match(seen.want_sha256 ?? "", /^[0-9a-f]{64}$/);
  assert.equal(seen.down_sha256, seen.want_sha256);
  assert.equal(seen.up_sha256, seen.want_sha256);
  return seen;
}

describe("a client's packets", () => {
  let lns: Simplon;
  let address: string;

  before(async () => {
    lns = await Simplon.start(lab);
    // Multilink and IPv6CP are refused one by one, the rest goes on.
    address =
      (await guest.must("dial", { echo: 1, ppp: "multilink,endpoint_local:01.02" })).address ?? "";
  });
  after(() => lns.stop());

  it("reach the host behind the LNS and its answers come back", async () => {
    await guest.must("ping", { to: CORE_ADDRESS });
    await guest.must("ping", { to: CORE_ADDRESS, size: 1_300 });
  });

  it("reach the LNS's own gateway address", async () => {
    await guest.must("ping", { to: "10.64.0.1" });
  });

  it("carry a file each way by TCP, under the address that the client was given", async () => {
    const seen = await transfer(CORE_ADDRESS);
    assert.equal(seen.seen_from, address);
    const [session] = await lns.sessions();
    const bytes = Number(seen.bytes);
    assert.ok(Number(session?.rxOctets) > bytes && Number(session?.txOctets) > bytes);
  });

  it("are dropped and counted when their source is another's", async () => {
    const before = await lns.counter("up.source-address");
    const spoofed = await guest.run("ping", { from: "10.64.77.77", count: 4 });
    assert.equal(spoofed.values.received, "0");
    assert.equal((await lns.counter("up.source-address")) - before, 4);
  });

  it("do not reach a host that has no route back, without nat", async () => {
    const lost = await guest.run("ping", { to: FAR_ADDRESS });
    assert.equal(lost.values.received, "0");
  });

  it("flow again after a hang-up and a second dial by the same client", async () => {
    await guest.must("hangup");
    await guest.must("dial", { keep: 1 });
    await guest.must("ping", { to: CORE_ADDRESS });
    await guest.must("hangup");
    await lns.empty();
  });
});

describe("nat = true, sequencing = true", () => {
  let lns: Simplon;

  before(async () => {
    lns = await Simplon.start(lab, { network: { nat: true, sequencing: true } });
    await guest.must("dial", { auth: "pap" });
  });
  after(() => lns.stop());

  it("lets clients reach a host that knows nothing of the pool", async () => {
    await guest.must("ping", { to: FAR_ADDRESS });
    const seen = await transfer(FAR_ADDRESS);
    assert.equal(seen.seen_from, "10.7.0.2");
  });

  it("has the client number its data messages because the LNS does", async () => {
    const numbered = "l2tp.type == 0 && l2tp.seq_bit == 1";
    for (const way of ["src", "dst"]) {
      const filter = `${numbered} && ip.${way} == ${LNS_ADDRESS}`;
      assert.ok((await summaryOf(lab.captureFile, filter)).length > 0, way);
    }
    assert.equal(await lns.counter("up.late"), 0);
  });

  it("leaves no rule behind", async () => {
    assert.match(await lab.nftTables(), /table/);
    await guest.must("hangup");
    assert.deepEqual(await lns.stop(), { code: 0, signal: null });
    assert.equal(await lab.nftTables(), "");
  });
});
