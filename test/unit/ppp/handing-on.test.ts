// A link whose peer another LNS goes on with (RFC 2661 4.4.5).
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeOptions, LCP } from "../../peer/ppp.ts";
import { Bench, MAGIC } from "../../peer/ppp-bench.ts";

test("first wishes that no AVP can carry are not given on, the rest is (RFC 2661 4.1)", () => {
  const unknown = Array.from(
    { length: 5 },
    () => [200, ...new Array<number>(250).fill(1)] as const,
  );
  for (const [first, isCarried] of [
    [unknown.slice(0, 4), true],
    [unknown, false],
  ] as const) {
    const bench = new Bench({ authMethods: ["pap"] });
    bench.open();
    bench.ask(LCP, 1, first);
    bench.ask(LCP, 2, [MAGIC]);
    bench.ack(LCP);
    bench.pap(1);
    const { lcp } = bench.link.proxy ?? {};
    assert.equal(lcp?.initialReceived !== undefined, isCarried);
    assert.deepEqual(lcp?.lastReceived, Uint8Array.from(encodeOptions([MAGIC])));
  }
});

test("who waits for another LNS may begin anew, and is asked anew", () => {
  const bench = new Bench({ authMethods: ["pap"] });
  bench.establish();
  bench.pap(1, "first");
  assert.equal(bench.link.handOn()?.authen?.id, 1);
  assert.equal(bench.link.handOn(), undefined, "one answer, once");
  bench.ask(LCP, 2, [MAGIC]);
  bench.ack(LCP);
  bench.pap(2, "second");
  const asked = bench.events.flatMap((event) =>
    event.type === "authenticate" ? [event.request.name] : [],
  );
  assert.deepEqual(asked, ["first", "second"]);
  assert.equal(bench.link.handOn()?.authen?.id, 2);
});

test("an answer that comes after the link began anew hands nothing on, and the next login is heard", () => {
  const bench = new Bench({ authMethods: ["pap"] });
  bench.establish();
  bench.pap(1, "first");
  bench.ask(LCP, 2, [MAGIC]);
  bench.ack(LCP);
  assert.equal(bench.link.handOn(), undefined);
  assert.equal(bench.link.counters["late-answer"], 1);
  bench.pap(2, "second");
  assert.equal(bench.link.handOn()?.authen?.id, 2);
});
