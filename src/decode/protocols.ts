/**
 * PPP protocols by name (IANA, ppp-numbers).
 *
 * @module
 */
import { CHAP, IP, IPCP, IPV6, IPV6CP, LCP, PAP } from "../ppp/protocols.ts";
import { hex16 } from "./octets.ts";

export const CCP = 0x80fd;
export const ECP = 0x8053;
export const CBCP = 0xc029;
export const EAP = 0xc227;
export const VJ_COMPRESSED = 0x002d;

const NAMES: Readonly<Record<number, string>> = {
  [IP]: "IPv4",
  43: "IPX",
  [VJ_COMPRESSED]: "Van Jacobson compressed TCP/IP",
  47: "Van Jacobson uncompressed TCP/IP",
  49: "bridging PDU",
  61: "Multilink",
  83: "encrypted",
  [IPV6]: "IPv6",
  251: "compressed on one link",
  253: "compressed",
  641: "MPLS",
  [IPCP]: "IPCP",
  32811: "IPXCP",
  32817: "BCP",
  32831: "NBFCP",
  [ECP]: "ECP",
  [IPV6CP]: "IPV6CP",
  [CCP]: "CCP",
  33019: "CCP on one link",
  33409: "MPLSCP",
  [LCP]: "LCP",
  [PAP]: "PAP",
  49189: "LQR",
  49193: "CBCP",
  49195: "BACP",
  49197: "BAP",
  [CHAP]: "CHAP",
  [EAP]: "EAP",
};

export function protocolName(protocol: number): string {
  return NAMES[protocol] ?? `protocol ${hex16(protocol)}`;
}
