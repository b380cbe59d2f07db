/**
 * Configurations: TOML of any kind is a configuration, or the list of what is wrong with it.
 *
 * @module
 */
import { formatConfigError } from "../../../src/config/errors.ts";
import { parseConfig } from "../../../src/config/load.ts";
import { must, Octets } from "../octets.ts";

/** A table: what it needs, and lines of which it may have each. */
interface Table {
  readonly head: string;
  readonly lines: readonly string[];
}

const RATES = ['rate-down = "10Mbit"', 'rate-up = "1 Gbit/s"'];
const SERVER = [
  ...['secret = "s"', "hide-avps = true", "workers = 2", 'offloads = ["udp-gro"]', "hello = 5"],
  ...["retransmit-cap = 4", "retransmit-count = 3", 'socket = "/run/s.sock"', 'history = ""'],
  ...['listen = "[::]:1702"', 'hostname = "a-name-of-more-than-thirty-characters-which-is-long"'],
];
const NETWORK = [
  ...['pool6 = ["2001:db8:64::/48"]', "mtu = 1200", 'dns = ["192.0.2.53"]', 'nbns = ["192.0.2.1"]'],
  ...[
    "nat = true",
    "mss-clamp = false",
    "dscp = 46",
    "ecn = false",
    "sequencing = true",
    "idle = 60",
  ],
  ...RATES,
];
const ROUTES = [
  'routes = ["10.1.0.0/16", "10.64.0.0/24"]',
  'routes = ["2001:db8:1::/48", "192.0.2.1/32"]',
  'routes = ["10.65.0.0/16", "::/0"]',
];

const TABLES: readonly [Table, ...Table[]] = [
  {
    head: '[[network]]\nname = "n"\ntun = "t0"\ngateway = "10.64.0.1"\npool = ["10.64.0.0/16"]\n',
    lines: NETWORK,
  },
  {
    head: '[[network]]\nname = "m"\ntun = "t1"\ngateway = "10.65.0.1"\npool = ["10.65.0.0/24"]\n',
    lines: NETWORK,
  },
  {
    head: '[[network]]\nname = "n"\ntun = "t0"\ngateway = "10.64.0.9"\npool = ["10.64.9.0/24"]\n',
    lines: NETWORK,
  },
  {
    head: '[[user]]\nname = "u"\n',
    lines: ['password = "p"', 'network = "n"', ...RATES, 'forward = "p"', ...ROUTES],
  },
  { head: '[[user]]\nname = "v"\npassword = "p"\nnetwork = "m"\n', lines: [...RATES, ...ROUTES] },
  {
    head: '[[peer]]\nname = "p"\n',
    lines: [
      ...[
        'address = "192.0.2.1"',
        'address = "[2001:db8::1]:1702"',
        'secret = "s"',
        "priority = 1",
      ],
      ...["weight = 2", "hide-avps = true"],
    ],
  },
  {
    head: '[[client]]\nname = "c"\npeer = "p"\ntun = "t0"\nuser = "u"\npassword = "p"\n',
    lines: [
      ...['methods = ["pap"]', "ipv6 = false", "mtu = 1200", "dns = true", 'number = "1"'],
      ...['calling-number = "2"', 'sub-address = "3"', ...ROUTES],
    ],
  },
  { head: '[[forward]]\npeer = "p"\n', lines: ['realm = "example.org"', 'called = "123"'] },
  {
    head: "[lns]\n",
    lines: [...SERVER, "max-tunnels = 5", 'steer = "session"', "follow-port = false"],
  },
  { head: "[lac]\n", lines: SERVER },
  { head: "[auth]\n", lines: ['methods = ["pap", "chap"]', 'methods = ["pap", "pap"]'] },
  { head: "[log]\n", lines: ['level = "debug"', "colour = true"] },
];
/** In the place of a value that is in order. */
const VALUES = [
  ...["true", "0", "-1", "65536", "1e400", "nan", "9007199254740993", '""', '"p"', '"10.64.0.1"'],
  ...['"10.64.0.0/8"', '"::1"', '["10.64.0.0/24", "10.64.0.128/25"]', "[]", '["2001:db8::1/48"]'],
  ...['"0.0.0.0:1701"', '"a.example:1702"', "{ a = 1 }", "1979-05-27", '"\\u0000"', '"\\ud800"'],
  ...['["192.0.2.0/24"]', '["10.64.0.0/16", 1]', '"""x\ny"""', "[[1], [2]]", "'raw'"],
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

/** Tables with some of their lines; a value, a key or anything else in between now and then. */
function textOf(choices: Octets): string {
  let text = "";
  while (choices.left > 0) {
    const { head, lines } = choices.of(TABLES);
    const wanted = choices.u16() & (choices.seldom(2) ? choices.u16() : 0x1111);
    text += head;
    for (const [at, line] of lines.entries()) {
      if (((wanted >> at) & 1) === 1) text += `${line}\n`;
    }
    if (choices.seldom(4)) text = changed(choices, text);
  }
  return text;
}

function changed(choices: Octets, text: string): string {
  const all = text.split("\n");
  const at = choices.next() % all.length;
  const [key = ""] = (all[at] ?? "").split(" = ");
  const kind = choices.below(4);
  if (kind < 2) all[at] = `${key} = ${choices.of(VALUES)}`;
  else if (kind === 2) all.splice(at, 1);
  else all.splice(at, 0, decoder.decode(choices.take(choices.below(24))));
  return all.join("\n");
}
