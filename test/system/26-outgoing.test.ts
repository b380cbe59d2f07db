/** An LNS that asks for calls (OCRQ): xl2tpd, and a client of `simplon lac` that answers its number. */
import assert from "node:assert/strict";
import { after, afterEach, before, it } from "node:test";
import { down, fetch, startLac, up } from "./support/clients.ts";
import { type Guest, guestAddress } from "./support/guest.ts";
import { Lab } from "./support/lab.ts";
import type { Simplon } from "./support/simplon.ts";
import { messagesOf, resultCode } from "./support/traffic.ts";

const NUMBER = "5551234";
const INSIDE = "10.20.0.1";
const SECRET = "opensesame";

let lab: Lab;
let guest: Guest;
let lac: Simplon;

before(async () => {
  lab = await Lab.open("outgoing", 1);
  [guest] = lab.guests as [Guest];
  // Where it dials by itself nobody takes calls; but who is there may call it.
  lac = await startLac(lab, {
    lac: { secret: SECRET, "retransmit-count": 1 },
    peers: [{ address: `${guestAddress(1)}:1701`, secret: SECRET }],
    clients: [{ number: NUMBER, routes: ["10.20.0.0/24"] }],
  });
});
after(async () => {
  await lac?.stop();
  await lab.close();
});
afterEach(() => guest.must("stop", { now: 1 }));

it("a call to the number of a client is answered, and carries a file each way", async () => {
  const messages = await messagesOf(lab.captureFile, async () => {
    await guest.must("call", { number: NUMBER, secret: SECRET });
    await guest.must("wait-call");
    const address = await up(lab);
    const seen = await fetch(lab, INSIDE);
    assert.match(seen.want, /^[0-9a-f]{64}$/);
    assert.deepEqual(seen, { want: seen.want, down: seen.want, up: seen.want, seenFrom: address });
  });
  const calls = messages.filter(({ name }) => name.startsWith("OC")).map(({ name }) => name);
  assert.deepEqual(calls, ["OCRQ", "OCRP", "OCCN"]);
  await guest.must("drop");
  await down(lab);
});

it("a call to another number is refused", async () => {
  const messages = await messagesOf(lab.captureFile, async () => {
    await guest.must("call", { number: "5550000", secret: SECRET });
    assert.equal((await guest.run("wait-call", { seconds: 5 })).ok, false);
  });
  const [refusal] = messages.filter(({ name, isOurs }) => name === "CDN" && isOurs);
  assert.equal(refusal && resultCode(refusal), 6);
});

it("who has not the secret is not answered", async () => {
  const messages = await messagesOf(lab.captureFile, async () => {
    await guest.must("call", { number: NUMBER, secret: "another" });
    assert.equal((await guest.run("wait-call", { seconds: 5 })).ok, false);
  });
  assert.deepEqual(
    messages.filter(({ name }) => name === "OCRQ"),
    [],
  );
});
