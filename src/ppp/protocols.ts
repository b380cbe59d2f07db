/**
 * PPP Protocol field values that a link speaks.
 *
 * @module
 */
export const IP = 0x0021;
export const IPV6 = 0x0057;
export const IPCP = 0x8021;
export const IPV6CP = 0x8057;
export const LCP = 0xc021;
export const PAP = 0xc023;
export const CHAP = 0xc223;
