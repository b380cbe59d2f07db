/** Clocks: of the day, and of the processors. @module */
import { advice, type Finding, type Host, ok, unseen } from "./host.ts";

const PROCESSORS = "/sys/devices/system/cpu";

export function hardware(host: Host): Finding[] {
  return [clock(host), governor(host)];
}

/** Times in log and history are only as good as this. */
function clock({ probe, unprobed }: Host): Finding {
  if (probe === undefined) return unseen("clock", unprobed);
  if (probe.isClockSynchronised === undefined) return unseen("clock", "the kernel does not tell");
  if (probe.isClockSynchronised) return ok("clock", "synchronised");
  const text = "not synchronised: times in log and history may be wrong";
  return advice("clock", text, "timedatectl set-ntp true");
}

function governor(host: Host): Finding {
  const names = host.list(PROCESSORS).filter((name) => /^cpu\d+$/.test(name));
  const found = names.map((name) => {
    return host.read(`${PROCESSORS}/${name}/cpufreq/scaling_governor`)?.trim() ?? "";
  });
  const governors = [...new Set(found)].filter((each) => each !== "");
  if (governors.length === 0) return ok("governor", "this kernel does not govern frequencies");
  if (governors.every((each) => each === "performance")) return ok("governor", "performance");
  const text = `${governors.join(", ")}: the first packets after a pause wait for the processor`;
  return advice("governor", text, "cpupower frequency-set -g performance");
}
