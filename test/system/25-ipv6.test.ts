/** IPv6 inside: stock clients make themselves addresses of the /64 that the LNS gives each. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { formatIpv6, ipv6 } from "../../src/net.ts";
import { must } from "./support/child.ts";
import type { Guest } from "./support/guest.ts";
import { CORE_ADDRESS, CORE_ADDRESS6, FAR_ADDRESS6, Lab, LNS_ADDRESS } from "./support/lab.ts";
import { Simplon } from "./support/simplon.ts";
import { fieldsOf, summaryOf } from "./support/tshark.ts";

const POOL6 = "2001:db8:64::/48";
const GATEWAY6 = "2001:db8:64::1";
const OURS = `ip.src == ${LNS_ADDRESS} && l2tp`;

let lab: Lab;
let bob: Guest;
let alice: Guest;

before(async () => {
  lab = await Lab.open("ipv6", 2);
  [bob, alice] = lab.guests as [Guest, Guest];
});
after(() => lab.close());

/** The first 64 bits of an address with its length. */
function prefixOf(address: string): string {
  const octets = ipv6(address.split("/")[0] ?? "");
  octets.fill(0, 8);
  return `${formatIpv6(octets)}/64`;
}

/** A file down and up again by TCP; its hashes at both ends have to agree. */
async function transfer(guest: Guest, from: string) {
  const seen = await guest.must("fetch", { from });
  assert.match(seen.want_sha256 ?? "", /^[0-9a-f]{64}$/);
  assert.equal(seen.down_sha256, seen.want_sha256);
  assert.equal(seen.up_sha256, seen.want_sha256);
  return seen;
}

describe("a client's IPv6", () => {
  let lns: Simplon;
  let dialled: Readonly<Record<string, string>>;
  let slaac: Readonly<Record<string, string>>;
  let address: string;

  before(async () => {
    lns = await Simplon.start(lab, { network: { pool6: [POOL6] } });
    dialled = await bob.must("dial", { echo: 1 });
    slaac = await bob.must("slaac");
    address = (slaac.address6 ?? "").split("/")[0] ?? "";
  });
  after(() => lns.stop());

  it("has an address of the session's /64, no other, and nothing else is on the link", async () => {
    assert.equal(prefixOf(slaac.address6 ?? ""), "2001:db8:64:1::/64");
    assert.deepEqual([slaac.addresses6, slaac.on_link], ["1", "0"]);
    const [session] = await lns.sessions();
    assert.equal(session?.prefix6, "2001:db8:64:1::/64");
    assert.equal(session?.address, dialled.address);
  });

  it("has our link-local address as router, both as IPV6CP agreed them, and our MTU", () => {
    const identifier = (facts = "") => {
      const digits = /<addr fe80::([0-9a-f:]+)>/.exec(facts)?.[1] ?? "";
      return formatIpv6(ipv6(`fe80::${digits}`));
    };
    assert.equal(slaac.router, identifier(dialled.ipv6cp_theirs));
    assert.equal(slaac.link_local, identifier(dialled.ipv6cp_ours));
    assert.equal(slaac.mtu6, "1400");
  });

  it("reaches the host behind the LNS and its answers come back", async () => {
    await bob.must("ping", { to: CORE_ADDRESS6 });
    await bob.must("ping", { to: CORE_ADDRESS6, size: 1_352 });
  });

  it("reaches the LNS under its global and its link-local address", async () => {
    await bob.must("ping", { to: GATEWAY6 });
    await bob.must("ping", { to: `${slaac.router}%ppp0` });
    await bob.must("ping", { to: `${slaac.router}%ppp0`, size: 1_352 });
  });

  it("carries a file each way by TCP, under its own address", async () => {
    const seen = await transfer(bob, CORE_ADDRESS6);
    assert.equal(expanded(seen.seen_from), expanded(address));
    await transfer(bob, CORE_ADDRESS);
  });

  it("does not reach a host that has no route back", async () => {
    const lost = await bob.run("ping", { to: FAR_ADDRESS6 });
    assert.equal(lost.values.received, "0");
  });

  it("is dropped and counted when its source is of another /64", async () => {
    const before = await lns.counter("up.source-address");
    for (const from of ["2001:db8:64:2::77", "2001:db8:64::1", "2001:db8:8::77"]) {
      const spoofed = await bob.run("ping", { to: CORE_ADDRESS6, from, count: 4 });
      assert.equal(spoofed.values.received, "0");
    }
    assert.equal((await lns.counter("up.source-address")) - before, 12);
  });

  it("is another's for another client, and clients reach each other", async () => {
    await alice.must("dial", { user: "alice", pass: "alicepw" });
    const hers = await alice.must("slaac");
    assert.equal(prefixOf(hers.address6 ?? ""), "2001:db8:64:2::/64");
    await alice.must("ping", { to: CORE_ADDRESS6 });
    await alice.must("ping", { to: address });
    await transfer(alice, CORE_ADDRESS6);
    const prefixes = (await lns.sessions()).map(({ prefix6 }) => prefix6).sort();
    assert.deepEqual(prefixes, ["2001:db8:64:1::/64", "2001:db8:64:2::/64"]);
    await alice.must("hangup");
  });

  it("comes again with a fresh /64 after a hang-up and a second dial", async () => {
    await bob.must("hangup");
    await lns.empty();
    await bob.must("dial", { keep: 1 });
    const again = await bob.must("slaac");
    assert.equal(prefixOf(again.address6 ?? ""), "2001:db8:64:3::/64");
    await bob.must("ping", { to: CORE_ADDRESS6 });
    await bob.must("hangup");
    await lns.empty();
  });

  it("is none for a client that does not ask for it", async () => {
    await bob.must("dial", { ipv6: 0 });
    await bob.must("ping", { to: CORE_ADDRESS });
    assert.equal((await bob.run("slaac", { seconds: 3 })).ok, false);
    const [session] = await lns.sessions();
    assert.equal(session?.prefix6, "");
    await bob.must("hangup");
    await lns.empty();
  });

  it("is all there is for a client without IPv4", async () => {
    await bob.run("dial", { ppp: "noip", wait: 6 });
    const alone = await bob.must("slaac");
    assert.equal(prefixOf(alone.address6 ?? ""), "2001:db8:64:5::/64");
    await bob.must("ping", { to: CORE_ADDRESS6 });
    await transfer(bob, CORE_ADDRESS6);
    await bob.must("hangup");
    await lns.empty();
  });
});

