/** Reads a configuration: TOML, then the schema, then what keys say about each other. @module */
import { closeSync, openSync, readSync } from "node:fs";
import { parse, TomlError } from "smol-toml";
import {
  CLIENTS_MAX,
  CONFIG_MAX,
  HOST_NAME_WITH_SECRET_MAX,
  MTU6_MIN,
  NETWORKS_MAX,
} from "../limits.ts";
import { type Ipv4Prefix, type Ipv6Prefix, ipv4 } from "../net.ts";
import { parseRate } from "../rate.ts";
import {
  contains,
  overlaps,
  overlaps6,
  parseHostPrefix,
  parseHostPrefix6,
  parseListen,
  parsePeer,
} from "./address.ts";
import type {
  ClientConfig,
  Config,
  ForwardConfig,
  NetworkConfig,
  Rates,
  UserConfig,
} from "./config.ts";
import { type ConfigError, expectedError, keyError, type Source, schemaErrors } from "./errors.ts";
import { Lines } from "./locate.ts";
import { peerErrors } from "./peers.ts";
import { type Places, ROOT_PLACES } from "./places.ts";
import { routeErrors } from "./routes.ts";
import { type ConfigFile, fileSchema } from "./schema.ts";

/** What a configuration is for: a server, a side that dials, or either. */
export type Purpose = "lns" | "lac" | "any";

/** The configuration in `path`, or all that is wrong with it, in the order of its lines. */
export function loadConfig(
  path: string,
  places?: Places,
  purpose?: Purpose,
): Config | ConfigError[] {
  const text = readText(path);
  return typeof text === "string" ? parseConfig(text, path, places, purpose) : [text];
}

/** As `loadConfig`, of a text that is already read; `file` is its name in errors. */
export function parseConfig(
  text: string,
  file: string,
  places = ROOT_PLACES,
  purpose: Purpose = "any",
): Config | ConfigError[] {
  const root = parseToml(text);
  if (root instanceof TomlError) return [syntaxError(root, file)];
  const source: Source = { file, lines: new Lines(text), root };
  const result = fileSchema.safeParse(root);
  const missing = purposeErrors(source, purpose);
  if (!result.success) return [...missing, ...schemaErrors(source, result.error.issues)];
  const errors = missing.length > 0 ? missing : crossErrors(source, result.data);
  return errors.length > 0 ? errors : toConfig(result.data, places);
}

const PURPOSES: Readonly<Record<Purpose, { tables: readonly string[]; expected: string }>> = {
  lns: { tables: ["network"], expected: `1 to ${NETWORKS_MAX} tables [[network]]` },
  lac: {
    tables: ["client"],
    expected: `1 to ${CLIENTS_MAX} tables [[client]] for simplon lac, each with the name of a [[peer]]`,
  },
  any: {
    tables: ["network", "client"],
    expected: "tables [[network]] for simplon lns, or [[client]] for simplon lac",
  },
};

/** What the program that reads this has nothing to do without. */
function purposeErrors(source: Source, purpose: Purpose): ConfigError[] {
  const { tables, expected } = PURPOSES[purpose];
  const root = source.root as Readonly<Record<string, unknown>>;
  const isEmpty = (table: string) => ((root[table] as unknown[] | undefined)?.length ?? 0) === 0;
  return tables.every(isEmpty) ? [expectedError(source, tables.slice(0, 1), expected)] : [];
}

function readText(path: string): string | ConfigError {
  const failure = (message: string): ConfigError => ({ file: path, key: "", message });
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    return failure(openFailure(error as NodeJS.ErrnoException));
  }
  try {
    const octets = readBounded(descriptor);
    if (octets.length > CONFIG_MAX) return failure(`expected at most ${CONFIG_MAX} octets`);
    return new TextDecoder("utf-8", { fatal: true }).decode(octets);
  } catch (error) {
    if (error instanceof TypeError) return failure("expected UTF-8 text, got other octets");
    return failure(openFailure(error as NodeJS.ErrnoException));
  } finally {
    closeSync(descriptor);
  }
}

/** At most one octet more than is allowed: the size of a pipe or device is not known before. */
function readBounded(descriptor: number): Uint8Array {
  const octets = new Uint8Array(CONFIG_MAX + 1);
  let length = 0;
  while (length < octets.length) {
    const count = readSync(descriptor, octets, length, octets.length - length, null);
    if (count === 0) break;
    length += count;
  }
  return octets.subarray(0, length);
}

function openFailure(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "no such file";
  if (error.code === "EACCES") return "permission to read it is missing";
  if (error.code === "EISDIR") return "expected a file, got a directory";
  return `cannot be read (${error.code ?? "unknown error"})`;
}

