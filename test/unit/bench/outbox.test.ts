/** What a generator puts into its outbox arrives, whole and in order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Inbox } from "../../../bench/forward/inbox.ts";
import { Outbox } from "../../../bench/forward/outbox.ts";
import { checked } from "../../../src/linux/errno.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { encodePktinfo, encodeSockaddr } from "../../../src/linux/sockaddr.ts";

const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const PORT = 41_702;
/** More than go in two calls. */
const COUNT = 150;

test("more than one call takes is sent in order, also from other addresses", () => {
  const libc = openLibc();
  const open = () => checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0));
  const [receiver, sender] = [open(), open()];
  try {
    checked(libc, "bind", libc.bind(receiver, encodeSockaddr("127.0.0.1", PORT)));
    const outbox = new Outbox(libc, sender, encodeSockaddr("127.0.0.1", PORT));
    for (let index = 0; index < COUNT; index++) {
      const from = index % 2 === 0 ? undefined : encodePktinfo(`127.0.1.${index}`);
      outbox.put(
        Uint8Array.from({ length: 1 + index }, () => index),
        from,
      );
    }
    outbox.flush();
    outbox.flush(); // nothing is left
    const lengths: number[] = [];
    const inbox = new Inbox(libc, receiver);
    const take = () =>
      inbox.take((view, at, length) => {
        assert.equal(view.getUint8(at + length - 1), lengths.length);
        lengths.push(length);
      });
    while (take());
    assert.deepEqual(
      lengths,
      Array.from({ length: COUNT }, (_, index) => 1 + index),
    );
  } finally {
    libc.close(receiver);
    libc.close(sender);
  }
});
