/**
 * Configuration Options of LCP (RFC 1661 section 6), and what a list of them says.
 *
 * @module
 */
import { MRU_DEFAULT, MRU_MIN } from "../limits.ts";
import type { Random } from "../sansio/machine.ts";
import { type Option, parseOptions, readU16, readU32, sameOctets, u16 } from "./options.ts";
import { CHAP, PAP } from "./protocols.ts";
import type { AuthMethod, PeerLinkOptions } from "./types.ts";

export const LcpOption = {
  Mru: 1,
  Accm: 2,
  AuthenticationProtocol: 3,
  QualityProtocol: 4,
  MagicNumber: 5,
  Pfc: 7,
  Acfc: 8,
} as const;

/** Algorithms of CHAP: MD5 (RFC 1994 section 3), MS-CHAP-V2 (RFC 2759 section 2). */
export const AUTH_OPTION: Record<AuthMethod, Option> = {
  mschapv2: authOption(...u16(CHAP), 0x81),
  chap: authOption(...u16(CHAP), 5),
  pap: authOption(...u16(PAP)),
};

export const MAGIC_NUMBER_SIZE = 4;
const ACCM_SIZE = 4;

/** What our side of a link has said of itself. */
export interface Terms {
  readonly mru: number;
  /** Place of the method that the peer has to authenticate by, -1 when there is none. */
  readonly method: number;
  /** 0 when there is none. */
  readonly magicNumber: number;
  readonly accm: number;
}

/** All is escaped where nothing else is agreed on (RFC 1662 7.1). */
export const ACCM_DEFAULT = 0xffffffff;

/** What holds while the peer has negotiated nothing (RFC 1661 section 6, RFC 1662 section 7.1). */
export const PEER_DEFAULT: PeerLinkOptions = Object.freeze({
  mru: MRU_DEFAULT,
  acfc: false,
  pfc: false,
  accm: ACCM_DEFAULT,
});

/** Whether `data` of an Authentication-Protocol option asks for a method. */
export function isAskedBy(data: Uint8Array): (method: AuthMethod) => boolean {
  return (method) => sameOctets(AUTH_OPTION[method].data, data);
}

/** None of the options known here may be there twice. */
export function areUnique(options: readonly Option[]): boolean {
  return new Set(options.map(({ type }) => type)).size === options.length;
}

/** 0 when there is none. */
export function magicNumberOf(options: readonly Option[]): number {
  const data = dataOf(options, LcpOption.MagicNumber);
  return data === undefined ? 0 : readU32(data, 0);
}

export function accmOf(options: readonly Option[]): number {
  const data = dataOf(options, LcpOption.Accm);
  return data === undefined ? ACCM_DEFAULT : readU32(data, 0);
}

export function dataOf(options: readonly Option[], wanted: number): Uint8Array | undefined {
  return options.find(({ type }) => type === wanted)?.data;
}

/** What the peer can receive, by options that were taken. */
export function peerOf(options: readonly Option[]): PeerLinkOptions {
  const mru = dataOf(options, LcpOption.Mru);
  return {
    mru: mru === undefined ? PEER_DEFAULT.mru : readU16(mru, 0),
    acfc: dataOf(options, LcpOption.Acfc) !== undefined,
    pfc: dataOf(options, LcpOption.Pfc) !== undefined,
    accm: accmOf(options),
  };
}

/**
 * What a LAC has said in our place, or `undefined` when we would have said something else: another
 * method than one of `asks`, a larger MRU, an option that we do not know. ACCM, PFC and ACFC bind
 * only what we have to take, and we take it in any case.
 */
export function termsOf(
  sent: Uint8Array,
  mruMax: number,
  asks: readonly AuthMethod[],
  isKnown: boolean,
): Terms | undefined {
  const options = parseOptions(sent);
  if (options === undefined || !areUnique(options) || !options.every(isWhole)) return undefined;
  const mru = readU16(dataOf(options, LcpOption.Mru) ?? u16(MRU_DEFAULT), 0);
  const asked = dataOf(options, LcpOption.AuthenticationProtocol);
  const method = asked === undefined ? -1 : asks.findIndex(isAskedBy(asked));
  const isAuthenticated = method >= 0 || (asked === undefined && isKnown);
  if (mru < MRU_MIN || mru > mruMax || !isAuthenticated) return undefined;
  return { mru, method, magicNumber: magicNumberOf(options), accm: accmOf(options) };
}

/** Random and not zero: zero is illegal (RFC 1661 6.4). */
export function drawMagicNumber(random: Random): number {
  const number = readU32(random(MAGIC_NUMBER_SIZE), 0);
  return number === 0 ? 1 : number;
}

/** Whether an option that is known here has the length that it has to have. */
export function isWhole({ type, data }: Option): boolean {
  switch (type) {
    case LcpOption.Mru:
      return data.length === 2;
    case LcpOption.Accm:
      return data.length === ACCM_SIZE;
    case LcpOption.AuthenticationProtocol:
      return true;
    case LcpOption.MagicNumber:
      return data.length === MAGIC_NUMBER_SIZE;
    case LcpOption.Pfc:
    case LcpOption.Acfc:
      return data.length === 0;
    default:
      return false;
  }
}

function authOption(...data: number[]): Option {
  return { type: LcpOption.AuthenticationProtocol, data: Uint8Array.from(data) };
}
