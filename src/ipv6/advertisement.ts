/**
 * Router Advertisements as a host reads them (RFC 4861 4.2 and 4.6, RFC 8106 5.1). One with an option
 * of a wrong length is none at all; options that are not known here are passed over.
 *
 * @module
 */
import { ADDRESS_SIZE } from "./packet.ts";

export interface PrefixInformation {
  /** The upper 64 bits. */
  readonly prefix: Uint8Array;
  readonly length: number;
  /** Whether addresses are to be made of it. */
  readonly isAutonomous: boolean;
  /** Milliseconds, `Infinity` when it never ends. */
  readonly valid: number;
  readonly preferred: number;
}

export interface Advertisement {
  /** Milliseconds for which its sender is a default router; 0: it is none. */
  readonly routerLifetime: number;
  /** 0 when it says nothing of it. */
  readonly mtu: number;
  readonly prefixes: readonly PrefixInformation[];
  readonly servers: readonly { readonly address: Uint8Array; readonly lifetime: number }[];
}

/** What stands in front of the options, behind Type, Code and Checksum. */
export const ADVERTISEMENT_SIZE = 12;
export const OPTION_UNIT = 8;
export const PrefixOption = { type: 3, size: 32, autonomous: 0x40, prefixAt: 16 } as const;
export const MtuOption = { type: 5, size: 8 } as const;
const ServersOption = { type: 25, addressesAt: 8 } as const;
export const PREFIX_SIZE = 8;
const FOREVER_S = 0xffffffff;

/** `body` has no option that is empty or runs past its end. */
export function readAdvertisement(body: Uint8Array): Advertisement | undefined {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const prefixes: PrefixInformation[] = [];
  const servers: { address: Uint8Array; lifetime: number }[] = [];
  let mtu = 0;
  for (let at = ADVERTISEMENT_SIZE; at < body.length; ) {
    const size = view.getUint8(at + 1) * OPTION_UNIT;
    const option = new DataView(body.buffer, body.byteOffset + at, size);
    switch (view.getUint8(at)) {
      case PrefixOption.type:
        if (size !== PrefixOption.size) return undefined;
        prefixes.push(readPrefix(option));
        break;
      case MtuOption.type:
        if (size !== MtuOption.size) return undefined;
        mtu = option.getUint32(4);
        break;
      case ServersOption.type:
        if (size <= OPTION_UNIT || size % ADDRESS_SIZE !== OPTION_UNIT) return undefined;
        servers.push(...readServers(option));
        break;
    }
    at += size;
  }
  return { routerLifetime: view.getUint16(2) * 1_000, mtu, prefixes, servers };
}

function readPrefix(option: DataView): PrefixInformation {
  return {
    prefix: octets(option, PrefixOption.prefixAt, PREFIX_SIZE),
    length: option.getUint8(2),
    isAutonomous: (option.getUint8(3) & PrefixOption.autonomous) !== 0,
    valid: milliseconds(option.getUint32(4)),
    preferred: milliseconds(option.getUint32(8)),
  };
}

function readServers(option: DataView): { address: Uint8Array; lifetime: number }[] {
  const lifetime = milliseconds(option.getUint32(4));
  const count = (option.byteLength - ServersOption.addressesAt) / ADDRESS_SIZE;
  return Array.from({ length: count }, (_, index) => {
    const at = ServersOption.addressesAt + index * ADDRESS_SIZE;
    return { address: octets(option, at, ADDRESS_SIZE), lifetime };
  });
}

/** A copy, for it outlives the packet. */
function octets(view: DataView, at: number, size: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, size).slice();
}

function milliseconds(seconds: number): number {
  return seconds === FOREVER_S ? Infinity : seconds * 1_000;
}