describe("when no /64 is free", () => {
  let lns: Simplon;

  before(async () => {
    lns = await Simplon.start(lab, { network: { pool6: ["2001:db8:64::/63"] } });
  });
  after(() => lns.stop());

  it("a client has IPv4 alone, and that is logged and counted", async () => {
    await bob.must("dial");
    await bob.must("slaac");
    await alice.must("dial", { user: "alice", pass: "alicepw" });
    assert.equal((await alice.run("slaac", { seconds: 3 })).ok, false);
    await alice.must("ping", { to: CORE_ADDRESS });
    assert.equal(await lns.counter("control.no-prefix6"), 1);
    assert.match(lns.child.text, /no \/64 is free/);
  });

  it("one that hangs up leaves its /64 to the next, and no route behind", async () => {
    await bob.must("hangup");
    await alice.must("hangup");
    await lns.empty();
    await alice.must("dial", { user: "alice", pass: "alicepw" });
    const hers = await alice.must("slaac");
    assert.equal(prefixOf(hers.address6 ?? ""), "2001:db8:64:1::/64");
    await alice.must("ping", { to: CORE_ADDRESS6 });
    await alice.must("hangup");
    assert.deepEqual(await lns.stop(), { code: 0, signal: null });
    const routes = await must("ip", ["-n", lab.namespace("lns"), "-6", "route", "show"]);
    assert.doesNotMatch(routes, /2001:db8:64:/);
  });
});

describe("what tshark reads in it", () => {
  it("is not malformed, has right checksums and no remark", async () => {
    assert.deepEqual(await summaryOf(lab.captureFile, `${OURS} && _ws.malformed`), []);
    assert.deepEqual(
      await summaryOf(lab.captureFile, `${OURS} && icmpv6.checksum.status == 0`),
      [],
    );
  });

  it("is an advertisement of one /64 for autonomous use that is not on the link", async () => {
    const fields = ["cur_hop_limit", "flag.m", "flag.o", "router_lifetime", "reachable_time"];
    const names = [
      ...fields.map((name) => `icmpv6.nd.ra.${name}`),
      ...["type", "length", "mtu", "prefix", "prefix.length"].map((name) => `icmpv6.opt.${name}`),
      ...["flag.l", "flag.a", "valid_lifetime", "preferred_lifetime"].map(
        (name) => `icmpv6.opt.prefix.${name}`,
      ),
      ...["ipv6.hlim", "ipv6.src", "icmpv6.checksum.status"],
    ];
    const seen = await fieldsOf(lab.captureFile, `${OURS} && icmpv6.type == 134`, names);
    assert.ok(seen.size >= 5, `${seen.size} Router Advertisements`);
    for (const said of seen.values()) {
      const value = (name: string) => said.get(name)?.join();
      const prefix = value("icmpv6.opt.prefix") ?? "";
      assert.match(prefix, /^2001:db8:64:[1-9]::$/);
      assert.match(value("ipv6.src") ?? "", /^fe80::/);
      said.delete("icmpv6.opt.prefix");
      said.delete("ipv6.src");
      assert.deepEqual(Object.fromEntries([...said].map(([name, all]) => [name, all.join()])), {
        "icmpv6.nd.ra.cur_hop_limit": "64",
        "icmpv6.nd.ra.flag.m": "0",
        "icmpv6.nd.ra.flag.o": "0",
        "icmpv6.nd.ra.router_lifetime": "1800",
        "icmpv6.nd.ra.reachable_time": "0",
        "icmpv6.opt.type": "5,3",
        "icmpv6.opt.length": "1,4",
        "icmpv6.opt.mtu": "1400",
        "icmpv6.opt.prefix.length": "64",
        "icmpv6.opt.prefix.flag.l": "0",
        "icmpv6.opt.prefix.flag.a": "1",
        "icmpv6.opt.prefix.valid_lifetime": "5400",
        "icmpv6.opt.prefix.preferred_lifetime": "2700",
        "ipv6.hlim": "255",
        "icmpv6.checksum.status": "1",
      });
    }
  });
});

/** socat prints all eight groups in brackets. */
function expanded(text = ""): string {
  return formatIpv6(ipv6(text.replaceAll(/[[\]]/g, "")));
}
