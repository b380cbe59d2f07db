// Why did it end? Asked of the program as an operator asks, with a stock client at the other end.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { Entry } from "../../src/history/entry.ts";
import { poll, run } from "./support/child.ts";
import type { Guest } from "./support/guest.ts";
import { Lab } from "./support/lab.ts";
import { Simplon, simplonArgs, writeConfig } from "./support/simplon.ts";

let lab: Lab;
let guest: Guest;
let config: string;
let lns: Simplon;

before(async () => {
  lab = await Lab.open("history", 1);
  [guest] = lab.guests as [Guest];
});
after(() => lab.close());

const start = async () => {
  lns = await Simplon.startWith(lab, config, simplonArgs("lns", "-c", config));
};

async function simplon(...args: readonly string[]) {
  const [command, rest] = lab.inside("lns", simplonArgs(...args, "-c", config));
  return run(command, rest, { ms: 15_000 });
}

async function why(subject: string): Promise<string> {
  const { code, text } = await simplon("why", subject);
  assert.equal(code, 0, text);
  return text;
}

/** What the history file holds, the newest last. */
async function history(): Promise<readonly Entry[]> {
  const { code, text } = await simplon("show", "history", "--json");
  assert.equal(code, 0, text);
  return JSON.parse(text.split("\n").find((line) => line.startsWith("[")) ?? "");
}

async function until(code: string): Promise<Entry> {
  let found: Entry | undefined;
  await poll(`an entry ${code}`, 10_000, async () => {
    found = (await history()).findLast((entry) => entry.code === code);
    return found !== undefined;
  });
  return found as Entry;
}

/** Fields of the last line of the log with that message. */
function logged(message: string): Record<string, unknown> {
  const lines = lns.child.lines.filter((line) => line.startsWith("{"));
  const fields = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return fields.findLast(({ msg }) => msg === message) ?? assert.fail(`no "${message}" in the log`);
}

beforeEach(() => {
  config = writeConfig(lab);
});
afterEach(async () => {
  await guest.must("stop", { now: 1 });
  await lns.stop();
});

describe("why bob", () => {
  beforeEach(start);

  it("is refused: a wrong password", async () => {
    for (let count = 0; count < 2; count++) {
      await guest.refused({ pass: "wrongpw" });
      await guest.must("stop");
    }
    const text = await why("bob");
    assert.match(text, /^"bob" is not connected\.$/m);
    assert.match(
      text,
      /^(?:Once|2 times), .*ago: wrong-password$|^2 times since .*wrong-password$/m,
    );
    assert.match(text, /gave the name "bob" and a wrong password/);
    assert.match(text, /reached\s+phase authenticate/);
    assert.match(text, /To do: Type the password at the client anew/);
    const { peer, hostName, user, phase, by } = await until("wrong-password");
    assert.deepEqual([user, phase, by], ["bob", "authenticate", "local"]);
    assert.notEqual(hostName, "");
    // The same by the address that the client comes from.
    assert.match(await why(peer), /wrong-password/);
    assert.equal(logged("user refused").code, "wrong-password");
    assert.equal(logged("session down").code, "wrong-password");
    assert.doesNotMatch(readFileSync(join(dirname(config), "history"), "utf8"), /wrongpw/);
  });

  it("is refused: nobody has that name", async () => {
    await guest.refused({ user: "mallory" });
    assert.match(await why("mallory"), /unknown-user[\s\S]*no user of that name exists/);
    assert.equal(logged("user refused").code, "unknown-user");
  });

  it("was connected, and hung up: in the words of its pppd", async () => {
    const { address = "" } = await guest.must("dial");
    assert.match(await why("bob"), /^"bob" has been connected for \d+s, from /m);
    assert.match(await why(address), /^"bob" has been connected/m);
    const [tunnel] = await lns.tunnels();
    assert.match(await why(String(tunnel?.tunnelId)), /Tunnel \d+ to .* has been up/);
    await guest.must("hangup");
    const entry = await until("peer-hung-up");
    assert.match(await why("bob"), /peer-hung-up[\s\S]*"User request"/);
    assert.match(await why(address), new RegExp(`had\\s+${address.replaceAll(".", "\\.")}`));
    const session = (await history()).findLast(({ what }) => what === "session");
    assert.equal(session?.words, "User request");
    assert.equal(session?.by, "peer");
    assert.ok((session?.at ?? 0) >= (session?.since ?? Infinity));
    assert.equal(entry.hostName, session?.hostName);
    assert.equal(logged("session down").code, "peer-hung-up");
    assert.equal(logged("tunnel down").code, "peer-hung-up");
  });

  it("agrees to no method of authentication", async () => {
    await guest.refused({ auth: "none" });
    await until("no-common-auth-method");
    assert.equal(logged("link down").code, "no-common-auth-method");
  });

  it("was never here: what to look at", async () => {
    const { code, text } = await simplon("why", "carol");
    assert.equal(code, 3);
    assert.match(text, /The configuration has no user "carol"/);
    assert.match(text, /tcpdump -ni any udp port 1701/);
  });
});

it("a tunnel secret that is missing or wrong has its code, and is offered to who asks", async () => {
  config = writeConfig(lab, { lns: { secret: "opensesame" } });
  await start();
  await guest.refused({});
  await guest.must("stop");
  const { peer } = await until("tunnel-secret-missing-there");
  await guest.refused({ secret: "wrong", challenge: "no" });
  await guest.must("stop");
  await until("tunnel-secret-wrong");
  assert.match(await why(peer), /tunnel-secret-wrong[\s\S]*tunnel-secret-missing-there/);
  const { code, text } = await simplon("why", "bob");
  assert.equal(code, 3);
  assert.match(text, /these tunnels failed before a name could be told/);
  assert.match(text, /tunnel-secret-wrong, (?:once|\d+ times), last at/);
  assert.doesNotMatch(readFileSync(join(dirname(config), "history"), "utf8"), /opensesame/);
});

describe("the history outlives the LNS", () => {
  beforeEach(start);

  it("that is stopped in order", async () => {
    await guest.must("dial");
    assert.deepEqual(await lns.stop(), { code: 0, signal: null });
    assert.equal(statSync(join(dirname(config), "history")).mode & 0o777, 0o600);
    const offline = await why("bob");
    assert.match(offline, /^The LNS is not running\./);
    assert.match(offline, /stopping[\s\S]*said goodbye/);
    await start();
    const codes = (await history()).map(({ code }) => code);
    assert.deepEqual(codes.slice(-2), ["lns-stopped", "lns-started"]);
    assert.match(await why("bob"), /^"bob" is not connected\.\n\nOnce, .*: stopping$/m);
  });

  it("that is killed by kill -9", async () => {
    await guest.must("dial", { user: "alice", pass: "alicepw" });
    await guest.must("hangup");
    await until("peer-hung-up");
    await guest.must("dial");
    await new Promise((resolve) => setTimeout(resolve, 300));
    lns.child.signal("SIGKILL");
    await lns.child.ended(5_000);
    assert.match(await why("alice"), /^The LNS is not running\.[\s\S]*peer-hung-up/);
    await start();
    assert.match(await why("alice"), /peer-hung-up[\s\S]*"User request"/);
    const { text } = await simplon("why", "bob");
    assert.match(text, /^Between .* and .*: lns-killed$/m);
    assert.match(text, /without a goodbye/);
  });
});
