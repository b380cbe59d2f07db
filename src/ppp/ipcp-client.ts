/**
 * IPCP on the side that is given its address: it asks for 0.0.0.0 and takes what it is told
 * (RFC 1332 3.3), name servers likewise (RFC 1877).
 *
 * @module
 */
import { formatIpv4 } from "../net.ts";
import type { Verdict } from "./control-protocol.ts";
import { ADDRESS_SIZE, IpcpOption, type Ipv4Terms } from "./ipcp.ts";
import { Ncp } from "./ncp.ts";
import { type Option, readU32, u32 } from "./options.ts";
import type { Outbox } from "./outbox.ts";
import { IPCP } from "./protocols.ts";
import type { DownReason } from "./types.ts";

const NONE = 0;
const DNS = [IpcpOption.PrimaryDns, IpcpOption.SecondaryDns] as const;
const NBNS = [IpcpOption.PrimaryNbns, IpcpOption.SecondaryNbns] as const;

export class IpcpClient extends Ncp {
  readonly #asked: readonly number[];
  /** What is asked for now, by type of the option. */
  readonly #wishes = new Map<number, number>();
  #gateway = NONE;

  constructor(outbox: Outbox, mru: number, peerMru: number, areServersWanted: boolean) {
    super(outbox, mru, peerMru);
    this.#asked = [IpcpOption.IpAddress, ...(areServersWanted ? [...DNS, ...NBNS] : [])];
    this.restart();
  }

  get terms(): Ipv4Terms {
    return {
      address: this.#textOf(IpcpOption.IpAddress) ?? "",
      gateway: this.#gateway === NONE ? "" : formatIpv4(this.#gateway),
      dns: this.#serversOf(DNS),
      nbns: this.#serversOf(NBNS),
    };
  }

  protected override get protocol(): number {
    return IPCP;
  }

  protected override wishes(): Option[] {
    return [...this.#wishes].map(([type, address]) => ({ type, data: u32(address) }));
  }

  /** The server's own address is its to choose; we have none to give, should it ask for one. */
  protected override judge({ type, data }: Option): Verdict {
    const isAddress = type === IpcpOption.IpAddress && addressIn(data) !== undefined;
    return isAddress ? "ack" : "reject";
  }

  /** A server without an address of its own is none the worse for it. */
  protected override missing(): Option[] {
    return [];
  }

  protected override accept(options: readonly Option[]): void {
    this.#gateway = options[0] === undefined ? NONE : readU32(options[0].data, 0);
  }

  /** A server that agrees to 0.0.0.0 has given nothing. */
  protected override acknowledged(): DownReason | undefined {
    return this.#textOf(IpcpOption.IpAddress) === undefined ? "negotiation" : undefined;
  }

  /** What was not asked for is not taken: a server that tells us of name servers all the same. */
  protected override naked({ type, data }: Option): DownReason | undefined {
    if (!this.#wishes.has(type)) return undefined;
    const address = addressIn(data);
    if (address !== undefined) this.#wishes.set(type, address);
    else if (type !== IpcpOption.IpAddress) this.#wishes.delete(type);
    return undefined;
  }

  /** Without an address there is no IPv4; without name servers there is. */
  protected override rejected({ type }: Option): DownReason | undefined {
    if (type === IpcpOption.IpAddress) return "negotiation";
    this.#wishes.delete(type);
    return undefined;
  }

  protected override restart(): void {
    this.#gateway = NONE;
    this.#wishes.clear();
    for (const type of this.#asked) this.#wishes.set(type, NONE);
  }

  /** pppd names the only one that it has as the secondary too. */
  #serversOf(types: readonly number[]): string[] {
    return [...new Set(types.flatMap((type) => this.#textOf(type) ?? []))];
  }

  #textOf(type: number): string | undefined {
    const address = this.#wishes.get(type) ?? NONE;
    return address === NONE ? undefined : formatIpv4(address);
  }
}

/** An address that one host can have: neither of this network, loopback, multicast nor reserved. */
function addressIn(data: Uint8Array): number | undefined {
  const [first = 0] = data;
  const isUnicast = first > 0 && first < 224 && first !== 127;
  return data.length === ADDRESS_SIZE && isUnicast ? readU32(data, 0) : undefined;
}