function parseToml(text: string): unknown {
  try {
    return parse(text, { integersAsBigInt: "asNeeded", unsafeKeyBehaviour: "throw" });
  } catch (error) {
    if (error instanceof TomlError) return error;
    throw error;
  }
}

/** Only the first line of the parser's message: the others quote the file, passwords included. */
function syntaxError(error: TomlError, file: string): ConfigError {
  const [message = ""] = error.message.split("\n");
  return { file, line: error.line, key: "", message };
}

function crossErrors(source: Source, file: ConfigFile): ConfigError[] {
  const errors = [
    ...hostNameErrors(source, file),
    ...duplicates(source, file),
    ...poolErrors(source, file),
    ...pool6Errors(source, file),
    ...unknownNetworks(source, file),
    ...routeErrors(source, file),
    ...peerErrors(source, file),
  ];
  return errors.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

/** The SCCRP has to stay small enough for strangers, and a secret takes room in it. */
function hostNameErrors(source: Source, { lns }: ConfigFile): ConfigError[] {
  if (lns.secret === "" || lns.hostname.length <= HOST_NAME_WITH_SECRET_MAX) return [];
  const expected =
    `at most ${HOST_NAME_WITH_SECRET_MAX} characters, as the first answer ` +
    "to a peer also carries the tunnel authentication (secret is set)";
  return [expectedError(source, ["lns", "hostname"], expected)];
}

function duplicates(source: Source, file: ConfigFile): ConfigError[] {
  const columns = [
    { table: "network", key: "name", values: file.network.map((network) => network.name) },
    { table: "network", key: "tun", values: file.network.map((network) => network.tun) },
    { table: "network", key: "gateway", values: file.network.map((network) => network.gateway) },
    { table: "user", key: "name", values: file.user.map((user) => user.name) },
    { table: "client", key: "name", values: file.client.map((client) => client.name) },
    { table: "client", key: "tun", values: file.client.map((client) => client.tun) },
    {
      table: "client",
      key: "number",
      values: file.client.map(({ number }) => number || undefined),
    },
    {
      table: "forward",
      key: "realm",
      values: file.forward.map(({ realm }) => realm?.toLowerCase()),
    },
    { table: "forward", key: "called", values: file.forward.map(({ called }) => called) },
  ];
  const errors: ConfigError[] = [];
  for (const { table, key, values } of columns) {
    const first = new Map<string, number>();
    for (const [index, value] of values.entries()) {
      if (value === undefined) continue;
      const earlier = first.get(value);
      if (earlier === undefined) {
        first.set(value, index);
        continue;
      }
      const line = source.lines.of([table, earlier, key]);
      const message = `expected a value of its own, got ${JSON.stringify(value)} of line ${line}`;
      errors.push(keyError(source, [table, index, key], message));
    }
  }
  return errors;
}

/**
 * Pools of all networks must be apart, not only those of one: the host routes every pool from its
 * one routing table, so that equal addresses of two networks could not be told apart. For the same
 * reason no pool may hold the gateway of another network, which is an address of the host.
 */
function poolErrors(source: Source, file: ConfigFile): ConfigError[] {
  const errors: ConfigError[] = [];
  const seen: { path: (string | number)[]; prefix: Ipv4Prefix; text: string }[] = [];
  for (const [network, { pool }] of file.network.entries()) {
    for (const [index, text] of pool.entries()) {
      const path = ["network", network, "pool", index];
      const prefix = parseHostPrefix(text) as Ipv4Prefix;
      const other = seen.find((candidate) => overlaps(candidate.prefix, prefix));
      if (other !== undefined) {
        const line = source.lines.of(other.path);
        const expected = `a prefix apart from ${JSON.stringify(other.text)} of line ${line}`;
        errors.push(expectedError(source, path, expected));
      }
      const guest = file.network.find(
        ({ gateway }, owner) => owner !== network && contains(prefix, ipv4(gateway)),
      );
      if (guest !== undefined) {
        const expected = `a prefix without the gateway of network ${JSON.stringify(guest.name)}`;
        errors.push(expectedError(source, path, expected));
      }
      seen.push({ path, prefix, text });
    }
  }
  return errors;
}

/** The same of IPv6, and each link has to take packets of the size that RFC 8200 asks for. */
function pool6Errors(source: Source, file: ConfigFile): ConfigError[] {
  const errors: ConfigError[] = [];
  const seen: { path: (string | number)[]; prefix: Ipv6Prefix; text: string }[] = [];
  for (const [network, { pool6, mtu }] of file.network.entries()) {
    for (const [index, text] of pool6.entries()) {
      const path = ["network", network, "pool6", index];
      const prefix = parseHostPrefix6(text) as Ipv6Prefix;
      const other = seen.find((candidate) => overlaps6(candidate.prefix, prefix));
      if (other !== undefined) {
        const line = source.lines.of(other.path);
        const expected = `a prefix apart from ${JSON.stringify(other.text)} of line ${line}`;
        errors.push(expectedError(source, path, expected));
      }
      seen.push({ path, prefix, text });
    }
    if (pool6.length > 0 && mtu < MTU6_MIN) {
      const expected = `at least ${MTU6_MIN}, which IPv6 needs (pool6 is set)`;
      errors.push(expectedError(source, ["network", network, "mtu"], expected));
    }
  }
  return errors;
}

function unknownNetworks(source: Source, file: ConfigFile): ConfigError[] {
  const names = file.network.map((network) => network.name);
  const expected = `the name of a [[network]] (${names.join(", ")})`;
  return file.user.flatMap(({ network }, index) =>
    network === undefined || names.includes(network)
      ? []
      : [expectedError(source, ["user", index, "network"], expected)],
  );
}

function toConfig(file: ConfigFile, places: Places): Config {
  return {
    lns: {
      ...toServer(file.lns),
      steer: file.lns.steer,
      maxTunnels: file.lns["max-tunnels"],
      maxSessions: file.lns["max-sessions"],
      socket: file.lns.socket ?? places.socket,
      followPort: file.lns["follow-port"],
      proxyAuthentication: file.lns["proxy-authentication"],
      history: file.lns.history ?? places.history,
    },
    networks: file.network.map((network) => toNetwork(network, file)),
    auth: file.auth,
    users: file.user.filter(({ forward }) => forward === undefined).map(toUser),
    lac: {
      ...toServer(file.lac),
      socket: file.lac.socket ?? places.lacSocket,
      history: file.lac.history ?? places.lacHistory,
    },
    peers: file.peer.map(toPeer),
    clients: file.client.map(toClient),
    forwards: toForwards(file),
    log: file.log,
  };
}

function toServer(server: ConfigFile["lns"] | ConfigFile["lac"]) {
  const { hostname: hostName, secret, "hide-avps": hideAvps, workers, offloads } = server;
  return {
    ...endpoint(server.listen),
    ...{ hostName, secret, hideAvps, workers, offloads },
    helloInterval: server.hello * 1_000,
    retransmitCap: server["retransmit-cap"] * 1_000,
    retransmitCount: server["retransmit-count"],
  };
}

function endpoint(text: string): { address: string; port: number } {
  return parseListen(text) as { address: string; port: number };
}

function toPeer({ address, "hide-avps": hideAvps, ...others }: ConfigFile["peer"][number]) {
  const { address: host, port } = parsePeer(address) as { address: string; port: number };
  return { ...others, address: host, port, hideAvps };
}

function toClient(client: ConfigFile["client"][number]): ClientConfig {
  const { "calling-number": callingNumber, "sub-address": subAddress, ...others } = client;
  return { ...others, callingNumber, subAddress };
}

/** Called Numbers, realms and users, each kind in the order of the file. */
function toForwards({ forward, user }: ConfigFile): ForwardConfig[] {
  const called = forward.filter((each) => each.called !== undefined);
  const realms = forward.filter((each) => each.realm !== undefined);
  return [
    ...called.map(({ called = "", peer }) => ({ by: "called" as const, value: called, peer })),
    ...realms.map(({ realm = "", peer }) => {
      return { by: "realm" as const, value: realm.toLowerCase(), peer };
    }),
    ...user.flatMap(({ name, forward: peer }) =>
      peer === undefined ? [] : [{ by: "user" as const, value: name, peer }],
    ),
  ];
}

function toNetwork(network: ConfigFile["network"][number], file: ConfigFile): NetworkConfig {
  const { "rate-down": down, "rate-up": up, "mss-clamp": mssClamp, idle, ...others } = network;
  const own = file.user.filter((user) => user.network === network.name);
  return {
    ...others,
    rateDown: parseRate(down) ?? 0,
    rateUp: parseRate(up) ?? 0,
    mssClamp,
    idle: idle * 1_000,
    routes: own.flatMap(({ routes }) => routes),
  };
}

function toUser(user: ConfigFile["user"][number]): UserConfig {
  const { "rate-down": down, "rate-up": up, name, password = "", network = "", routes } = user;
  return {
    ...{ name, password, network, routes },
    ...rateOf("rateDown", down),
    ...rateOf("rateUp", up),
  };
}

function rateOf(name: keyof Rates, text: string | undefined): Partial<Rates> {
  return text === undefined ? {} : { [name]: parseRate(text) ?? 0 };
}
