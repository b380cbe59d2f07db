/**
 * The first start: a configuration that needs no other server, and what a client has to enter.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { type Config, DEFAULT_HISTORY } from "./config.ts";
import type { ConfigError } from "./errors.ts";

/** 32 characters that nobody confuses: no l, o, 0, 1 and no capitals. Five bits each. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";
const PASSWORD_LENGTH = 16;

/** Writes a first configuration to `path`, which must not exist; answers what went wrong, if so. */
export function firstConfig(path: string): ConfigError | undefined {
  try {
    writeNew(path, template(randomPassword()));
    return undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    const message = `a first configuration cannot be written (${code}); name another with -c FILE`;
    return { file: path, key: "", message };
  }
}

/** All of it or nothing: a part would be the configuration of the next start. */
function writeNew(path: string, text: string): void {
  const descriptor = openSync(path, "wx", 0o600);
  try {
    writeFileSync(descriptor, text);
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** What the owner of a client needs to know, for a person. */
export function firstSteps(config: Config, path: string): string {
  const users = config.users.map((user) => {
    const network = config.networks.find(({ name }) => name === user.network);
    const pool = network?.pool.join(", ") ?? "";
    const from = `an address of ${pool}, gateway ${network?.gateway ?? ""}`;
    return [
      `  user       ${user.name}`,
      `  password   ${user.password}`,
      `  IPsec      none (L2TP without IPsec; no pre-shared key)`,
      `  secret     ${config.lns.secret === "" ? "none (no tunnel secret)" : "see the file"}`,
      `  gets       ${from}`,
    ].join("\n");
  });
  return [
    `There was no ${path}, so simplon wrote one. A client has to enter:`,
    "",
    `  server     ${servers(config)}`,
    ...users,
    "",
    `Users, networks and all else are in ${path}, each key with its comment.`,
    "",
  ].join("\n");
}

function servers(config: Config): string {
  const { address, port } = config.lns;
  const own = config.networks.map(({ gateway }) => gateway);
  const addresses = address === "0.0.0.0" ? hostAddresses(own) : [address];
  const names = addresses.length > 0 ? addresses.join(" or ") : "this host's address";
  return port === 1701 ? names : `${names}, UDP port ${port}`;
}

/** IPv4 addresses that another host may reach; our own gateways are inside the tunnel. */
function hostAddresses(except: readonly string[]): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address)
    .filter((address) => !except.includes(address));
}

function randomPassword(): string {
  const octets = randomBytes(PASSWORD_LENGTH);
  return Array.from(octets, (octet) => ALPHABET.charAt(octet % ALPHABET.length)).join("");
}

function template(password: string): string {
  return `# Configuration of simplon. Times are in seconds, sizes in octets. "simplon check" reads it without
# running anything. For an editor that knows TOML: "simplon check --schema >simplon.schema.json", and
# as the first line here: #:schema ./simplon.schema.json

[lns]
listen = "0.0.0.0:1701"           # address and UDP port of the L2TP server
hostname = "simplon"              # Host Name that peers see; also the name in CHAP challenges
secret = ""                       # shared tunnel secret; "" means no tunnel authentication
workers = 1                       # threads that move packets, 1 to 8; one for each processor at most
# steer = "session"               # a worker for each session of a tunnel: for few large tunnels
hello = 60                        # silence of a peer before it is asked with a HELLO
# socket = "/run/simplon.sock"    # where "simplon show" asks; beside this file if not root's
# history = "${DEFAULT_HISTORY}" # how tunnels and sessions ended; "" is memory only
follow-port = true                # a tunnel goes on when the peer's UDP port changes (NAT)
proxy-authentication = true       # a LAC with the secret may authenticate users in our place
retransmit-cap = 8                # longest wait before a control message is sent again
retransmit-count = 5              # retransmissions before a tunnel is given up
max-tunnels = 32768               # tunnels in all
max-sessions = 65536              # sessions in all

# A virtual network: a device of its own, addresses, what clients are told. There may be more.
[[network]]
name = "default"
tun = "simplon0"                  # network device that is made at the start and goes at the end
gateway = "10.64.0.1"             # our address in this network; never given to a client
pool = ["10.64.0.0/16"]           # addresses for clients, but for the first and last of each pool
pool6 = []                        # IPv6 prefixes, /32 to /63; each client gets a /64; [] is no IPv6
dns = []                          # at most two name servers; [] means none is offered
nbns = []                         # at most two NetBIOS name servers
mtu = 1400                        # largest packet inside the tunnel
nat = false                       # true: clients reach other networks under this host's address
rate-down = ""                    # bits of IP a second to each client, such as "10M"; "" is no bound
rate-up = ""                      # the same from each client
mss-clamp = true                  # TCP connections are told a segment size that fits the mtu
dscp = 0                          # of the packets that carry the tunnel, 0 to 63, or "copy"
ecn = false                       # true: congestion marks pass in and out of the tunnel
sequencing = false                # true: data messages are numbered both ways, and put in order
idle = 0                          # silence after which a session is ended; 0 is never

[auth]
methods = ["mschapv2", "chap", "pap"] # offered in this order

# A user. There may be more, each with a [[user]] of its own.
[[user]]
name = "demo"
password = "${password}"
network = "default"
# rate-down = "50M"               # in place of the network's; rate-up likewise
# routes = ["192.168.7.0/24"]     # subnets behind this client

[log]
level = "info"                    # trace, debug, info, warn or error
`;
}
