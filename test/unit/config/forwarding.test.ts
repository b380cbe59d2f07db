import assert from "node:assert/strict";
import { test } from "node:test";
import { adviceToForward, forwards } from "../../../src/config/forwarding.ts";

test("a family is forwarded unless its switch is 0; a host that does not say is not judged", () => {
  const files: Record<string, string> = {
    "/proc/sys/net/ipv4/ip_forward": "0\n",
    "/proc/sys/net/ipv6/conf/all/forwarding": "2\n",
  };
  const read = (path: string) => files[path] ?? assert.fail(path);
  assert.equal(forwards("IPv4", read), false);
  assert.equal(forwards("IPv6", read), true);
  const nothing = () => {
    throw new Error("no /proc");
  };
  assert.equal(forwards("IPv4", nothing), undefined);
  assert.match(
    adviceToForward("IPv6"),
    /not forward IPv6, .*-w net\.ipv6\.conf\.all\.forwarding=1$/,
  );
});
