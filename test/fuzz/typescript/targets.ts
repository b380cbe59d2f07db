/**
 * What is fuzzed of TypeScript.
 *
 * @module
 */
import type { Target } from "../target.ts";
import { typescript } from "./executor.ts";

const sources = (room: string, ...names: string[]) => names.map((name) => `src/${room}/${name}.ts`);
const ppp = (...names: string[]) => sources("ppp", ...names);
const L2TP = [
  ...["endpoint", "strangers", "tunnel", "tunnels", "control-connection", "channel", "calls"],
  ...[
    "call-messages",
    "session",
    "sessions",
    "messages",
    "avps",
    "start-messages",
    "ties",
    "lines",
  ],
  ...[
    "admission",
    "half-open",
    "authentication",
    "glance",
    "door",
    "ids",
    "results",
    "result-code",
  ],
];
const CONFIG = [
  ...["load", "schema", "schema-servers", "schema-peers", "errors", "locate", "peers", "routes"],
  ...["address", "shapes"],
];
const DECODE = [
  ...["capture", "input", "pcap", "pcapng", "hex", "hex-line", "look", "link", "ip", "fragments"],
  ...["datagrams", "messages", "conversations", "avps", "walk", "ppp", "options", "authentication"],
  ...["packet", "text", "json", "filter", "words", "faults", "refusal", "octets"],
];
/** Enough for some dozens of messages, and few enough that thousands of inputs are run in a second. */
const LENGTH_MAX = 96;
/** Where an octet means a whole message, or some lines. */
const SHORT = 64;
const NO_SEEDS: () => Uint8Array[] = () => [];

export const typescriptTargets: readonly Target[] = [
  {
    name: "lcp",
    files: ppp(
      "lcp",
      "lcp-options",
      "line-options",
      "control-protocol",
      "link-end",
      "link",
      "echo",
      "options",
    ),
    load: async () => (await import("./ppp.ts")).lcp,
  },
  {
    name: "ipcp",
    files: ppp("ipcp", "ipcp-client", "ncp", "network", "control-protocol", "options"),
    load: async () => (await import("./ppp.ts")).ipcp,
  },
  {
    name: "ipv6cp",
    files: ppp("ipv6cp", "ncp", "network", "control-protocol", "options"),
    load: async () => (await import("./ppp.ts")).ipv6cp,
  },
  {
    name: "pap",
    files: ppp("auth/pap", "auth/pap-peer", "auth/authenticator", "auth/peer"),
    load: async () => (await import("./ppp.ts")).pap,
  },
  {
    name: "chap",
    files: ppp("auth/chap", "auth/chap-peer", "auth/authenticator", "auth/peer"),
    load: async () => (await import("./ppp.ts")).chap,
  },
  {
    name: "mschapv2",
    files: ppp("auth/mschapv2", "auth/mschapv2-peer", "auth/chap", "auth/chap-peer"),
    load: async () => (await import("./ppp.ts")).mschapv2,
  },
  {
    name: "endpoint",
    lengthMax: SHORT,
    files: sources("l2tp", ...L2TP),
    load: async () => (await import("./endpoint.ts")).endpoint,
  },
  {
    name: "hidden-avp",
    files: ["src/codec/hiding.ts", "src/l2tp/hide.ts"],
    load: async () => (await import("./hidden.ts")).hiddenAvps,
  },
  {
    name: "ipv6",
    files: sources("ipv6", "host", "node", "packet", "router", "advertisement"),
    load: async () => (await import("./ipv6.ts")).ipv6,
  },
  {
    name: "config",
    lengthMax: SHORT,
    files: sources("config", ...CONFIG),
    load: async () => (await import("./config.ts")).config,
  },
  {
    name: "decode",
    lengthMax: SHORT,
    files: sources("decode", ...DECODE),
    load: async () => (await import("./decode.ts")).decode,
  },
  {
    name: "api",
    files: ["src/daemon/api-messages.ts", "src/daemon/api-select.ts", "src/history/subject.ts"],
    load: async () => (await import("./daemon.ts")).api,
  },
  {
    name: "history-file",
    files: ["src/history/entry.ts"],
    load: async () => (await import("./daemon.ts")).historyFile,
  },
].map((fuzzed) => typescript({ seeds: NO_SEEDS, lengthMax: LENGTH_MAX, ...fuzzed }));
