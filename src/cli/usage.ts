/** The command line as a whole: help, version, and what is wrong with what was typed. @module */
import { type ParseArgsConfig, parseArgs } from "node:util";
import packageJson from "../../package.json" with { type: "json" };
import { DEFAULT_FILE, DEFAULT_SOCKET } from "../config/config.ts";

/** Exit codes: what was asked cannot be done; what was asked is wrong. */
const FAILURE = 1;
export const MISUSE = 2;
/** `simplon why`: nothing is known of what was asked about. */
export const NOTHING_FOUND = 3;

export const VERSION = `simplon ${packageJson.version}\n`;

export const HELP = `simplon ${packageJson.version}: ${packageJson.description}

  simplon lns [-c FILE] [--tun none]
      run the L2TP network server; without -c it reads ${DEFAULT_FILE},
      and writes one if there is none; --tun none needs no root: no network device,
      the gateway answers pings
  simplon lac [-c FILE]
      dial L2TP servers: a network device for each [[client]] of the file, with the routes and
      name servers that it says; needs root
  simplon check [-c FILE] [--json]
      read the configuration and say what it comes to; exit code 1 if it has errors
  simplon check --schema
      print the JSON Schema of the configuration, for editors
  simplon show clients [--json] [-c FILE]
      ask the running simplon lac: state, addresses and traffic of each, and what is wrong
  simplon show tunnels|sessions|workers|counters [--json] [-c FILE]
      ask the running server; the file tells where it listens (default ${DEFAULT_SOCKET})
  simplon show history [--user NAME] [--last N] [--json] [-c FILE]
      how sessions and tunnels ended or failed to begin, the newest last (the last 100);
      without a running server its history file is read
  simplon workers add|drain INDEX|restart INDEX [--json] [-c FILE]
      change the threads that move packets while traffic runs
  simplon call NUMBER --peer NAME [--sub-address TEXT] [--json] [-c FILE]
      have the running simplon lns place an outgoing call at a LAC of the [[peer]] list NAME;
      prints its session once it is up; exit code 1 if no LAC takes it
  simplon why USER|ADDRESS|TUNNEL [--json] [-c FILE]
      what became of a user, an address (inside or outside) or a tunnel, and what to do;
      exit code 3 if nothing is known of it
  simplon decode FILE|- [--brief] [--json] [--secret SECRET] [--passwords] [--filter TERMS]
      print a capture (pcap, pcapng) or hex in words: L2TP, every AVP, PPP; --brief a line
      a message, --json an object a line; --secret is that of the tunnel: it reveals hidden
      AVPs and proves Challenge Responses; passwords of PAP are printed with --passwords
      only; TERMS all have to hold: control data malformed tunnel=ID session=ID type=NAME
      peer=ADDRESS, values with commas between them, ! in front for not;
      exit code 1 if the file cannot be read to its end
  simplon top [-c FILE] [--interval SECONDS] [--once] [--json]
      live rates, sessions, drops and workers of the running server; keys: q quits, s sorts,
      p pauses; one plain page with --once or into a pipe; a line of JSON an interval
      with --json
  simplon doctor [-c FILE] [--json]
      look at this host and say what to change, and how; exit code 1 if there are problems
  simplon bench codec [--quick] [--json] [--compare FILE]
      how fast packets are read and written here, beside plain JavaScript and C
  simplon bench forward [--quick] [--json] [--compare FILE] [--with NAME,...] [--only NAME,...]
                        [--direction up|down] [--runtime deno|node] [--rounds N] [--seconds N]
                        [--sessions N] [--size N] [--flows N]
      packet rates and CPU time of a whole server, beside a reference in C and l2tpns, in
      namespaces of its own; needs root and two cores
  simplon bench setup [--quick] [--json] [--compare FILE] [--only NAME,...] [--rounds N]
                      [--runtime deno|node]
      how fast sessions come up, and the memory of each; needs root and two cores
  simplon bench plot FILE [--out DIRECTORY]
      pictures of what bench forward --json printed
  simplon --version
  simplon --help
`;

/** Lines for the person who typed the command, printed as they are; then the program ends. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

export function failure(message: string): CommandError {
  return new CommandError(`simplon: ${message}`, FAILURE);
}

export function misuse(message: string): CommandError {
  return new CommandError(`simplon: ${message}; see simplon --help`, MISUSE);
}

/** `parseArgs` whose complaints are one line. */
export function parseCommand<const Options extends NonNullable<ParseArgsConfig["options"]>>(
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (!(error instanceof Error) || !code.startsWith("ERR_PARSE_ARGS_")) throw error;
    const [sentence = ""] = error.message.split(/\.(?:\s|$)/);
    throw misuse(sentence.charAt(0).toLowerCase() + sentence.slice(1));
  }
}
