/**
 * LCP and the NCPs, led into each state of RFC 1661 4.1 and given each event there: by packets, by
 * time, and by the calls of their owner.
 *
 * @module
 */
import { parsePpp } from "../../src/codec/index.ts";
import type { Event, State } from "../../src/ppp/automaton.ts";
import type { ControlProtocol } from "../../src/ppp/control-protocol.ts";
import { Ipcp, IpcpOption } from "../../src/ppp/ipcp.ts";
import { IpcpClient } from "../../src/ppp/ipcp-client.ts";
import { Ipv6cp, Ipv6cpOption } from "../../src/ppp/ipv6cp.ts";
import { Lcp } from "../../src/ppp/lcp.ts";
import { LcpOption } from "../../src/ppp/lcp-options.ts";
import { buildOptions, buildPacket, Code, type Option } from "../../src/ppp/options.ts";
import { Outbox } from "../../src/ppp/outbox.ts";
import type { CounterName } from "../../src/ppp/types.ts";
import { linkOptions, PROFILE } from "../peer/ppp-conversation.ts";

const UNKNOWN_CODE = 99;
const UNKNOWN_OPTION: Option = { type: 99, data: Uint8Array.of(1) };

/** A protocol and what its peer may say. */
export interface Kind {
  readonly name: string;
  make(outbox: Outbox): ControlProtocol;
  /** What a Configure-Request asks for that is acknowledged, and a Configure-Nak for ours. */
  readonly wish: readonly Option[];
  readonly nak: Option;
  /** Whether its packets have the codes 8 to 11, which are RXR. */
  readonly hasEcho: boolean;
}

export const KINDS: readonly Kind[] = [
  {
    name: "LCP",
    make: (outbox) => new Lcp(outbox, linkOptions(), ["chap"], []),
    wish: [],
    nak: { type: LcpOption.MagicNumber, data: Uint8Array.of(1, 2, 3, 4) },
    hasEcho: true,
  },
  {
    name: "IPCP",
    make: (outbox) => new Ipcp(outbox, 1500, 1500, PROFILE),
    wish: [{ type: IpcpOption.IpAddress, data: Uint8Array.of(10, 64, 0, 7) }],
    nak: { type: IpcpOption.IpAddress, data: Uint8Array.of(10, 64, 0, 9) },
    hasEcho: false,
  },
  {
    name: "IPCP as peer",
    make: (outbox) => new IpcpClient(outbox, 1500, 1500, true),
    wish: [{ type: IpcpOption.IpAddress, data: Uint8Array.of(10, 64, 0, 1) }],
    nak: { type: IpcpOption.IpAddress, data: Uint8Array.of(10, 64, 0, 7) },
    hasEcho: false,
  },
  {
    name: "IPV6CP",
    make: (outbox) => new Ipv6cp(outbox, 1500, 1500, linkOptions().random),
    wish: [{ type: Ipv6cpOption.InterfaceIdentifier, data: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7) }],
    nak: { type: Ipv6cpOption.InterfaceIdentifier, data: Uint8Array.of(0, 7, 6, 5, 4, 3, 2, 1) },
    hasEcho: false,
  },
];

/** One machine under the hands of a walk. */
export class PppWalk {
  readonly machine: ControlProtocol;
  now = 0;
  readonly #kind: Kind;
  readonly #outbox = new Outbox();
  /** Of our last Configure-Request, and its options. */
  #identifier = 0;
  #asked: Uint8Array = new Uint8Array();

  constructor(kind: Kind) {
    this.#kind = kind;
    this.machine = kind.make(this.#outbox);
  }

  /** Codes of what was sent since the last time. */
  sent(): number[] {
    const codes: number[] = [];
    for (let frame = this.#outbox.takeFrame(); frame !== undefined; ) {
      const ppp = parsePpp(frame);
      if (typeof ppp === "string") throw new Error(ppp);
      const [code = 0, identifier = 0] = ppp.information;
      if (code === Code.ConfigureRequest) {
        this.#identifier = identifier;
        this.#asked = ppp.information.slice(4);
      }
      codes.push(code);
      frame = this.#outbox.takeFrame();
    }
    return codes;
  }

  counted(name: CounterName): number {
    return this.#outbox.counters[name] ?? 0;
  }

  reach(state: State): this {
    for (const event of ROUTES[state]) this.give(event);
    this.sent();
    if (this.machine.state !== state) throw new Error(`${this.machine.state}, not ${state}`);
    return this;
  }

  give(event: Event): void {
    this.sent();
    const { machine, now } = this;
    switch (event) {
      case "Up":
      case "Down":
      case "Open":
      case "Close":
        machine.event(event, now);
        return;
      case "TO+":
        this.#expire();
        return;
      case "TO-":
        this.#expireForGood();
        return;
      default:
        machine.input(this.packet(event), now);
    }
  }

  /** The packet that is this event. */
  packet(event: Event): Uint8Array {
    const { wish, nak } = this.#kind;
    const fundamental = Uint8Array.of(Code.ConfigureRequest, 1, 0, 4);
    switch (event) {
      case "RCR+":
        return buildPacket(Code.ConfigureRequest, 7, buildOptions(wish));
      case "RCR-":
        return buildPacket(Code.ConfigureRequest, 7, buildOptions([...wish, UNKNOWN_OPTION]));
      case "RCA":
        return buildPacket(Code.ConfigureAck, this.#identifier, this.#asked);
      case "RCN":
        return buildPacket(Code.ConfigureNak, this.#identifier, buildOptions([nak]));
      case "RTR":
        return buildPacket(Code.TerminateRequest, 8, new Uint8Array());
      case "RTA":
        return buildPacket(Code.TerminateAck, 9, new Uint8Array());
      case "RUC":
        return buildPacket(UNKNOWN_CODE, 10, new Uint8Array());
      case "RXJ+":
        return buildPacket(Code.CodeReject, 11, Uint8Array.of(UNKNOWN_CODE, 1, 0, 4));
      case "RXJ-":
        return buildPacket(Code.CodeReject, 11, fundamental);
      case "RXR":
        return buildPacket(Code.EchoRequest, 12, new Uint8Array(4));
      default:
        throw new Error(`no packet is ${event}`);
    }
  }

  /** Runs the Restart timer out once, if it runs. */
  #expire(): void {
    if (this.machine.deadline === Infinity) this.now += 3_600_000;
    else this.now = this.machine.deadline;
    this.machine.timeout(this.now);
  }

  /** Runs it out until the Restart counter is used up, and once more. */
  #expireForGood(): void {
    const before = this.machine.state;
    do {
      this.sent();
      this.#expire();
    } while (this.machine.state === before && this.machine.deadline !== Infinity);
  }
}

/**
 * How to come to a state with a Configure-Request out that a reply could be for, where one can. The
 * Nak is for who asks as the peer: no address is what it asks for at first.
 */
const ROUTES: Readonly<Record<State, readonly Event[]>> = {
  Initial: [],
  Starting: ["Open"],
  Closed: ["Open", "Up", "RCN", "Close", "RTA"],
  Stopped: ["Open", "Up", "RCN", "TO-"],
  Closing: ["Open", "Up", "RCN", "Close"],
  Stopping: ["Open", "Up", "RCN", "Close", "Open"],
  "Req-Sent": ["Open", "Up", "RCN"],
  "Ack-Rcvd": ["Open", "Up", "RCN", "RCA"],
  "Ack-Sent": ["Open", "Up", "RCN", "RCR+"],
  Opened: ["Open", "Up", "RCN", "RCR+", "RCA"],
};
