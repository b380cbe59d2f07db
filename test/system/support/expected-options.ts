/** What tshark has to print for the options of a PPP control protocol. */
import { parseOptions } from "../../../src/ppp/options.ts";
import { hex, u16, u32, type Values } from "./expected-values.ts";

export const LCP = 0xc021;
export const IPCP = 0x8021;
export const IPV6CP = 0x8057;

/** Fields of each option, with the size of each. */
const OPTION_FIELDS: Readonly<Record<number, Readonly<Record<number, readonly string[]>>>> = {
  [LCP]: {
    1: ["u16 lcp.opt.mru"],
    2: ["u32 lcp.opt.asyncmap"],
    3: ["u16 lcp.opt.auth_protocol", "u8 lcp.opt.algorithm"],
    5: ["u32 lcp.opt.magic_number"],
    7: [],
    8: [],
    19: ["u8 lcp.opt.ep_disc_class"],
  },
  [IPCP]: {
    2: ["u16 ipcp.opt.compress_proto", "u8 ipcp.opt.max_slot_id", "u8 ipcp.opt.comp_slot_id"],
    3: ["ip ipcp.opt.ip_address"],
    129: ["ip ipcp.opt.pri_dns_address"],
    130: ["ip ipcp.opt.pri_nbns_address"],
    131: ["ip ipcp.opt.sec_dns_address"],
    132: ["ip ipcp.opt.sec_nbns_address"],
  },
  [IPV6CP]: { 1: ["octets ipv6cp.interface_identifier"] },
};

/** The options of a Configure packet; false: some of them are beyond what is compared. */
export function readOptions(protocol: number, data: Uint8Array, values: Values): boolean {
  const prefix = PREFIXES[protocol] ?? "";
  const options = parseOptions(data);
  if (!options) throw new Error(`${prefix}: options run past the end`);
  let isKnown = true;
  for (const option of options) {
    values.add(`${prefix}.opt.type`, option.type);
    values.add(`${prefix}.opt.length`, 2 + option.data.length);
    const fields = OPTION_FIELDS[protocol]?.[option.type];
    if (!fields) isKnown = false;
    let at = 0;
    for (const field of fields ?? []) {
      const [size, fieldName = ""] = field.split(" ");
      const rest = option.data.subarray(at);
      if (rest.length === 0) break;
      if (size === "ip") values.add(fieldName, rest.subarray(0, 4).join("."));
      else if (size === "octets") values.add(fieldName, hex(rest));
      else if (size === "u32") values.add(fieldName, u32(rest));
      else values.add(fieldName, size === "u16" ? u16(rest) : (rest[0] ?? 0));
      at += size === "u8" ? 1 : size === "u16" ? 2 : 4;
    }
  }
  return isKnown;
}

const PREFIXES: Readonly<Record<number, string>> = {
  [LCP]: "lcp",
  [IPCP]: "ipcp",
  [IPV6CP]: "ipv6cp",
};

export const OPTION_FIELD_NAMES: readonly string[] = [LCP, IPCP, IPV6CP].flatMap((protocol) => [
  `${PREFIXES[protocol]}.opt.type`,
  `${PREFIXES[protocol]}.opt.length`,
  ...Object.values(OPTION_FIELDS[protocol] ?? {})
    .flat()
    .map((entry) => entry.split(" ")[1] ?? ""),
]);
