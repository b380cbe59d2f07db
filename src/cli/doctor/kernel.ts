/** The kernel, /dev/net/tun, offloads, and what steers packets to workers. @module */
import type { Config } from "../../config/config.ts";
import { OFFLOADS, STEERING } from "../../offloads.ts";
import { advice, type Finding, type Host, ok, problem, unseen } from "./host.ts";

/** SO_REUSEPORT with a program, and UDP_SEGMENT: what it serves with at all. */
const OLDEST = [4, 18] as const;
/** USO for TUN devices. */
const WHOLE = [6, 2] as const;

export function kernel(host: Host, config: Config): Finding[] {
  return [version(host), ...tun(host), ...offloads(host, config), ...steering(host, config)];
}

function version({ release }: Host): Finding {
  const [, major = 0, minor = 0] = (/^(\d+)\.(\d+)/.exec(release) ?? []).map(Number);
  const isOlder = ([a, b]: readonly [number, number]) => major < a || (major === a && minor < b);
  if (isOlder(OLDEST)) {
    const text = `Linux ${release} is older than ${OLDEST.join(".")}`;
    return problem("kernel", text, "install a newer kernel");
  }
  if (isOlder(WHOLE)) {
    const text = `Linux ${release} has no USO for TUN devices: UDP inside is slower`;
    return advice("kernel", text, `install Linux ${WHOLE.join(".")} or newer`);
  }
  return ok("kernel", `Linux ${release}`);
}

function tun({ probe, unprobed, running }: Host): Finding[] {
  if (running !== undefined) return [];
  if (probe === undefined) return [unseen("tun", unprobed)];
  if (probe.tun === "missing") return [problem("tun", "no /dev/net/tun", "modprobe tun")];
  if (probe.tun === "closed") {
    const mend = "run as root, or: chmod 0666 /dev/net/tun";
    return [problem("tun", "/dev/net/tun may not be opened by this user", mend)];
  }
  return [ok("tun", "/dev/net/tun is there")];
}

function offloads({ probe, running }: Host, { lns }: Config): Finding[] {
  return OFFLOADS.flatMap((offload) => {
    const check = `offload ${offload}`;
    if (!lns.offloads.includes(offload)) {
      const text = "turned off in the configuration: slower";
      return [advice(check, text, `add "${offload}" to [lns] offloads`)];
    }
    const state = running?.find((each) => each.offload === offload);
    const why = state?.why ?? probe?.lacking.get(offload) ?? "";
    if (why !== "") return [advice(check, why, "docs/OPERATIONS.md, Offloads, says what it needs")];
    if (state !== undefined) return [ok(check, "runs")];
    return probe === undefined ? [] : [ok(check, "this kernel has it")];
  });
}

function steering({ probe, running }: Host, { lns }: Config): Finding[] {
  if (lns.workers === 1) return [];
  const state = running?.find((each) => each.offload === STEERING);
  const why = state === undefined ? probe?.unsteered : state.why;
  if (why === undefined) return [];
  if (why === "") return [ok("steering", "packets to clients come to the worker of their session")];
  const text = `packets to clients go from worker to worker: ${why}`;
  return [advice("steering", text, "start with CAP_BPF, as packaging/simplon.service does")];
}
