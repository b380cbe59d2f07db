/** What is done to headers, with the kernel at both ends: MSS, MTU, LCP Echo, DSCP and ECN. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { type Child, poll, run } from "./support/child.ts";
import { CORE_ADDRESS, Lab, LNS_ADDRESS, root } from "./support/lab.ts";
import { Simplon, USERS } from "./support/simplon.ts";
import { fieldsOf } from "./support/tshark.ts";

const markedLac = join(root, "test", "system", "support", "marked-lac.ts");
const client = join(root, "test", "system", "support", "headers-client.ts");
const MRU = 1_300;
const EF_ECT0 = 0xba;
const [CONTROL_DSCP, DATA_DSCP] = [48, 10];

let lab: Lab;
let lns: Simplon;
let peer: Child;
let core: Child;
let address = "";
let address6 = "";

before(async () => {
  lab = await Lab.open("headers", 0);
  const network = { mtu: 1_400, dscp: "copy", ecn: true, pool6: ["2001:db8:64::/48"] };
  lns = await Simplon.start(lab, { network });
  core = lab.startInside("core", ["tcpdump", "-n", "-v", "-l", "-i", "to-lns", "ip"]);
  await core.line(/listening on/, 10_000);
  peer = lab.startInside("lac", [
    process.execPath,
    client,
    LNS_ADDRESS,
    "bob",
    USERS.bob,
    CORE_ADDRESS,
  ]);
  address = /"address":"([0-9.]+)"/.exec(await peer.line(/"address"/, 20_000))?.[1] ?? "";
  const [session] = await lns.sessions();
  address6 = (session?.prefix6 ?? "").replace("::/64", "::5");
});
after(async () => {
  await lns?.stop();
  await lab?.close();
});

function fromCore(...argv: readonly string[]) {
  return run(...lab.inside("core", argv), { ms: 20_000 });
}

it("the segment size in a SYN is lowered, both ways", async () => {
  await core.line(new RegExp(`mss ${MRU - 40}\\b`), 5_000);
  const connect = `exec 3<>/dev/tcp/${address}/80`;
  const attempt = fromCore("timeout", "1", "bash", "-c", connect);
  await peer.line(new RegExp(`"mss":${MRU - 40}\\b`), 5_000);
  await attempt;
});

it("who sends too much with DF is told, over IPv4 and IPv6", async () => {
  const four = await fromCore("ping", "-c", "2", "-W", "1", "-M", "do", "-s", "1330", address);
  assert.match(four.text, new RegExp(`[Ff]rag needed.*mtu ?= ?${MRU}`));
  const six = await fromCore(
    "ping",
    "-6",
    "-c",
    "2",
    "-W",
    "1",
    "-M",
    "do",
    "-s",
    "1330",
    address6,
  );
  assert.match(six.text, new RegExp(`[Pp]acket too big.*mtu ?= ?${MRU}`));
  assert.equal(await lns.counter("down.icmp-errors"), 2);
});

it("the host of the LNS itself is told as well", async () => {
  const argv = ["ping", "-c", "2", "-W", "1", "-M", "do", "-s", "1330", address];
  const { text } = await run(...lab.inside("lns", argv), { ms: 20_000 });
  assert.match(text, new RegExp(`mtu ?= ?${MRU}`));
});

it("what may be cut goes as fragments", async () => {
  await fromCore("ip", "route", "flush", "cache");
  await fromCore("ping", "-c", "1", "-W", "1", "-M", "dont", "-s", "1330", address);
  assert.equal(await lns.counter("down.fragmented"), 1);
});

it("an LCP Echo-Request is answered by the worker", async () => {
  await peer.line(/"echo":true/, 5_000);
  assert.ok((await lns.counter("up.echo-answered")) >= 1);
});

it("congestion met in the tunnel reaches the host, DSCP and ECN are copied to the outside", async () => {
  await core.line(/tos 0x3,CE/, 5_000);
  await fromCore("ping", "-c", "1", "-W", "1", "-Q", `${EF_ECT0}`, address);
  await poll("a packet with both fields", 10_000, async () => {
    const filter = `ip.src == ${LNS_ADDRESS} && ip.dsfield == ${EF_ECT0}`;
    const seen = await fieldsOf(lab.captureFile, filter, ["ip.dsfield"]);
    return [...seen.values()].some(
      (frame) =>
        frame.get("ip.dsfield")?.length === 2 &&
        frame.get("ip.dsfield")?.every((field) => Number(field) === EF_ECT0),
    );
  });
});

it("control messages and data have the DSCPs that a LAC has agreed on with us (RFC 3308)", async () => {
  const argv = [process.execPath, markedLac, `${CONTROL_DSCP}`, `${DATA_DSCP}`];
  const { code, text } = await run(...lab.inside("lac", argv), { ms: 20_000 });
  assert.equal(code, 0, text);
  const isOther = `ip.src == ${LNS_ADDRESS} && udp.dstport != 1701`;
  for (const [type, dscp] of [
    [1, CONTROL_DSCP],
    [0, DATA_DSCP],
  ]) {
    const filter = `${isOther} && l2tp.type == ${type}`;
    await poll(`messages of type ${type}`, 10_000, async () => {
      const seen = [...(await fieldsOf(lab.captureFile, filter, ["ip.dsfield.dscp"])).values()];
      const marks = seen.map((frame) => Number(frame.get("ip.dsfield.dscp")?.[0]));
      assert.ok(
        marks.every((mark) => mark === dscp),
        `${type}: ${marks}`,
      );
      return marks.length > 0;
    });
  }
});
