/**
 * Addresses of sessions and of hosts, as packets have them.
 *
 * @module
 */
import { ipv4, ipv6 } from "../../../src/net.ts";
import type { Ends } from "./packets.ts";

const four = (address: string) => {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, ipv4(address));
  return octets;
};
const HOSTS4 = ["203.0.113.7", "203.0.113.8", "10.64.0.3", "10.99.1.1", "224.0.0.5"].map(four);
const HOSTS6 = [
  ...["2001:db8:8::1", "2001:db8:8::2", "2001:db8:64:1::5", "2001:db8:99:8000::1"],
  ...["fe80::1", "ff02::1"],
].map((address) => Uint8Array.from(ipv6(address)));

const SESSIONS = 16;
const CLIENTS4 = Array.from({ length: SESSIONS }, (_, index) => four(`10.64.0.${index + 2}`));
const CLIENTS6 = Array.from({ length: SESSIONS }, (_, index) =>
  Uint8Array.from(ipv6(`2001:db8:64:${index.toString(16)}::5`)),
);

/** From the client of session `index` to a host; `choice` says which, and of which family. */
export function upward(index: number, choice: number): Ends {
  const isIpv6 = (choice & 0x80) !== 0;
  const hosts = isIpv6 ? HOSTS6 : HOSTS4;
  const clients = isIpv6 ? CLIENTS6 : CLIENTS4;
  return {
    source: clients[index % SESSIONS] as Uint8Array,
    destination: hosts[(choice & 0x7f) % hosts.length] as Uint8Array,
  };
}

export function downward(index: number, choice: number): Ends {
  const { source, destination } = upward(index, choice);
  return { source: destination, destination: source };
}
