/** A link in Network phase with a /64 to give. */
import type { NetworkProfile } from "../../../src/ppp/index.ts";
import { IPV6CP, type OptionList } from "../../peer/ppp.ts";
import { Bench } from "../../peer/ppp-bench.ts";
import { PROFILE } from "../../peer/ppp-conversation.ts";

export const PROFILE6: NetworkProfile = {
  ...PROFILE,
  prefix6: "2001:db8:64:7::/64",
  gateway6: "2001:db8:64::1",
};
export const THEIRS = [1, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77] as const;
export const ZERO = [1, 0, 0, 0, 0, 0, 0, 0, 0] as const;
export const IPV4 = [3, 10, 64, 0, 7] as const;

/** In Network phase with a /64 to give. */
export function network6(bench = new Bench({ authMethods: ["pap"] }), options?: OptionList): Bench {
  bench.establish(options);
  bench.pap(1);
  bench.answer({ ok: true, profile: PROFILE6 });
  bench.events.length = 0;
  return bench;
}

/** IPV6CP opened. */
export function opened6(bench = network6()): Bench {
  bench.ask(IPV6CP, 1, [THEIRS]);
  bench.ack(IPV6CP);
  return bench;
}
