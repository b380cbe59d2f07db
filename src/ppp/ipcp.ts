/**
 * The IP Control Protocol (RFC 1332) with the name server options of RFC 1877, on the side that
 * gives the addresses.
 *
 * @module
 */
import { ipv4 } from "../net.ts";
import type { Verdict } from "./control-protocol.ts";
import { Ncp } from "./ncp.ts";
import { type Option, readU32, u32 } from "./options.ts";
import type { Outbox } from "./outbox.ts";
import { IPCP } from "./protocols.ts";
import type { DownReason, NetworkProfile } from "./types.ts";

export const IpcpOption = {
  IpAddresses: 1,
  IpCompressionProtocol: 2,
  IpAddress: 3,
  PrimaryDns: 129,
  PrimaryNbns: 130,
  SecondaryDns: 131,
  SecondaryNbns: 132,
} as const;

export const ADDRESS_SIZE = 4;

/** What IPCP has agreed on. */
export interface Ipv4Terms {
  /** The client's address. */
  readonly address: string;
  /** The server's, empty when it has none. */
  readonly gateway: string;
  readonly dns: readonly string[];
  readonly nbns: readonly string[];
}

export class Ipcp extends Ncp {
  readonly #profile: NetworkProfile;
  /** Cleared when the peer will not hear of our address: our side is unnumbered then. */
  #isAddressWished = true;

  constructor(outbox: Outbox, mru: number, peerMru: number, profile: NetworkProfile) {
    super(outbox, mru, peerMru);
    this.#profile = profile;
  }

  get terms(): Ipv4Terms {
    const { address, gateway, dns, nbns } = this.#profile;
    return { address, gateway, dns, nbns };
  }

  protected override get protocol(): number {
    return IPCP;
  }

  protected override wishes(): Option[] {
    if (!this.#isAddressWished) return [];
    return [{ type: IpcpOption.IpAddress, data: u32(ipv4(this.#profile.gateway)) }];
  }

  /** The address and the servers are ours to give: another value is refused with the right one. */
  protected override judge({ type, data }: Option): Verdict {
    const address = this.#valueOf(type);
    if (address === undefined) return "reject";
    const value = ipv4(address);
    return data.length === ADDRESS_SIZE && readU32(data, 0) === value ? "ack" : u32(value);
  }

  #valueOf(type: number): string | undefined {
    const { address, dns, nbns } = this.#profile;
    switch (type) {
      case IpcpOption.IpAddress:
        return address;
      case IpcpOption.PrimaryDns:
        return dns[0];
      case IpcpOption.SecondaryDns:
        return dns[1];
      case IpcpOption.PrimaryNbns:
        return nbns[0];
      case IpcpOption.SecondaryNbns:
        return nbns[1];
      default:
        return undefined;
    }
  }

  /** A peer that did not ask for an address is prompted to (RFC 1332 3.3). */
  protected override missing(options: readonly Option[]): Option[] {
    if (options.some(({ type }) => type === IpcpOption.IpAddress)) return [];
    return [{ type: IpcpOption.IpAddress, data: u32(ipv4(this.#profile.address)) }];
  }

  /** Our address stays what it is; a peer that goes on refusing it has it left out in the end. */
  protected override naked(): DownReason | undefined {
    return undefined;
  }

  protected override rejected({ type }: Option): DownReason | undefined {
    if (type === IpcpOption.IpAddress) this.#isAddressWished = false;
    return undefined;
  }

  protected override restart(): void {
    this.#isAddressWished = true;
  }

  protected override accept(): void {}
}
