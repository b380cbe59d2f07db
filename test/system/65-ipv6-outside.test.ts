/** Tunnels over IPv6: one socket for both families, answers from the address that was addressed. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { Child, must } from "./support/child.ts";
import { CORE_ADDRESS, Lab, LNS_ADDRESS, LNS_ADDRESS6, root } from "./support/lab.ts";
import { Simplon, USERS } from "./support/simplon.ts";
import { summaryOf } from "./support/tshark.ts";

const client = join(root, "test", "system", "support", "outside-client.ts");
/** Further addresses that the two ends get here. */
const LNS_SECOND = "10.9.0.22";
const LNS_SECOND6 = "2001:db8:9::22";
const LAC_ADDRESS = "10.9.0.1";
const LAC_ADDRESS6 = "2001:db8:9::1";
const LAC_SECOND6 = "2001:db8:9::11";

let lab: Lab;
let lns: Simplon;
const clients: Child[] = [];

before(async () => {
  lab = await Lab.open("ipv6-outside", 0);
  await ip("lns", "addr", "add", `${LNS_SECOND}/24`, "dev", "to-lac");
  await ip("lns", "addr", "add", `${LNS_SECOND6}/64`, "dev", "to-lac", "nodad");
  await ip("lac", "addr", "add", `${LAC_SECOND6}/64`, "dev", "to-lns", "nodad");
});
after(() => lab.close());
afterEach(async () => {
  for (const child of clients.splice(0)) await child.end();
});

function ip(place: "lac" | "lns", ...args: string[]): Promise<string> {
  return must("ip", ["-n", lab.namespace(place), ...args]);
}

/** A client of its own process, whose session is up. */
async function dial(own: string, to: string): Promise<Child> {
  const argv = [process.execPath, client, own, to, "bob", USERS.bob];
  const child = new Child(...lab.inside("lac", argv), { input: true });
  clients.push(child);
  await child.line(/^up 10\.64\./, 15_000);
  return child;
}

/** Echo Requests through the tunnel to a host behind the LNS; packets of these sizes. */
async function ping(child: Child, ...sizes: number[]): Promise<void> {
  for (const size of sizes) {
    child.write(`ping ${CORE_ADDRESS} ${size}\n`);
    await child.line(new RegExp(`^pong ${size}$`), 5_000);
  }
}

async function stop(child: Child): Promise<void> {
  child.write("stop\n");
  await child.line(/^stopped$/, 5_000);
  assert.deepEqual(await child.ended(5_000), { code: 0, signal: null });
  await lns.empty();
}

async function linkLocal(place: "lac" | "lns", device: string): Promise<string> {
  const text = await ip(place, "-6", "-o", "addr", "show", "dev", device, "scope", "link");
  return /inet6 (fe80:[^/]+)\//.exec(text)?.[1] ?? assert.fail(`no link-local address: ${text}`);
}

