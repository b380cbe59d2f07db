/**
 * Configurations: TOML of any kind is a configuration, or the list of what is wrong with it.
 *
 * @module
 */
import { formatConfigError } from "../../../src/config/errors.ts";
import { parseConfig } from "../../../src/config/load.ts";
import { must, Octets } from "./octets.ts";

const NETWORK =
  '[[network]]\nname = "default"\ntun = "simplon0"\ngateway = "10.64.0.1"\npool = ["10.64.0.0/16"]\n';
const PEER = '[[peer]]\nname = "p"\naddress = "192.0.2.1"\n';
/** Whole tables, in order by themselves. */
const TABLES = [
  NETWORK,
  '[[network]]\nname = "two"\ntun = "simplon1"\ngateway = "10.65.0.1"\npool = ["10.65.0.0/24"]\n',
  '[[user]]\nname = "u"\npassword = "p"\nnetwork = "default"\n',
  '[[user]]\nname = "f"\nforward = "p"\n',
  PEER,
  '[[client]]\nname = "c"\npeer = "p"\nuser = "u"\npassword = "p"\n',
  '[[forward]]\nrealm = "example.org"\npeer = "p"\n',
  "[lns]\n",
  "[lac]\n",
  "[auth]\n",
  "[log]\n",
] as const;
const KEYS = [
  ...["name", "tun", "gateway", "pool", "pool6", "mtu", "dns", "nbns", "ipv6", "nat", "idle"],
  ...["mss-clamp", "rate-down", "rate-up", "listen", "hostname", "secret", "hide-avps", "hello"],
  ...["max-tunnels", "max-sessions", "socket", "history", "steer", "workers", "offloads", "ecn"],
  ...["follow-port", "proxy-authentication", "retransmit-cap", "retransmit-count", "dscp"],
  ...["methods", "user", "password", "network", "routes", "forward", "peer", "address", "weight"],
  ...["priority", "number", "called", "realm", "calling-number", "sub-address", "sequencing"],
  ...["level", "format", "name.x", '"quo ted"', "__proto__", "constructor"],
] as unknown as readonly [string, ...string[]];
const VALUES = [
  ...["true", "false", "0", "1", "-1", "1400", "65536", "1e400", "nan", "0x10", "9007199254740993"],
  ...['""', '"default"', '"two"', '"p"', '"10.64.0.1"', '"10.64.0.0/16"', '"10.64.0.0/8"', '"::1"'],
  ...['["10.64.0.0/16"]', '["10.64.0.0/24", "10.64.0.128/25"]', '["2001:db8:64::/48"]', "[]"],
  ...[
    '["192.0.2.53"]',
    '["mschapv2"]',
    '["pap", "chap"]',
    '"10Mbit"',
    '"1 Gbit/s"',
    '"0.0.0.0:1701"',
  ],
  ...[
    '"[::]:1701"',
    '"a.example:1702"',
    '["udp-gro", "tso"]',
    "{ a = 1 }",
    "1979-05-27",
    '"\\u0000"',
  ],
  ...['["192.0.2.0/24"]', '"session"', '"debug"', '"\\ud800"', '["10.64.0.0/16", 1]', '"""x\ny"""'],
] as unknown as readonly [string, ...string[]];
const PURPOSES = ["any", "lns", "lac"] as const;

const decoder = new TextDecoder("latin1");

export function config(input: Uint8Array): void {
  const choices = new Octets(input);
  const purpose = choices.of(PURPOSES);
  const text = textOf(choices);
  const result = parseConfig(text, "simplon.toml", undefined, purpose);
  if (!Array.isArray(result)) return;
  must(result.length > 0, "neither a configuration nor an error");
  for (const error of result) must(formatConfigError(error) !== "", "an error that says nothing");
}

function textOf(choices: Octets): string {
  let text = "";
  while (choices.left > 0) {
    const kind = choices.below(8);
    if (kind < 3) text += choices.of(TABLES);
    else if (kind < 7) text += `${choices.of(KEYS)} = ${choices.of(VALUES)}\n`;
    else text += decoder.decode(choices.take(choices.below(32)));
  }
  return text;
}
