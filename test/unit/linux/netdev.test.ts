/** What /proc/self/net/dev says of devices. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openLibc } from "../../../src/linux/ffi.ts";
import { droppedByDevices } from "../../../src/linux/netdev.ts";
import { readText } from "../../../src/linux/proc.ts";

const TEXT = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  219220    2194    0    1    0     0          0         0   219220    2194    0    2    0     0       0          0
simplon0: 1234567890 99999999    0   40    0     0          0         0 9876543210 88888888    0 5000    0     0       0          0
simplon1:       0       0    0    0    0     0          0         0        0       0    0   70    0     0       0          0
`;

test("packets that found no room in a device's queue, of the devices that are named", () => {
  assert.equal(droppedByDevices(TEXT, ["simplon0"]), 5_000);
  assert.equal(droppedByDevices(TEXT, ["simplon0", "simplon1", "lo"]), 5_072);
  assert.equal(droppedByDevices(TEXT, ["simplon", "eth0"]), 0);
  assert.equal(droppedByDevices("", ["simplon0"]), 0);
});

test("the kernel's own list is read", () => {
  const text = readText(openLibc(), "/proc/self/net/dev");
  assert.match(text, /^\s*lo:/m);
  assert.ok(droppedByDevices(text, ["lo"]) >= 0);
});