describe('listen = "[::]:1701"', () => {
  before(async () => {
    lns = await Simplon.start(lab, { lns: { listen: "[::]:1701" } });
  });
  after(() => lns.stop());

  for (const [own, to, shown] of [
    [LAC_ADDRESS6, LNS_ADDRESS6, `[${LAC_ADDRESS6}]`],
    [LAC_ADDRESS6, LNS_SECOND6, `[${LAC_ADDRESS6}]`],
    [LAC_SECOND6, LNS_ADDRESS6, `[${LAC_SECOND6}]`],
    [LAC_ADDRESS, LNS_ADDRESS, LAC_ADDRESS],
    [LAC_ADDRESS, LNS_SECOND, LAC_ADDRESS],
  ] as const) {
    it(`serves ${own}, which speaks to ${to}, and answers from there`, async () => {
      const child = await dial(own, to);
      await ping(child, 84, 1_400);
      const [tunnel] = await lns.tunnels();
      const [session] = await lns.sessions();
      assert.equal(tunnel?.peer.slice(0, tunnel.peer.lastIndexOf(":")), shown);
      assert.equal(session?.peer, tunnel?.peer);
      await stop(child);
    });
  }

  it("serves a link-local address, on the interface that it is on", async () => {
    const to = await linkLocal("lns", "to-lac");
    const child = await dial(`${await linkLocal("lac", "to-lns")}%to-lns`, `${to}%to-lns`);
    await ping(child, 84, 1_400);
    await stop(child);
  });

  it("serves both families at once", async () => {
    const both = [await dial(LAC_ADDRESS6, LNS_ADDRESS6), await dial(LAC_ADDRESS, LNS_ADDRESS)];
    await Promise.all(both.map((child) => ping(child, 84, 1_400)));
    assert.equal((await lns.sessions()).length, 2);
    for (const child of both) child.write("stop\n");
    await lns.empty();
  });

  it("sends in fragments what the path does not take whole", async () => {
    const wire = (mtu: string) => [
      ip("lns", "link", "set", "to-lac", "mtu", mtu),
      ip("lac", "link", "set", "to-lns", "mtu", mtu),
    ];
    await Promise.all(wire("1280"));
    try {
      const child = await dial(LAC_ADDRESS6, LNS_ADDRESS6);
      await ping(child, 84, 1_200, 1_400);
      assert.equal(await lns.counter("down.send"), 0);
      await stop(child);
    } finally {
      await Promise.all(wire("1500"));
    }
  });

  it("takes nothing for a session from another address of its peer", async () => {
    const child = await dial(LAC_ADDRESS6, LNS_ADDRESS6);
    const [session] = await lns.sessions();
    const ids = [session?.tunnelId ?? 0, session?.sessionId ?? 0].map((id) =>
      id.toString(16).padStart(4, "0"),
    );
    const frame = `0002${ids.join("")}ff0300214500`;
    const before = await lns.counter("up.wrong-peer");
    await send(LAC_SECOND6, LNS_ADDRESS6, frame);
    await send(LAC_ADDRESS, LNS_ADDRESS, frame);
    assert.equal((await lns.counter("up.wrong-peer")) - before, 2);
    await ping(child, 84);
    await stop(child);
  });

  it("tells control and data apart in the kernel, for both families", async () => {
    const before = await lns.counters();
    const control = "c802000c0000000000000000";
    const data = "000200070009ff030021";
    for (const [from, to] of [
      [LAC_ADDRESS6, LNS_ADDRESS6],
      [LAC_ADDRESS, LNS_ADDRESS],
    ] as const) {
      await send(from, to, control);
      await send(from, to, data);
    }
    const after = await lns.counters();
    const grown = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
    assert.equal(grown("up.no-session"), 2);
    assert.equal(grown("up.control-message"), 0);
  });
});

describe("listen on one IPv6 address", () => {
  before(async () => {
    lns = await Simplon.start(lab, { lns: { listen: `[${LNS_SECOND6}]:1701` } });
  });
  after(() => lns.stop());

  it("serves that one and no other", async () => {
    const child = await dial(LAC_ADDRESS6, LNS_SECOND6);
    await ping(child, 84, 1_400);
    await stop(child);
    assert.match(await lab.listeners(), /\[2001:db8:9::22\]:1701/);
    assert.doesNotMatch(await lab.listeners(), /\*:1701|0\.0\.0\.0:1701/);
  });
});

describe("tshark on what the LNS sent over IPv6", () => {
  const ours = `(ipv6.src == ${LNS_ADDRESS6} || ipv6.src == ${LNS_SECOND6}) && l2tp`;

  it("finds messages and packets from each address", async () => {
    for (const address of [LNS_ADDRESS6, LNS_SECOND6]) {
      const from = (filter: string) =>
        summaryOf(lab.captureFile, `ipv6.src == ${address} && ${filter}`);
      assert.ok((await from("l2tp.avp.message_type == 2")).length >= 1, `no SCCRP of ${address}`);
      assert.ok((await from(`ip.src == ${CORE_ADDRESS}`)).length >= 1, `no packet of ${address}`);
    }
  });

  it("has nothing to remark", async () => {
    assert.deepEqual(await summaryOf(lab.captureFile, `${ours} && _ws.malformed`), []);
    assert.deepEqual(await summaryOf(lab.captureFile, `${ours} && _ws.expert`), []);
  });
});

/** One datagram of these octets, and time for it to arrive. */
async function send(from: string, to: string, hex: string): Promise<void> {
  const [family, bracketed] = from.includes(":")
    ? ["6", (text: string) => `[${text}]`]
    : ["4", String];
  const target = `UDP${family}-SENDTO:${bracketed(to)}:1701,bind=${bracketed(from)}`;
  const octets = hex.replace(/../g, "\\x$&");
  await must(...lab.inside("lac", ["bash", "-c", `printf '${octets}' | socat -u - ${target}`]));
  await new Promise((resolve) => setTimeout(resolve, 100));
}
