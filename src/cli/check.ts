/** `simplon check`: reads a configuration and says what it comes to, without running it. @module */
import { readFileSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { DEFAULT_FILE } from "../config/config.ts";
import { type ConfigError, formatConfigError } from "../config/errors.ts";
import { forwards } from "../config/forwarding.ts";
import { configJsonSchema } from "../config/json-schema.ts";
import { loadConfig } from "../config/load.ts";
import { placesFor } from "../config/places.ts";
import { type Host, type NetworkSummary, type Summary, summarize } from "../config/summary.ts";
import { print } from "./print.ts";
import { formatCount } from "./table.ts";
import { misuse, parseCommand } from "./usage.ts";

/** Read permission of the group and of everyone. */
const OTHERS_READ = 0o044;

export function check(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    config: { type: "string", short: "c" },
    json: { type: "boolean" },
    schema: { type: "boolean" },
  });
  if (positionals.length > 0) throw misuse(`unexpected argument ${JSON.stringify(positionals[0])}`);
  if (values.schema === true) {
    print(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
    return Promise.resolve(0);
  }
  const file = values.config ?? DEFAULT_FILE;
  const result = loadConfig(file, placesFor(file));
  const isJson = values.json === true;
  if (Array.isArray(result)) return Promise.resolve(failed(file, result, isJson));
  const summary = summarize(result, hostOf(file));
  print(isJson ? `${JSON.stringify({ file, ok: true, ...summary })}\n` : format(file, summary));
  return Promise.resolve(0);
}

function failed(file: string, errors: readonly ConfigError[], isJson: boolean): number {
  if (isJson) print(`${JSON.stringify({ file, ok: false, errors })}\n`);
  else process.stderr.write(`${errors.map(formatConfigError).join("\n")}\n`);
  return 1;
}

function format(file: string, summary: Summary): string {
  const { networks, clients, warnings } = summary;
  return `${[
    `${file} is in order`,
    ...(networks.length > 0 ? formatServer(summary) : []),
    ...(clients.length > 0 ? formatDialler(summary) : []),
    ...warnings.map((warning) => `  warning   ${warning}`),
  ].join("\n")}\n`;
}

function formatServer(summary: Summary): string[] {
  const { listen, hostname, hasSecret, methods, networks, users, forwards, offloadsOff } = summary;
  const secret = hasSecret ? "with a tunnel secret" : "without a tunnel secret";
  return [
    `  server    ${listen}, host name ${hostname}, ${secret}`,
    `  methods   ${methods.join(", ")}`,
    `  workers   ${formatWorkers(summary)}`,
    ...networks.map((network) => `  network   ${formatNetwork(network)}`),
    `  users     ${formatCount(users)}`,
    ...(forwards > 0 ? [`  forwards  ${count(forwards, "rule", "rules")}`] : []),
    ...(offloadsOff.length > 0 ? [`  offloads  turned off: ${offloadsOff.join(", ")}`] : []),
  ];
}

function formatDialler({ lacListen, clients }: Summary): string[] {
  const lines = clients.map(({ name, tun, peer, lnss, mtu, ipv6, routes, dns }) => {
    const parts = [
      `${name} on ${tun}`,
      `to ${peer} (${lnss.join(", ")})`,
      `mtu ${mtu}`,
      ipv6 ? "IPv4 and IPv6" : "no IPv6",
      count(routes, "route", "routes"),
      ...(dns ? ["dns"] : []),
    ];
    return `  client    ${parts.join(", ")}`;
  });
  return [`  lac       ${lacListen}`, ...lines];
}

function formatWorkers({ workers, steer }: Summary): string {
  if (steer === "session") return `${workers}, chosen by session (udp-gro is off)`;
  return workers === 1 ? "1" : `${workers}, chosen by tunnel`;
}

function formatNetwork(network: NetworkSummary): string {
  const { name, tun, gateway, mtu, nat, addresses, prefixes, users, routes, idle } = network;
  return [
    `${name} on ${tun}`,
    `gateway ${gateway}`,
    `mtu ${mtu}`,
    count(addresses, "address", "addresses"),
    prefixes > 0 ? count(prefixes, "IPv6 prefix", "IPv6 prefixes") : "no IPv6",
    nat ? "nat" : "no nat",
    count(users, "user", "users"),
    ...(routes > 0 ? [count(routes, "route", "routes")] : []),
    ...formatTreatment(network),
    ...(idle > 0 ? [`idle ${idle} s`] : []),
  ].join(", ");
}

/** What is done to packets, where that is not what is done without a word. */
function formatTreatment(network: NetworkSummary): string[] {
  const { rateDown, rateUp, mssClamp, dscp, ecn, sequencing } = network;
  return [
    ...(rateDown === "" ? [] : [`${rateDown} down`]),
    ...(rateUp === "" ? [] : [`${rateUp} up`]),
    ...(mssClamp ? [] : ["no mss-clamp"]),
    ...(dscp === 0 ? [] : [`dscp ${dscp}`]),
    ...(ecn ? ["ecn"] : []),
    ...(sequencing ? ["sequencing"] : []),
  ];
}

function count(value: number, one: string, more: string): string {
  return `${formatCount(value)} ${value === 1 ? one : more}`;
}

function hostOf(file: string): Host {
  return {
    forwardsIpv4: forwards("IPv4", readFile),
    forwardsIpv6: forwards("IPv6", readFile),
    processors: availableParallelism(),
    isFileShared: ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & OTHERS_READ) !== 0,
  };
}

function readFile(path: string): string {
  return readFileSync(path, "utf8");
}
